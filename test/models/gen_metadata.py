# SPDX-License-Identifier: Apache-2.0
"""Types, attributes, texts, training information, unknown protobuf fields."""

import math

import numpy as np
from onnx import (AttributeProto, SparseTensorProto, TensorProto, TypeProto,
                  helper)

import wire
from gen_common import (BOOL, F, FLOAT, G, INT64, M, N, Ramp, STRING, T, V)

_CUSTOM = "org.example.ops"


def _typed(name, type_proto):
    return helper.make_value_info(name, type_proto)


def _tensor_type(dims=(2, 3), t=FLOAT):
    return helper.make_tensor_type_proto(t, dims)


def _map_type(key, value):
    result = TypeProto()
    result.map_type.key_type = key
    result.map_type.value_type.CopyFrom(value)
    return result


def _opaque_type(domain, name):
    """TypeProto.Opaque, which only the -ml flavour of older schemas has."""
    return wire.merge(TypeProto(), wire.data(
        7, wire.data(1, domain), wire.data(2, name)))


def _types(suite):
    tensor = _tensor_type()
    sequence = helper.make_sequence_type_proto(tensor)
    nodes = [N("SequenceConstruct", "x x", "s"),
             N("SequenceInsert", "s x", "s2"), N("SequenceAt", "s2 zero", "y")]
    suite.add("type_sequence_inside", M(
        nodes, [V("x")], [V("y")], [T("zero", 0, np.int64)]))
    suite.add("type_sequence_output", M(
        nodes, [V("x")], [_typed("s2", sequence), V("y")],
        [T("zero", 0, np.int64)],
        value_info=[_typed("s", sequence)]), ort=False)
    suite.add("type_sequence_input", M(
        [N("Identity", "s", "s2"), N("SequenceLength", "s2", "n"),
         N("ConcatFromSequence", "s2", "y", axis=0)],
        [_typed("s", sequence)], [V("n", [], INT64), V("y", None)]), ort=False)
    deep = helper.make_sequence_type_proto(
        helper.make_sequence_type_proto(_tensor_type(None)))
    suite.add("type_sequence_of_sequences", M(
        [N("Frob", "s", "y", domain=_CUSTOM)], [_typed("s", deep)],
        [_typed("y", deep)], domains={_CUSTOM: 1}), ort=False)
    optional = helper.make_optional_type_proto
    for opset in (15, 18):
        suite.add(f"type_optional_opset{opset}", M(
            [N("Optional", "x", "o"), N("OptionalHasElement", "o", "has"),
             N("OptionalGetElement", "o", "y"),
             N("Optional", "", "none", type=tensor),
             N("OptionalHasElement", "none", "has_none")], [V("x")],
            [V("y"), V("has", [], BOOL), V("has_none", [], BOOL)],
            opset=opset))
    suite.add("type_optional_input_output", M(
        [N("Identity", "o", "p"), N("OptionalHasElement", "p", "has")],
        [_typed("o", optional(tensor)), _typed("q", optional(sequence))],
        [_typed("p", optional(tensor)), V("has", [], BOOL),
         _typed("q", optional(sequence))]), ort=False)
    maps = _map_type(STRING, _tensor_type([], FLOAT))
    suite.add("type_map_input", M(
        [N("DictVectorizer", "m", "y", domain="ai.onnx.ml",
           string_vocabulary=["a", "b"])], [_typed("m", maps)],
        [V("y", [1, 2])], domains={"ai.onnx.ml": 3}), ort=False)
    zip_type = helper.make_sequence_type_proto(
        _map_type(INT64, _tensor_type([], FLOAT)))
    suite.add("type_map_output", M(
        [N("ZipMap", "x", "z", domain="ai.onnx.ml",
           classlabels_int64s=[4, 5, 6])], [V("x")],
        [_typed("z", zip_type)], domains={"ai.onnx.ml": 3}), ort=False)
    sparse = helper.make_sparse_tensor_type_proto(FLOAT, [2, 3])
    opaque = _opaque_type(_CUSTOM, "Handle")
    odd = {"sparse": sparse, "opaque": opaque,
           "sequence_of_opaque": helper.make_sequence_type_proto(opaque),
           "map_of_maps": _map_type(INT64, maps)}
    suite.add("type_sparse_opaque_custom_nodes", M(
        [N("Frob", "in_" + k, "out_" + k, domain=_CUSTOM) for k in odd],
        [_typed("in_" + k, t) for k, t in odd.items()],
        [_typed("out_" + k, t) for k, t in odd.items()],
        domains={_CUSTOM: 1}), ort=False)
    suite.add("type_newer_elements_at_interface", M(
        [N("Cast", "x", "f8", to=17), N("Cast", "f8", "y", to=FLOAT),
         N("Cast", "x", "i4", to=22)], [V("x")],
        [V("y"), V("i4", (2, 3), 22)], opset=21), ort=False)


def _shapes(suite):
    suite.add("dims_named_missing_zero", M(
        [N("Relu", "x", "y"), N("Neg", "z", "w"), N("Abs", "e", "f")],
        [V("x", ["batch", None, 3]), V("z", [1, "batch"]), V("e", [0, 2])],
        [V("y", ["batch", "other", 3]), V("w", [None, None]), V("f", [0, 2])]))
    suite.add("dims_unknown_rank", M(
        [N("Relu", "x", "y")], [V("x", None)], [V("y", None)]))
    suite.add("dims_scalar_input", M(
        [N("Relu", "x", "y")], [V("x", [])], [V("y", [])]))
    model = M([N("Relu", "x", "y")], [V("x", [1, "C", 2, 3])],
              [V("y", [1, "C", 2, 3])])
    for value in (model.graph.input[0], model.graph.output[0]):
        value.type.denotation = "IMAGE"
        names = ("DATA_BATCH", "DATA_CHANNEL", "DATA_FEATURE", "DATA_FEATURE")
        for dim, denotation in zip(value.type.tensor_type.shape.dim, names):
            dim.denotation = denotation
    suite.add("denotations", model)
    model = M([N("Relu", "x", "y")], [V("x", ["", 3])], [V("y", ["", 3])])
    suite.add("dims_empty_name", model)
    model = M([N("Relu", "x", "y")], [V("x", [-1, 3])], [V("y", [-1, 3])])
    suite.add("dims_minus_one", model)
    names = ["a + b", "2*N", "N/2", "floor(N/2)", "dim 1", "ß", "9"]
    suite.add("dims_odd_names", M(
        [N("Relu", "x", "y")], [V("x", names)], [V("y", names)]))


def _all_attributes():
    """One attribute of every kind, with the values that are easily lost."""
    sparse = SparseTensorProto(dims=[4])
    sparse.values.CopyFrom(T("", [1.0, 2.0]))
    sparse.indices.CopyFrom(T("", [0, 3], np.int64))
    inner = G([N("Add", "captured x", "sub"),
               N("Frob", "sub", "sub2", domain=_CUSTOM)], [], [V("sub2", None)],
              [Ramp("inner", 3)], name="body")
    other = G([], [V("p")], [V("p")], name="pass")
    values = {
        "float": 1.5, "float_nan": math.nan, "float_negative_zero": -0.0,
        "float_zero": 0.0, "int": 7, "int_min": -2**63, "int_zero": 0,
        "string": "text", "string_bytes": b"\xff\x00\x80", "string_empty": "",
        "tensor": Ramp("named", 2), "tensor_unnamed": T("", 3, np.int32),
        "graph": inner, "floats": [0.5, -math.inf, math.nan],
        "ints": [2**63 - 1, 0, -1], "strings": [b"a", b"", b"\xfe"],
        "tensors": [Ramp("t0", 2), T("t1", [1], np.int64)],
        "graphs": [inner, other], "sparse_tensor": sparse,
        "sparse_tensors": [sparse, sparse], "type_proto": _tensor_type(["N"]),
        "type_protos": [_tensor_type(None), helper.make_sequence_type_proto(
            _tensor_type([], STRING)), _opaque_type(_CUSTOM, "H")],
    }
    result = [helper.make_attribute(k, v) for k, v in values.items()]
    for kind in ("FLOATS", "INTS", "STRINGS", "TENSORS", "GRAPHS",
                 "SPARSE_TENSORS", "TYPE_PROTOS"):
        result.append(AttributeProto(name="empty_" + kind.lower(),
                                     type=getattr(AttributeProto, kind)))
    result[0].doc_string = "the documentation of an attribute"
    return result


def _attributes(suite):
    node = N("Frob", "captured", "y", domain=_CUSTOM)
    node.attribute.extend(_all_attributes())
    model = M([N("Relu", "x", "captured"), node], [V("x")], [V("y")],
              domains={_CUSTOM: 1})
    suite.add("attributes_of_every_kind", model, ort=False)
    # Readers accept packed scalars although ONNX's writers do not pack these.
    conv = M([N("Transpose", "x", "t", perm=[1, 0]), N("Relu", "t", "y")],
             [V("x")], [V("y", [3, 2])])
    suite.add("attributes_packed", wire.edit(
        conv.SerializeToString(), [7, 1, 5],
        lambda a: wire.replace(a, 8, lambda _: b"") + wire.packed(8, [1, 0])))
    order = M([N("Conv", "x w", "y", strides=[1, 1], pads=[0, 0, 0, 0],
                 kernel_shape=[1, 1], group=1)], [V("x", [1, 2, 3, 3])],
              [V("y", [1, 4, 3, 3])], [Ramp("w", 4, 2, 1, 1)])
    order.graph.node[0].attribute.sort(key=lambda a: a.name, reverse=True)
    suite.add("attributes_unsorted_and_at_their_defaults", order)
    suite.add("attributes_legacy_consumed_inputs_opset01", M(
        [N("Relu", "x", "y", consumed_inputs=[0])], [V("x")], [V("y")],
        opset=1), ort=False)


def _prop(number, where):
    return wire.entry(number, "key of " + where, "value of " + where)


def _texts(suite):
    """doc_string and metadata_props wherever a message has them (IR 10)."""
    def described(message, where, prop):
        message.doc_string = "documentation of " + where
        return wire.merge(message, _prop(prop, where), wire.entry(
            prop, "", ""), _prop(prop, where))

    body = described(G([described(N("Relu", "x", "t", name="inner"),
                                  "a nested node", 9)], [],
                       [described(V("t"), "a nested output", 4)], name="then"),
                     "a nested graph", 16)
    function = described(F("local", "Twice", "a", "b", [
        described(N("Add", "a a", "b"), "a function node", 9)], {"": 21}),
                         "a function", 14)
    model = M(
        [described(N("If", "cond", "i", name="if", then_branch=body,
                     else_branch=G([N("Neg", "x", "e")], [], [V("e")])),
                   "a node", 9), N("Identity", "i", "i2", doc_string="dropped"),
         N("Add", "i2 w", "s"), N("Twice", "s", "y", domain="local")],
        [described(V("x"), "an input", 4), V("cond", [], BOOL)],
        [described(V("y"), "an output", 4)],
        [described(Ramp("w", 2, 3), "a tensor", 16)], opset=21,
        domains={"local": 1}, functions=[function],
        value_info=[described(V("i"), "an intermediate value", 4)])
    described(model.graph, "the graph", 16)
    described(model, "the model", 14)
    model.producer_name, model.producer_version = "maker", "1.2.3"
    model.domain, model.model_version = "org.example", 2**40
    suite.add("texts_everywhere", model)

    model = M([N("Relu", "x", "a", name="r", doc_string=""),
               N("Add", "a w", "y", domain="")], [V("x")], [V("y")],
              [Ramp("w", 2, 3)])
    graph = model.graph
    for message in (model, graph, graph.node[0], graph.node[1],
                    graph.input[0], graph.output[0], graph.initializer[0]):
        message.doc_string = ""
    graph.node[1].name = ""
    graph.node[0].domain = "ai.onnx"
    model.producer_name = model.producer_version = model.domain = ""
    model.model_version = 0
    model.metadata_props.add(key="", value="")
    graph.input[0].type.denotation = ""
    graph.initializer[0].data_location = TensorProto.DEFAULT
    suite.add("texts_empty_but_present", model)
    graph.name = ""
    suite.add("texts_empty_graph_name", model)


def _training(suite):
    model = M([N("MatMul", "x w", "y")], [V("x")], [V("y", [2, 4])],
              [Ramp("w", 3, 4), T("step", 0, np.int64), Ramp("rate")],
              opset=15, domains={"ai.onnx.preview.training": 1})
    init = G([N("RandomNormal", "", "w0", shape=[3, 4])], [],
             [V("w0", [3, 4])], name="initialization")
    algorithm = G(
        [N("MatMul", "x w", "out"), N("Sub", "out target", "diff"),
         N("Transpose", "x", "xt"), N("MatMul", "xt diff", "grad"),
         N("Mul", "grad rate", "delta"), N("Sub", "w delta", "w_new"),
         N("Add", "step one", "step_new")],
        [V("target", [2, 4])], [V("w_new", [3, 4]), V("step_new", [], INT64)],
        [T("one", 1, np.int64)], name="algorithm")
    info = model.training_info.add()
    info.initialization.CopyFrom(init)
    info.algorithm.CopyFrom(algorithm)
    info.initialization_binding.add(key="w", value="w0")
    info.update_binding.add(key="w", value="w_new")
    info.update_binding.add(key="step", value="step_new")
    second = model.training_info.add()
    second.algorithm.CopyFrom(G([N("Mul", "w half", "decayed")], [],
                                [V("decayed", [3, 4])], [T("half", 0.5)],
                                name="decay"))
    second.update_binding.add(key="w", value="decayed")
    suite.add("training_info", model)


_UNKNOWN = (wire.integer(1000, -5) + wire.fixed32(1001, 0xDEADBEEF) +
            wire.fixed64(1002, 2**63 + 1) + wire.data(1003, b"\0bytes\xff") +
            wire.group(1004, wire.integer(1, 3), wire.group(
                2, wire.data(3, "nested"))) + wire.data(1003, b"") +
            wire.integer(536870911, 1))


def _mark_all(message):
    """Adds unknown fields to this message and each one below it."""
    for field, value in message.ListFields():
        if field.message_type:
            for sub in (value if field.label == field.LABEL_REPEATED
                        else [value]):
                _mark_all(sub)
    wire.merge(message, _UNKNOWN)


def _unknown_fields(suite):
    body = {"then_branch": G([N("Relu", "x", "t")], [], [V("t")]),
            "else_branch": G([N("Add", "x w", "e")], [], [V("e")])}
    attribute_types = _typed("q", helper.make_optional_type_proto(
        helper.make_sequence_type_proto(_tensor_type(["N", 3]))))
    sparse = SparseTensorProto(dims=[2, 3])
    sparse.values.CopyFrom(T("sparse", [1.0]))
    sparse.indices.CopyFrom(T("sparse_at", [2], np.int64))
    model = M([N("If", "cond", "i", **body), N("Constant", "", "c", value=Ramp(
        "", 2, 3)), N("Add", "i c", "s"), N("Add", "s sparse", "f"),
               N("Act", "f", "y", domain="local")],
              [V("x"), V("cond", [], BOOL)], [V("y")], [Ramp("w", 2, 3)],
              sparse_initializer=[sparse], value_info=[V("s"), attribute_types],
              functions=[F("local", "Act", "a", "b", [N("Neg", "a", "b")],
                           {"": 17})], domains={"local": 1})
    model.metadata_props.add(key="k", value="v")
    model.graph.quantization_annotation.add(
        tensor_name="w").quant_parameter_tensor_names.add(
            key="SCALE_TENSOR", value="c")
    model.training_info.add().update_binding.add(key="w", value="c")
    _mark_all(model)
    suite.add("unknown_fields_everywhere", model)
    mapped = _map_type(INT64, helper.make_sparse_tensor_type_proto(
        FLOAT, ["N"]))
    model = M([N("Frob", "m", "n", domain=_CUSTOM)], [_typed("m", mapped)],
              [_typed("n", mapped)], domains={_CUSTOM: 1})
    _mark_all(model)
    suite.add("unknown_fields_in_types", model, ort=False)


def _devices(suite):
    """Multi-device messages (IR 11): ModelProto.configuration and the nodes'
    device_configurations."""
    sharding = wire.data(
        2, wire.data(1, "a"), wire.integer(2, 0), wire.integer(2, 1),
        wire.data(3, wire.integer(1, -1), wire.integer(2, 0),
                  wire.integer(2, 1)),
        wire.data(4, wire.integer(1, 0), wire.data(2, wire.integer(1, 2),
                                                   wire.integer(3, 2))),
        wire.data(4, wire.integer(1, 1), wire.data(2, wire.data(2, "N"),
                                                   wire.integer(3, 1))))
    node = wire.merge(N("Add", "a w", "y", name="sharded"), wire.data(
        10, wire.data(1, "two"), sharding, wire.integer(3, 1)),
                      wire.data(10, wire.data(1, "one")))
    model = M([N("Identity", "x", "a"), node], [V("x")], [V("y")],
              [Ramp("w", 2, 3)], opset=23)
    wire.merge(model, wire.data(26, wire.data(1, "two"), wire.integer(2, 2),
                                wire.data(3, "cpu:0"), wire.data(3, "cpu:1")),
               wire.data(26, wire.data(1, "one"), wire.integer(2, 1)))
    suite.add("device_configurations", model)


def _encodings(suite):
    """Legal spellings of a message that no ONNX writer uses."""
    model = M([N("Add", "x w", "a"), N("Relu", "a", "y")], [V("x")], [V("y")],
              [Ramp("w", 2, 3)])
    content = model.SerializeToString()
    reverse = lambda m: b"".join(
        whole for *_, whole in sorted(wire.fields(m), key=lambda f: -f[0]))
    suite.add("encoding_fields_reversed", reverse(wire.edit(
        wire.edit(content, [7, 5], reverse), [7, 1], reverse)))
    # The last of several scalars counts; several messages are merged.
    suite.add("encoding_scalar_repeated", wire.integer(1, 3) + content)
    graph = list(wire.fields(model.graph.SerializeToString()))
    halves = [b"".join(whole for n, _, _, whole in graph if (n == 1) == first)
              for first in (True, False)]
    suite.add("encoding_graph_in_two_parts", wire.replace(
        content, 7, lambda _: wire.data(7, halves[0]) + wire.data(
            7, halves[1])))
    suite.add("encoding_long_varint", wire.replace(
        content, 1, lambda v: b"\x08" + bytes([v | 0x80, 0x80, 0x80, 0])))


def generate(suite):
    _types(suite)
    _shapes(suite)
    _attributes(suite)
    _texts(suite)
    _training(suite)
    _unknown_fields(suite)
    _devices(suite)
    _encodings(suite)
