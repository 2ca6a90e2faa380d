"""Wire formats, one file each. A file defines `EXCHANGES`, the routes of its dialect, and is found by its name."""
