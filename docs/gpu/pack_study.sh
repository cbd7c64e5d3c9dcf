#!/usr/bin/env bash
# Pack the study's two sets into runs/parts: bash docs/gpu/pack_study.sh TARS [more flags]
set -euo pipefail
tars=$1
shift
source docs/gpu/study_sets.sh
rm -rf runs/parts
python experiments/reproduce.py --workdir=runs/study "${sets[@]}" --config.data.path="$tars" \
    --config.data.data_dir=runs/prepared --pack=runs/parts "$@"
du --summarize --human-readable runs/parts/*
