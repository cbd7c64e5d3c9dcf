"""How a convolution is computed on this backend; nothing else in the package knows."""
