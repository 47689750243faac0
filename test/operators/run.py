#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Differential test of single operators: our evaluator against ONNX Runtime.

operator_cases draws random models of one node, evaluates them, and writes them
for an opset that ONNX Runtime has; there they run with its optimizations off.
Integers, bool, strings and moved elements must be equal; for the others see
tolerances.json.

A difference fails unless deviations.txt has it, one `OP REGEX: reason` a line:
REGEX is searched for in the text of the case and of the difference. An entry
that matches nothing in a full run fails too. no_sampler.txt lists the operators
that have a kernel and no random cases.
"""
import argparse
import collections
import json
import pathlib
import re
import shutil
import subprocess
import sys
import threading

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
# pylint: disable=wrong-import-position
import harness

CASES = {'sample': 2, 'full': 64}  # per operator
BATCH = 50  # cases sent at once
BATCH_SECONDS = 120
OUTCOMES = ('passed', 'failed', 'deviates', 'not run')


class OrtWorker:
    """A run_cases.js process. One that dies or hangs is replaced."""

    def __init__(self):
        self._process = None

    def run(self, lines):
        """Returns {status, reason} of each case; the status may be `dies`."""
        answers = []
        while len(answers) < len(lines):
            answers += self._ask(lines[len(answers):])
        return answers

    def _ask(self, lines):
        """Answers up to the first that ONNX Runtime does not survive."""
        if self._process is None:
            self._process = subprocess.Popen(
                ['node', str(HERE / 'run_cases.js')], stdin=subprocess.PIPE,
                stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        watchdog = threading.Timer(BATCH_SECONDS, self._process.kill)
        watchdog.start()
        answers = []
        try:
            self._process.stdin.write(''.join(lines))
            self._process.stdin.flush()
        except BrokenPipeError:
            pass  # Its end is seen below.
        for answer in self._process.stdout:
            answers.append(json.loads(answer))
            if len(answers) == len(lines):
                watchdog.cancel()
                return answers
        watchdog.cancel()
        code = self._process.wait()
        self._process = None
        return answers + [{
            'status': 'dies',
            'reason': f'ONNX Runtime dies or hangs (exit {code})'}]

    def close(self):
        if self._process:
            self._process.stdin.close()
            self._process.wait()


class Deviations:
    """deviations.txt, and which entries were of use."""

    def __init__(self):
        self._list = harness.ExpectedList(HERE / 'deviations.txt')
        self._unused = set(self._list.reasons)

    def explains(self, op, text):
        for entry in self._list.reasons:
            name, _, regex = entry.partition(' ')
            if name == op and re.search(regex, text):
                self._unused.discard(entry)
                return True
        return False

    def unused(self):
        return sorted(self._unused)


class Test:
    def __init__(self, mode):
        self.score = harness.Score(OUTCOMES, HERE / 'floors.json', mode)
        self.deviations = Deviations()
        self.worker = OrtWorker()
        self.no_sampler = set()
        self.reasons = collections.defaultdict(collections.Counter)

    def run(self, lines):
        batch = []
        for line in lines:
            case = json.loads(line)
            if 'no_sampler' in case:
                self.no_sampler.add(case['op'])
            elif 'no_case' in case:
                self.not_run(case['op'], f'no valid case: {case["no_case"]}')
            else:
                batch.append((case, line))
            if len(batch) == BATCH:
                self.run_batch(batch)
                batch = []
        self.run_batch(batch)

    def run_batch(self, batch):
        answers = self.worker.run([line for _, line in batch])
        for (case, _), answer in zip(batch, answers):
            self.judge(case, answer)

    def judge(self, case, answer):
        op = case['op']
        name = f'{op} --case={case["case"]}'
        text = f'{case["text"]} | {answer["reason"]}'
        if answer['status'] == 'equal':
            self.score.add(op, 'passed')
        elif answer['status'] == 'not run':
            self.not_run(op, answer['reason'])
        elif self.deviations.explains(op, text):
            self.score.add(op, 'deviates')
        else:
            self.score.fail(op, name, text)

    def not_run(self, op, reason):
        self.score.add(op, 'not run')
        # Without what differs from case to case.
        reason = re.sub(r"(name|Name):?\s*'[^']*'|\b[xyc]\d+\b|\d+", '',
                        reason)
        self.reasons[op][reason[:110]] += 1

    def print_reasons(self):
        for op, reasons in sorted(self.reasons.items()):
            for reason, count in reasons.most_common(4):
                print(f'not run: {op}: {count} x {reason}')

    def check_lists(self):
        """Of a full run over all operators."""
        for op, counts in list(self.score.groups.items()):
            if counts['not run'] == counts.total():
                self.score.fail(op, op, 'no case ran in ONNX Runtime')
        for entry in self.deviations.unused():
            self.score.fail('deviations.txt', entry, 'matches nothing')
        listed = set(harness.ExpectedList(HERE / 'no_sampler.txt').reasons)
        for op in sorted(self.no_sampler ^ listed):
            self.score.fail('no_sampler.txt', op,
                            'is listed but has a sampler' if op in listed
                            else 'has a kernel and no sampler')


def missing_requirement():
    if not shutil.which('node'):
        return 'node is not installed'
    folder = HERE.parent / 'differential'
    if not (folder / 'node_modules' / 'onnxruntime-node').is_dir():
        return f'run `npm ci --ignore-scripts` in {folder}'
    return None


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument('--tool', required=True, type=harness.tool_path,
                        help='operator_cases')
    parser.add_argument('--sample', action='store_true',
                        help=f'{CASES["sample"]} cases of each operator, not '
                        f'{CASES["full"]}')
    parser.add_argument('--op', help='this operator only')
    parser.add_argument('--case', type=int, help='this case only')
    parser.add_argument('--cases', type=int, help='so many of each operator')
    parser.add_argument('--update', action='store_true',
                        help='write floors.json: review it')
    args = parser.parse_args()

    missing = missing_requirement()
    if missing:
        print(f'SKIPPED: all operators: {missing}\n0 passed, 0 failed')
        return 0
    mode = 'sample' if args.sample else 'full'
    whole = args.op is None and args.case is None and args.cases is None
    command = [str(args.tool), f'--cases={args.cases or CASES[mode]}']
    if args.op:
        command.append(f'--op={args.op}')
    if args.case is not None:
        command.append(f'--case={args.case}')
    test = Test(mode if whole else 'part')
    with subprocess.Popen(command, stdout=subprocess.PIPE,
                          text=True) as tool:
        test.run(tool.stdout)
    test.worker.close()
    if tool.returncode != 0:
        test.score.fail('operator_cases', ' '.join(command),
                        f'exit {tool.returncode}')
    if whole and mode == 'full':
        test.check_lists()
    test.print_reasons()
    if args.update:
        test.score.update_floors(complete=whole)
    return test.score.finish(complete=whole)


if __name__ == '__main__':
    sys.exit(main())
