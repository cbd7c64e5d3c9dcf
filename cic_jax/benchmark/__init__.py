"""How fast everything is, beside other libraries: the parts of `experiments/benchmark.py`."""
