"""Zendesk Support: the connector, and the emulator it is tested against."""
