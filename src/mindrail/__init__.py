"""mindrail: from labelled messages to a small private guard whose recall you can state."""
