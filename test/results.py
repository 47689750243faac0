#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes docs/results.md: what `onnx-opt -O2` makes of each real model."""
import argparse
import collections
import concurrent.futures
import os
import pathlib
import re
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE / 'roundtrip'))
# pylint: disable=wrong-import-position
import corpus
import harness
from wire import read_model, walk_graphs

_HEAD = '''# What -O2 does to real models

Made by `test/results.py`; do not edit. Nodes are counted over all graphs,
nested ones and function bodies too, without Constant nodes (a constant is no
work at run time). Bytes are of the model file and its external data.

| model | nodes before | after | less by | bytes before | after | operators that went away |
|---|---:|---:|---:|---:|---:|---|
'''
_DECLINED_HEAD = '''
## What was almost done

Rewrites that were declined, and why, by rule or pass (`--remarks` names each
node). Models without any are left out.

| model | declined |
|---|---|
'''
_DECLINED = re.compile(r'remark: \[([a-z-]+)\] .*\): (?:([a-z-]+): )?not done: (.*)')
_OPERATORS_SHOWN = 4


def count_nodes(path):
    """Nodes by operator, without Constant."""
    operators = collections.Counter(
        node.text('op_type') for graph in walk_graphs(read_model(path))
        for node in graph.all('node'))
    del operators['Constant']
    return operators


def count_bytes(path):
    locations = {entry.text('value')
                 for graph in walk_graphs(read_model(path))
                 for tensor in graph.all('initializer')
                 for entry in tensor.all('external_data')
                 if entry.text('key') == 'location'}
    return sum(p.stat().st_size
               for p in [path] + [path.parent / loc for loc in locations])


def _removed(before, after):
    gone = [(count - after[op], op) for op, count in before.items()
            if count > after[op]]
    gone.sort(key=lambda item: (-item[0], item[1]))
    shown = [f'{op} {count}' for count, op in gone[:_OPERATORS_SHOWN]]
    return ', '.join(shown + ['...'] * (len(gone) > _OPERATORS_SHOWN))


def _declined(lines):
    reasons = collections.Counter(
        f'{match[2] or match[1]}: {match[3]}'
        for match in map(_DECLINED.search, set(lines)) if match)
    return '; '.join(f'{reason} ({count})'
                     for reason, count in sorted(reasons.items()))


def table_row(tool, model):
    """The rows of the two tables; the second may be empty."""
    with tempfile.TemporaryDirectory(prefix='results-') as folder:
        out = pathlib.Path(folder) / model.path.name
        result = harness.run_tool(tool, '-O2', '--remarks', model.path, '-o',
                                  out)
        if result.code != 0:
            raise SystemExit(f'{model.name}: {result.describe()}')
        before, after = count_nodes(model.path), count_nodes(out)
        sizes = count_bytes(model.path), count_bytes(out)
    total, left = sum(before.values()), sum(after.values())
    percent = 100 * (total - left) / total if total else 0
    row = (f'| {model.path.stem} | {total} | {left} | {percent:.1f} % | '
           f'{sizes[0]} | {sizes[1]} | {_removed(before, after)} |\n')
    declined = _declined(result.lines)
    return row, f'| {model.path.stem} | {declined} |\n' if declined else ''


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--tool', required=True,
                        type=harness.tool_path)
    parser.add_argument('--output', type=pathlib.Path,
                        default=corpus.REPO / 'docs' / 'results.md')
    args = parser.parse_args()
    models, skipped = corpus.find(('committed', 'models'))
    if skipped:  # A table of some of the models would replace that of all.
        print('\n'.join(f'SKIPPED: {reason}' for reason in skipped))
        return 0
    with concurrent.futures.ProcessPoolExecutor(os.cpu_count()) as pool:
        rows = list(pool.map(table_row, [args.tool] * len(models),
                             models))
    args.output.parent.mkdir(exist_ok=True)
    args.output.write_text(_HEAD + ''.join(row for row, _ in rows) +
                           _DECLINED_HEAD + ''.join(row for _, row in rows))
    print(f'{len(rows)} models: {args.output}')
    return 0


if __name__ == '__main__':
    sys.exit(main())
