"""From words to signals, moments and memory. Pure: no network, no database, no clock."""
