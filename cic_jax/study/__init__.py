"""The reproduction: the study's models, its claims tested one by one, its mistakes repeated."""
