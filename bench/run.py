#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compares onnx-opt -O2 with `cp`, with itself with one rule, and with ONNX
Runtime's basic offline optimization; folding with copying memory; and onnx-run
with ONNX Runtime: on the same files in the same run. Exits with 1 if a ratio or
the heap is beyond its budget."""
import argparse
import json
import os
import pathlib
import re
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

import numpy

import make_models
import make_networks

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / 'test'))
# pylint: disable=wrong-import-position
import corpus

# Beyond these, the claims of the README are wrong.
MAX_BIG_RATIO = 1.5     # a 1 GB model: to `cp in out && sync out`
MAX_BIG_HEAP = 64 << 20
MAX_SMALL_RATIO = 10    # a 1 MB model: to `cp`, process start included
MAX_NODE_RATIO = 1.5    # time per node, slowest size to fastest
MAX_RULES_RATIO = 2     # all rules to one rule
MAX_ORT_RATIO = 0.1     # to ONNX Runtime, CPU time, process start included
MAX_FOLD_RATIO = 2      # folding a transposition: to copying as many bytes
MAX_RUN_RATIO = 8       # onnx-run to ONNX Runtime, both with two threads

SECTIONS = ('small', 'nodes', 'rules', 'ort', 'fold', 'run', 'big')
NODE_COUNTS = (10_000, 100_000, 1_000_000)
ONE_RULE = 'transpose-of-transpose'
RUN_MODELS = {'resnet18_raw': {'batch': 1, 'height': 224, 'width': 224},
              'bert_small_hf_op13_raw': {'batch': 1, 'seq': 128}}
ORT_NODE = corpus.REPO / 'test/differential/node_modules/onnxruntime-node'


def children_cpu_seconds():
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def seconds(command, times, prepare, clock):
    """Median time of `times` runs by `clock`."""
    measured = []
    for _ in range(times):
        prepare()
        start = clock()
        subprocess.run(command, check=True, stdin=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL)
        measured.append(clock() - start)
    return statistics.median(measured)


def output_of(command):
    return subprocess.run(command, check=True, text=True,
                          stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE).stdout


def ort_check():
    """The start of a command line of ort_check.js, or None."""
    check = corpus.shared_dir() / 'tools' / 'ort_check.js'
    if not (check.is_file() and ORT_NODE.is_dir() and shutil.which('node')):
        print('SKIPPED: ONNX Runtime (needs ../shared and `make check`)')
        return None
    os.environ['ORT_NODE'] = str(ORT_NODE)
    return ['node', str(check)]


def peak_anonymous_bytes(command):
    """The most anonymous memory (heap and stacks) a run has resident."""
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL)
    peak = 0
    while process.poll() is None:
        try:
            status = pathlib.Path(f'/proc/{process.pid}/status').read_text()
        except FileNotFoundError:
            break
        for line in status.splitlines():
            if line.startswith('RssAnon:'):
                peak = max(peak, int(line.split()[1]) << 10)
        time.sleep(0.0005)
    if process.wait() != 0:
        raise SystemExit(f'{command[0]} failed')
    return peak


class Bench:
    def __init__(self, tool, folder):
        self.tool = tool
        self.folder = folder
        self.output = folder / 'out.onnx'
        self.beyond = 0

    def optimize(self, model):
        return [str(self.tool), '-O2', str(model), '-o', str(self.output)]

    def copy(self, model):
        return ['cp', str(model), str(self.output)]

    def copy_and_sync(self, model):
        return ['sh', '-c', 'cp "$0" "$1" && sync "$1"', str(model),
                str(self.output)]

    def remove_output(self):
        """Each run makes its file anew, and no run writes back the data of
        the one before."""
        self.output.unlink(missing_ok=True)
        subprocess.run(['sync', str(self.folder)], check=True)

    def time(self, command, times, clock=time.perf_counter):
        return seconds(command, times, self.remove_output, clock)

    def budget(self, what, value, limit, unit=''):
        verdict = 'ok' if value <= limit else 'BEYOND THE BUDGET'
        self.beyond += value > limit
        print(f'  {what}: {value:.2f}{unit}, budget {limit}{unit}: {verdict}',
              flush=True)

    def big(self, times):
        model = self.folder / 'big.onnx'
        make_models.write_weights(model, 60, 2048)
        megabytes = model.stat().st_size / 1e6
        subprocess.run(['sync', str(model)], check=True)
        print(f'{megabytes:.0f} MB, 60 weights; median of {times}')
        copy = self.time(self.copy(model), times)
        copy_and_sync = self.time(self.copy_and_sync(model), times)
        optimize = self.time(self.optimize(model), times)
        print(f'  cp {copy:.2f} s, cp and sync {copy_and_sync:.2f} s, '
              f'onnx-opt {optimize:.2f} s')
        self.budget('onnx-opt / cp and sync', optimize / copy_and_sync,
                    MAX_BIG_RATIO)
        self.budget('peak heap',
                    peak_anonymous_bytes(self.optimize(model)) / (1 << 20),
                    MAX_BIG_HEAP >> 20, ' MiB')
        model.unlink()

    def small(self, times):
        times = 4 * times + 1
        model = self.folder / 'small.onnx'
        make_models.write_weights(model, 4, 256)
        print(f'{model.stat().st_size / 1e6:.2f} MB; median of {times}')
        copy = self.time(self.copy(model), times)
        optimize = self.time(self.optimize(model), times)
        sync = self.time(self.copy_and_sync(model), times)
        print(f'  cp {1e3 * copy:.1f} ms, cp and sync {1e3 * sync:.1f} ms, '
              f'onnx-opt {1e3 * optimize:.1f} ms')
        self.budget('onnx-opt / cp', optimize / copy, MAX_SMALL_RATIO)

    def nodes(self, times):
        model = self.folder / 'nodes.onnx'
        make_models.write_nodes(model, 1)
        # Starting a process takes its time in any case.
        fixed = self.time(self.optimize(model), times, children_cpu_seconds)
        print(f'nodes, CPU time without the {1e3 * fixed:.1f} ms that one node '
              f'takes; median of {times}')
        per_node = []
        for count in NODE_COUNTS:
            make_models.write_nodes(model, count)
            elapsed = self.time(self.optimize(model), times,
                                children_cpu_seconds) - fixed
            per_node.append(1e9 * elapsed / count)
            print(f'  {count}: {elapsed:.3f} s, {per_node[-1]:.0f} ns per node',
                  flush=True)
        self.budget('slowest / fastest', max(per_node) / min(per_node),
                    MAX_NODE_RATIO)

    def rules(self, times):
        model = self.folder / 'rules.onnx'
        make_models.write_nodes(model, 100_000)
        listing = subprocess.run([str(self.tool), '--list-rules'], check=True,
                                 text=True, stdout=subprocess.PIPE).stdout
        others = [line.split(' ')[0] for line in listing.splitlines()
                  if not line.startswith(' ') and not
                  line.startswith(ONE_RULE + ' ')]
        fuse = [str(self.tool), '--passes=fuse', str(model), '-o',
                str(self.output)]
        every = self.time(fuse, times, children_cpu_seconds)
        one = self.time(fuse + ['--disable=' + ','.join(others)], times,
                        children_cpu_seconds)
        print(f'rules on 100000 nodes, CPU time: all {every:.3f} s, one '
              f'{one:.3f} s; median of {times}')
        self.budget('all rules / one rule', every / one, MAX_RULES_RATIO)

    def ort(self, times):
        check = ort_check()
        if check is None:
            return
        print(f'ONNX Runtime, basic level; median of {times}')
        model = self.folder / 'network.onnx'
        for name, write in make_networks.NETWORKS.items():
            write(model)
            subprocess.run(['sync', str(model)], check=True)
            commands = (check + ['optimize', str(model), str(self.output),
                                 'basic'],
                        self.optimize(model), self.copy(model))
            cpu = [self.time(c, times, children_cpu_seconds) for c in commands]
            wall = [self.time(c, times) for c in commands]
            print(f'  {name}, {model.stat().st_size / 1e6:.0f} MB: CPU of '
                  f'ONNX Runtime {cpu[0]:.2f} s, onnx-opt {cpu[1]:.3f} s, cp '
                  f'{cpu[2]:.3f} s; wall {wall[0]:.2f} s, {wall[1]:.3f} s '
                  f'(synced to disk), {wall[2]:.3f} s')
            self.budget('onnx-opt / ONNX Runtime, CPU', cpu[1] / cpu[0],
                        MAX_ORT_RATIO)

    def fold(self, times):
        model = self.folder / 'fold.onnx'
        side = 11_264
        make_models.write_transposed(model, side)
        array = numpy.ones((side, side), numpy.float32)
        copies = []
        for _ in range(times):
            start = time.perf_counter()
            array.copy()
            copies.append(time.perf_counter() - start)
        command = [str(self.tool), str(model), '-o', str(self.output)]
        kept = self.time(command + ['--passes='], times)
        folded = self.time(command + ['--passes=fold'], times)
        copy = statistics.median(copies)
        print(f'folding a transposition of {array.nbytes / 1e6:.0f} MB; median '
              f'of {times}\n  without {kept:.2f} s, with {folded:.2f} s, copy '
              f'in memory {copy:.2f} s')
        self.budget('folding / copying', (folded - kept) / copy, MAX_FOLD_RATIO)
        self.budget('peak heap', peak_anonymous_bytes(
            command + ['--passes=fold']) / (1 << 20), MAX_BIG_HEAP >> 20,
                    ' MiB')
        model.unlink()

    def run(self, times):
        check = ort_check()
        if check is None:
            return
        models = {m.path.stem: m.path for m in corpus.find(('models',))[0]}
        print(f'running, two threads; median of {times}')
        for name, dims in RUN_MODELS.items():
            sizes = [f'{dim}={size}' for dim, size in dims.items()]
            side = corpus.shared_dir() / 'models' / f'{name}.json'
            runtime = json.loads(output_of(
                check + ['bench', str(models[name]), '--json', '--threads', '2',
                         '--side', str(side), '--dims', ','.join(sizes)]))
            ours = [str(self.tool.parent / 'onnx-run'), str(models[name]),
                    '--threads=2', f'--time={times}']
            ours += [f'--set-dim={size}' for size in sizes]
            median = re.search(r'median ([0-9.]+) ms', output_of(ours))
            print(f'  {name}: ONNX Runtime {runtime["medianMs"]:.1f} ms, '
                  f'onnx-run {median[1]} ms')
            self.budget('onnx-run / ONNX Runtime',
                        float(median[1]) / runtime['medianMs'], MAX_RUN_RATIO)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--tool', type=pathlib.Path, required=True)
    parser.add_argument('--folder', type=pathlib.Path,
                        help='on the disk to measure; default: /tmp')
    parser.add_argument('--times', type=int, default=5)
    parser.add_argument('sections', nargs='*', metavar='SECTION',
                        help='of ' + ', '.join(SECTIONS) + '; default: all')
    args = parser.parse_args()
    if not set(args.sections) <= set(SECTIONS):
        parser.error('no such section')
    with tempfile.TemporaryDirectory(dir=args.folder) as folder:
        bench = Bench(args.tool.resolve(), pathlib.Path(folder))
        for section in args.sections or SECTIONS:
            getattr(bench, section)(args.times)
    raise SystemExit(1 if bench.beyond else 0)


if __name__ == '__main__':
    main()
