#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Round trip: with no passes, what is written is what was read.

Every model is written with `--passes=` and compared with the original message
by message; written twice, with identical bytes; sent through text and back
and compared, where each difference must be named by a `dropped:` warning. A
model that the tool refuses must be in rejected.txt and get one clear error
line and no output.
"""
import argparse
import concurrent.futures
import dataclasses
import os
import pathlib
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]
# pylint: disable=wrong-import-position
import compare_models
import corpus
import harness
from wire import WireError


@dataclasses.dataclass
class Outcome:
    model: corpus.Model
    problem: str = None  # None: passed
    rejection: str = None  # the tool's error, where it refused the model


def _show(differences):
    more = f' (and {len(differences) - 3} more)' if len(differences) > 3 else ''
    return '; '.join(str(d) for d in differences[:3]) + more


def _named_as_dropped(difference, warnings):
    """Whether a `dropped:` warning names the field that differs. Words may be
    joined by spaces instead of underscores."""
    field = difference.field.replace('_', ' ')
    return any(field in warning for warning in warnings)


def _text_problem(tool, model, folder):
    text, back = folder / 'm.onnxtxt', folder / 'back' / 'm.onnx'
    printed = harness.run_tool(tool, '--passes=', '-S', model.path, '-o', text)
    if printed.code != 0:
        return f'printing as text: {printed.describe()}'
    back.parent.mkdir()
    parsed = harness.run_tool(tool, '--passes=', text, '-o', back)
    if parsed.code != 0:
        return f'reading the text back: {parsed.describe()}'
    differences, _ = compare_models.compare(model.path, back,
                                            compare_models.TEXT)
    dropped = [line.split('dropped:')[1].replace('_', ' ')
               for line in printed.lines + parsed.lines if 'dropped:' in line]
    silent = [d for d in differences if not _named_as_dropped(d, dropped)]
    return f'through text: {_show(silent)}' if silent else None


def _binary_problem(model, first, second):
    if harness.folder_bytes(first) != harness.folder_bytes(second):
        return 'two runs wrote different bytes'
    differences, _ = compare_models.compare(model.path, first / 'm.onnx')
    return f'written differently: {_show(differences)}' if differences else None


def check(tool, model):
    with tempfile.TemporaryDirectory(prefix='roundtrip-') as name:
        folder = pathlib.Path(name)
        first, second = folder / '1', folder / '2'
        for out in (first, second):
            out.mkdir()
            result = harness.run_tool(tool, '--passes=', model.path, '-o',
                                      out / 'm.onnx')
            if result.code == 1:
                problem = result.rejection_problem(model.path)
                if not problem and list(out.iterdir()):
                    problem = 'refused, but left files behind'
                return Outcome(model, problem, result.lines[-1])
            if result.code != 0:
                return Outcome(model, result.describe())
        try:
            return Outcome(model, _binary_problem(model, first, second) or
                           _text_problem(tool, model, folder))
        except (WireError, OSError) as error:
            return Outcome(model, f'cannot compare: {error}')


def score_outcomes(outcomes, rejected, score):
    for outcome in outcomes:
        group, name = outcome.model.group, outcome.model.name
        if outcome.problem:
            score.fail(group, name, outcome.problem)
        elif outcome.rejection and name not in rejected:
            score.fail(group, name, f'refused, but not in {rejected.path.name}'
                       f': {outcome.rejection}')
        elif outcome.rejection:
            score.add(group, 'rejected')
        elif name in rejected:
            score.fail(group, name, f'not refused: remove it from '
                       f'{rejected.path.name}')
        else:
            score.add(group, 'passed')


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument('--tool', required=True,
                        type=harness.tool_path)
    parser.add_argument('--groups', default=','.join(corpus.GROUPS))
    parser.add_argument('--jobs', type=int, default=os.cpu_count())
    parser.add_argument('--sample', action='store_true',
                        help='small models and every tenth vector only')
    parser.add_argument('--update', action='store_true',
                        help='write rejected.txt and floors.json: review them')
    args = parser.parse_args()

    models, skipped = corpus.find(args.groups.split(','), args.sample)
    for reason in skipped:
        print(f'SKIPPED: {reason}')
    with concurrent.futures.ProcessPoolExecutor(args.jobs) as pool:
        outcomes = list(pool.map(check, [args.tool] * len(models),
                                 models, chunksize=4))

    rejected = harness.ExpectedList(HERE / 'rejected.txt')
    if args.update:
        rejected.update({m.name for m in models},
                        {o.model.name: o.rejection.split(': error: ')[-1]
                         for o in outcomes if o.rejection and not o.problem})
        rejected = harness.ExpectedList(rejected.path)
    score = harness.Score(('passed', 'failed', 'rejected'),
                          HERE / 'floors.json',
                          'sample' if args.sample else 'full')
    score_outcomes(outcomes, rejected, score)
    if args.update:
        score.update_floors()
    all_groups = args.groups == parser.get_default('groups')
    return score.finish(complete=all_groups and not skipped)


if __name__ == '__main__':
    sys.exit(main())
