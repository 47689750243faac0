#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Installs the build in BUILD_DIR to a temporary prefix; builds and runs this
# example against it.
set -euo pipefail
if [[ $# != 2 ]]; then
  echo "usage: $0 BUILD_DIR COMPILER" >&2
  exit 2
fi
source_dir=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

cmake --install "$1" --prefix "$work/prefix" >"$work/install.log"
cmake -S "$source_dir" -B "$work/build" -G Ninja \
  -DCMAKE_BUILD_TYPE=Release -DCMAKE_CXX_COMPILER="$2" \
  -DCMAKE_PREFIX_PATH="$work/prefix"
cmake --build "$work/build"
"$work/build/embed"

# Whoever does not use the bridge gets neither libonnx nor protobuf.
if grep -i 'protobuf\|onnx_proto' "$work"/prefix/lib*/cmake/onnxopt/onnxoptTargets.cmake; then
  echo "error: onnxopt::onnxopt depends on protobuf" >&2
  exit 1
fi
