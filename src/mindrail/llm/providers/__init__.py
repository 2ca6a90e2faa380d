"""Where answers come from: one file each."""
