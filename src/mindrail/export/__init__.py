"""From a trained run to files that run without torch, and the proof that they say the same."""
