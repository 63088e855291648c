"""``keepsake ...``: one module a family of commands, imported only when it is called."""
