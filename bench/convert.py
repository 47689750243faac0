#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compares `onnx-opt --target-opset` with the version converter of libonnx
(python3-onnx 1.12, opsets to 17), on the models and operator vectors of ../shared.

A conversion succeeds if it ends, onnx.checker accepts the result (full_check),
and the result computes the same: of a vector its stored outputs, by onnx-run; of
a model under 4 MB what the model itself computes, by onnx-diff. Left out are
models that the checker does not accept as they are, and vectors whose outputs
onnx-run does not give as they are.

Prints successes by target and direction, each case that libonnx converts and
onnx-opt does not, and each other fault of onnx-opt than refusing; exits with 1 if
there is one of these.
"""
import argparse
import collections
import concurrent.futures
import functools
import os
import pathlib
import signal
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
FAILURES = ('refused', 'invalid', 'wrong', 'crash', 'timeout')


def guarded(action, log):
    """Runs `action` in a process of its own, which may crash or hang. Returns
    'ok', 'refused' (it raised an exception), 'crash' or 'timeout'."""
    pid = os.fork()
    if pid == 0:
        signal.alarm(TIMEOUT_SECONDS)
        code = 0
        try:
            with open(log, 'w', encoding='utf-8') as output:
                os.dup2(output.fileno(), 1)
                os.dup2(output.fileno(), 2)
                action()
        except BaseException:  # pylint: disable=broad-except
            log.write_text(traceback.format_exc(limit=0))
            code = 1
        os._exit(code)
    status = os.waitpid(pid, 0)[1]
    if os.WIFSIGNALED(status):
        hung = os.WTERMSIG(status) == signal.SIGALRM
        return 'timeout' if hung else 'crash'
    return 'refused' if os.WEXITSTATUS(status) else 'ok'


def check(path):
    onnx.checker.check_model(onnx.load(path), full_check=True)


def opset_of(model):
    return next((i.version for i in model.opset_import
                 if i.domain in ('', 'ai.onnx')), 0)


class Case:
    """A model and its conversions, in a folder of their own."""

    def __init__(self, tools, model, folder):
        self.tools = tools
        self.data = model.data
        self.model = folder / 'model.onnx'
        self.log = folder / 'log'
        self.result = folder / 'result.onnx'
        loaded = onnx.load(model.path)
        loaded.ir_version = min(loaded.ir_version, NEWEST_IR)
        self.opset = opset_of(loaded)
        self.is_small = model.path.stat().st_size < MAX_COMPARED_BYTES
        onnx.save(loaded, self.model)

    def run(self, tool, *args):
        done = harness.run_tool(self.tools / tool, '--quiet', *args,
                                timeout=TIMEOUT_SECONDS)
        self.log.write_text('\n'.join(done.lines))
        return done

    def differs(self, path):
        """Whether `path` is known not to compute what it should."""
        if self.data is not None:
            return self.run('onnx-run', path,
                            f'--test-data={self.data}').code != 0
        if not self.is_small:
            return False
        done = self.run('onnx-diff', self.model, path)
        return done.code == 1 and any(
            line.startswith('different') for line in done.lines)

    def left_out(self):
        if not 0 < self.opset <= NEWEST:
            return 'of another opset'
        if guarded(lambda: check(self.model), self.log) != 'ok':
            return 'not accepted by the checker'
        if self.data is not None and self.differs(self.model):
            return 'not computed by onnx-run'
        return None

    def by_libonnx(self, target):
        onnx.save(onnx.version_converter.convert_version(
            onnx.load(self.model), target), self.result)

    def convert(self, side, target):
        """Returns (outcome, detail)."""
        self.result.unlink(missing_ok=True)
        if side == 'libonnx':
            outcome = guarded(lambda: self.by_libonnx(target), self.log)
        else:
            code = self.run('onnx-opt', self.model, '--passes=',
                            f'--target-opset={target}', '-o', self.result).code
            outcome = {0: 'ok', 1: 'refused', -1: 'timeout'}.get(code, 'crash')
        if outcome == 'ok' and guarded(lambda: check(self.result),
                                       self.log) != 'ok':
            outcome = 'invalid'
        if outcome == 'ok' and self.differs(self.result):
            outcome = 'wrong'
        lines = self.log.read_text(errors='replace').strip().splitlines()
        return outcome, lines[-1] if outcome != 'ok' and lines else ''


def work(tools, model):
    """Returns (opset, why it is left out, [(target, libonnx, onnx-opt)])."""
    with tempfile.TemporaryDirectory() as folder:
        case = Case(tools, model, pathlib.Path(folder))
        reason = case.left_out()
        targets = [] if reason else [t for t in TARGETS if t != case.opset]
        return case.opset, reason, [
            (target, *(case.convert(side, target) for side in SIDES))
            for target in targets]


def report(models, answers):
    """Returns whether onnx-opt has no fault."""
    left_out = collections.Counter()
    rows = collections.defaultdict(collections.Counter)
    faults = []
    for model, (opset, reason, outcomes) in zip(models, answers):
        if reason:
            left_out[reason] += 1
        for target, theirs, ours in outcomes:
            row = rows[target, 'up' if target > opset else 'down']
            row['cases'] += 1
            row['libonnx', theirs[0]] += 1
            row['onnx-opt', ours[0]] += 1
            only_theirs = theirs[0] == 'ok' and ours[0] != 'ok'
            if only_theirs or ours[0] in FAILURES[1:]:
                faults.append(f'{model.name} ({opset}) to {target}: libonnx '
                              f'{theirs[0]}, onnx-opt {ours[0]}: {ours[1]}')
    for (target, direction), row in sorted(rows.items()):
        print(f'to {target:2} {direction:4}: {row["cases"]:5} cases; ' + '; '.join(
            f'{side} {row[side, "ok"]:5} (' + ', '.join(
                f'{row[side, f]} {f}' for f in FAILURES if row[side, f]) + ')'
            for side in SIDES))
    for reason, count in left_out.items():
        print(f'left out: {count} {reason}')
    for line in faults:
        print(f'FAULT: {line}')
    return not faults


def main():
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('--tools', type=pathlib.Path, required=True,
                        help='folder of onnx-opt, onnx-run and onnx-diff')
    parser.add_argument('--only', default='', help='models with this in the name')
    args = parser.parse_args()
    models, skipped = corpus.find(('models', 'vectors'))
    models = [m for m in models if args.only in m.name]
    for reason in skipped:
        print(f'SKIPPED: {reason}')
    with concurrent.futures.ProcessPoolExecutor() as pool:
        answers = list(pool.map(
            functools.partial(work, args.tools.resolve()), models))
    return 0 if report(models, answers) else 1


if __name__ == '__main__':
    sys.exit(main())
