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
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import threading

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
# pylint: disable=wrong-import-position
import corpus
import harness

SEEDS = {'odd': [1]}  # by group; some odd models run for 20 s
DEFAULT_SEEDS = [1, 2]
TOLERANCE = {'rtol': 1e-4, 'atol': 1e-5, 'norm': False}
COMPARE_SECONDS = 600


class OrtWorker:
    """A run_ort.js process. One that dies or hangs is replaced."""

    def __init__(self):
        self._process = None

    def _start(self):
        self._process = subprocess.Popen(
            ['node', str(HERE / 'run_ort.js')], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)

    def compare(self, job):
        if self._process is None:
            self._start()
        watchdog = threading.Timer(COMPARE_SECONDS, self._process.kill)
        watchdog.start()
        try:
            return self._ask(job)
        finally:
            watchdog.cancel()

    def _ask(self, job):
        phase = 'a'
        try:
            self._process.stdin.write(json.dumps(job) + '\n')
            self._process.stdin.flush()
        except BrokenPipeError:
            pass  # Its end is seen below.
        for line in self._process.stdout:
            answer = json.loads(line)
            if 'status' in answer:
                return answer
            phase = answer['phase']
        code = self._process.wait()
        self._process = None
        died = f'ONNX Runtime dies or hangs (exit {code})'
        if phase == 'a':
            return {'status': 'unchecked', 'notes': [], 'compared': 0,
                    'reason': f'original: {died}'}
        return {'status': 'different', 'notes': [], 'compared': 0,
                'reason': died}

    def close(self):
        if self._process:
            self._process.stdin.close()
            self._process.wait()


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
        self._tolerances = json.loads((HERE / 'tolerances.json').read_text())
        self._threads = threading.local()
        self._workers = []

    def _worker(self):
        if not hasattr(self._threads, 'worker'):
            self._threads.worker = OrtWorker()
            self._workers.append(self._threads.worker)
        return self._threads.worker

    def _job(self, model, optimized):
        own = self._tolerances.get(model.name, {})
        return {'id': model.name, 'a': str(model.path), 'b': str(optimized),
                'side': str(model.side) if model.side else None,
                'data': str(model.data) if model.data else None,
                'seeds': SEEDS.get(model.group, DEFAULT_SEEDS),
                'tolerance': {key: own.get(key, value)
                              for key, value in TOLERANCE.items()}}

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
            answer = self._worker().compare(self._job(model, first / 'm.onnx'))
        reason = answer.get('reason')
        return Outcome(
            model, reason if answer['status'] == 'different' else None,
            unchecked=reason if answer['status'] == 'unchecked' else None,
            notes=answer['notes'])

    def close(self):
        for worker in self._workers:
            worker.close()


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


def missing_requirement():
    if not shutil.which('node'):
        return 'node is not installed'
    if not (HERE / 'node_modules' / 'onnxruntime-node').is_dir():
        return f'run `npm ci --ignore-scripts` in {HERE}'
    return None


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

    missing = missing_requirement()
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
    return score.finish()


if __name__ == '__main__':
    sys.exit(main())
