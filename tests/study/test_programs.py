"""Models that differ in constants alone train by programs that are compiled once."""

import jax
import pytest
from jax.experimental.compilation_cache import compilation_cache
from tiny_runs import tiny_config, with_options

from cic_jax.train import train

MISSES, HITS = "/jax/compilation_cache/cache_misses", "/jax/compilation_cache/cache_hits"


@pytest.fixture
def compiled(tmp_path):
    """Counts of the programs that were compiled, and of those found compiled."""
    counts = {MISSES: 0, HITS: 0}

    def count(event, **_):
        if event in counts:
            counts[event] += 1

    options = {
        "jax_compilation_cache_dir": str(tmp_path / "compiled"),
        "jax_persistent_cache_min_compile_time_secs": 0.0,
        "jax_persistent_cache_min_entry_size_bytes": 0,
    }
    before = {name: getattr(jax.config, name) for name in options}
    for name, value in options.items():
        jax.config.update(name, value)
    compilation_cache.reset_cache()
    jax.monitoring.register_event_listener(count)
    yield counts
    jax.monitoring.unregister_event_listener(count)
    for name, value in before.items():
        jax.config.update(name, value)
    compilation_cache.reset_cache()


def test_models_that_differ_in_weights_and_photographs_share_their_programs(
    compiled, tmp_path, tmp_path_factory
):
    options = {"batch_size": 4, "crop": 32, "epochs": 0.5, "evaluate_every": 0.5}
    small, large = (tiny_config(tmp_path_factory, count, 32, **options) for count in (30, 40))
    train(with_options(small, {"prior.source": "uniform"}), tmp_path / "unbalanced")
    assert compiled[MISSES] > 0  # few, where other tests have compiled some already
    compiled[MISSES] = 0
    train(with_options(large, {"prior.source": "own"}), tmp_path / "rebalanced")
    assert compiled[HITS] > 0
    assert compiled[MISSES] <= 3  # counts its colours, and gathers each batch from its photographs
