#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Robustness: bad files, bad disks, bad moments.

Every file of `make_models.py --bad` must be refused: exit 1, exactly one line
on stderr that begins `FILE: error:` and contains what bad/index.json demands,
the output file untouched, within 10 s and 4 GB of address space. Then the
cases of system_cases.py and timed_cases.py.
"""
import argparse
import json
import pathlib
import resource
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent), str(HERE.parent / 'roundtrip')]
# pylint: disable=wrong-import-position
import corpus
import harness
import system_cases
import timed_cases
from system_cases import Bench, Failed, SENTINEL, Skipped, expect
from wire import WireError

SECONDS = 10
ADDRESS_SPACE = 4 << 30


def _is_asan(tool):
    """AddressSanitizer reserves terabytes of address space."""
    return b'__asan_init' in tool.read_bytes()


def _limit_memory():
    resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_SPACE, ADDRESS_SPACE))


def check_bad_file(bench, path, substrings, limit_memory):
    out = bench.folder / 'out.onnx'
    out.write_bytes(SENTINEL)
    result = bench.run(path, '-o', out, timeout=SECONDS,
                       preexec_fn=limit_memory)
    system_cases.expect_error(result, path)
    expect(len(result.lines) == 1,
           f'{len(result.lines)} lines on stderr: {result.lines}')
    for substring in substrings:
        expect(substring in result.lines[0],
               f'no {substring!r} in: {result.lines[0]}')
    system_cases.expect_unchanged(bench.folder, {'out.onnx': SENTINEL})


def bad_file_cases(tool):
    folder = corpus.generated_dir() / 'bad'
    limit_memory = None if _is_asan(tool) else _limit_memory
    expected = json.loads((folder / 'index.json').read_text())
    for name, substrings in expected.items():
        def case(bench, path=folder / name, substrings=tuple(substrings)):
            check_bad_file(bench, path, substrings, limit_memory)
        yield f'bad/{name}', case


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument('--tool', required=True,
                        type=harness.tool_path)
    parser.add_argument('--only', default='',
                        help='run the cases whose name contains this')
    args = parser.parse_args()
    tool = args.tool
    cases = list(bad_file_cases(tool))
    cases += [(case.__name__, case)
              for case in system_cases.CASES + timed_cases.CASES]

    counts = {'passed': 0, 'failed': 0, 'skipped': 0}
    with tempfile.TemporaryDirectory(prefix='robustness-') as models:
        models = pathlib.Path(models)
        system_cases.make_models(models)
        for name, case in cases:
            if args.only not in name:
                continue
            with tempfile.TemporaryDirectory(prefix='robustness-') as folder:
                try:
                    case(Bench(tool, pathlib.Path(folder), models))
                    counts['passed'] += 1
                except (Failed, OSError, WireError,
                        subprocess.SubprocessError) as problem:
                    counts['failed'] += 1
                    print(f'FAILED: {name}: {problem}', flush=True)
                except Skipped as reason:
                    counts['skipped'] += 1
                    print(f'SKIPPED: {name}: {reason}', flush=True)
    print(', '.join(f'{n} {outcome}' for outcome, n in counts.items()))
    return 1 if counts['failed'] else 0


if __name__ == '__main__':
    sys.exit(main())
