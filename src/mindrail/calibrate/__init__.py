"""Scores to decisions with a promise. Fitting is in `thresholds`, which serving does not load."""

from mindrail.calibrate.decide import Decision, decide, flagged, picked, stopped
from mindrail.calibrate.policy import Calibration, Promise, Scaling, Threshold, chances, events

__all__ = [
    "Calibration",
    "Decision",
    "Promise",
    "Scaling",
    "Threshold",
    "chances",
    "decide",
    "events",
    "flagged",
    "picked",
    "stopped",
]
