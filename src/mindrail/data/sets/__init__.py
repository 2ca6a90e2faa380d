"""One file or folder per set, each with a CARD and `load(folder)`. The file's name is the set's name."""
