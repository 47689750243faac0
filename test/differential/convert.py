#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Models converted to other opsets, against ONNX Runtime.

Every model is converted to each of OPSETS with no passes and with -O2; where
that is possible, ONNX Runtime must give the same results for the original and
the converted model. What -O2 cannot convert, no passes must not convert either.
A model that cannot be converted must be in unconverted.txt, as MODEL@OPSET with
the first reason; one whose results cannot be compared in unchecked.txt, as for
the differential test.
"""
import argparse
import concurrent.futures
import os
import pathlib
import re
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
# pylint: disable=wrong-import-position
import corpus
import harness
import ort_worker

OPSETS = (7, 9, 11, 13, 17, 18, 21, 23, 26)
SAMPLE_OPSETS = (9, 13, 18)
SIZES = 1  # of each dynamic dim, besides the base size
PIPELINES = ('--passes=', '-O2')


def first_reason(done):
    """"Range: opset 11 is needed for Range", without the node's name."""
    text = done.lines[-1].partition(': error: ')[2] if len(done.lines) == 1 \
        else next(line for line in done.lines if ': error: ' in line)
    text = text.rpartition(': error: ')[2] or text
    match = re.search(r"\((\w+)\): (.*?)( node .*)?$", text)
    return f'{match[1]}: {match[2]}' if match else text


class Converter:
    """Outcomes of one model: {(opset, pipeline): (kind, text)}, the kind being
    passed, failed, refused or unchecked."""

    def __init__(self, tool, opsets):
        self._tool = tool
        self._opsets = opsets
        self._ort = ort_worker.OrtPool(HERE / 'tolerances.json')

    def convert(self, model):
        outcomes = {}
        with tempfile.TemporaryDirectory(prefix='convert-') as folder:
            target = pathlib.Path(folder) / 'm.onnx'
            for opset in self._opsets:
                for pipeline in PIPELINES:
                    target.unlink(missing_ok=True)
                    outcomes[opset, pipeline] = self._one(
                        model, opset, pipeline, target)
        return model, outcomes

    def _one(self, model, opset, pipeline, target):
        done = harness.run_tool(self._tool, '--quiet', pipeline,
                                f'--target-opset={opset}', model.path, '-o',
                                target)
        if done.code == 1:
            return 'refused', first_reason(done)
        if done.code != 0:
            return 'failed', done.describe()
        answer = self._ort.compare(model, b=str(target), sizes=SIZES,
                                   seeds=[1])
        kinds = {'equal': 'passed', 'different': 'failed',
                 'unchecked': 'unchecked'}
        return kinds[answer['status']], answer.get('reason')

    def close(self):
        self._ort.close()


def score_model(model, outcomes, lists, score):
    unconverted, unchecked = lists
    for (opset, pipeline), (kind, text) in outcomes.items():
        name = f'{model.name}@{opset}'
        group = f'{model.group}, opset {opset}'
        if kind == 'failed' and name in unchecked:
            score.add(group, 'unchecked')
        elif kind == 'failed':
            score.fail(group, f'{name} {pipeline}', text)
        elif kind == 'unchecked' and model.name not in unchecked:
            score.fail(group, f'{name} {pipeline}',
                       f'unchecked, but not in {unchecked.path.name}: {text}')
        elif kind == 'refused' and pipeline == PIPELINES[0] and (
                name not in unconverted):
            score.fail(group, name, f'refused, but not in '
                       f'{unconverted.path.name}: {text}')
        elif kind == 'refused' and pipeline != PIPELINES[0] and (
                outcomes[opset, PIPELINES[0]][0] != 'refused'):
            score.fail(group, name, f'{pipeline} refuses what no passes '
                       f'convert: {text}')
        elif kind != 'refused' and pipeline == PIPELINES[0] and (
                name in unconverted):
            score.fail(group, name, 'can be converted: remove it from '
                       f'{unconverted.path.name}')
        else:
            score.add(group, kind)


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument('--tool', required=True, type=harness.tool_path)
    parser.add_argument('--jobs', type=int, default=os.cpu_count())
    parser.add_argument('--only', default='', help='part of a name')
    parser.add_argument('--sample', action='store_true',
                        help='small models and a few opsets only')
    parser.add_argument('--update', action='store_true',
                        help='write unconverted.txt and floors: review them')
    args = parser.parse_args()

    missing = ort_worker.missing_requirement()
    if missing:
        print(f'SKIPPED: all models: {missing}\n0 passed, 0 failed')
        return 0
    models, skipped = corpus.find(('models', 'generated'), args.sample)
    for reason in skipped:
        print(f'SKIPPED: {reason}')
    models = [m for m in models if args.only in m.name and
              m.comparable is not False]
    converter = Converter(args.tool,
                          SAMPLE_OPSETS if args.sample else OPSETS)
    with concurrent.futures.ThreadPoolExecutor(args.jobs) as pool:
        results = list(pool.map(converter.convert, models))
    converter.close()

    unconverted = harness.ExpectedList(HERE / 'unconverted.txt')
    if args.update:
        observed, ran = {}, set()
        for model, outcomes in results:
            for (opset, pipeline), (kind, text) in outcomes.items():
                ran.add(f'{model.name}@{opset}')
                if kind == 'refused' and pipeline == PIPELINES[0]:
                    observed[f'{model.name}@{opset}'] = text
        unconverted.update(ran, observed)
        unconverted = harness.ExpectedList(unconverted.path)
    unchecked = harness.ExpectedList(HERE / 'unchecked.txt')
    score = harness.Score(('passed', 'failed', 'unchecked', 'refused'),
                          HERE / 'convert_floors.json', 'part' if args.only
                          else 'sample' if args.sample else 'full')
    for model, outcomes in results:
        score_model(model, outcomes, (unconverted, unchecked), score)
    if args.update:
        score.update_floors()
    return score.finish(complete=not skipped)


if __name__ == '__main__':
    sys.exit(main())
