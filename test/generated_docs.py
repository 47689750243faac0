#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Checks that docs/passes.md, rules.md and opsets.md say what the tool says.

With --update, writes them.
"""
import argparse
import pathlib
import subprocess
import sys

DOCS = pathlib.Path(__file__).resolve().parent.parent / 'docs'
PAGES = {
    'passes.md': ('# Passes\n\nMade from `onnx-opt --list-passes` by '
                  '`test/generated_docs.py --update`; do not edit.\n',
                  '--list-passes'),
    'rules.md': ('# Rewrite rules\n\nMade from `onnx-opt --list-rules` by '
                 '`test/generated_docs.py --update`; do not edit. How rules '
                 'work: [rewriting.md](rewriting.md).\n', '--list-rules'),
    'opsets.md': ('# Versions of operators\n\nMade from `onnx-opt '
                  '--list-opsets` by `test/generated_docs.py --update`; do not '
                  'edit. What it means: '
                  '[opset-conversion.md](opset-conversion.md).\n',
                  '--list-opsets'),
}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--tool', required=True)
    parser.add_argument('--update', action='store_true')
    args = parser.parse_args()
    stale = []
    for name, (head, flag) in PAGES.items():
        listing = subprocess.run([args.tool, flag], check=True, text=True,
                                 stdout=subprocess.PIPE).stdout
        text = f'{head}\n```\n{listing}```\n'
        path = DOCS / name
        if args.update:
            path.write_text(text)
        elif not path.is_file() or path.read_text() != text:
            stale.append(name)
    for name in stale:
        print(f'docs/{name} is not what the tool says: run '
              'test/generated_docs.py --tool onnx-opt --update')
    print(f'{len(PAGES) - len(stale)} passed, {len(stale)} failed')
    return 1 if stale else 0


if __name__ == '__main__':
    sys.exit(main())
