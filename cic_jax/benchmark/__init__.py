"""Speed of this package and of other libraries at the same work, for `experiments/benchmark.py`."""
