"""Pages, the webhook door and the doors for machines that watch over us."""
