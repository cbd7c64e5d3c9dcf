"""Runs that train in seconds: few small photographs of two colours, a tiny network."""

import photo_files

from cic_jax.configs import default


def tiny_config(tmp_path_factory, photographs, size, **train):
    """The default config, shrunk: windows of `size` pixels, and the training's own values."""
    root = tmp_path_factory.mktemp("photos")
    photo_files.two_coloured(root, photographs)
    config = default.get_config()
    config.data.update(source="folder", path=str(root), size=size, short_side=size)
    config.data.data_dir = str(tmp_path_factory.mktemp("prepared"))
    config.model.update(network="simplified", width=0.05)
    config.train.update(train)
    return config


def with_options(config, options):
    """A copy of a config with other values, by dotted key."""
    changed = config.copy_and_resolve_references()
    changed.update_from_flattened_dict(options)
    return changed
