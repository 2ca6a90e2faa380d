"""Model families: one file each, defining FAMILY. What they learn is written to files that others read."""

from mindrail.models._base import Family, Job

__all__ = ["Family", "Job"]
