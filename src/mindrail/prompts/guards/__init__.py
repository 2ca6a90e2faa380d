"""How guard models are asked and read: one file per family of them, beside what its codes mean to our axes."""
