"""The training loop as a generator, with order, progress and memory that can be saved and resumed."""
