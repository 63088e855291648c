"""The shell around it all: keep, run, show."""
