# SPDX-License-Identifier: Apache-2.0
"""Files that must be refused with an error that names the place."""

import json
import os
import random

import numpy as np
from onnx import (AttributeProto, ModelProto, SparseTensorProto, TensorProto,
                  helper)

import wire
from gen_common import (F, FLOAT, G, INT64, M, N, Ramp, Ref, STRING, Suite, T,
                        V)

_DEPTH = 10000


class BadSuite(Suite):
    """Models beside the substrings that their error must contain."""

    def __init__(self, outdir):
        super().__init__(outdir)
        self.expected = {}

    def bad(self, name, model, *substrings):
        """Without substrings, the error must name the file at least."""
        if isinstance(model, ModelProto):
            model = model.SerializeToString(deterministic=True)
        file = name + ".onnx"
        assert file not in self.expected
        self.write(file, model)
        self.expected[file] = list(substrings) or [file]

    def finish(self):
        with open(self.path("index.json"), "w", encoding="utf-8") as f:
            json.dump(self.expected, f, indent=1)


def _model(nodes=None, inits=(), **kwargs):
    return M(nodes or [N("Add", "x weight", "y", name="add")],
             [V("x")], [V("y")], inits, **kwargs)


def _with_tensor(tensor):
    """A model with this initializer, `weight`, read as any type can be."""
    return M([N("Shape", "weight", "y")], [V("x")], [V("y", [None], INT64)],
             [tensor])


def _files(suite):
    content = _model(inits=[Ramp("weight", 2, 3)]).SerializeToString()
    graph_at = content.index(wire.tag(7, wire.LEN))
    raw_at = content.index(Ramp("weight", 2, 3).raw_data)
    cuts = {"in_first_field": 1, "after_graph_tag": graph_at + 1,
            "in_graph": graph_at + 20, "in_raw_data": raw_at + 5,
            "in_last_field": len(content) - 1}
    for name, cut in cuts.items():
        suite.bad("truncated_" + name, content[:cut])
    suite.bad("truncated_before_graph", content[:graph_at])
    for seed in range(4):
        noise = random.Random(seed)
        suite.bad(f"random_bytes_{seed}", bytes(
            noise.randrange(256) for _ in range(64 << seed)))
    suite.bad("empty_file", b"")
    suite.bad("text_file", b"this is not a model\n" * 10)
    suite.bad("zeros", bytes(4096))
    suite.bad("graph_missing", wire.replace(content, 7, lambda _: b""))
    suite.bad("opset_import_missing", wire.replace(content, 8, lambda _: b""))


def _wire_format(suite):
    content = _model(inits=[Ramp("weight", 2, 3)]).SerializeToString()
    ten = b"\xff" * 10 + b"\x01"
    suite.bad("varint_overflow", wire.tag(1, wire.VARINT) + ten + content)
    suite.bad("varint_overflow_in_dims", wire.edit(
        content, [7, 5], lambda t: wire.tag(1, wire.VARINT) + ten + t))
    suite.bad("length_beyond_file", content + wire.tag(
        6, wire.LEN) + wire.varint(1 << 40))
    suite.bad("length_beyond_message", wire.edit(
        content, [7, 1], lambda n: n + wire.tag(6, wire.LEN) +
        wire.varint(5000)))
    suite.bad("length_of_64_bits", content + wire.tag(6, wire.LEN) +
              wire.varint(2**64 - 1))
    suite.bad("field_number_zero", content + wire.integer(0, 1))
    suite.bad("wire_type_6", content + b"\x36" + b"\0" * 8)
    suite.bad("end_group_without_start", content + wire.tag(
        1000, wire.END_GROUP))
    suite.bad("group_not_closed", content + wire.tag(1000, wire.START_GROUP))
    suite.bad("groups_nested_deep", content + b"".join(
        wire.tag(1000, wire.START_GROUP) for _ in range(_DEPTH)) + b"".join(
            wire.tag(1000, wire.END_GROUP) for _ in range(_DEPTH)))
    # Known fields whose wire type is not the schema's.
    suite.bad("wrong_wire_type_graph", wire.replace(
        content, 7, lambda _: wire.integer(7, 5)))
    suite.bad("wrong_wire_type_ir_version", wire.replace(
        content, 1, lambda _: wire.data(1, "8")))
    suite.bad("wrong_wire_type_data_type", wire.edit(
        content, [7, 5], lambda t: wire.replace(
            t, 2, lambda _: wire.fixed32(2, 1))), "weight")
    suite.bad("wrong_wire_type_raw_data", wire.edit(
        content, [7, 5], lambda t: wire.replace(
            t, 9, lambda _: wire.fixed64(9, 1))), "weight")


def _external(name, keys, dims=(2, 3)):
    tensor = TensorProto(name=name, data_type=FLOAT, dims=dims,
                         data_location=TensorProto.EXTERNAL)
    for key, value in keys.items():
        tensor.external_data.add(key=key, value=str(value))
    return _with_tensor(tensor)


def _external_data(suite):
    suite.write("six_floats.bin", Ramp("", 2, 3).raw_data)
    secret = os.path.join(os.path.dirname(suite.dir), "outside.bin")
    with open(secret, "wb") as f:
        f.write(Ramp("", 2, 3).raw_data)
    links = {"escape_link.bin": "../outside.bin", "escape_dir": ".."}
    for link, target in links.items():
        if os.path.lexists(suite.path(link)):
            os.unlink(suite.path(link))
        os.symlink(target, suite.path(link))
    os.makedirs(suite.path("folder.bin"), exist_ok=True)
    here = "six_floats.bin"
    cases = {
        "missing_file": {"location": "no_such_file.bin"},
        "absolute": {"location": os.path.abspath(secret)},
        "dot_dot": {"location": "../outside.bin"},
        "dot_dot_inside": {"location": "sub/../../outside.bin"},
        "symlink_escapes": {"location": "escape_link.bin"},
        "symlinked_folder_escapes": {"location": "escape_dir/outside.bin"},
        "is_folder": {"location": "folder.bin"},
        "is_dev_zero": {"location": "/dev/zero"},
        "location_empty": {"location": ""},
        "location_missing": {"offset": 0, "length": 24},
        "length_beyond_file": {"location": here, "offset": 4, "length": 24},
        "offset_beyond_file": {"location": here, "offset": 100},
        "offset_overflows": {"location": here, "offset": 2**64 - 4,
                             "length": 24},
        "offset_beyond_uint64": {"location": here, "offset": 10**30},
        "offset_negative": {"location": here, "offset": -4},
        "offset_not_a_number": {"location": here, "offset": "four"},
        "length_too_short": {"location": here, "offset": 0, "length": 20},
        "length_too_long": {"location": here, "offset": 0, "length": 25},
        "length_negative": {"location": here, "offset": 0, "length": -24},
    }
    for name, keys in cases.items():
        suite.bad("external_" + name, _external("weight", keys), "weight")
    suite.bad("external_length_longer_than_shape", _external(
        "weight", {"location": here, "offset": 0, "length": 24}, [2, 2]),
              "weight")
    suite.bad("external_file_shorter_than_shape", _external(
        "weight", {"location": here}, [2, 4]), "weight")
    suite.bad("external_string_tensor", _with_tensor(TensorProto(
        name="weight", data_type=STRING, dims=[1],
        data_location=TensorProto.EXTERNAL, external_data=[
            {"key": "location", "value": here}])), "weight")


def _tensors(suite):
    def bad(name, data_type=FLOAT, dims=(2, 3), **fields):
        suite.bad("tensor_" + name, _with_tensor(TensorProto(
            name="weight", data_type=data_type, dims=dims, **fields)),
                  "weight")

    bad("raw_too_short", raw_data=bytes(20))
    bad("raw_too_long", raw_data=bytes(28))
    bad("raw_not_whole_elements", raw_data=bytes(23))
    bad("raw_empty", raw_data=b"")
    bad("no_data")
    bad("scalar_without_data", dims=())
    bad("int4_raw_too_long", data_type=22, dims=[3], raw_data=bytes(3))
    bad("int2_raw_too_short", data_type=26, dims=[5], raw_data=bytes(1))
    bad("typed_too_few", float_data=[1.0] * 5)
    bad("typed_too_many", float_data=[1.0] * 7)
    bad("typed_int32_too_few", data_type=TensorProto.INT8,
        int32_data=[1] * 5)
    bad("typed_in_wrong_field", double_data=[1.0] * 6)
    bad("typed_complex_half", data_type=TensorProto.COMPLEX64, dims=[3],
        float_data=[1.0] * 3)
    bad("strings_too_few", data_type=STRING, dims=[2], string_data=[b"a"])
    bad("strings_in_raw_data", data_type=STRING, dims=[2], raw_data=b"ab")
    bad("raw_and_typed", raw_data=bytes(24), float_data=[1.0] * 6)
    bad("data_type_99", data_type=99, raw_data=bytes(24))
    bad("data_type_undefined", data_type=0, raw_data=bytes(24))
    bad("data_type_negative", data_type=-1, raw_data=bytes(24))
    bad("dim_negative", dims=[-2, -3], raw_data=bytes(24))
    bad("dims_overflow", dims=[2**32, 2**32], raw_data=bytes(24))
    bad("dims_overflow_to_six", dims=[2**62, 4, 6], raw_data=bytes(24))
    bad("dims_bytes_overflow", dims=[2**62], raw_data=bytes(24))
    bad("dim_negative_beside_zero", dims=[2**62, 0, -1])
    suite.bad("tensor_in_constant_too_short", _model(
        [N("Constant", "", "c", name="const_node", value=TensorProto(
            name="inner", data_type=FLOAT, dims=[2, 3], raw_data=bytes(4))),
         N("Add", "x c", "y")]), "const_node")


def _sparse_tensors(suite):
    def bad(name, indices, values=(1.0, 2.0), dims=(2, 3), index_dims=None,
            index_type=np.int64):
        sparse = SparseTensorProto(dims=dims)
        sparse.values.CopyFrom(T("weight", values))
        sparse.indices.CopyFrom(T("weight_at", indices, index_type))
        if index_dims:
            del sparse.indices.dims[:]
            sparse.indices.dims.extend(index_dims)
        suite.bad("sparse_" + name, _model(sparse_initializer=[sparse]),
                  "weight")

    bad("linear_index_too_large", [0, 6])
    bad("linear_index_negative", [-1, 0])
    bad("coordinate_too_large", [[0, 0], [0, 3]])
    bad("coordinate_negative", [[0, 0], [0, -1]])
    bad("fewer_indices_than_values", [1])
    bad("indices_of_rank_three", [[[0]], [[1]]])
    bad("coordinates_of_wrong_rank", [[0, 0, 0], [0, 0, 1]])
    bad("indices_not_int64", [0.0, 1.0], index_type=np.float32)
    bad("values_not_a_vector", [0, 1], values=[[1.0, 2.0]])
    bad("dims_negative", [0, 1], dims=(2, -3))
    bad("dims_overflow", [0, 1], dims=(2**40, 2**40))
    bad("indices_size_mismatch", [0, 1], index_dims=[3])


def _graphs(suite):
    suite.bad("cyclic_graph", _model(
        [N("Add", "x cycle_b", "cycle_a", name="cycle_1"),
         N("Relu", "cycle_a", "cycle_b", name="cycle_2"),
         N("Neg", "cycle_b", "y")]), "cycle_")
    suite.bad("cyclic_self", _model(
        [N("Add", "x loop", "loop", name="loop_node"),
         N("Neg", "loop", "y")]), "loop")
    suite.bad("use_before_definition", _model(
        [N("Neg", "later", "y", name="early"),
         N("Relu", "x", "later", name="late")]), "later")
    suite.bad("undefined_input", _model(
        [N("Add", "x ghost", "y", name="add")]), "ghost")
    suite.bad("undefined_output", M(
        [N("Relu", "x", "a")], [V("x")], [V("ghost")]), "ghost")
    suite.bad("undefined_input_in_body", _if([N("Add", "x ghost", "t")]),
              "ghost")
    suite.bad("undefined_output_of_body", _if([N("Relu", "x", "other")],
                                             "ghost"), "ghost")
    suite.bad("used_outside_its_body", M(
        [N("If", "cond", "i", then_branch=G([N("Relu", "x", "hidden")], [],
                                            [V("hidden")]),
           else_branch=G([N("Neg", "x", "e")], [], [V("e")])),
         N("Add", "i hidden", "y")], [V("x"), V("cond", [], 9)], [V("y")]),
              "hidden")
    suite.bad("duplicate_node_output", _model(
        [N("Relu", "x", "twice", name="one"),
         N("Neg", "x", "twice", name="two"), N("Abs", "twice", "y")]),
              "twice")
    suite.bad("duplicate_output_of_one_node", _model(
        [N("TopK", "x k", "twice twice", name="top"),
         N("Abs", "twice", "y")], [T("k", [1], np.int64)]), "twice")
    suite.bad("duplicate_initializer", _model(
        inits=[Ramp("weight", 2, 3), T("weight", np.ones((2, 3)))]), "weight")
    suite.bad("duplicate_input", M(
        [N("Relu", "image", "y")], [V("image"), V("image")], [V("y")]),
              "image")
    suite.bad("duplicate_output_and_input", M(
        [N("Relu", "image", "image"), N("Neg", "image", "y")], [V("image")],
        [V("y")]), "image")
    suite.bad("duplicate_output_and_initializer", _model(
        [N("Relu", "x", "weight"), N("Neg", "weight", "y")],
        [Ramp("weight", 2, 3)]), "weight")
    sparse = SparseTensorProto(dims=[2, 3])
    sparse.values.CopyFrom(T("weight", [1.0]))
    sparse.indices.CopyFrom(T("", [0], np.int64))
    suite.bad("duplicate_sparse_initializer", _model(
        inits=[Ramp("weight", 2, 3)], sparse_initializer=[sparse]), "weight")
    suite.bad("unnamed_input", M(
        [N("Relu", "x", "y")], [V("x"), V("")], [V("y")]))
    suite.bad("unnamed_output", M([N("Relu", "x", "y")], [V("x")],
                                  [V("y"), V("")]))
    suite.bad("operator_unnamed", _model(
        [N("", "x", "y", name="nameless_op")]), "nameless_op")


def _if(then_nodes, output="t"):
    return M([N("If", "cond", "y", name="if", then_branch=G(
        then_nodes, [], [V(output)]), else_branch=G(
            [N("Neg", "x", "e")], [], [V("e")]))],
             [V("x"), V("cond", [], 9)], [V("y")])


def _attributes(suite):
    def bad(name, attribute, *also):
        """`attribute`: a message or the encoded one, of node 'soft'."""
        if not isinstance(attribute, bytes):
            attribute = attribute.SerializeToString()
        content = _model([N("Softmax", "x", "y", name="soft")])
        suite.bad("attribute_" + name, wire.edit(
            content.SerializeToString(), [7, 1],
            lambda n: n + wire.data(5, attribute)), "soft", *also)

    axis = lambda *parts: wire.data(1, "axis") + b"".join(parts)
    bad("type_99", axis(wire.integer(3, 1), wire.integer(20, 99)), "axis")
    bad("type_missing", axis(wire.integer(3, 1)), "axis")
    bad("type_undefined", axis(wire.integer(3, 1), wire.integer(20, 0)),
        "axis")
    bad("without_name", wire.integer(3, 1) + wire.integer(20, 2))
    bad("kind_is_not_its_field", axis(wire.data(4, "text"),
                                      wire.integer(20, 2)), "axis")
    bad("graph_kind_without_graph", axis(wire.integer(20, 5)), "axis")
    bad("tensor_kind_without_tensor", axis(wire.integer(20, 4)), "axis")
    bad("two_values", axis(wire.integer(3, 1), wire.data(4, "text"),
                           wire.integer(20, 2)), "axis")
    bad("reference_in_main_graph", Ref("axis", AttributeProto.INT, "outer"),
        "axis")
    suite.bad("attribute_reference_in_main_graph_body", _if([
        _reference_node()]), "axis")
    twice = N("Softmax", "x", "y", name="soft", axis=1)
    twice.attribute.append(helper.make_attribute("axis", 0))
    suite.bad("attribute_given_twice", _model([twice]), "soft", "axis")


def _reference_node():
    node = N("Softmax", "x", "t", name="soft")
    node.attribute.append(Ref("axis", AttributeProto.INT, "outer"))
    return node


def _domains_and_functions(suite):
    relu = [N("Relu", "a", "b")]
    call = [N("Fn", "x", "y", name="call", domain="local")]

    def model(*functions, nodes=None, **kwargs):
        return _model(nodes or call, domains={"local": 1},
                      functions=functions, **kwargs)

    contradiction = _model([N("Relu", "x", "y")])
    contradiction.opset_import.add(domain="", version=13)
    suite.bad("opset_imports_contradict", contradiction)
    spelt = _model([N("Relu", "x", "y")])
    spelt.opset_import.add(domain="ai.onnx", version=13)
    suite.bad("opset_imports_contradict_spelt_out", spelt)
    custom = _model([N("Relu", "x", "y")])
    for version in (1, 2):
        custom.opset_import.add(domain="org.example", version=version)
    suite.bad("opset_imports_contradict_custom", custom, "org.example")
    fn = F("local", "Fn", "a", "b", relu, {"": 17})
    suite.bad("functions_duplicate", model(fn, F(
        "local", "Fn", "a", "b", [N("Neg", "a", "b")], {"": 17})), "Fn")
    suite.bad("functions_duplicate_overload", model(*(wire.merge(
        F("local", "Fn", "a", "b", relu, {"": 17}), wire.data(13, "same"))
        for _ in range(2)), nodes=[wire.merge(
            N("Fn", "x", "y", domain="local"), wire.data(8, "same"))],
                                                opset=21), "Fn")
    both = {"": 17, "local": 1}
    suite.bad("function_recursive", model(F(
        "local", "Fn", "a", "b", [N("Fn", "a", "b", domain="local")], both)),
              "Fn")
    suite.bad("functions_recursive_mutually", model(
        F("local", "FnOne", "a", "b", [N("FnTwo", "a", "b", domain="local")],
          both),
        F("local", "FnTwo", "a", "b", [N("FnOne", "a", "b", domain="local")],
          both), nodes=[N("FnOne", "x", "y", domain="local")]), "Fn")
    body = G([N("Fn", "a", "t", domain="local")], [], [V("t", None)])
    suite.bad("function_recursive_through_body", model(F(
        "local", "Fn", "a flag", "b", [N("If", "flag", "b", then_branch=body,
                                         else_branch=body)], both)), "Fn")
    suite.bad("function_unnamed", model(fn, F(
        "local", "", "a", "b", relu, {"": 17})))
    suite.bad("function_undefined_value", model(F(
        "local", "Fn", "a", "b", [N("Add", "a ghost", "b")], {"": 17})),
              "ghost")
    suite.bad("function_captures_from_main_graph", model(F(
        "local", "Fn", "a", "b", [N("Add", "a weight", "b")], {"": 17}),
        inits=[Ramp("weight", 2, 3)]), "weight")
    suite.bad("function_output_undefined", model(F(
        "local", "Fn", "a", "ghost", relu, {"": 17})), "ghost")
    suite.bad("function_duplicate_input", model(F(
        "local", "Fn", "a a", "b", relu, {"": 17})), "Fn")
    suite.bad("function_duplicate_value", model(F(
        "local", "Fn", "a", "b", relu + [N("Neg", "a", "b")], {"": 17})),
              "Fn")


def _nested(depth, *layers):
    """Wraps a message `depth` times.

    Each layer is (field number, bytes before, bytes after): the message inside
    becomes that field of a message with those bytes around it.  Lengths are
    known from the inside out, so the time is linear in the result.
    """
    before, after, size = [], [], 0
    for _ in range(depth):
        for number, head, tail in layers:
            head = head + wire.tag(number, wire.LEN) + wire.varint(size)
            before.append(head)
            after.append(tail)
            size += len(head) + len(tail)
    return b"".join(reversed(before)) + b"".join(after)


def _deep(suite):
    # graph { node { attribute { g: graph {...} } } }
    attribute = (6, wire.data(1, "then_branch"), wire.integer(20, 5))
    node = (5, wire.data(1, "cond") + wire.data(2, "v") + wire.data(4, "If"),
            b"")
    graph = (1, b"", wire.data(2, "g"))
    content = _model([N("Relu", "x", "y")]).SerializeToString()
    suite.bad("deep_subgraphs", wire.replace(
        content, 7, lambda g: wire.data(
            7, g, _nested(_DEPTH, attribute, node, graph))))
    # input { type { sequence_type { elem_type {...} } } }
    types = _nested(_DEPTH, (1, b"", b""), (4, b"", b""))
    suite.bad("deep_sequence_types", wire.edit(
        content, [7], lambda g: g + wire.data(
            11, wire.data(1, "deep_input"), wire.data(2, types))))
    optionals = _nested(_DEPTH, (1, b"", b""), (9, b"", b""))
    suite.bad("deep_optional_types_of_attribute", wire.edit(
        content, [7, 1], lambda n: n + wire.data(
            5, wire.data(1, "type"), wire.integer(20, 13),
            wire.data(14, optionals))))
    deep = wire.data(7, wire.data(4, "If"), wire.data(
        5, wire.data(1, "then_branch"), wire.integer(20, 5), wire.data(
            6, _nested(_DEPTH, attribute, node, graph))))
    suite.bad("deep_subgraphs_in_function", content + wire.data(
        25, wire.data(1, "Fn"), wire.data(10, "local"), deep, wire.data(
            9, wire.data(1, ""), wire.integer(2, 17))))


def generate(outdir):
    suite = BadSuite(outdir)
    _files(suite)
    _wire_format(suite)
    _external_data(suite)
    _tensors(suite)
    _sparse_tensors(suite)
    _graphs(suite)
    _attributes(suite)
    _domains_and_functions(suite)
    _deep(suite)
    suite.finish()
    return len(suite.expected)
