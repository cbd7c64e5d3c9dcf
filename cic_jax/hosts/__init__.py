"""Several hosts that train as one: how they meet, what they tell each other, how they end."""

from cic_jax.hosts.errors import HostsError
from cic_jax.hosts.exchange import (
    failing,
    first_goes_first,
    gather,
    require_same,
    require_shared,
    together,
)
from cic_jax.hosts.joined import joined
from cic_jax.hosts.place import Place, find

__all__ = [
    "HostsError",
    "Place",
    "failing",
    "find",
    "first_goes_first",
    "gather",
    "joined",
    "require_same",
    "require_shared",
    "together",
]
