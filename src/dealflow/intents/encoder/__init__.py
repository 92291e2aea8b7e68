"""The encoder: a small multilingual transformer that reads a message in its context."""
