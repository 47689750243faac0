#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes the small models that the tests read; see README.md.

usage: make_models.py OUTDIR [--bad]     (Debian 12: python3-onnx)

Writes models and OUTDIR/index.json; with --bad also OUTDIR/bad/ with files
that must be refused.  The output depends on nothing but these scripts.
"""

import argparse
import os

import gen_bad
import gen_functions
import gen_graphs
import gen_metadata
import gen_redundant
import gen_tensors
from gen_common import Suite


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("outdir")
    parser.add_argument("--bad", action="store_true",
                        help="also make files that must be refused")
    args = parser.parse_args()

    suite = Suite(args.outdir)
    for module in (gen_tensors, gen_graphs, gen_metadata, gen_functions,
                   gen_redundant):
        module.generate(suite)
    suite.finish()
    print(f"{len(suite.index)} models")
    if args.bad:
        count = gen_bad.generate(os.path.join(args.outdir, "bad"))
        print(f"{count} bad files")


if __name__ == "__main__":
    main()
