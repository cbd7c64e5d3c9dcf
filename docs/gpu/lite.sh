#!/usr/bin/env bash
# Train lite with configs/lite_gpu.py on a GPU machine: bash docs/gpu/lite.sh [more flags of train.py]
# It stops within ten minutes, and goes on where it stopped when it is run again. Leaves the log in
# $OUT, and the release once the training is done.
set -euo pipefail
source docs/gpu/setup.sh
status=0
timeout --signal=TERM "${SECONDS_AT_MOST:-530}" python3 experiments/train.py \
    --config=configs/lite_gpu.py --workdir=runs/lite_gpu --config.data.data_dir=runs/sets "$@" ||
    status=$?
cp runs/lite_gpu/{log.jsonl,time.json,machine.json,config.json} "$OUT"
if [ $status = 124 ]; then
    echo "Stopped: run the same command again."
    exit
fi
[ $status = 0 ]
python3 experiments/release.py --workdir=runs/lite_gpu --name=lite_gpu --out=runs/released \
    --data_card=checkpoints/cards/everything.md --limits=checkpoints/cards/everyday_limits.md
tar --create --directory=runs/released lite_gpu | split --bytes=15M - "$OUT/lite_gpu.tar."
