# SPDX-License-Identifier: Apache-2.0
"""What evaluates and converts the models: ONNX Runtime, onnx-run, onnx-opt."""
import base64
import json
import pathlib
import subprocess
import threading

import numpy as np
import onnx

import facts
import harness
from tensors import Tensor

HERE = pathlib.Path(__file__).resolve().parent
ORT_SECONDS = 60
ORT_LAST = 26  # the last opset that ONNX Runtime has


class Ort:
    """A run_models.js process. One that dies or hangs is replaced."""

    def __init__(self):
        self._process = None

    def run(self, model, inputs):
        """Returns (outputs by name, None) or (None, why not)."""
        if self._process is None:
            self._process = subprocess.Popen(
                ['node', str(HERE / 'run_models.js')], stdin=subprocess.PIPE,
                stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        job = {'model': base64.b64encode(model.SerializeToString()).decode(),
               'inputs': [t.to_job(n) for n, t in inputs.items()]}
        watchdog = threading.Timer(ORT_SECONDS, self._process.kill)
        watchdog.start()
        try:
            self._process.stdin.write(json.dumps(job) + '\n')
            self._process.stdin.flush()
        except BrokenPipeError:
            pass  # Its end is seen below.
        line = self._process.stdout.readline()
        watchdog.cancel()
        if not line:
            code = self._process.wait()
            self._process = None
            return None, f'ONNX Runtime dies or hangs (exit {code})'
        answer = json.loads(line)
        if 'reason' in answer:
            return None, answer['reason']
        return {n: Tensor.from_job(o)
                for n, o in answer['outputs'].items()}, None

    def close(self):
        if self._process:
            self._process.stdin.close()
            self._process.wait()


def _graphs(graph):
    yield graph
    for node in graph.node:
        for attribute in node.attribute:
            if attribute.HasField('g'):
                yield from _graphs(attribute.g)


def nodes_of(model):
    return [n for g in _graphs(model.graph) for n in g.node]


def at_opset(model, opset):
    """`model` with another opset of ai.onnx, its nodes as they are."""
    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    for entry in copy.opset_import:
        if entry.domain == '':
            entry.version = opset
    copy.ir_version = max(facts.least_ir(opset), min(copy.ir_version, 12))
    return copy


def opset_of(model, domain=''):
    return next((e.version for e in model.opset_import if e.domain == domain),
                None)


def ort_forms(model):
    """The model, and then itself at other opsets (or the last that ONNX Runtime
    has) at which its nodes mean the same by the facts."""
    own = opset_of(model)
    nodes = [n for n in nodes_of(model) if n.domain == '']
    starts = {v.since for n in nodes for v in
              facts.history().get(('', n.op_type), ())}
    later = sorted(o for o in starts | {7} if own < o <= ORT_LAST)
    earlier = sorted(o - 1 for o in starts if 7 < o <= own)[::-1]
    if own <= ORT_LAST:
        yield model
    for opset in [*later, *([ORT_LAST] if own > ORT_LAST else []), *earlier]:
        if all(facts.same_meaning(n.op_type, own, opset) for n in nodes):
            yield at_opset(model, opset)


class Tools:
    def __init__(self, opt, run):
        self._opt, self._run = opt, run

    def convert(self, source, target, domain, opset):
        option = f'{domain}:{opset}' if domain else str(opset)
        return harness.run_tool(self._opt, '--passes=', '--quiet',
                                f'--target-opset={option}', source, '-o',
                                target)

    def evaluate(self, model, inputs, folder):
        """Returns (outputs by name, None) or (None, why not)."""
        flags = []
        for name, tensor in inputs.items():
            path = folder / f'{name}.pb'
            if not path.exists():
                path.write_bytes(tensor.to_proto(name).SerializeToString())
            flags.append(f'--input={name}={path}')
        out = folder / (model.stem + '-out')
        done = harness.run_tool(self._run, '--quiet', *flags,
                                f'--output-dir={out}', model)
        if done.code:
            return None, done.describe()
        outputs = {}
        for path in out.iterdir():
            if path.suffix == '.npy':
                array = np.load(path, allow_pickle=True)
                outputs[path.stem] = Tensor(array)
            else:
                proto = onnx.TensorProto.FromString(path.read_bytes())
                outputs[path.stem] = Tensor.from_proto(proto)
        return outputs, None
