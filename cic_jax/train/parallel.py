"""Data parallelism by `jax.pmap`, and the transfer of values to and from its replicas.

Replication is written out, since `flax.jax_utils` places values without the name of pmap's axis.
"""

import functools
from collections.abc import Callable
from typing import Any

import jax
import numpy as np
from flax import linen as nn
from jax.experimental import multihost_utils
from jax.sharding import Mesh, NamedSharding, PartitionSpec

AXIS = "batch"  # the name under which replicas average gradients and statistics


def replicas(
    function: Callable, in_axes: tuple[int | None, ...], *, donate: bool = False
) -> Callable:
    """Run `function` on every device at once, on all hosts, its replicas joined by `AXIS`.

    Arguments with axis 0 carry one row for each local device, those with None are shared. `donate`
    gives the memory of the first argument to the result.
    """
    return jax.pmap(
        function, axis_name=AXIS, in_axes=in_axes, donate_argnums=(0,) if donate else ()
    )


def place(sharded: np.ndarray) -> jax.Array:
    """Place an array 'devices ...' on the local devices, one row on each.

    The mesh carries `AXIS` as pmap's own outputs do: under another name pmap compiles twice.
    """
    mesh = Mesh(np.array(jax.local_devices()), (AXIS,))
    return jax.device_put(sharded, NamedSharding(mesh, PartitionSpec(AXIS)))


def rowwise(function: Callable) -> Callable:
    """Compile `function` for each row of its arguments, each on the local device that holds it."""
    mesh = Mesh(np.array(jax.local_devices()), (AXIS,))
    rows = PartitionSpec(AXIS)
    return jax.jit(jax.shard_map(jax.vmap(function), mesh=mesh, in_specs=rows, out_specs=rows))


def replicate(tree: Any) -> Any:
    """Copy a tree of host arrays to every local device, with a leading axis for the devices."""
    count = jax.local_device_count()

    def copy(x: Any) -> jax.Array:
        x = np.asarray(x)
        return place(np.broadcast_to(x[None], (count, *x.shape)))

    return jax.tree.map(copy, tree)


def unreplicate(tree: Any) -> Any:
    """Return the first local replica's values, as host arrays."""
    return jax.tree.map(lambda x: np.asarray(x.addressable_data(0))[0], tree)


def shard(x: np.ndarray) -> np.ndarray:
    """Divide the leading axis among the local devices: 'n ...' -> 'devices n/devices ...'."""
    count = jax.local_device_count()
    if len(x) % count:
        raise ValueError(f"{len(x)} rows cannot be shared equally by {count} devices")
    return x.reshape(count, -1, *x.shape[1:])


def for_one_device(network: nn.Module) -> nn.Module:
    """Return the same network for use outside of `replicas`."""
    return network.clone(axis_name=None) if hasattr(network, "axis_name") else network


def any_host(*wishes: bool) -> tuple[bool, ...]:
    """Return for each wish whether any host has it; all of them must call this, in step."""
    if jax.process_count() == 1:
        return wishes
    counts = np.zeros((jax.local_device_count(), len(wishes)), np.int32)
    counts[0] = wishes
    total = _sum()(place(counts)).addressable_data(0)
    return tuple(bool(count) for count in np.asarray(total)[0])


@functools.cache
def _sum() -> Callable:
    """Return a function (array with a row for each local device) -> the sum over all devices."""
    return replicas(lambda row: jax.lax.psum(row, AXIS), (0,))


def of_first_host(tree: Any) -> Any:
    """Return the first host's values of a tree of host arrays on all hosts, in step."""
    if jax.process_count() == 1:
        return tree
    return multihost_utils.broadcast_one_to_all(tree)
