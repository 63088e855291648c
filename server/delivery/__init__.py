"""Channels an intervention can go out on."""
