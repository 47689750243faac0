#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""ONNX's operator vectors through the evaluator: does it compute what ONNX says?

Each vector is computed in several ways (see run_vectors.cc): `run` evaluates
the upgraded model, `fold` makes the inputs constants and folds the graph,
`lower` takes the model back to its own opset and reads it again, `to-N` converts
it to opset N where that is possible, and reads it again. A
vector passes if each way gives the stored outputs. Operators the evaluator
cannot run must be in unsupported.txt; one that is there and runs fails.
Vectors that are wrong themselves are in wrong.txt.

A table counts by operator. Of each collection in floors.json ("percent"), that
percentage of vectors must pass, without the wrong ones and those of operators
that are left out by design (LEFT_OUT).
"""
import argparse
import collections
import concurrent.futures
import os
import json
import pathlib
import re
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
# pylint: disable=wrong-import-position
import corpus
import harness

BATCH = 50
# To these each vector is converted where it can be.
OPSETS = (13, 17, 18, 21, 23, 26, 27)
BATCH_TIMEOUT_SECONDS = 600
OUTCOMES = ('passed', 'failed', 'unsupported', 'wrong')
# What is random (Dropout: while training), decodes files, or is a preview.
LEFT_OUT = re.compile(
    r'(ImageDecoder|Bernoulli|Multinomial|RandomNormal(Like)?|'
    r'RandomUniform(Like)?|Dropout|ai\.onnx\.(preview|training)\..*) \(|'
    r'training is random')


def run_batch(tool, models):
    """Returns {name: [(way, operator, outcome, message)]}; a vector without an
    answer is one that ended the program."""
    names = {str(m.path.parent): m.name for m in models}
    try:
        done = subprocess.run([tool, *map(str, OPSETS)], input='\n'.join(names) + '\n', text=True,
                              stdout=subprocess.PIPE, errors='replace',
                              timeout=BATCH_TIMEOUT_SECONDS, check=False)
        output, code = done.stdout, done.returncode
    except subprocess.TimeoutExpired as error:
        output, code = error.stdout or '', 'timeout'
        if isinstance(output, bytes):
            output = output.decode(errors='replace')
    answers = collections.defaultdict(list)
    for line in output.splitlines():
        folder, *answer = line.split('\t')
        if folder in names and len(answer) == 4:
            answers[names[folder]].append(tuple(answer))
    missing = [m for m in models if m.name not in answers]
    if missing and len(models) > 1:
        for model in missing:
            answers.update(run_batch(tool, [model]))
    elif missing:
        answers[missing[0].name] = [
            ('run', '(none)', 'failed', f'the program ended with {code}')]
    return dict(answers)


def outcome_of(answers):
    """(operator, outcome, message) of a vector."""
    for way, operator, outcome, message in answers:
        if outcome == 'failed' or (outcome == 'unsupported' and way == 'run'):
            return operator, outcome, f'{way}: {message}'
    return answers[0][1], 'passed', ''


def print_operators(answers):
    """By operator (of vectors with one node), how often each way gave what."""
    ways = ('run', 'fold', 'lower')
    counts = collections.defaultdict(collections.Counter)
    for vector in answers.values():
        for way, operator, outcome, _ in vector:
            counts[operator][way, outcome] += 1
    print(' ' * 36 + ''.join(f'{way:^26}' for way in ways))
    print(f'{"operator":36}' + 'passed failed unsupported '.rjust(26) * 3)
    for operator in sorted(counts):
        print(f'{operator:36}' + ''.join(
            f'{counts[operator][way, "passed"]:6}'
            f'{counts[operator][way, "failed"]:7}'
            f'{counts[operator][way, "unsupported"]:12} ' for way in ways))


def count_conversions(models, answers, score):
    """What could be converted to an opset must not become less."""
    for model in models:
        for way, _, outcome, _ in answers[model.name]:
            if way.startswith('to-') and outcome != 'failed':
                score.add(way if model.group == 'vectors'
                          else f'{model.group} {way}', outcome)


def check_percentages(models, results, wrong, score):
    floors = json.loads(score.floors_path.read_text())['percent']
    counted = collections.defaultdict(collections.Counter)
    for model in models:
        _, outcome, message = results[model.name]
        left_out = outcome == 'unsupported' and LEFT_OUT.search(message)
        if model.name not in wrong and not left_out:
            counted[model.name.split('/')[1]][outcome == 'passed'] += 1
    for collection, floor in floors.items():
        passed, total = counted[collection][True], counted[collection].total()
        if not total:
            continue
        percent = 100 * passed / total
        text = f'{passed} of {total} passed ({percent:.2f} %)'
        print(f'{collection}: {text}')
        if percent < floor:
            score.fail('percent', collection, f'{text}, below {floor} %')


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument('--tool', required=True, type=harness.tool_path)
    parser.add_argument('--jobs', type=int, default=os.cpu_count())
    parser.add_argument('--only', default='', help='part of the name')
    parser.add_argument('--sample', action='store_true',
                        help='every tenth vector only')
    parser.add_argument('--update', action='store_true',
                        help='write unsupported.txt and floors.json')
    args = parser.parse_args()

    models, skipped = corpus.find(('vectors',), args.sample)
    models = [m for m in models if args.only in m.name and m.data]
    for reason in skipped:
        print(f'SKIPPED: {reason}')
    batches = [models[i:i + BATCH] for i in range(0, len(models), BATCH)]
    answers = {}
    with concurrent.futures.ThreadPoolExecutor(args.jobs) as pool:
        for part in pool.map(run_batch, [args.tool] * len(batches), batches):
            answers.update(part)
    results = {m.name: outcome_of(answers[m.name]) for m in models}
    print_operators(answers)

    unsupported = harness.ExpectedList(HERE / 'unsupported.txt')
    if args.update:
        unsupported.update(set(results), {
            name: message for name, (_, outcome, message) in results.items()
            if outcome == 'unsupported'})
        unsupported = harness.ExpectedList(unsupported.path)
    wrong = harness.ExpectedList(HERE / 'wrong.txt')
    score = harness.Score(OUTCOMES, HERE / 'floors.json',
                          'sample' if args.sample else 'full')
    for model in models:
        _, outcome, message = results[model.name]
        if outcome == 'failed' and model.name in wrong:
            score.add(model.group, 'wrong')
        elif outcome == 'passed' and model.name in wrong:
            score.fail(model.group, model.name,
                       f'it passes: remove it from {wrong.path.name}')
        elif outcome == 'failed':
            score.fail(model.group, model.name, message)
        elif outcome == 'unsupported' and model.name not in unsupported:
            score.fail(model.group, model.name,
                       f'not in {unsupported.path.name}: {message}')
        elif outcome == 'passed' and model.name in unsupported:
            score.fail(model.group, model.name,
                       f'it runs: remove it from {unsupported.path.name}')
        else:
            score.add(model.group, outcome)
    count_conversions(models, answers, score)
    check_percentages(models, results, wrong, score)
    if args.update:
        score.update_floors()
    return score.finish()


if __name__ == '__main__':
    sys.exit(main())
