# SPDX-License-Identifier: Apache-2.0
"""What the model-level tests share: running the tool, the committed lists of
expected outcomes, and counting against committed floors."""
import argparse
import collections
import json
import pathlib
import re
import subprocess

TIMEOUT_SECONDS = 300


class ToolResult:
    """Exit code and diagnostics of one run of onnx-opt."""

    def __init__(self, command, code, stderr):
        self.command = command
        self.code = code
        self.lines = stderr.splitlines()

    def describe(self):
        last = self.lines[-1] if self.lines else 'nothing on stderr'
        return f'exit {self.code}: {last}'

    def rejection_problem(self, *paths):
        """Why this is not the clear rejection of a bad model, else None:
        exit 1 and exactly one error line, which begins with one of `paths`."""
        if self.code != 1:
            return f'exit {self.code}, wanted 1 ({self.describe()})'
        errors = [line for line in self.lines if not re.search(
            r': (warning|remark|note): ', line)]
        if len(errors) != 1:
            return f'{len(errors)} error lines on stderr, wanted 1: {errors}'
        if not any(errors[0].startswith(f'{p}: error: ') for p in paths):
            return f'the error does not begin with the file name: {errors[0]}'
        return None


def tool_path(text):
    """For argparse: the path of an existing program."""
    path = pathlib.Path(text).resolve()
    if not path.is_file():
        raise argparse.ArgumentTypeError(f'{text} does not exist: build it')
    return path


def run_tool(tool, *args, timeout=TIMEOUT_SECONDS, **popen_args):
    command = [str(a) for a in (tool, *args)]
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL,
                              stdout=subprocess.DEVNULL,
                              stderr=subprocess.PIPE, timeout=timeout,
                              **popen_args)
    except subprocess.TimeoutExpired:
        return ToolResult(command, -1, f'no end after {timeout} s')
    return ToolResult(command, done.returncode,
                      done.stderr.decode(errors='replace'))


def same_bytes(a, b):
    a, b = pathlib.Path(a), pathlib.Path(b)
    return (a.stat().st_size == b.stat().st_size and
            a.read_bytes() == b.read_bytes())


def folder_bytes(folder):
    """Name and content of every file in `folder`."""
    return {p.relative_to(folder).as_posix(): p.read_bytes()
            for p in sorted(pathlib.Path(folder).rglob('*')) if p.is_file()}


class ExpectedList:
    """A committed file of `NAME: reason` lines: outcomes that are known and
    deliberate. Comments begin with #."""

    def __init__(self, path):
        self.path = pathlib.Path(path)
        self.reasons = {}
        for line in self.path.read_text().splitlines():
            if line.strip() and not line.startswith('#'):
                name, _, reason = line.partition(': ')
                self.reasons[name] = reason

    def __contains__(self, name):
        return name in self.reasons

    def update(self, ran, observed):
        """Replaces the entries of the models that ran by `observed` (name ->
        reason); a reason that is already there is kept."""
        merged = {n: r for n, r in self.reasons.items() if n not in ran}
        for name, reason in observed.items():
            merged[name] = self.reasons.get(name, reason)
        head = [line for line in self.path.read_text().splitlines()
                if line.startswith('#')]
        lines = head + [f'{n}: {merged[n]}' for n in sorted(merged)]
        self.path.write_text('\n'.join(lines) + '\n')


class Score:
    """Outcomes by group, checked against floors.json:
    {"full"|"sample": {GROUP: least number passed}}."""

    def __init__(self, outcomes, floors_path, mode):
        self.outcomes = outcomes
        self.floors_path = pathlib.Path(floors_path)
        self.mode = mode
        self.groups = collections.defaultdict(collections.Counter)
        self.failures = []

    def add(self, group, outcome):
        self.groups[group][outcome] += 1

    def fail(self, group, name, problem):
        self.add(group, 'failed')
        self.failures.append(f'{name}: {problem}')
        print(f'FAILED: {name}: {problem}', flush=True)

    def finish(self, complete=False):
        """Prints the counts; returns the exit code. `complete`: every group
        that has a floor was to run."""
        floors = json.loads(self.floors_path.read_text()).get(self.mode, {})
        below = [f'{group}: did not run, and has a floor of {floor}'
                 for group, floor in floors.items()
                 if complete and group not in self.groups]
        for group, counts in self.groups.items():
            print(f'{group}: ' + ', '.join(
                f'{counts[o]} {o}' for o in self.outcomes))
            if counts['passed'] < floors.get(group, 0):
                below.append(f'{group}: {counts["passed"]} passed is below '
                             f'the floor of {floors[group]}')
        for line in below:
            print(f'FAILED: {line}')
        passed = sum(c['passed'] for c in self.groups.values())
        failed = sum(c['failed'] for c in self.groups.values()) + len(below)
        print(f'{passed} passed, {failed} failed')
        return 1 if failed else 0

    def update_floors(self, complete=False):
        """`complete`: groups that did not run lose their floor."""
        floors = json.loads(self.floors_path.read_text())
        if complete:
            floors.pop(self.mode, None)
        for group, counts in self.groups.items():
            floors.setdefault(self.mode, {})[group] = counts['passed']
        self.floors_path.write_text(json.dumps(floors, indent=2) + '\n')
