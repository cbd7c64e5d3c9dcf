"""Names of models, splits and figures as people read them."""


def label(name: str) -> str:
    """Turn an identifier into words: 'rebalanced_ours' -> 'Rebalanced ours'."""
    words = name.replace("_", " ")
    return words[:1].upper() + words[1:]
