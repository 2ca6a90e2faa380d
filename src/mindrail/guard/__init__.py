"""The deliverable: a folder with a model, its question, its thresholds, and the hashes of all of it."""

from mindrail.guard.guard import Answer, Guard

__all__ = ["Answer", "Guard"]
