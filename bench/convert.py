#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compares `onnx-opt --target-opset` with the version converter of libonnx
(python3-onnx 1.12, opsets to 17), on the models and operator vectors of ../shared.

A conversion succeeds if it ends, onnx.checker accepts the result (full_check),
and the result computes the same: of a vector its stored outputs, by onnx-run; of
a model under 4 MB what the model itself computes, by onnx-diff. Left out are
models that the checker does not accept as they are, and vectors whose outputs
onnx-run does not give as they are.

Prints successes by target and direction, and each case that libonnx converts and
onnx-opt does not; exits with 1 if there is one.
"""
import argparse
import collections
import concurrent.futures
import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import traceback

import onnx
import onnx.checker
import onnx.version_converter

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / 'test'))
# pylint: disable=wrong-import-position
import corpus
import harness

TARGETS = (7, 9, 11, 13, 17)
NEWEST = 17    # and IR version, of libonnx 1.12
NEWEST_IR = 8
MAX_COMPARED_BYTES = 4 << 20
TIMEOUT_SECONDS = 60
SIDES = ('libonnx', 'onnx-opt')


def guarded(action, log):
    """Runs `action` in a process of its own, which it may end or hang. Returns
    'ok', 'refused' (an exception), 'crash' or 'timeout'."""
    pid = os.fork()
    if pid == 0:
        signal.alarm(TIMEOUT_SECONDS)
        code = 0
        try:
            with open(log, 'w', encoding='utf-8') as stderr:
                os.dup2(stderr.fileno(), 1)
                os.dup2(stderr.fileno(), 2)
                action()
        except BaseException:  # pylint: disable=broad-except
            pathlib.Path(log).write_text(traceback.format_exc(limit=0))
            code = 1
        os._exit(code)
    status = os.waitpid(pid, 0)[1]
    if os.WIFSIGNALED(status):
        hung = os.WTERMSIG(status) == signal.SIGALRM
        return 'timeout' if hung else 'crash'
    return 'refused' if os.WEXITSTATUS(status) else 'ok'


def check(path):
    onnx.checker.check_model(onnx.load(path), full_check=True)


def last_line(log):
    lines = pathlib.Path(log).read_text(errors='replace').strip().splitlines()
    return lines[-1] if lines else ''


class Case:
    """One model, in a folder of its own."""

    def __init__(self, tools, path, data, folder):
        self.tools = tools
        self.data = data
        self.model = folder / 'model.onnx'
        self.log = folder / 'log'
        self.result = folder / 'result.onnx'
        loaded = onnx.load(path)
        loaded.ir_version = min(loaded.ir_version, NEWEST_IR)
        self.compared = (self.data is not None or
                         path.stat().st_size < MAX_COMPARED_BYTES)
        onnx.save(loaded, self.model)
        imports = [i.version for i in loaded.opset_import
                   if i.domain in ('', 'ai.onnx')]
        self.opset = imports[0] if imports else 0

    def run(self, tool, *args):
        done = harness.run_tool(self.tools / tool, *args,
                                timeout=TIMEOUT_SECONDS)
        self.log.write_text('\n'.join(done.lines))
        return done

    def differs(self, path):
        """Whether `path` does not compute what it should."""
        if not self.compared:
            return False
        if self.data is not None:
            return self.run('onnx-run', path, '--quiet',
                            f'--test-data={self.data}').code != 0
        done = self.run('onnx-diff', self.model, path, '--quiet')
        # Not to be run is no difference.
        return done.code == 1 and any('differ' in line for line in done.lines)

    def left_out(self):
        if not 0 < self.opset <= NEWEST:
            return 'another opset'
        if guarded(lambda: check(self.model), self.log) != 'ok':
            return 'not accepted by the checker'
        if self.data is not None and self.differs(self.model):
            return 'not computed by onnx-run'
        return None

    def by_libonnx(self, target):
        converted = onnx.version_converter.convert_version(
            onnx.load(self.model), target)
        onnx.save(converted, self.result)

    def convert(self, side, target):
        """(outcome, detail)"""
        self.result.unlink(missing_ok=True)
        if side == 'libonnx':
            outcome = guarded(lambda: self.by_libonnx(target), self.log)
        else:
            done = self.run('onnx-opt', self.model, '--passes=', '--quiet',
                            f'--target-opset={target}', '-o', self.result)
            outcome = {0: 'ok', 1: 'refused', -1: 'timeout'}.get(done.code,
                                                                 'crash')
        if outcome == 'ok' and guarded(lambda: check(self.result),
                                       self.log) != 'ok':
            outcome = 'invalid'
        if outcome == 'ok' and self.differs(self.result):
            outcome = 'wrong'
        return outcome, '' if outcome == 'ok' else last_line(self.log)


def work(tools, path, data):
    """Prints one JSON object about the model."""
    with tempfile.TemporaryDirectory() as folder:
        case = Case(tools, path, data, pathlib.Path(folder))
        answer = {'opset': case.opset, 'left_out': case.left_out()}
        if answer['left_out'] is None:
            answer['outcomes'] = [
                [target, *(case.convert(side, target) for side in SIDES)]
                for target in TARGETS if target != case.opset]
        print(json.dumps(answer))


def ask(tools, model):
    command = [sys.executable, __file__, '--tools', tools, '--one', model.path]
    if model.data is not None:
        command += ['--data', model.data]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE,
                          stdin=subprocess.DEVNULL)
    return json.loads(done.stdout)


def report(models, answers):
    """Returns whether onnx-opt converts all that libonnx does."""
    left_out = collections.Counter()
    rows = collections.defaultdict(collections.Counter)
    better = []
    for model, answer in zip(models, answers):
        if answer['left_out']:
            left_out[answer['left_out']] += 1
            continue
        for target, theirs, ours in answer['outcomes']:
            row = rows[target, 'up' if target > answer['opset'] else 'down']
            row['cases'] += 1
            for side, (outcome, _) in zip(SIDES, (theirs, ours)):
                row[side, outcome] += 1
            if theirs[0] == 'ok' and ours[0] != 'ok':
                better.append(f'{model.name} ({answer["opset"]}) to {target}: '
                              f'{ours[0]}: {ours[1]}')
    bad = ('refused', 'invalid', 'wrong', 'crash', 'timeout')
    for (target, direction), row in sorted(rows.items()):
        print(f'to {target:2} {direction:4}: {row["cases"]:5} cases; ' + '; '.join(
            f'{side} {row[side, "ok"]:5} (' + ', '.join(
                f'{row[side, o]} {o}' for o in bad if row[side, o]) + ')'
            for side in SIDES))
    for reason, count in left_out.items():
        print(f'left out: {count} {reason}')
    for line in better:
        print(f'only libonnx: {line}')
    return not better


def main():
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('--tools', type=pathlib.Path, required=True,
                        help='folder of onnx-opt, onnx-run and onnx-diff')
    parser.add_argument('--only', default='', help='models with this in the name')
    parser.add_argument('--one', type=pathlib.Path, help=argparse.SUPPRESS)
    parser.add_argument('--data', type=pathlib.Path, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.one:
        return work(args.tools, args.one, args.data)
    models, skipped = corpus.find(('models', 'vectors'))
    models = [m for m in models if args.only in m.name]
    for reason in skipped:
        print(f'SKIPPED: {reason}')
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        answers = list(pool.map(lambda m: ask(args.tools.resolve(), m), models))
    return 0 if report(models, answers) else 1


if __name__ == '__main__':
    sys.exit(main())
