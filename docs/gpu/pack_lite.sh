#!/usr/bin/env bash
# Pack what lite trains on into runs/parts: bash docs/gpu/pack_lite.sh TARS [more flags]
set -euo pipefail
tars=$1
shift
rm -rf runs/parts
python experiments/pack.py --config=configs/lite_gpu.py --config.data.path="$tars" \
    --config.data.data_dir=runs/prepared --out=runs/parts "$@"
