# Sourced by the scripts beside it, in the root of the repository on the GPU machine: installs the
# wheels of runs/wheels and puts the photographs of runs/parts together, once each. No network.
export SITE=${SITE:-/tmp/cic_jax_site} PYTHONUNBUFFERED=1
if [ ! -d "$SITE" ]; then
    python3 -m pip install --quiet --no-index --no-deps --no-compile --no-cache-dir \
        --target "$SITE" runs/wheels/*.whl
fi
export PYTHONPATH=$PWD:$SITE
python3 -c 'import jax; print("JAX", jax.__version__, jax.devices())'
if [ ! -d runs/sets ]; then
    python3 experiments/pack.py --join=runs/parts --out=runs/sets
fi
