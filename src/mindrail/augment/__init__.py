"""Other wordings of unlabelled texts, made before training and checked before use."""
