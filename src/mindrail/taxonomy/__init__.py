"""What is asked of a text, and which answers there are. The wording is the specification."""

from mindrail.taxonomy.axis import Answer, Axis, Kind, Label, Taxonomy
from mindrail.taxonomy.load import load, names

__all__ = ["Answer", "Axis", "Kind", "Label", "Taxonomy", "load", "names"]
