"""How the shipped model was made: ``python -m enrichment.training`` repeats it, seeded."""
