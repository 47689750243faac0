# SPDX-License-Identifier: Apache-2.0
"""Short spellings for making models, and the folder they are written to."""

import json
import os

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

FLOAT, INT32, INT64 = TensorProto.FLOAT, TensorProto.INT32, TensorProto.INT64
BOOL, STRING = TensorProto.BOOL, TensorProto.STRING


def ir_of(opset):
    """The IR version of the first ONNX release that had this ai.onnx opset."""
    for limit, ir in ((8, 3), (9, 4), (10, 5), (11, 6), (14, 7), (18, 8),
                      (20, 9), (22, 10), (23, 11), (24, 12)):
        if opset <= limit:
            return ir
    return 13


def names(spec):
    """'a - b' -> ['a', '', 'b']; a list stays as it is."""
    if not isinstance(spec, str):
        return list(spec)
    return ["" if s == "-" else s for s in spec.split()]


def N(op, ins, outs, **kwargs):
    return helper.make_node(op, names(ins), names(outs), **kwargs)


def V(name, dims=(2, 3), t=FLOAT):
    """A tensor value; dims None: the rank is unknown."""
    return helper.make_tensor_value_info(name, t, dims)


def T(name, values, dtype=np.float32):
    return numpy_helper.from_array(np.asarray(values, dtype), name)


def Ramp(name, *dims):
    """A float weight with distinct values."""
    count = int(np.prod(dims))
    return T(name, np.arange(count).reshape(dims) / (count or 1) - 0.5)


def G(nodes, ins, outs, inits=(), name="g", **kwargs):
    return helper.make_graph(nodes, name, ins, outs, list(inits), **kwargs)


def F(domain, name, ins, outs, nodes, opsets, attributes=()):
    return helper.make_function(
        domain, name, names(ins), names(outs), nodes,
        [helper.make_opsetid(d, v) for d, v in opsets.items()],
        list(attributes))


def M(nodes, ins, outs, inits=(), opset=17, ir=None, domains=None,
      functions=(), **kwargs):
    """A model; in IR version 3 the initializers are inputs as well."""
    ir = ir or ir_of(opset)
    ins = list(ins)
    if ir == 3:
        known = {i.name for i in ins}
        ins += [V(t.name, t.dims, t.data_type) for t in inits
                if t.name not in known]
    model = helper.make_model(G(nodes, ins, outs, inits, **kwargs),
                              functions=list(functions))
    model.ir_version = ir
    del model.opset_import[:]
    for domain, version in {"": opset, **(domains or {})}.items():
        model.opset_import.add(domain=domain, version=version)
    return model


def Ref(name, attribute_type, source):
    """An attribute that takes its value from the function's attribute."""
    return onnx.AttributeProto(name=name, type=attribute_type,
                               ref_attr_name=source)


class Suite:
    """The models written so far and what index.json says of them."""

    def __init__(self, outdir):
        self.dir = outdir
        self.index = []
        os.makedirs(outdir, exist_ok=True)

    def path(self, name):
        path = os.path.join(self.dir, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        return path

    def write(self, name, content):
        with open(self.path(name), "wb") as f:
            f.write(content)

    def add(self, name, model, ort=True, deterministic=True, inputs=None):
        """Writes NAME.onnx; `model` may be bytes, then written as they are.

        `inputs` goes to NAME.json, which tells the runner of the differential
        tests what values the model takes.
        """
        content = model
        if isinstance(model, bytes):
            model = onnx.ModelProto.FromString(model)
        else:
            content = model.SerializeToString(deterministic=True)
        self.write(name + ".onnx", content)
        if inputs:
            self.write(name + ".json",
                       json.dumps({"inputs": inputs}).encode())
        self.index.append({
            "file": name + ".onnx",
            "runs_in_ort": ort,
            "deterministic": deterministic,
            "opset": max([o.version for o in model.opset_import
                          if o.domain in ("", "ai.onnx")], default=0),
            "ir": model.ir_version,
        })

    def finish(self):
        assert len({e["file"] for e in self.index}) == len(self.index)
        with open(self.path("index.json"), "w", encoding="utf-8") as f:
            json.dump(self.index, f, indent=1)
