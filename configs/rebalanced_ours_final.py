"""Rebalanced ours final: Rebalanced ours on the larger set of ten synsets.

Study: full network, 190 epochs, 7 h (GTX 1060). RMSE ab 16.0, PSNR 20.9, SSIM 0.91.
Run:   python experiments/train.py --config=configs/rebalanced_ours_final.py --workdir=runs/rebalanced_ours_final
"""

from cic_jax.configs import default


def get_config():
    """Return the default config with the changes of this experiment."""
    config = default.get_config()
    config.data.subset = "final"
    config.train.epochs = 190.0
    return config
