# SPDX-License-Identifier: Apache-2.0
# A thin front to the presets in CMakePresets.json.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.NOTPARALLEL:

JOBS ?= 2
TOOL := build/release/tools/onnx-opt
DIFFERENTIAL := test/differential
NODE_MODULES := $(DIFFERENTIAL)/node_modules/.package-lock.json

# $(call timed,WHAT,COMMANDS) runs COMMANDS, which hold no comma, and prints how
# long they took.
timed = @start=$$SECONDS; $(2); echo "== $(1): $$((SECONDS - start)) s"

.PHONY: demo setup build check check-full bench format clean

## Installs what is needed, builds, and optimizes a model.
demo:
	@tools/install_packages.sh build
	$(call timed,build onnx-opt,\
	  cmake --preset release; \
	  cmake --build --preset release -j $(JOBS) --target onnx-opt)
	@mkdir -p build/demo
	$(TOOL) test/models/small_cnn.onnx -o build/demo/small_cnn.onnx --summary

## Installs the Debian packages for `make check`.
setup:
	$(call timed,packages,tools/install_packages.sh check)

build:
	$(call timed,build release,\
	  cmake --preset release; \
	  cmake --build --preset release -j $(JOBS))

# ONNX Runtime for the differential test.
$(NODE_MODULES): $(DIFFERENTIAL)/package-lock.json
	$(call timed,npm,\
	  if command -v npm >/dev/null; then \
	    cd $(DIFFERENTIAL); npm ci --ignore-scripts --no-audit --no-fund; \
	    touch node_modules/.package-lock.json; \
	  else \
	    echo "SKIPPED: the differential test (no npm to install ONNX Runtime)"; \
	  fi)

## Builds and runs the tests.
check: setup $(NODE_MODULES) build
	$(call timed,tests,ctest --preset check -j $(JOBS))

## The longer run: Clang with sanitizers and fuzzers, all models and vectors.
check-full:
	$(call timed,packages,tools/install_packages.sh check-full)
	$(MAKE) $(NODE_MODULES) build
	$(call timed,format,\
	  git ls-files '*.cc' '*.h' | xargs clang-format-14 --dry-run -Werror)
	$(call timed,build asan,\
	  cmake --preset asan; cmake --build --preset asan -j $(JOBS))
	$(call timed,tests asan,ctest --preset asan -j $(JOBS))
	$(call timed,tests full,ctest --preset check-full -j $(JOBS))

## Compares onnx-opt with `cp`.
bench:
	cmake --preset release -DONNXOPT_BUILD_BENCH=ON
	cmake --build --preset release -j $(JOBS) --target bench

format:
	git ls-files '*.cc' '*.h' | xargs clang-format-14 -i

clean:
	rm -rf build
