#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Installs the Debian 12 packages that are missing.
#   install_packages.sh build       to build, with the unit tests and the demo
#   install_packages.sh check       and to run the tests
#   install_packages.sh check-full  and the second compiler
set -euo pipefail

packages=(
  cmake ninja-build g++ ccache git xz-utils ca-certificates
  libonnx-dev libprotobuf-dev protobuf-compiler libprotozero-dev libabsl-dev
  libfmt-dev libre2-dev libeigen3-dev nlohmann-json3-dev libgtest-dev libgmock-dev
  libbenchmark-dev llvm-14-tools python3 python3-numpy python3-onnx
)
case "${1:-}" in
  build) ;;
  check | check-full)
    packages+=(libonnx-testdata)
    # Any recent Node.js will do, wherever it comes from.
    node_major=$(node --version 2>/dev/null | sed 's/^v//; s/[.].*//' || true)
    if [[ ${node_major:-0} -lt 18 ]] || ! command -v npm >/dev/null; then
      packages+=(nodejs npm)
    fi
    if [[ $1 == check-full ]]; then
      packages+=(clang-14 clang-tidy-14 clang-format-14 libclang-rt-14-dev)
    fi
    ;;
  *)
    echo "usage: $0 build|check|check-full" >&2
    exit 2
    ;;
esac

if ! command -v apt-get >/dev/null; then
  echo "No apt here. Needed, by their names in Debian 12: ${packages[*]}" >&2
  exit 0
fi
installed=$(dpkg-query -W -f='${Package} ${db:Status-Status}\n' |
  sed -n 's/ installed$//p')
missing=()
for package in "${packages[@]}"; do
  grep -qxF -- "$package" <<<"$installed" || missing+=("$package")
done
[[ ${#missing[@]} -eq 0 ]] && exit 0

echo "Installing ${missing[*]}"
as_root=()
[[ $(id -u) -eq 0 ]] || as_root=(sudo)
apt() {
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq "$@"
}
apt update
apt install -y --no-install-recommends "${missing[@]}" >/dev/null
