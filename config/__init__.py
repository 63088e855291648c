"""Settings and logging. Read by the server alone."""
