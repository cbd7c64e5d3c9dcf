"""Simplified: half the parameters, trained as Rebalanced ours.

Study: simplified network, 100 epochs, 1-2 h (GTX 1060). RMSE ab 16.2, PSNR 20.8, SSIM 0.91.
Run:   python experiments/train.py --config=configs/simplified.py --workdir=runs/simplified
"""

from cic_jax.configs import default


def get_config():
    """Return the default config with the changes of this experiment."""
    config = default.get_config()
    config.model.network = "simplified"
    return config
