# SPDX-License-Identifier: Apache-2.0
"""ONNX Runtime for the tests that compare whole models in it."""
import json
import pathlib
import shutil
import subprocess
import threading

FOLDER = pathlib.Path(__file__).resolve().parent / 'differential'
COMPARE_SECONDS = 600
TOLERANCE = {'rtol': 1e-4, 'atol': 1e-5, 'norm': False}


class OrtWorker:
    """A run_ort.js process. One that dies or hangs is replaced."""

    def __init__(self):
        self._process = None

    def _start(self):
        self._process = subprocess.Popen(
            ['node', str(FOLDER / 'run_ort.js')], stdin=subprocess.PIPE,
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
        answer = {'notes': [], 'declined': [], 'compared': 0}
        if phase == 'a':
            return answer | {'status': 'unchecked',
                             'reason': f'original: {died}'}
        return answer | {'status': 'different', 'reason': died}

    def close(self):
        if self._process:
            self._process.stdin.close()
            self._process.wait()


class OrtPool:
    """A worker for each thread. `tolerances_path`: see differential/run.py."""

    def __init__(self, tolerances_path):
        self._tolerances = json.loads(tolerances_path.read_text())
        self._threads = threading.local()
        self._workers = []

    def compare(self, model, **job):
        """The answer of run_ort.js to `job`, which lacks what the corpus says
        of `model`."""
        if not hasattr(self._threads, 'worker'):
            self._threads.worker = OrtWorker()
            self._workers.append(self._threads.worker)
        own = self._tolerances.get(model.name, {})
        return self._threads.worker.compare(
            job | {'id': model.name, 'a': str(model.path),
                   'side': str(model.side) if model.side else None,
                   'data': str(model.data) if model.data else None,
                   'sizes': own.get('sizes', job['sizes']),
                   'tolerance': {key: own.get(key, value)
                                 for key, value in TOLERANCE.items()}})

    def close(self):
        for worker in self._workers:
            worker.close()


def missing_requirement():
    if not shutil.which('node'):
        return 'node is not installed'
    if not (FOLDER / 'node_modules' / 'onnxruntime-node').is_dir():
        return f'run `npm ci --ignore-scripts` in {FOLDER}'
    return None
