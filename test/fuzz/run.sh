#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Builds the fuzzers in BUILD_DIR and runs each on the committed and generated
# models. Seed and number of runs are fixed, so that a failure is not chance; to
# search for longer, run the fuzzers by hand.
set -euo pipefail
if [[ $# != 2 ]]; then
  echo "usage: $0 CLANG BUILD_DIR" >&2
  exit 2
fi
root=$(cd "$(dirname "$0")/../.." && pwd)
build=$2
seed=1
runs=100000
max_seed_bytes=20000

cmake -S "$root" -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=RelWithDebInfo \
  -DCMAKE_CXX_COMPILER="$1" -DONNXOPT_SANITIZE=ON -DONNXOPT_BUILD_FUZZERS=ON \
  -DONNXOPT_BUILD_TESTS=OFF -DONNXOPT_ONNX_BRIDGE=OFF
cmake --build "$build" --target fuzz_reader fuzz_text

# fuzz NAME SUFFIX: seeds are the test models with that suffix.
fuzz() {
  local seeds=$build/seeds-$1 corpus=$build/corpus-$1
  rm -rf "$seeds" "$corpus"
  mkdir -p "$seeds" "$corpus"
  # Several have the same name.
  find "$root/test" "$build/models" -name "*.$2" -size "-${max_seed_bytes}c" \
    -not -path '*/node_modules/*' -print0 |
    xargs -0 -r cp --backup=numbered -t "$seeds"
  echo "$1: $(find "$seeds" -type f | wc -l) seeds, $runs runs"
  "$build/test/fuzz/fuzz_$1" -seed="$seed" -runs="$runs" -timeout=20 \
    -rss_limit_mb=2048 -max_len="$max_seed_bytes" -print_final_stats=1 \
    -artifact_prefix="$build/crash-$1-" "$corpus" "$seeds"
}
rm -rf "$build/models"
/usr/bin/python3 "$root/test/models/make_models.py" "$build/models" >/dev/null
fuzz reader onnx
fuzz text onnxtxt
