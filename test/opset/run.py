#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Opset conversion, for every version of every operator.

Each case is a small model at an opset where one version is in force. It is
converted to the last opset and back (or to one older opset); all three must
compute what the oracle says, and be valid models of their opset. The oracle:
  numpy   the function of the old version, from its text (old_*.py, cases_*.py)
  ort     ONNX Runtime on the original; or on the same node at a later opset, if
          the facts say that it means the same there
  vector  a stored vector has the version: test/conformance runs it
  none    listed in none.txt, with the reason
refusals.txt lists the cases whose conversion must be refused, at what step
(upgraded, returned, or converted to an older opset), and why.
"""
import argparse
import collections
import concurrent.futures
import dataclasses
import os
import pathlib
import shutil
import sys
import tempfile
import threading

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
# pylint: disable=wrong-import-position
import onnx

import case as casefile
import corpus
import engines
import facts
import harness
import tensors
import valid
import cases_cast  # registers its generators, as the others
import cases_control
import cases_data
import cases_elementwise
import cases_ml
import cases_movement
import cases_nn
import cases_norm
import cases_reduce
import cases_signal

SAMPLE_STEP = 24
OUTCOMES = ('passed', 'failed', 'refused', 'listed')


@dataclasses.dataclass
class Outcome:
    case: casefile.Case
    oracles: set = dataclasses.field(default_factory=set)
    problem: str = None
    refusal: str = None
    ort_reason: str = None  # why ONNX Runtime has no say


class Checker:
    def __init__(self, tools, oracles_only):
        self._tools = tools
        self._oracles_only = oracles_only
        self._threads = threading.local()
        self._workers = []

    def _ort(self):
        if not hasattr(self._threads, 'ort'):
            self._threads.ort = engines.Ort()
            self._workers.append(self._threads.ort)
        return self._threads.ort

    def close(self):
        for worker in self._workers:
            worker.close()

    def check(self, case):
        with tempfile.TemporaryDirectory(prefix='opset-') as name:
            return self._check(case, pathlib.Path(name))

    def _check(self, case, folder):
        outcome = Outcome(case)
        model = case.model()
        path = folder / 'original.onnx'
        onnx.save(model, path)
        results = []  # (who, outputs by name); the first is the reference
        if case.expect is not None:
            results.append(('numpy', {n: t for (n, _), t in zip(
                case.outputs, case.expect) if t}))
        if case.ort:
            found, outcome.ort_reason = self._run_ort(model, case)
            if found:
                results.append(('ort', found))
        outcome.oracles = {who for who, _ in results}
        outcome.problem = valid.problem(model, model, case.domain, case.opset)
        if outcome.problem:
            return outcome
        if not self._oracles_only:
            outcome.problem = self._convert(case, model, path, results,
                                            outcome)
            if outcome.problem or outcome.refusal:
                return outcome
        outcome.problem = self._evaluate(case, path, results)
        return outcome

    def _run_ort(self, model, case):
        first = None
        for form in engines.ort_forms(model):
            outputs, reason = self._ort().run(form, case.inputs)
            if outputs is not None:
                return outputs, None
            first = first or reason
        return None, first or 'not an opset that ONNX Runtime has'

    def _convert(self, case, model, path, results, outcome):
        """Converts, and adds the results; returns a problem, if any."""
        targets = ([('converted', case.to)] if case.to else
                   [('upgraded', case.top or facts.LAST[case.domain]),
                    ('returned', case.opset)])
        source = path
        for who, opset in targets:
            target = path.with_name(f'{who}.onnx')
            done = self._tools.convert(source, target, case.domain, opset)
            if done.code == 1:
                error = done.lines[-1].split('error: ')[-1]
                outcome.refusal = f'{who}: {error}'
                return None
            problem = done.describe() if done.code else self._check_converted(
                case, model, target, opset, results)
            if problem:
                return f'{who}: {problem}'
            source = target
        return None

    def _check_converted(self, case, original, path, opset, results):
        model = onnx.load(path)
        problem = valid.problem(original, model, case.domain, opset)
        if problem:
            return f'not valid: {problem}'
        problem = self._evaluate(case, path, results)
        if problem or not case.ort:
            return problem
        found, reason = self._run_ort(model, case)
        if not case.run and not found:
            return f'nothing computes it: {reason}'
        return compare('ONNX Runtime', case, results, found)

    def _evaluate(self, case, path, results):
        if not case.run:
            return None
        outputs, reason = self._tools.evaluate(path, case.inputs, path.parent)
        if outputs is None:
            return f'{path.stem}: {reason}'
        return compare(path.stem, case, results, outputs)


def compare(who, case, results, outputs):
    """Adds `outputs` to `results`; returns how they differ from the first."""
    if outputs is not None:
        results.append((who, outputs))
    for who, outputs in results[1:]:
        for name, want in results[0][1].items():
            if name not in outputs:
                return f'{who}: no output {name}'
            problem = tensors.difference(want, outputs[name], case.tolerance)
            if problem:
                return f'{who}: {name} is {problem} ({results[0][0]})'
    return None


def vector_versions():
    """The versions that occur in stored vectors which conformance passes."""
    lists = [harness.ExpectedList(HERE.parent / 'conformance' / name)
             for name in ('unsupported.txt', 'wrong.txt')]
    models, skipped = corpus.find(['vectors'])
    for reason in skipped:
        print(f'SKIPPED: {reason}')
    found = set()
    for entry in models:
        if entry.data and not any(entry.name in names for names in lists):
            model = onnx.load(entry.path)
            for node in model.graph.node:
                opset = engines.opset_of(model, node.domain)
                found.add(facts.version_at(node.domain, node.op_type,
                                           opset or 1))
    return found


class Report:
    """Judges outcomes, then versions."""

    def __init__(self, mode, no_conversion, update):
        self.no_conversion = no_conversion
        self.update_lists = update
        self.refusals = harness.ExpectedList(HERE / 'refusals.txt')
        self.none = harness.ExpectedList(HERE / 'none.txt')
        self.score = harness.Score(OUTCOMES, HERE / 'floors.json', mode)
        self.failed = set()  # versions
        self.kinds = {}  # version -> its oracle

    def add(self, outcome):
        case = outcome.case
        group = 'cases: ' + oracle_of(outcome.oracles)
        problem = outcome.problem
        reason = self.refusals.reasons.get(case.name)
        if self.update_lists or self.no_conversion:
            pass
        elif outcome.refusal and not reason:
            problem = f'refused, but not in refusals.txt: {outcome.refusal}'
        elif outcome.refusal and (reason.split(':')[0] !=
                                  outcome.refusal.split(':')[0]):
            problem = f'refused, listed is another step: {outcome.refusal}'
        elif not problem and not outcome.refusal and reason:
            problem = 'is listed in refusals.txt and was not refused'
        if problem:
            self.score.fail(group, case.name, problem)
            self.failed.add(case.version)
        else:
            self.score.add(group, 'refused' if outcome.refusal else 'passed')

    def judge_versions(self, versions, outcomes):
        """Of a run of all cases."""
        vectors = vector_versions()
        oracles = collections.defaultdict(set)
        for outcome in outcomes:
            oracles[outcome.case.version] |= outcome.oracles
        for v in versions:
            kind = oracle_of(oracles[v], v in vectors)
            self.kinds[v] = kind
            listed = v.name in self.none or self.update_lists
            if kind == 'none' and listed:
                self.score.add('versions: none', 'listed')
            elif kind == 'none':
                self.score.fail('versions: none', v.name, 'has no oracle')
            elif v.name in self.none and not self.update_lists:
                self.score.fail(f'versions: {kind}', v.name, 'is listed in '
                                f'none.txt, and its oracle is {kind}')
            else:
                self.score.add(f'versions: {kind}', 'failed' if v in
                               self.failed else 'passed')

    def update(self, outcomes):
        self.refusals.update({o.case.name for o in outcomes}, {
            o.case.name: o.refusal for o in outcomes if o.refusal})
        self.none.update({v.name for v in self.kinds}, {
            v.name: 'nothing computes it' for v, kind in self.kinds.items()
            if kind == 'none'})
        self.score.update_floors()


def oracle_of(oracles, vector=False):
    for kind in ('ort', 'numpy'):
        if kind in oracles:
            return kind
    return 'vector' if vector else 'none'


def missing_requirement():
    if not shutil.which('node'):
        return 'node is not installed'
    folder = HERE.parent / 'differential'
    if not (folder / 'node_modules' / 'onnxruntime-node').is_dir():
        return f'run `npm ci --ignore-scripts` in {folder}'
    if not facts.folder().is_dir():
        return f'{facts.folder()} is absent (set ONNXOPT_SHARED)'
    return None


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument('--tool', required=True, type=harness.tool_path,
                        help='onnx-opt; onnx-run is beside it')
    parser.add_argument('--only', help='cases whose name has this text')
    parser.add_argument('--sample', action='store_true',
                        help=f'every {SAMPLE_STEP}th case')
    parser.add_argument('--oracles', action='store_true',
                        help='convert nothing: check the oracles against each '
                        'other and against onnx-run')
    parser.add_argument('--verbose', action='store_true',
                        help='print each case, and what ONNX Runtime said')
    parser.add_argument('--jobs', type=int, default=os.cpu_count())
    parser.add_argument('--update', action='store_true',
                        help='write refusals.txt, none.txt and floors.json: '
                        'review them')
    args = parser.parse_args()

    missing = missing_requirement()
    if missing:
        print(f'SKIPPED: all operator versions: {missing}\n0 passed, 0 failed')
        return 0
    by_version = casefile.all_cases(args.only)
    chosen = [c for found in by_version.values() for c in found]
    if args.sample:
        chosen = chosen[::SAMPLE_STEP]
    whole = not (args.only or args.sample or args.oracles)
    mode = 'full' if whole else (
        'sample' if args.sample and not args.oracles else 'part')
    checker = Checker(engines.Tools(args.tool, harness.tool_path(
        args.tool.with_name('onnx-run'))), args.oracles)
    report = Report(mode, args.oracles, args.update)
    outcomes = []
    with concurrent.futures.ThreadPoolExecutor(args.jobs) as pool:
        for outcome in pool.map(checker.check, chosen):
            if args.verbose:
                print(f'{outcome.case.name}: {sorted(outcome.oracles)} '
                      f'{outcome.ort_reason or ""}')
            report.add(outcome)
            outcomes.append(outcome)
    checker.close()
    if whole:
        report.judge_versions(by_version, outcomes)
    if args.update:
        report.update(outcomes)
    return report.score.finish()


if __name__ == '__main__':
    sys.exit(main())
