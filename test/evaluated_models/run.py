#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Whole models: our evaluator (onnx-run) against ONNX Runtime.

Both run every model on the same random inputs, drawn as for the differential
test, at three sizes of each dynamic dim; ONNX Runtime with its own optimizations
off. exceptions.txt lists what is not compared or different, and why:
`unchecked` models, which one of the two does not run (generated ones say it
themselves, in their index.json); `different` ones; sizes of dims that the
evaluator refuses (`declined`). tolerances.json is as that of the differential
test, and may say how many `sizes` there are besides the first.
"""
import argparse
import concurrent.futures
import os
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
# pylint: disable=wrong-import-position
import corpus
import harness
import ort_worker

GROUPS = ('generated', 'committed', 'models', 'odd')  # vectors: conformance


def observe(model, answer):
    """{name: "KIND: reason"} of what was not compared or is different."""
    observed = {f'{model.name} {d["size"]}': f'declined: {d["reason"]}'
                for d in answer['declined']}
    status = answer['status']
    if status == 'different' or (
            status == 'unchecked' and model.comparable is not False):
        observed[model.name] = f'{status}: {answer["reason"]}'
    return observed


def kind(text):
    return text.split(':')[0]


def score_answer(model, answer, exceptions, score):
    observed = observe(model, answer)
    listed = {name: reason for name, reason in exceptions.reasons.items()
              if name.split(' ')[0] == model.name}
    problems = [f'not in {exceptions.path.name}: {name}: {text}'
                for name, text in observed.items()
                if kind(text) != kind(listed.get(name, ''))]
    problems += [f'remove it from {exceptions.path.name}: {name}'
                 for name in listed if name not in observed]
    if problems:
        score.fail(model.group, model.name, '; '.join(problems))
    else:
        status = answer['status']
        score.add(model.group, 'passed' if status == 'equal' else status)


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument('--tool', required=True, type=harness.tool_path,
                        help='onnx-run')
    parser.add_argument('--groups', default=','.join(GROUPS))
    parser.add_argument('--only', default='', help='part of the name')
    parser.add_argument('--jobs', type=int, default=os.cpu_count())
    parser.add_argument('--sample', action='store_true',
                        help='small models only')
    parser.add_argument('--update', action='store_true',
                        help='write exceptions.txt and floors.json: review them')
    args = parser.parse_args()

    missing = ort_worker.missing_requirement()
    if missing:
        print(f'SKIPPED: all models: {missing}\n0 passed, 0 failed')
        return 0
    models, skipped = corpus.find(args.groups.split(','), args.sample)
    models = [m for m in models if args.only in m.name]
    for reason in skipped:
        print(f'SKIPPED: {reason}')
    ort = ort_worker.OrtPool(HERE / 'tolerances.json')

    def compare(model):
        return ort.compare(model, evaluator=str(args.tool), seeds=[1], sizes=2)

    with concurrent.futures.ThreadPoolExecutor(args.jobs) as pool:
        answers = list(pool.map(compare, models))
    ort.close()

    exceptions = harness.ExpectedList(HERE / 'exceptions.txt')
    if args.update:
        observed = {}
        for model, answer in zip(models, answers):
            observed |= observe(model, answer)
        exceptions.update({m.name for m in models} | set(observed), observed)
        exceptions = harness.ExpectedList(exceptions.path)
    mode = 'sample' if args.sample else 'full'
    score = harness.Score(('passed', 'failed', 'unchecked', 'different'),
                          HERE / 'floors.json', 'part' if args.only else mode)
    for model, answer in zip(models, answers):
        score_answer(model, answer, exceptions, score)
        for note in answer['notes']:
            print(f'note: {model.name}: {note}')
    if args.update:
        score.update_floors()
    all_groups = args.groups == parser.get_default('groups')
    return score.finish(complete=all_groups and not skipped)


if __name__ == '__main__':
    sys.exit(main())
