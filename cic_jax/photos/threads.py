"""A parallel map in order. Decoding releases the interpreter's lock, so threads use every core."""

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")

AHEAD = 64  # items in hand at once: bounds the memory, hides the reading
MOST = 2**30  # of their costs together, beside one item


def ordered_map(
    function: Callable[[T], R], items: Iterable[T], cost: Callable[[T], int] = lambda _: 0
) -> Iterator[R]:
    """Map a function over items on all cores, in order, at most AHEAD items ahead.

    Unlike `ThreadPoolExecutor.map` it does not submit all items at once. `cost` gives the bytes
    that an item takes.
    """
    waiting: deque = deque()
    costs: deque[int] = deque()
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for item in items:
            waiting.append(pool.submit(function, item))
            costs.append(cost(item))
            while len(waiting) >= AHEAD or (len(waiting) > 1 and sum(costs) > MOST):
                costs.popleft()
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
