"""Studies: a plan file to cells, each run once in a process of its own, and the cells to numbers with intervals."""
