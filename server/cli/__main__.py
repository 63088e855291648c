"""``python -m server.cli``: the same as ``keepsake``, for processes that start each other."""

from .main import main

main()
