"""Photograph files: the one way to read them, and to write them again."""
