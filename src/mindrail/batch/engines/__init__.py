"""Where the guard works during a scan, one way per file."""
