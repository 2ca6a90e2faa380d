"""Sets: where corpora come from, how they are read, split and kept apart."""
