"""Formats that a scan reads, one per file, named like the suffix of their files."""
