"""What is asked of a text, and which answers there are. The wording is the specification."""

from mindrail.taxonomy.axis import Answer, Axis, Kind, Label, Taxonomy, labels_in
from mindrail.taxonomy.load import from_dict, load, names

__all__ = ["Answer", "Axis", "Kind", "Label", "Taxonomy", "from_dict", "labels_in", "load", "names"]
