#!/usr/bin/env bash
# Merge what came back into runs/study and report it: bash docs/gpu/merge_study.sh TARS FOLDER,FOLDER...
set -euo pipefail
tars=$1 folders=$2
shift 2
source docs/gpu/study_sets.sh
python experiments/reproduce.py --workdir=runs/study --merge="$folders" --variants "${sets[@]}" \
    --config.data.path="$tars" --config.data.data_dir=runs/prepared \
    --config.model.dtype=bfloat16 --config.train.save_every_minutes=2 "$@"
