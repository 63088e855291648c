"""A make-believe company for emulators, demo and tests. Only those import it."""
