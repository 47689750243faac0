#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Nothing foldable is left: after `onnx-opt --passes=fold`, no deterministic
standard operator has only constants as inputs, in bodies and functions too.

The written file is walked with the onnx package. A node that is left must be
named in left.txt, one `MODEL NODE: reason` a line, and a remark of the tool
must say that it was not folded; an entry that is no longer true fails. How many
nodes could be folded at first is counted too (groups `nodes of ...`).
"""
import argparse
import concurrent.futures
import os
import pathlib
import subprocess
import sys
import tempfile

import onnx

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
# pylint: disable=wrong-import-position
import corpus
import harness

GROUPS = ('generated', 'committed', 'models', 'odd')
DOMAINS = ('', 'ai.onnx', 'ai.onnx.ml')
RANDOM = {'Bernoulli', 'Multinomial', 'RandomNormal', 'RandomNormalLike',
          'RandomUniform', 'RandomUniformLike'}
# What these give is no tensor, so no constant, but known to their readers.
SEQUENCES = {'Optional', 'SequenceConstruct', 'SequenceEmpty', 'SequenceErase',
             'SequenceInsert', 'SplitToSequence'}


def bodies(node):
    for attribute in node.attribute:
        if attribute.type == onnx.AttributeProto.GRAPH:
            yield attribute.g
        elif attribute.type == onnx.AttributeProto.GRAPHS:
            yield from attribute.graphs


class Walk:  # pylint: disable=too-few-public-methods
    """Finds the nodes of a model that could be folded."""

    def __init__(self, model):
        self.found = []
        self._functions = {(f.domain, f.name) for f in model.functions}
        self._visit(model.graph, {}, model.ir_version)
        for function in model.functions:
            self._visit_nodes(function.node,
                              dict.fromkeys(function.input, False))

    def _visit(self, graph, outer, ir_version=4):
        """`outer`: whether each visible name is known."""
        known = dict(outer)
        for tensor in graph.initializer:
            known[tensor.name] = True
        for tensor in graph.sparse_initializer:
            known[tensor.values.name] = True
        for value in graph.input:
            # Before version 4 all initializers had to be inputs.
            known[value.name] = ir_version < 4 and known.get(value.name, False)
        self._visit_nodes(graph.node, known)

    def _visit_nodes(self, nodes, known):
        for node in nodes:
            for body in bodies(node):
                self._visit(body, known)
            is_constant = node.op_type == 'Constant' and node.domain in DOMAINS
            is_known = is_constant or self._is_foldable(node, known)
            if is_known and not is_constant and node.op_type not in SEQUENCES:
                self.found.append(node)
            known.update((o, is_known) for o in node.output)

    def _is_foldable(self, node, known):
        return (self._is_deterministic(node) and
                all(known.get(i, False) for i in node.input if i) and
                all(known.get(i, False) for i in captured(node)))

    def _is_deterministic(self, node):
        """Bodies included. What Dropout drops if its mode is given is random,
        and what a function's attribute will be is not known."""
        if (node.domain not in DOMAINS or node.op_type in RANDOM or
                (node.domain, node.op_type) in self._functions or
                node.op_type == 'Dropout' and len(node.input) > 2 or
                any(a.ref_attr_name for a in node.attribute)):
            return False
        return all(self._is_deterministic(inner)
                   for body in bodies(node) for inner in body.node)


def captured(node):
    """Names from outside that the bodies of a node read."""
    for body in bodies(node):
        inside = {t.name for t in body.initializer}
        inside |= {t.values.name for t in body.sparse_initializer}
        inside |= {i.name for i in body.input}
        inside |= {o for inner in body.node for o in inner.output}
        for inner in body.node:
            yield from (i for i in (*inner.input, *captured(inner))
                        if i and i not in inside)
        yield from (o.name for o in body.output if o.name not in inside)


def fold(tool, model):
    """(problem, how many nodes could be folded before, {name of a node left:
    its remark or None})."""
    before = len(Walk(onnx.load(model.path, load_external_data=False)).found)
    with tempfile.TemporaryDirectory(prefix='folded-') as folder:
        output = pathlib.Path(folder) / 'm.onnx'
        done = subprocess.run(
            [tool, '--passes=fold', '--remarks', model.path, '-o', output],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE, check=False)
        lines = done.stderr.decode(errors='replace').splitlines()
        if done.returncode != 0:
            return f'exit {done.returncode}: {lines[-1:]}', before, {}
        folded = onnx.load(output, load_external_data=False)
    remarks = [line.split(': not done: ') for line in lines
               if ': not done: ' in line]
    left = {}
    for node in Walk(folded).found:
        name = node.name or next(o for o in node.output if o)
        own = [why for what, why in remarks if f"'{name}' (" in what]
        left[f'{model.name} {node.op_type} {name}'] = own[0] if own else None
    return None, before, left


def score_model(model, problem, left, listed, score):
    expected = [name for name in listed.reasons
                if name.split(' ')[0] == model.name]
    problems = [problem] if problem else []
    problems += [f'left without a remark: {name}' if reason is None else
                 f'left, but not in {listed.path.name}: {name}: {reason}'
                 for name, reason in left.items()
                 if reason is None or name not in listed]
    problems += [f'not left, remove it from {listed.path.name}: {name}'
                 for name in expected if name not in left]
    if problems:
        score.fail(model.group, model.name, '; '.join(problems))
    else:
        score.add(model.group, 'passed')


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument('--tool', required=True, type=harness.tool_path)
    parser.add_argument('--jobs', type=int, default=os.cpu_count())
    parser.add_argument('--sample', action='store_true',
                        help='small models only')
    parser.add_argument('--update', action='store_true',
                        help='write left.txt and floors.json: review them')
    args = parser.parse_args()

    models, skipped = corpus.find(GROUPS, args.sample)
    for reason in skipped:
        print(f'SKIPPED: {reason}')
    rejected = harness.ExpectedList(HERE.parent / 'roundtrip' / 'rejected.txt')
    models = [m for m in models if m.name not in rejected]
    with concurrent.futures.ProcessPoolExecutor(args.jobs) as pool:
        results = list(pool.map(fold, [args.tool] * len(models), models))

    listed = harness.ExpectedList(HERE / 'left.txt')
    if args.update:
        left = {name: reason for _, _, found in results
                for name, reason in found.items() if reason}
        ran = {m.name for m in models}
        listed.update({n for n in listed.reasons if n.split(' ')[0] in ran},
                      left)
        listed = harness.ExpectedList(listed.path)
    score = harness.Score(('passed', 'failed'), HERE / 'floors.json',
                          'sample' if args.sample else 'full')
    for model, (problem, before, left) in zip(models, results):
        score_model(model, problem, left, listed, score)
        score.groups[f'nodes of {model.group}']['passed'] += before
    if args.update:
        score.update_floors()
    return score.finish(complete=not skipped)


if __name__ == '__main__':
    sys.exit(main())
