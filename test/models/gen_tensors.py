# SPDX-License-Identifier: Apache-2.0
"""Constants: element types, storage forms, external data, sparse tensors."""

import hashlib
import math
import os
import struct

import numpy as np
from onnx import SparseTensorProto, TensorProto

import wire
from gen_common import (BOOL, FLOAT, G, INT64, M, N, Ramp, STRING, T, V)

# name, TensorProto.DataType, bits, field number of the typed data, opset that
# can Cast it, five elements as bit patterns, lowest element first.
_ELEMENTS = [
    ("float", 1, 32, 4, 13,
     [0, 0x80000000, 0x7FC00001, 0xFF800000, 0x3F9E0419]),
    ("uint8", 2, 8, 5, 13, [0, 1, 127, 128, 255]),
    ("int8", 3, 8, 5, 13, [0, 1, 127, 128, 255]),
    ("uint16", 4, 16, 5, 13, [0, 1, 0x7FFF, 0x8000, 0xFFFF]),
    ("int16", 5, 16, 5, 13, [0, 1, 0x7FFF, 0x8000, 0xFFFF]),
    ("int32", 6, 32, 5, 13, [0, 1, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF]),
    ("int64", 7, 64, 7, 13, [0, 1, 2**63 - 1, 2**63, 2**64 - 1]),
    ("bool", 9, 8, 5, 13, [0, 1, 1, 0, 1]),
    ("float16", 10, 16, 5, 13, [0, 0x8000, 0x7E01, 0xFC00, 0x3C01]),
    ("double", 11, 64, 10, 13,
     [0, 2**63, 0x7FF8000000000001, 0xFFF0000000000000, 0x3FF3C0831214DCD6]),
    ("uint32", 12, 32, 11, 13, [0, 1, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF]),
    ("uint64", 13, 64, 11, 13, [0, 1, 2**63 - 1, 2**63, 2**64 - 1]),
    ("complex64", 14, 64, 4, 13,
     [0, 0x80000000, 2**63, 0x3F800000, 0x7FC00001]),
    ("complex128", 15, 128, 10, 13,
     [0, 1 << 63, 1 << 127, 0x3FF << 52, 7 << 70]),
    ("bfloat16", 16, 16, 5, 13, [0, 0x8000, 0x7FC1, 0xFF80, 0x3F9E]),
    ("float8e4m3fn", 17, 8, 5, 19, [0, 0x80, 0x7F, 0x7E, 0x38]),
    ("float8e4m3fnuz", 18, 8, 5, 19, [0, 1, 0x80, 0x7F, 0x40]),
    ("float8e5m2", 19, 8, 5, 19, [0, 0x80, 0x7F, 0xFC, 0x3C]),
    ("float8e5m2fnuz", 20, 8, 5, 19, [0, 1, 0x80, 0x7F, 0x40]),
    ("uint4", 21, 4, 5, 21, [0, 1, 7, 8, 15]),
    ("int4", 22, 4, 5, 21, [0, 1, 7, 8, 15]),
    ("float4e2m1", 23, 4, 5, 23, [0, 8, 7, 15, 3]),
    ("float8e8m0", 24, 8, 5, 24, [0, 1, 127, 254, 255]),
    ("uint2", 25, 2, 5, 25, [0, 1, 2, 3, 1]),
    ("int2", 26, 2, 5, 25, [0, 1, 2, 3, 1]),
]
# Types that ONNX Runtime's Cast does not take on a CPU.
_NO_ORT = {"complex64", "complex128", "float4e2m1"}


def _raw_bytes(bits, patterns):
    total = sum(p << i * bits for i, p in enumerate(patterns))
    return total.to_bytes((len(patterns) * bits + 7) // 8, "little")


def _typed_entries(kind, bits, field, patterns):
    """The encoded entries of the typed field, one bytes object each."""
    raw = _raw_bytes(bits, patterns)
    if field in (4, 10):
        size = 4 if field == 4 else 8
        return [raw[i:i + size] for i in range(0, len(raw), size)]
    if bits < 8:
        return [wire.varint(b) for b in raw]
    if kind.startswith("int"):
        patterns = [p - (p >> bits - 1 << bits) for p in patterns]
    return [wire.varint(p) for p in patterns]


def _tensor(name, dtype, dims, *parts):
    tensor = TensorProto(name=name, data_type=dtype, dims=dims)
    return wire.merge(tensor, *parts)


def _unpacked(field, entries):
    kind = {4: wire.FIXED32, 10: wire.FIXED64}.get(field, wire.VARINT)
    return b"".join(wire.tag(field, kind) + e for e in entries)


def _element_type(suite, kind, dtype, bits, field, opset, patterns):
    raw = wire.data(9, _raw_bytes(bits, patterns))
    entries = _typed_entries(kind, bits, field, patterns)
    one = _typed_entries(kind, bits, field, patterns[4:])
    typed = wire.data(field, *entries)
    tensors = [
        _tensor("raw", dtype, [5], raw),
        _tensor("raw_matrix", dtype, [1, 5], raw),
        _tensor("typed", dtype, [5], typed),
        _tensor("unpacked", dtype, [5], typed),
        _tensor("scalar_raw", dtype, [],
                wire.data(9, _raw_bytes(bits, patterns[4:]))),
        _tensor("scalar_typed", dtype, [], wire.data(field, *one)),
        _tensor("empty", dtype, [0]),
        _tensor("empty_raw", dtype, [2, 0, 3], wire.data(9)),
    ]
    nodes = [N("Constant", "", "constant_raw", value=tensors[0]),
             N("Constant", "", "constant_typed", value=tensors[2])]
    complex_type = kind.startswith("complex")
    outs = []
    shapes = {t.name: t.dims for t in tensors}
    shapes.update({"constant_raw": [5], "constant_typed": [5]})
    for name, dims in shapes.items():
        if complex_type:
            nodes.append(N("Identity", name, name + "_out"))
        else:
            nodes.append(N("Cast", name, name + "_out", to=FLOAT))
        outs.append(V(name + "_out", dims, dtype if complex_type else FLOAT))
    model = M(nodes, [V("x")], outs, tensors, opset=opset)

    def unpack(tensor):
        return (tensor if wire.data(8, "unpacked") not in tensor else
                wire.replace(tensor, field,
                             lambda _: _unpacked(field, entries)))

    suite.add("elem_" + kind,
              wire.edit(model.SerializeToString(), [7, 5], unpack),
              ort=kind not in _NO_ORT)


def _strings(suite):
    values = [b"", b"plain", "grüße".encode(), b"\xff\x00\xfe", b"two\nlines"]
    tensors = [TensorProto(name="s", data_type=STRING, dims=[5],
                           string_data=values),
               TensorProto(name="scalar", data_type=STRING,
                           string_data=[b"one"]),
               TensorProto(name="empty", data_type=STRING, dims=[0])]
    nodes = [N("Constant", "", "c", value=tensors[0]),
             N("Identity", "s", "s_out"), N("Identity", "c", "c_out"),
             N("Identity", "scalar", "scalar_out"),
             N("Identity", "empty", "empty_out")]
    suite.add("elem_string", M(nodes, [V("x")], [
        V("s_out", [5], STRING), V("c_out", [5], STRING),
        V("scalar_out", [], STRING), V("empty_out", [0], STRING)], tensors))


def _sparse(name, values, indices, dims, dtype=np.float32):
    sparse = SparseTensorProto(dims=dims)
    sparse.values.CopyFrom(T(name, values, dtype))
    sparse.indices.CopyFrom(T(name + "_indices" if name else "", indices,
                              np.int64))
    return sparse


def _constant_forms(suite, opset):
    sparse = _sparse("", [1.5, -2.0], [1, 5], [2, 3])
    forms = [("tensor", FLOAT, [2, 3], {"value": Ramp("named", 2, 3)}),
             ("sparse", FLOAT, [2, 3], {"sparse_value": sparse}),
             ("float", FLOAT, [], {"value_float": 1.25}),
             ("nan", FLOAT, [], {"value_float": math.nan}),
             ("negative_zero", FLOAT, [], {"value_float": -0.0}),
             ("floats", FLOAT, [2], {"value_floats": [0.5, math.inf]}),
             ("int", INT64, [], {"value_int": -2**63}),
             ("ints", INT64, [3], {"value_ints": [3, -1, 2**63 - 1]}),
             ("string", STRING, [], {"value_string": "text"}),
             ("strings", STRING, [2], {"value_strings": ["a", ""]})]
    nodes = [N("Constant", "", k, name="const_" + k, **a)
             for k, _, _, a in forms]
    nodes += [N("Identity", k, k + "_out") for k, *_ in forms]
    outs = [V(k + "_out", dims, t) for k, t, dims, _ in forms]
    suite.add(f"constant_forms_opset{opset:02}",
              M(nodes, [V("x")], outs, opset=opset))


def _sparse_initializers(suite):
    sparse = [_sparse("linear", [1, 2, 3], [0, 4, 5], [2, 3]),
              _sparse("coordinates", [4, 5], [[0, 1], [1, 2]], [2, 3]),
              _sparse("nothing_stored", np.zeros(0), np.zeros(0), [2, 3]),
              _sparse("vector", [7, 8], [1, 2], [3])]
    nodes = [N("Add", "x linear", "a"), N("Add", "a coordinates", "b"),
             N("Add", "b nothing_stored", "c"), N("Add", "c vector", "y")]
    suite.add("sparse_initializers",
              M(nodes, [V("x")], [V("y")], sparse_initializer=sparse))
    ints = [_sparse("doubles", [1, 2], [[0, 0], [1, 1]], [2, 2], np.float64),
            _sparse("ints", [9], [3], [2, 2], np.int64)]
    suite.add("sparse_initializers_double_int64", M(
        [N("Identity", "doubles", "d"), N("Identity", "ints", "i")], [V("x")],
        [V("d", [2, 2], TensorProto.DOUBLE), V("i", [2, 2], INT64)],
        sparse_initializer=ints))


def _external(tensor, location, **keys):
    """Moves a tensor's data out; returns the bytes that belong in the file."""
    raw = tensor.raw_data
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    for key, value in {"location": location, **keys}.items():
        tensor.external_data.add(key=key, value=str(value))
    return raw


def _sum_of(inits, **kwargs):
    nodes, last = [], "x"
    for i, t in enumerate(inits):
        nodes.append(N("Add", [last, t.name], [f"sum{i}"]))
        last = f"sum{i}"
    return M(nodes, [V("x")], [V(last)], inits, **kwargs)


def _external_data(suite):
    tensors = [Ramp(f"w{i}", 2, 3) for i in range(3)]
    raws = [_external(tensors[0], "external_offsets.data", offset=0, length=24),
            _external(tensors[1], "external_offsets.data", offset=4096,
                      length=24),
            _external(tensors[2], "external_offsets.data", offset=8192)]
    suite.add("external_offsets", _sum_of(tensors))
    suite.write("external_offsets.data",
                b"".join(r.ljust(4096, b"\0") for r in raws[:2]) + raws[2])

    whole = Ramp("whole_file", 2, 3)
    raw = _external(whole, "external_whole.data")
    suite.add("external_whole_file", _sum_of([whole]))
    suite.write("external_whole.data", raw)

    tensors = [Ramp("a", 2, 3), Ramp("b", 3), Ramp("inline", 3)]
    sums = [hashlib.sha1(t.raw_data).hexdigest() for t in tensors]
    raws = [_external(tensors[0], "weights/deep/a.bin", offset=0, length=24,
                      checksum=sums[0]),
            _external(tensors[1], "weights/b.bin", length=12,
                      checksum=sums[1])]
    suite.add("external_subfolder_checksum", _sum_of(tensors))
    suite.write("weights/deep/a.bin", raws[0])
    suite.write("weights/b.bin", raws[1])

    shared = [Ramp("first", 2, 3), Ramp("second", 2, 3), Ramp("overlap", 3)]
    raw = [_external(t, "external_shared.data", offset=0,
                     length=4 * math.prod(t.dims)) for t in shared][0]
    suite.add("external_same_bytes", _sum_of(shared))
    suite.write("external_shared.data", raw)

    linked = Ramp("linked", 2, 3)
    raw = _external(linked, "external_link.data", offset=0, length=24)
    suite.add("external_symlink_inside_folder", _sum_of([linked]))
    suite.write("weights/target.bin", raw)
    link = suite.path("external_link.data")
    if os.path.lexists(link):
        os.unlink(link)
    os.symlink("weights/target.bin", link)

    _external_elements(suite)
    _external_in_places(suite)


def _external_elements(suite):
    """Element types whose byte count is not their element count."""
    location, content, tensors = "external_elements.data", b"", []
    for kind, dtype, raw in (("int4", 22, b"\x21\x43\x05"),
                             ("float16", 10, struct.pack("<5e", 1, 2, 3, 4, 5)),
                             ("bool", 9, b"\0\1\1\0\1"),
                             ("int64", 7, struct.pack("<5q", 5, 4, 3, 2, 1))):
        tensor = TensorProto(name=kind, data_type=dtype, dims=[5],
                             raw_data=raw)
        _external(tensor, location, offset=len(content), length=len(raw))
        tensors.append(tensor)
        content += raw.ljust(64, b"\0")
    nodes = [N("Cast", t.name, t.name + "_out", to=FLOAT) for t in tensors]
    suite.add("external_elements", M(
        nodes, [V("x")], [V(t.name + "_out", [5]) for t in tensors], tensors,
        opset=21))
    suite.write(location, content)


def _external_in_places(suite):
    """External tensors of a body, of a Constant, and with no elements."""
    location = "external_places.data"
    body, const = Ramp("body_w", 2, 3), Ramp("const_w", 2, 3)
    raw = _external(body, location, offset=0, length=24)
    _external(const, location, offset=0, length=24)
    empty = TensorProto(name="empty", data_type=FLOAT, dims=[0, 3],
                        data_location=TensorProto.EXTERNAL)
    empty.external_data.add(key="location", value=location)
    empty.external_data.add(key="length", value="0")
    branches = {
        "then_branch": G([N("Add", "x body_w", "t")], [], [V("t")], [body]),
        "else_branch": G([N("Constant", "", "c", value=const),
                          N("Sub", "x c", "e")], [], [V("e")])}
    suite.add("external_in_bodies_and_constants", M(
        [N("If", "cond", "picked", **branches),
         N("Concat", "picked empty", "y", axis=0)],
        [V("x"), V("cond", [], BOOL)], [V("y")], [empty]))
    suite.write(location, raw)


def _quantization(suite):
    model = M([N("Relu", "x", "y"), N("Add", "y w", "z")], [V("x")], [V("z")],
              [Ramp("w", 2, 3), T("scale", 0.1), T("zero", 3, np.uint8)])
    for tensor in ("x", "w", "y"):
        annotation = model.graph.quantization_annotation.add(tensor_name=tensor)
        annotation.quant_parameter_tensor_names.add(
            key="SCALE_TENSOR", value="scale")
        annotation.quant_parameter_tensor_names.add(
            key="ZERO_POINT_TENSOR", value="zero")
    suite.add("quantization_annotation", model)


def _odd_encodings(suite):
    """What a tensor may also look like in a file."""
    model = M([N("Add", "x w", "a"), N("Add", "a splat", "y")], [V("x")],
              [V("y")], [Ramp("w", 2, 3), T("splat", np.full((2, 3), 0.25))])
    # Packed dims, which proto2 readers accept though writers do not pack them.
    suite.add("tensor_packed_dims", wire.edit(
        model.SerializeToString(), [7, 5],
        lambda t: wire.packed(1, [2, 3]) + b"".join(
            whole for n, _, _, whole in wire.fields(t) if n != 1)))
    chunks = TensorProto(name="w", data_type=FLOAT, dims=[2, 3])
    half = wire.data(4, struct.pack("<3f", 1, 2, 3))
    parts = half + wire.fixed32(4, 0x40800000) + wire.data(
        4, struct.pack("<2f", 5, 6))
    suite.add("tensor_mixed_packed_and_unpacked", wire.edit(
        M([N("Add", "x w", "y")], [V("x")], [V("y")],
          [chunks]).SerializeToString(), [7, 5], lambda t: t + parts))
    both = Ramp("w", 2, 3)
    both.data_location = TensorProto.DEFAULT
    suite.add("tensor_location_default_spelt_out", _sum_of([both]))
    suite.add("tensor_large_splat_and_weight", M(
        [N("MatMul", "x w", "h"), N("Add", "h splat", "y")], [V("x", [2, 256])],
        [V("y", [2, 256])],
        [Ramp("w", 256, 256), T("splat", np.full((2, 256), 3.0))]))


def generate(suite):
    for element in _ELEMENTS:
        _element_type(suite, *element)
    _strings(suite)
    for opset in (12, 13, 19, 21, 23, 24, 25):
        _constant_forms(suite, opset)
    _sparse_initializers(suite)
    _external_data(suite)
    _quantization(suite)
    _odd_encodings(suite)
