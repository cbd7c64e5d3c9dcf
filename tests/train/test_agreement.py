"""What hosts compare before they train, without their processes."""

import numpy as np
import pytest
from tiny_runs import with_options

from cic_jax import hosts
from cic_jax.configs import default
from cic_jax.hosts import exchange
from cic_jax.train import agreement, identity
from cic_jax.train.build import Builders


@pytest.fixture
def second(monkeypatch):
    """Let each call be that of one more host, which compares with the hosts before it."""
    told = {}

    def gather(name, value):
        return told.setdefault(name, []) + (told[name].append(value) or [])

    monkeypatch.setattr(exchange, "gather", gather)
    monkeypatch.setattr(hosts, "together", lambda: True)


def test_another_config_flag_or_code_is_named(second, monkeypatch):
    config = default.get_config()
    agreement.require_same_start(config, resume_anyway=False)
    own_disk = with_options(config, {"data.path": "/scratch", "data.data_dir": "/scratch"})
    agreement.require_same_start(own_disk, resume_anyway=False)
    versions = agreement.versions() | {"jax": "0.1", "the code of cic_jax": "abc"}
    monkeypatch.setattr(agreement, "versions", lambda: versions)
    other = with_options(config, {"seed": 7})
    with pytest.raises(hosts.HostsError, match=r"host 2 differs from host 0 in") as refused:
        agreement.require_same_start(other, resume_anyway=True)
    for named in ("--resume_anyway ('True'", "config.seed (7", "jax ('0.1'", "the code of cic_jax"):
        assert named in str(refused.value)
    assert "host 1" not in str(refused.value)


def test_other_photographs_are_named(second):
    def own(names):
        digests = np.arange(32 * len(names), dtype=np.uint8).reshape(-1, 32)
        listed = {"train": identity.Listed(names, digests)}
        return identity.of_run(listed, Builders(None, None, None, {}))

    agreement.require_same_run(own(["a", "b"]))
    agreement.require_same_run(own(["a", "b"]))
    with pytest.raises(hosts.HostsError, match=r"host 2 .* the train photographs \('1, SHA-256"):
        agreement.require_same_run(own(["a"]))
