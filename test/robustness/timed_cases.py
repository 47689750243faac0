# SPDX-License-Identifier: Apache-2.0
"""Runs that are killed, or lose their input, at random moments. The delays
are drawn from a fixed seed and scaled by the time that a whole run takes."""
import os
import pathlib
import random
import shutil
import signal
import subprocess
import threading
import time

import compare_models
import harness
from system_cases import SENTINEL, expect, expect_error, expect_unchanged

_KILLS = 40
_LEAST_KILLED = 10
_TRUNCATIONS = 20


def _start(bench, *args):
    return subprocess.Popen([str(a) for a in (bench.tool, *args)],
                            stdin=subprocess.DEVNULL,
                            stdout=subprocess.DEVNULL,
                            stderr=subprocess.PIPE)


def _finish(process):
    try:
        _, stderr = process.communicate(timeout=60)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        raise
    return harness.ToolResult(process.args, process.returncode,
                              stderr.decode(errors='replace'))


def _duration(bench, *args):
    begin = time.monotonic()
    bench.run_ok(*args)
    return time.monotonic() - begin


def _reset(folder, originals):
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for original in originals:
        shutil.copyfile(original, folder / original.name)


def _state(folder):
    return [(e.name, e.stat().st_size, e.stat().st_mtime_ns)
            for e in os.scandir(folder)]


def _wait_for_change(process, folder, before):
    """Returns when the process has begun to write, or has ended."""
    while process.poll() is None:
        try:
            if _state(folder) != before:
                return
        except FileNotFoundError:
            return  # Renamed between listing and stat.


def _kill_in_place(bench, originals, is_whole):
    """Optimizes the first of `originals` in place and kills the run: in half
    of the tries after a random delay, in the others soon after it begins to
    write. is_whole must be true of the model after each try. Temporaries may
    be left."""
    folder = bench.folder / 'work'
    model = folder / originals[0].name
    _reset(folder, originals)
    duration = _duration(bench, model, '-o', model)
    expect(is_whole(model), 'wrong output even without a kill')
    delays = random.Random(1)
    killed = 0
    for attempt in range(_KILLS):
        _reset(folder, originals)
        before = _state(folder)
        delay = delays.uniform(0, 1.1 * duration)
        process = _start(bench, model, '-o', model)
        if attempt % 2:
            _wait_for_change(process, folder, before)
            delay /= 10
        time.sleep(delay)
        process.kill()
        result = _finish(process)
        killed += result.code == -signal.SIGKILL
        expect(result.code in (0, -signal.SIGKILL), result.describe())
        expect(is_whole(model),
               f'attempt {attempt} left neither the old nor the new model')
    expect(killed >= _LEAST_KILLED,
           f'only {killed} of {_KILLS} runs were killed before their end')
    # What a killed run leaves behind is not in the way of the next.
    bench.run_ok(model, '-o', model)


def killed_in_place(bench):
    old, new = bench.large.read_bytes(), bench.optimized(bench.large)
    expect(old != new, 'the tool does not change this model')
    _kill_in_place(bench, [bench.large],
                   lambda model: model.read_bytes() in (old, new))


def killed_in_place_with_external_data(bench):
    new = bench.folder / 'new' / 'm.onnx'
    new.parent.mkdir()
    bench.run_ok(bench.external, '-o', new)

    def is_whole(model):
        return any(not compare_models.compare(wanted, model)[0]
                   for wanted in (bench.external, new))
    data = bench.external.with_name(bench.external.name + '.data')
    _kill_in_place(bench, [bench.external, data], is_whole)


def input_truncated_while_read(bench):
    """Stops the run at a random moment, cuts its input, lets it go on: a whole
    output or an error, never a wrong output."""
    wanted = bench.optimized(bench.large)
    source = bench.folder / 'in.onnx'
    folder = bench.folder / 'out'
    folder.mkdir()
    out = folder / 'out.onnx'
    duration = _duration(bench, bench.large, '-o', out)
    delays = random.Random(2)
    errors = 0
    for _ in range(_TRUNCATIONS):
        out.write_bytes(SENTINEL)
        shutil.copyfile(bench.large, source)
        process = _start(bench, source, '-o', out)
        time.sleep(delays.uniform(0, duration))
        process.send_signal(signal.SIGSTOP)
        os.truncate(source, delays.randrange(bench.large.stat().st_size))
        process.send_signal(signal.SIGCONT)
        result = _finish(process)
        if result.code == 0:
            expect_unchanged(folder, {'out.onnx': wanted})
        else:
            expect_error(result, source, out)
            expect_unchanged(folder, {'out.onnx': SENTINEL})
            errors += 1
    expect(errors, 'no run noticed that its input was cut')


def _cut_when_reading_begins(pipe, source):
    with open(pipe, 'rb') as stream:
        stream.read(1 << 16)
        os.truncate(source, 1 << 20)
        while stream.read(1 << 20):
            pass


def input_truncated_while_piped(bench):
    """The pipe holds the run in the middle of its output, so that this cut
    always falls into the copying of weights."""
    source, pipe = bench.folder / 'in.onnx', bench.folder / 'pipe'
    shutil.copyfile(bench.large, source)
    os.mkfifo(pipe)
    reader = threading.Thread(target=_cut_when_reading_begins,
                              args=(pipe, source), daemon=True)
    reader.start()
    result = _finish(_start(bench, source, '-o', pipe))
    reader.join(10)
    expect_error(result, source, pathlib.Path(pipe))


CASES = (killed_in_place, killed_in_place_with_external_data,
         input_truncated_while_read, input_truncated_while_piped)
