"""Talk to source systems. Nothing in here knows of feelings, rules or our own database."""
