"""A Zendesk to develop against: one Flask app with its state in memory."""
