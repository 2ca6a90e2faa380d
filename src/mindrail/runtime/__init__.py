"""Guards at work: one file per kind of model, each loaded only when a guard of that kind is opened."""
