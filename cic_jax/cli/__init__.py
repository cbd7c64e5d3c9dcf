"""The console command `cic-jax`."""
