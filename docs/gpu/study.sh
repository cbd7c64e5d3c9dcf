#!/usr/bin/env bash
# Train and score models of the study on a GPU machine, within ten minutes:
#   bash docs/gpu/study.sh MODEL,MODEL... [more flags of reproduce.py]
# Leaves what to bring back in $OUT. Run again with the same models, it goes on where it stopped.
set -euo pipefail
models=$1
shift
source docs/gpu/setup.sh
source docs/gpu/study_sets.sh
timeout --signal=TERM "${SECONDS_AT_MOST:-530}" python3 experiments/reproduce.py \
    --workdir=runs/study --models="$models" --bring="$OUT" --variants \
    "${sets[@]}" --config.data.data_dir=runs/sets --config.model.dtype=bfloat16 \
    --config.train.save_every_minutes=2 "$@"
