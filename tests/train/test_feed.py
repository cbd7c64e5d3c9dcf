import io

import jax
import numpy as np
import pytest
from PIL import Image

from cic_jax.configs import default
from cic_jax.photos import Photographs
from cic_jax.train import feed
from cic_jax.train.config import ConfigError


def photographs(count):
    """Each is of one grey level, which tells them apart."""
    records = []
    for i in range(count):
        encoded = io.BytesIO()
        Image.new("RGB", (16, 16), (i, i, i)).save(encoded, "PNG")
        records.append({"image": encoded.getvalue(), "name": f"{i}.png"})
    return Photographs("train", records)


def config(**train):
    config = default.get_config()
    config.data.update(size=16, short_side=16)
    config.train.update(batch_size=4, epochs=3.0, **train)
    return config


def seen(opened, first, count):
    """Return the grey levels of each step's batch."""
    pixels, rows, _ = opened.dispatch(first, count)
    return np.asarray(pixels)[0][:, 0, 0, 0][rows[0]]


@pytest.mark.parametrize("resident", [True, False])
def test_every_epoch_sees_each_photograph_once_in_another_order(resident):
    options = config()
    options.data.resident = resident
    opened = feed.open_feed(options, photographs(12))
    assert (opened.steps_per_epoch, opened.total_steps) == (3, 9)
    epochs = [seen(opened, 3 * i, 3).ravel() for i in range(3)]
    for epoch in epochs:
        assert sorted(epoch) == list(range(12))
    assert len({tuple(epoch) for epoch in epochs}) == 3


@pytest.mark.parametrize("resident", [True, False])
def test_a_step_sees_the_same_wherever_the_run_began(resident):
    options = config()
    options.data.resident = resident
    at_once = seen(feed.open_feed(options, photographs(12)), 0, 9)
    resumed = seen(feed.open_feed(options, photographs(12)), 4, 5)
    np.testing.assert_array_equal(at_once[4:], resumed)


def test_prior_reads_only_as_many_photographs_as_asked():
    options = config()
    options.prior.photographs = 10
    batches = list(feed.prior_batches(options, photographs(12)))
    assert sum(len(batch) for batch in batches) == 10


def test_a_spread_batch_reaches_over_the_whole_set():
    spread = feed.spread(config(), photographs(12))
    np.testing.assert_array_equal(spread[:, 0, 0, 0], [0, 3, 6, 9])
    assert len(feed.spread(config(), photographs(3))) == 3


def test_a_leak_is_refused_without_a_function_for_it():
    splits = {"train": photographs(12), "test": photographs(10)}
    options = config()
    assert feed.training_set(options, splits) is splits["train"]
    options.data.leak = 0.31
    with pytest.raises(ConfigError, match=r"config\.data\.leak = 0\.31 .* training_set="):
        feed.training_set(options, splits)


@pytest.mark.parametrize("resident", [True, False])
@pytest.mark.parametrize("count", [40, 41, 42, 43, 45])
@pytest.mark.parametrize("devices", [1, 2])
def test_all_hosts_have_equal_shares(count, devices, resident, monkeypatch):
    """Arrays of a pmapped step must have the same shape on every host."""
    shares, seen = [], []
    monkeypatch.setattr(jax, "process_count", lambda: 3)
    monkeypatch.setattr(jax, "device_count", lambda: 3 * devices)
    monkeypatch.setattr(jax, "local_device_count", lambda: devices)
    for host in range(3):
        monkeypatch.setattr(jax, "process_index", lambda host=host: host)
        options = config()
        options.data.resident = resident
        options.train.batch_size = 6
        opened = feed.open_feed(options, photographs(count))
        pixels, rows, positions = opened.dispatch(0, opened.steps_per_epoch)
        shares.append((opened[:3], pixels.shape, rows.shape))
        assert rows.max() < pixels.shape[1]
        assert len({*positions.ravel()}) == positions.size  # each at most once an epoch
        seen.append({*positions.ravel()})
    assert shares[0] == shares[1] == shares[2]
    assert opened.steps_per_epoch == count // (3 * devices) // (2 // devices)
    assert len(set.union(*seen)) == sum(map(len, seen))  # and on one host alone


@pytest.mark.parametrize("resident", [True, False])
def test_what_one_two_and_four_devices_share(resident, monkeypatch):
    """Steps and photographs of an epoch; of streamed ones, those of each step, too."""
    seen_by = {}
    for devices in (1, 2, 4):
        monkeypatch.setattr(jax, "device_count", lambda devices=devices: devices)
        monkeypatch.setattr(jax, "local_device_count", lambda devices=devices: devices)
        options = config()
        options.data.resident = resident
        opened = feed.open_feed(options, photographs(12))
        pixels, rows, positions = opened.dispatch(0, 3)
        assert (opened.steps_per_epoch, positions.shape) == (3, (devices, 3, 4 // devices))
        levels = np.stack([np.asarray(pixels)[d, :, 0, 0, 0][rows[d]] for d in range(devices)])
        np.testing.assert_array_equal(levels, positions)
        assert sorted(positions.ravel()) == list(range(12))
        seen_by[devices] = [sorted(step.ravel()) for step in np.swapaxes(positions, 0, 1)]
    assert (seen_by[1] == seen_by[2] == seen_by[4]) == (not resident)
