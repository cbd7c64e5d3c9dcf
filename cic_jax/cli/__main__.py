"""Run `cic-jax` as `python -m cic_jax.cli`."""

from cic_jax.cli.main import main

if __name__ == "__main__":
    raise SystemExit(main())
