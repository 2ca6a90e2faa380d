"""Other ways to read a text that is not written plainly: one file, one way. Each is found by its name."""
