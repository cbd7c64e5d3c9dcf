#!/usr/bin/env bash
# Fetch the wheels that travel, for Python 3.12 on x86-64, into runs/wheels, and further packages:
#   bash docs/gpu/wheels.sh [PACKAGE==VERSION ...]
set -euo pipefail
platforms=()
for version in 2_28 2_27 2_17; do
    platforms+=(--platform "manylinux_${version}_x86_64")
done
python -m pip download --quiet --no-deps --only-binary=:all: --python-version 3.12 \
    --implementation cp "${platforms[@]}" --platform manylinux2014_x86_64 \
    --dest runs/wheels --requirement docs/gpu/wheels.txt "$@"
python -m pip wheel --quiet --no-deps --wheel-dir runs/wheels promise==2.3 # of which there is no wheel
du --summarize --human-readable runs/wheels
