"""Causal language models on this machine: loading, generating, scoring."""
