#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Checks that no folder includes headers of a layer that it must not see:

    support <- ir <-+- frontend <-----------+
                    +- eval <- passes <-----+- tools <- test, bench

usage: check_layers.py REPOSITORY
"""
import pathlib
import re
import sys

# What a folder may include besides itself.
ALLOWED = {
    'support': set(),
    'ir': {'support'},
    'frontend': {'support', 'ir'},
    'eval': {'support', 'ir'},
    'passes': {'support', 'ir', 'eval'},
    'tools': {'support', 'ir', 'eval', 'frontend', 'passes'},
}
# Unit tests may read text models whatever layer they test.
ALLOWED_IN_TESTS = {'ir', 'support', 'frontend'}
# Only the bridge to libonnx and the tests of it see protobuf.
PROTOBUF = re.compile(r'#include [<"](google/protobuf|onnx)/')
PROTOBUF_FOLDER = 'frontend/onnx/'
INCLUDE = re.compile(r'#include "([a-z]+)/')


def is_test(path):
    return path.name.endswith('_test.cc') or path.stem.endswith('testing')


def problems_of(root, path):
    relative = path.relative_to(root).as_posix()
    folder = relative.split('/')[0]
    allowed = ALLOWED[folder] | {folder}
    if is_test(path):
        allowed |= ALLOWED_IN_TESTS
    for number, line in enumerate(path.read_text().splitlines(), 1):
        where = f'{relative}:{number}'
        include = INCLUDE.match(line)
        if include and include[1] in ALLOWED and include[1] not in allowed:
            yield f'{where}: {folder}/ must not include {include[1]}/'
        if PROTOBUF.match(line) and not (
                relative.startswith(PROTOBUF_FOLDER) or is_test(path)):
            yield f'{where}: only {PROTOBUF_FOLDER} may include protobuf'


def main():
    root = pathlib.Path(sys.argv[1])
    files = [path for folder in ALLOWED
             for path in sorted((root / folder).rglob('*'))
             if path.suffix in ('.h', '.cc')]
    if not files:
        sys.exit(f'no sources in {root}')
    problems = [p for path in files for p in problems_of(root, path)]
    print('\n'.join(problems + [f'{len(files)} files checked']))
    sys.exit(1 if problems else 0)


if __name__ == '__main__':
    main()
