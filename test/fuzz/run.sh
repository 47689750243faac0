#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Runs each fuzzer of BUILD_DIR on the committed and generated models. Seed and
# number of runs are fixed, so that a failure is not chance; to search for
# longer, run the fuzzers by hand.
set -euo pipefail
if [[ $# != 1 ]]; then
  echo "usage: $0 BUILD_DIR" >&2
  exit 2
fi
root=$(cd "$(dirname "$0")/../.." && pwd)
build=$1
work=$build/test/fuzz
seed=1
runs=100000
max_seed_bytes=20000

# fuzz NAME SUFFIX: seeds are the test models with that suffix.
fuzz() {
  local seeds=$work/seeds-$1 corpus=$work/corpus-$1
  rm -rf "$seeds" "$corpus"
  mkdir -p "$seeds" "$corpus"
  # Several have the same name.
  find "$root/test" "$work/models" -name "*.$2" -size "-${max_seed_bytes}c" \
    -not -path '*/node_modules/*' -print0 |
    xargs -0 -r cp --backup=numbered -t "$seeds"
  echo "$1: $(find "$seeds" -type f | wc -l) seeds, $runs runs"
  "$work/fuzz_$1" -seed="$seed" -runs="$runs" -timeout=20 \
    -rss_limit_mb=2048 -max_len="$max_seed_bytes" -print_final_stats=1 \
    -artifact_prefix="$work/crash-$1-" "$corpus" "$seeds"
}
rm -rf "$work/models"
/usr/bin/python3 "$root/test/models/make_models.py" "$work/models" >/dev/null
fuzz reader onnx
fuzz text onnxtxt
