#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Differential test: `onnx-opt -O2` against ONNX Runtime.

Every model is optimized; ONNX Runtime, its own optimizations off, must then
give the same results for the original and the optimized model on random
inputs, at several sizes of each dynamic dim (operator vectors: on their stored
inputs). The output must load wherever the input loads; a second run must write
the same bytes, and so must optimizing the output again. A model whose results
cannot be compared must be in unchecked.txt.

tolerances.json gives models other tolerances than rtol 1e-4, atol 1e-5:
{NAME: {"norm": true, "reason": "..."}}; norm judges by the largest magnitude.
"""
import argparse
import concurrent.futures
import dataclasses
import os
import pathlib
import shutil
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
# pylint: disable=wrong-import-position
import corpus
import harness
import ort_worker

SEEDS = {'odd': [1]}  # by group; some odd models run for 20 s
DEFAULT_SEEDS = [1, 2]
SIZES = 2  # of each dynamic dim, besides the first


@dataclasses.dataclass
class Outcome:
    model: corpus.Model
    problem: str = None  # None: no failure
    rejection: str = None  # the tool's error, where it refused the model
    unchecked: str = None  # why nothing could be compared
    notes: tuple = ()


class Checker:
    def __init__(self, tool):
        self._tool = tool
        self._ort = ort_worker.OrtPool(HERE / 'tolerances.json')

    def _optimize(self, source, folder):
        folder.mkdir()
        return harness.run_tool(self._tool, '-O2', source, '-o',
                                folder / 'm.onnx')

    def check(self, model):
        with tempfile.TemporaryDirectory(prefix='differential-') as name:
            folder = pathlib.Path(name)
            first, second = folder / '1', folder / '2'
            done = self._optimize(model.path, first)
            if done.code == 1:
                return Outcome(model, done.rejection_problem(model.path),
                               rejection=done.lines[-1])
            if done.code != 0:
                return Outcome(model, done.describe())
            for source, complaint in (
                    (model.path, 'two runs wrote different bytes'),
                    (first / 'm.onnx', 'optimizing the output changes it')):
                again = self._optimize(source, second)
                if again.code != 0:
                    return Outcome(model, f'{complaint}: {again.describe()}')
                if harness.folder_bytes(first) != harness.folder_bytes(second):
                    return Outcome(model, complaint)
                shutil.rmtree(second)
            answer = self._ort.compare(
                model, b=str(first / 'm.onnx'), sizes=SIZES,
                seeds=SEEDS.get(model.group, DEFAULT_SEEDS))
        reason = answer.get('reason')
        return Outcome(
            model, reason if answer['status'] == 'different' else None,
            unchecked=reason if answer['status'] == 'unchecked' else None,
            notes=answer['notes'])

    def close(self):
        self._ort.close()


def score_outcome(outcome, rejected, unchecked, score):
    model, name = outcome.model, outcome.model.name
    if outcome.problem:
        score.fail(model.group, name, outcome.problem)
    elif outcome.rejection and name not in rejected:
        score.fail(model.group, name, 'refused, but not in '
                   f'{rejected.path.name}: {outcome.rejection}')
    elif outcome.rejection:
        score.add(model.group, 'rejected')
    elif (outcome.unchecked and model.comparable is not False and
          name not in unchecked):
        score.fail(model.group, name, f'unchecked, but not in '
                   f'{unchecked.path.name}: {outcome.unchecked}')
    elif outcome.unchecked:
        score.add(model.group, 'unchecked')
        print(f'unchecked: {name}: {outcome.unchecked}')
    elif name in unchecked:
        score.fail(model.group, name, 'can be compared: remove it from '
                   f'{unchecked.path.name}')
    else:
        score.add(model.group, 'passed')


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument('--tool', required=True,
                        type=harness.tool_path)
    parser.add_argument('--groups', default=','.join(corpus.GROUPS))
    parser.add_argument('--jobs', type=int, default=os.cpu_count())
    parser.add_argument('--sample', action='store_true',
                        help='small models and every tenth vector only')
    parser.add_argument('--notes', action='store_true',
                        help='print at what sizes the originals fail')
    parser.add_argument('--update', action='store_true',
                        help='write unchecked.txt and floors.json: review them')
    args = parser.parse_args()

    missing = ort_worker.missing_requirement()
    if missing:
        print(f'SKIPPED: all models: {missing}\n0 passed, 0 failed')
        return 0
    models, skipped = corpus.find(args.groups.split(','), args.sample)
    for reason in skipped:
        print(f'SKIPPED: {reason}')
    checker = Checker(args.tool)
    with concurrent.futures.ThreadPoolExecutor(args.jobs) as pool:
        outcomes = list(pool.map(checker.check, models))
    checker.close()

    rejected = harness.ExpectedList(HERE.parent / 'roundtrip' / 'rejected.txt')
    unchecked = harness.ExpectedList(HERE / 'unchecked.txt')
    if args.update:
        unchecked.update({m.name for m in models},
                         {o.model.name: o.unchecked for o in outcomes
                          if o.unchecked and o.model.comparable is not False})
        unchecked = harness.ExpectedList(unchecked.path)
    score = harness.Score(('passed', 'failed', 'unchecked', 'rejected'),
                          HERE / 'floors.json',
                          'sample' if args.sample else 'full')
    for outcome in outcomes:
        score_outcome(outcome, rejected, unchecked, score)
        if args.notes:
            for note in outcome.notes:
                print(f'note: {outcome.model.name}: {note}')
    if args.update:
        score.update_floors()
    all_groups = args.groups == parser.get_default('groups')
    return score.finish(complete=all_groups and not skipped)


if __name__ == '__main__':
    sys.exit(main())
