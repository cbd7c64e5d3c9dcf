"""The study as data agrees with the configs."""

import importlib

from cic_jax.study import published


def test_models_are_the_studys_with_their_configs():
    assert len(published.MODELS) == len(published.PUBLISHED) == 9
    configs = {
        name: importlib.import_module(f"cic_jax.configs.{name}").get_config()
        for name in published.MODELS
    }
    epochs = [config.train.epochs for config in configs.values()]
    assert epochs == [100] * 7 + [190, 500]
    bases = [published.VARIANTS.get(name, (name, {}))[0] for name in published.STARTS_FROM]
    assert all(configs[name].train.init_from for name in bases)
    for base, mistake in published.VARIANTS.values():
        config = configs[base].copy_and_resolve_references()
        config.update_from_flattened_dict(mistake)
        assert config != configs[base]
