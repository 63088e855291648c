"""The steps from one version of the tables to the next; see ``server.store.migrate``."""
