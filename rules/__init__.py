"""When to act, and why. Pure: no network, no database, no clock."""
