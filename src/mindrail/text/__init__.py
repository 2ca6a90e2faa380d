"""Reading all of a text, however long it is."""
