"""Run `cic-jax` as `python -m cic_jax.cli`."""

from cic_jax.cli.main import main

raise SystemExit(main())
