# SPDX-License-Identifier: Apache-2.0
"""Cases: small models of one version of an operator, with inputs.

A generator is registered for some operators; it gets each version of each and
yields cases:

    @cases('Relu')
    def relu(v):
        yield case(v, 'ints', [x], expect=np.maximum(x, 0))
"""
import collections
import dataclasses

import numpy as np
import onnx

import facts
import tensors
from tensors import Tensor

# Element types that NumPy computes with, or can after a change of format.
COMMON = [tensors.ELEM[n] for n in (
    'float', 'int64', 'int32', 'bool', 'double', 'uint8', 'int8', 'uint16',
    'int16', 'uint32', 'uint64', 'float16', 'bfloat16', 'string')]
GENERATORS = collections.defaultdict(list)  # (domain, op) -> functions


def cases(*ops, domain=''):
    def register(function):
        for op in ops:
            GENERATORS[domain, op].append(function)
        return function
    return register


def ml_cases(*ops):
    return cases(*ops, domain='ai.onnx.ml')


@dataclasses.dataclass
class Case:
    version: facts.Version
    note: str
    nodes: list
    inputs: dict  # name -> Tensor
    consts: dict  # name -> Tensor: initializers
    outputs: list  # (name, element type)
    expect: list = None  # Tensor or None by output
    dims: str = 'static'  # 'static', 'symbolic' or 'unknown', of the inputs
    ir: int = None
    to: int = None  # convert to this opset, instead of to `top` and back
    top: int = None  # by default the last opset
    run: bool = True  # False: onnx-run does not evaluate random operators
    opset: int = None
    tolerance: tuple = None
    ort: bool = True  # False: ONNX Runtime is known not to follow the text

    @property
    def name(self):
        return f'{self.version.name}/{self.note}'

    @property
    def domain(self):
        return self.version.domain

    def imports(self):
        if self.domain:
            return {'': 17, self.domain: self.opset}
        return {'': self.opset}

    def model(self):
        ir = self.ir or max(8, facts.least_ir(self.imports()['']))
        infos = [self._info(name, tensor)
                 for name, tensor in self.inputs.items()]
        if ir < 4:
            infos += [onnx.helper.make_tensor_value_info(n, t.elem, t.dims)
                      for n, t in self.consts.items()]
        graph = onnx.helper.make_graph(
            self.nodes, self.version.op, infos,
            [onnx.helper.make_tensor_value_info(n, t, self._output_dims(i))
             for i, (n, t) in enumerate(self.outputs)],
            [t.to_proto(n) for n, t in self.consts.items()])
        return onnx.helper.make_model(graph, ir_version=ir, opset_imports=[
            onnx.helper.make_opsetid(d, o) for d, o in self.imports().items()])

    def _output_dims(self, index):
        known = self.dims == 'static' and self.expect and self.expect[index]
        return self.expect[index].dims if known else None

    def _info(self, name, tensor):
        dims = {'static': tensor.dims, 'unknown': None,
                'symbolic': [f'{name}_{i}' for i in range(len(tensor.dims))]}
        return onnx.helper.make_tensor_value_info(name, tensor.elem,
                                                  dims[self.dims])


def wrap(value):
    return value if value is None or isinstance(value, Tensor) else (
        Tensor(value))


def node(op, inputs, outputs, domain='', **attrs):
    """A NodeProto; attributes that are None are left out."""
    made = onnx.helper.make_node(op, inputs, outputs, domain=domain)
    for name, value in sorted(attrs.items()):
        if value is None:
            continue
        if isinstance(value, Tensor):
            value = value.to_proto()
        if isinstance(value, np.generic):
            value = value.item()
        made.attribute.append(attribute(name, value))
    return made


def attribute(name, value):
    if isinstance(value, (list, tuple)) and not value:
        return onnx.AttributeProto(name=name, type=onnx.AttributeProto.INTS)
    return onnx.helper.make_attribute(name, value)


def case(v, note, inputs, attrs=None, expect=None, outs=1, const=(), **options):
    """One node of version `v`. `inputs`: arrays, tensors or None (left out);
    those whose index is in `const` become initializers. `outs`: how many
    outputs, or a list of element types (None: that output is left out)."""
    inputs = [wrap(i) for i in inputs]
    if expect is not None:
        expect = list(expect) if isinstance(expect, (list, tuple)) else [expect]
        expect = [wrap(e) for e in expect]
    names = [f'x{i}' if t else '' for i, t in enumerate(inputs)]
    kinds = outs if isinstance(outs, list) else [
        _output_type(v, i, inputs, expect) for i in range(outs)]
    outputs = [f'y{i}' if kind else '' for i, kind in enumerate(kinds)]
    if expect is not None:
        expect += [None] * (len(kinds) - len(expect))
        expect = [e for e, kind in zip(expect, kinds) if kind]
    given = {n: t for n, t in zip(names, inputs) if t}
    constants = {names[i] for i in const}
    return model_case(
        v, note, [node(v.op, names, outputs, domain=v.domain, **(attrs or {}))],
        {n: t for n, t in given.items() if n not in constants},
        [(n, k) for n, k in zip(outputs, kinds) if k],
        consts={n: t for n, t in given.items() if n in constants},
        expect=expect, **options)


def model_case(v, note, nodes, inputs, outputs, consts=None, **options):
    """Several nodes, of which one at least is of version `v`."""
    return Case(v, note, nodes, {n: wrap(t) for n, t in inputs.items()},
                {n: wrap(t) for n, t in (consts or {}).items()}, outputs,
                **options)


def _output_type(v, index, inputs, expect):
    if expect and index < len(expect) and expect[index]:
        return expect[index].elem
    output = v.outputs[min(index, len(v.outputs) - 1)]
    for i, tensor in enumerate(inputs):
        formal = v.inputs[min(i, len(v.inputs) - 1)]
        if tensor and formal['type_str'] == output['type_str']:
            return tensor.elem
    return v.types(output['type_str'])[0]


def all_cases(only=None):
    """version -> its cases. Every other case is at the last opset at which the
    version is in force."""
    result = {}
    for key, versions in sorted(facts.history().items()):
        for v in versions:
            made = [c for function in GENERATORS[key] for c in function(v)]
            for i, c in enumerate(made):
                if c.opset is None:
                    c.opset = v.since if i % 2 == 0 else v.last
            notes = [c.note for c in made]
            assert len(set(notes)) == len(notes), (v.name, notes)
            result[v] = [c for c in made if not only or only in c.name]
    return result


# ---- inputs


def rng(seed=0):
    return np.random.default_rng(seed)


def floats(*shape, seed=0, low=-2, high=2, dtype=np.float32):
    """No two elements of a tensor are near each other."""
    size = int(np.prod(shape))
    steps = rng(seed).permutation(size)
    jitter = rng(seed + 1).uniform(0.2, 0.8, size)
    return (low + (high - low) * (steps + jitter) / max(size, 1)).reshape(
        shape).astype(dtype)


def ints(*shape, seed=0, low=0, high=10, dtype=np.int64):
    return rng(seed).integers(low, high, shape).astype(dtype)


def i64(*values):
    return np.array(values, np.int64)


def sample(elem, *shape, seed=0, low=-2, high=2):
    """Values of element type number `elem`; any bits if NumPy lacks it."""
    name = tensors.NAMES[elem]
    if name in ('float', 'double', 'float16', 'bfloat16'):
        return tensors.make(floats(*shape, seed=seed, low=low, high=high), elem)
    if name == 'bool':
        return Tensor(rng(seed).integers(0, 2, shape).astype(bool))
    if name.startswith('complex'):
        return tensors.make(floats(*shape, seed=seed) +
                            1j * floats(*shape, seed=seed + 2), elem)
    if name == 'string':
        return tensors.make(ints(*shape, seed=seed), elem)
    if elem in tensors.NUMPY:
        low = max(int(np.floor(low)), 0 if name.startswith('u') else -100)
        return tensors.make(ints(*shape, seed=seed, low=low, high=low + 9),
                            elem)
    return Tensor(ints(*shape, seed=seed, high=min(
        1 << tensors.BITS.get(elem, 7), 100)), elem)


def pick(v, variable, kinds=None):
    """Element types to test: float (or the first), and two of those that are
    new in this version, at most."""
    common = [t for t in v.types(variable) if t in COMMON and
              (kinds is None or t in kinds)]
    base = 1 if 1 in common else (common or v.types(variable))[0]
    new = [t for t in v.new_types(variable) if t in common and t != base]
    return [base, *new[:1], *new[-1:]][:1 + min(2, len(new))]
