"""The JSON API: the same facts as the pages, for programs."""
