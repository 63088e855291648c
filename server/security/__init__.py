"""Who may do what, secrets at rest, and which addresses we may call. No SQL, no Flask."""
