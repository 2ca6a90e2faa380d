"""Ways to reword a text: one file each."""
