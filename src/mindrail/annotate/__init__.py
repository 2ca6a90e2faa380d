"""A page on this machine to label on, and the store that never loses a label."""
