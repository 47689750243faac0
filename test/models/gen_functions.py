# SPDX-License-Identifier: Apache-2.0
"""Model-local functions."""

import numpy as np
from onnx import AttributeProto, TensorProto, helper

import wire
from gen_common import BOOL, F, FLOAT, G, INT64, M, N, Ramp, Ref, T, V

_LOCAL = {"local": 1}


def _with(node, *attributes):
    node.attribute.extend(attributes)
    return node


def _call(suite, name, functions, nodes=None, inits=(), ort=True, opset=17,
          domains=None, deterministic=True, **kwargs):
    """A model whose nodes (by default one call of Fn) make y of x."""
    nodes = nodes or [N("Fn", "x", "y", domain="local")]
    suite.add("function_" + name,
              M(nodes, [V("x")], [V("y")],
                inits, opset=opset, domains={**_LOCAL, **(domains or {})},
                functions=functions, **kwargs), ort, deterministic)


def _plain(suite):
    for opset in (15, 18, 21, 23):
        _call(suite, f"simple_opset{opset}", [F(
            "local", "Fn", "a", "b", [N("Relu", "a", "t"), N("Neg", "t", "b")],
            {"": opset})], opset=opset)
    _call(suite, "nested_calls", [
        F("local", "Inner", "a w", "b", [N("Add", "a w", "t"),
                                         N("Abs", "t", "b")], {"": 17}),
        F("local", "Middle", "a", "b",
          [N("Constant", "", "w", value=Ramp("w", 2, 3)),
           N("Inner", "a w", "t", domain="local"),
           N("Inner", "t w", "b", domain="local")], {"": 17, **_LOCAL}),
        F("local", "Fn", "a", "b", [N("Middle", "a", "t", domain="local"),
                                    N("Inner", "t a", "b", domain="local")],
          {"": 17, **_LOCAL})])
    # The callee is written after its caller.
    _call(suite, "callee_listed_last", [
        F("local", "Fn", "a", "b", [N("Inner", "a", "b", domain="local")],
          {"": 17, **_LOCAL}),
        F("local", "Inner", "a", "b", [N("Relu", "a", "b")], {"": 17})])
    _call(suite, "unused", [
        F("local", "Fn", "a", "b", [N("Relu", "a", "b")], {"": 17}),
        F("local", "Unused", "a", "b", [N("OnlyHere", "a", "b",
                                          domain="local")],
          {"": 17, **_LOCAL}),
        F("local", "OnlyHere", "a", "b", [N("Neg", "a", "b")], {"": 17})])
    _call(suite, "body_to_clean", [F(
        "local", "Fn", "a", "b",
        [N("Identity", "a", "i"), N("Relu", "i", "r1"), N("Relu", "a", "r2"),
         N("Neg", "r1", "dead"), N("Sum", "r2", "s"), N("Add", "r1 s", "b")],
        {"": 17})])
    _call(suite, "no_inputs_many_outputs", [F(
        "local", "Fn", "", "p q",
        [N("Constant", "", "p", value=Ramp("p", 2, 3)),
         N("Constant", "", "q", value_float=2.0)], {"": 17})],
          [N("Fn", "", "p -", domain="local"),
           N("Fn", "", "- q", domain="local"),
           N("Add", "p q", "s"), N("Add", "x s", "y")])
    _call(suite, "output_is_input", [F(
        "local", "Fn", "a", "a b", [N("Relu", "a", "b")], {"": 17})],
          [N("Fn", "x", "u v", domain="local"), N("Add", "u v", "y")],
          ort=False)
    _call(suite, "optional_input_missing", [F(
        "local", "Fn", "a lo hi", "b", [N("Clip", "a lo hi", "b")],
        {"": 17})],
          [N("Fn", "x - hi", "t", domain="local"),
           N("Fn", "t lo", "y", domain="local")],
          [T("lo", -0.2), T("hi", 0.5)])
    _call(suite, "called_with_two_types", [F(
        "local", "Fn", "a", "b", [N("Mul", "a a", "b")], {"": 17})],
          [N("Fn", "x", "f", domain="local"),
           N("Cast", "x", "xi", to=TensorProto.INT32),
           N("Fn", "xi", "i", domain="local"),
           N("Cast", "i", "fi", to=FLOAT), N("Add", "f fi", "y")])
    body = G([N("Identity", "c", "c_out"), N("Fn", "v", "v_new",
                                             domain="local")],
             [V("i", [], INT64), V("c", [], BOOL), V("v")],
             [V("c_out", [], BOOL), V("v_new")])
    _call(suite, "called_in_a_body", [F(
        "local", "Fn", "a", "b", [N("Tanh", "a", "b")], {"": 17})],
          [N("Loop", "n - x", "y", body=body)], [T("n", 2, np.int64)])
    _call(suite, "same_call_twice", [F(
        "local", "Fn", "a", "b", [N("Tanh", "a", "b")], {"": 17})],
          [N("Fn", "x", "p", domain="local"), N("Fn", "x", "q",
                                                domain="local"),
           N("Add", "p q", "y")])
    _call(suite, "random_called_twice", [F(
        "local", "Fn", "a", "b", [N("RandomUniformLike", "a", "b")],
        {"": 17})],
          [N("Fn", "x", "p", domain="local"), N("Fn", "x", "q",
                                                domain="local"),
           N("Sub", "p q", "y")], deterministic=False)


def _opsets_and_domains(suite):
    # ReduceSum and Squeeze of opset 11 take their axes as attributes.
    old = F("local", "Fn", "a", "b",
            [N("Unsqueeze", "a", "u", axes=[0]),
             N("ReduceSum", "u", "r", axes=[0], keepdims=1),
             N("Squeeze", "r", "b", axes=[0])], {"": 11})
    _call(suite, "older_opset_than_model", [old], opset=17, ort=False)
    new = F("local", "Fn", "a", "b",
            [N("Constant", "", "axes", value_ints=[0]),
             N("Unsqueeze", "a axes", "u"), N("Squeeze", "u axes", "b")],
            {"": 17})
    _call(suite, "older_opset_same_operators", [F(
        "local", "Fn", "a", "b", [N("Sigmoid", "a", "t"),
                                  N("Neg", "t", "b")], {"": 13})])
    _call(suite, "newer_opset_than_model", [new], opset=12, ir=8, ort=False)
    _call(suite, "imports_ai_onnx_spelt_out", [F(
        "local", "Fn", "a", "b", [N("Relu", "a", "b", domain="ai.onnx")],
        {"ai.onnx": 17})], ort=False)
    _call(suite, "calls_com_microsoft", [F(
        "local", "Fn", "a", "b", [N("Gelu", "a", "b",
                                    domain="com.microsoft")],
        {"": 17, "com.microsoft": 1})], domains={"com.microsoft": 1})
    _call(suite, "with_unknown_operator", [F(
        "local", "Fn", "a", "b", [N("Frob", "a", "b",
                                    domain="org.example.ops")],
        {"org.example.ops": 3})], domains={"org.example.ops": 3}, ort=False)
    # A model's own function wins over the operator of that name.
    _call(suite, "shadows_standard_operator", [F(
        "", "Selu", "a", "b", [N("Neg", "a", "b")], {"": 17})],
          [N("Selu", "x", "y")])
    _call(suite, "shadows_identity_and_dropout", [
        F("", "Identity", "a", "b", [N("Neg", "a", "b")], {"": 17}),
        F("", "Dropout", "a", "b", [N("Abs", "a", "b")], {"": 17})],
          [N("Identity", "x", "i"), N("Dropout", "i", "y")])
    _call(suite, "same_name_in_two_domains", [
        F("local", "Fn", "a", "b", [N("Neg", "a", "b")], {"": 17}),
        F("other", "Fn", "a", "b", [N("Abs", "a", "b")], {"": 17})],
          [N("Fn", "x", "p", domain="local"),
           N("Fn", "x", "q", domain="other"), N("Add", "p q", "y")],
          domains={"other": 2})
    _call(suite, "named_like_operator_in_own_domain", [F(
        "local", "Relu", "a", "b", [N("Neg", "a", "b")], {"": 17})],
          [N("Relu", "x", "r", domain="local"), N("Relu", "r", "y")])


def _attribute_references(suite):
    floats, ints = AttributeProto.FLOAT, AttributeProto.INTS
    leaky = F("local", "Fn", "a", "b",
              [_with(N("LeakyRelu", "a", "b"), Ref("alpha", floats, "slope"))],
              {"": 17}, ["slope"])
    _call(suite, "attribute_reference", [leaky],
          [N("Fn", "x", "p", domain="local", slope=0.1),
           N("Fn", "p", "q", domain="local", slope=0.9),
           N("Fn", "p", "q2", domain="local", slope=0.9),
           N("Add", "q q2", "y")])
    # Left out by the caller, the inner attribute has the operator's default.
    _call(suite, "attribute_reference_not_given", [leaky],
          [N("Fn", "x", "y", domain="local")])
    _call(suite, "attribute_reference_in_constant", [F(
        "local", "Fn", "a", "b",
        [_with(N("Constant", "", "shape"), Ref("value_ints", ints, "to")),
         N("Reshape", "a shape", "r"),
         _with(N("Constant", "", "k"), Ref("value_float", floats, "by")),
         N("Mul", "r k", "b")], {"": 17}, ["to", "by"])],
          [N("Fn", "x", "t", domain="local", to=[3, 2], by=2.0),
           N("Fn", "t", "y", domain="local", to=[2, 3], by=-1.0)])
    then = G([_with(N("LeakyRelu", "a", "l"), Ref("alpha", floats, "slope")),
              N("If", "flag", "t", then_branch=G(
                  [_with(N("Elu", "l", "u"), Ref("alpha", floats, "slope"))],
                  [], [V("u", None)]), else_branch=G(
                      [N("Neg", "l", "v")], [], [V("v", None)]))],
             [], [V("t", None)])
    other = G([_with(N("ThresholdedRelu", "a", "e"),
                     Ref("alpha", floats, "slope"))], [], [V("e", None)])
    _call(suite, "attribute_reference_in_nested_bodies", [F(
        "local", "Fn", "a", "b",
        [N("ReduceSum", "a", "s", keepdims=0), N("Greater", "s s", "flag"),
         N("If", "flag", "b", then_branch=then, else_branch=other)],
        {"": 17}, ["slope"])],
          [N("Fn", "x", "y", domain="local", slope=0.25)])
    _call(suite, "attribute_reference_passed_on", [
        leaky, F("local", "Outer", "a", "b",
                 [_with(N("Fn", "a", "b", domain="local"),
                        Ref("slope", floats, "outer_slope"))],
                 {"": 17, **_LOCAL}, ["outer_slope"])],
          [N("Outer", "x", "y", domain="local", outer_slope=0.3)])
    body = G([N("Identity", "c", "c_out"),
              _with(N("LeakyRelu", "v", "w"), Ref("alpha", floats, "slope")),
              N("Add", "w a", "v_new")],
             [V("i", [], INT64), V("c", [], BOOL), V("v", None)],
             [V("c_out", [], BOOL), V("v_new", None)])
    _call(suite, "loop_with_attribute_reference", [F(
        "local", "Fn", "a", "b",
        [N("Constant", "", "n", value_int=2), N("Loop", "n - a", "b",
                                                body=body)],
        {"": 17}, ["slope"])], [N("Fn", "x", "y", domain="local", slope=0.5)])

    def defaults(*attributes):
        return b"".join(wire.data(11, a.SerializeToString())
                        for a in attributes)

    with_default = wire.merge(
        F("local", "Fn", "a", "b",
          [_with(N("LeakyRelu", "a", "t"), Ref("alpha", floats, "slope")),
           _with(N("Constant", "", "k"), Ref("value_float", floats, "by")),
           N("Mul", "t k", "b")], {"": 19}, ["by"]),
        defaults(helper.make_attribute("slope", 0.4)))
    _call(suite, "attribute_defaults", [with_default],
          [N("Fn", "x", "t", domain="local", by=2.0),
           N("Fn", "t", "y", domain="local", by=3.0, slope=0.7)], opset=19)
    kinds = {"i": 3, "s": "text", "empty": "", "fs": [0.5, 1.5],
             "is": [1, 2], "ss": ["a", "b"], "t": Ramp("t", 2)}
    _call(suite, "attribute_defaults_every_kind", [wire.merge(
        F("local", "Fn", "a", "b", [N("Relu", "a", "b")], {"": 19}),
        defaults(*(helper.make_attribute(k, v) for k, v in kinds.items())))],
          opset=19)


def _newer_fields(suite):
    """overload (IR 10), value_info, metadata."""
    def overloaded(name, op):
        return wire.merge(F("local", "Fn", "a", "b", [N(op, "a", "b")],
                            {"": 21}), wire.data(13, name))

    def call(ins, outs, overload):
        return wire.merge(N("Fn", ins, outs, domain="local"),
                          wire.data(8, overload))

    _call(suite, "overloads", [overloaded("neg", "Neg"),
                               overloaded("abs", "Abs"),
                               F("local", "Fn", "a", "b", [N("Relu", "a",
                                                             "b")],
                                 {"": 21})],
          [call("x", "p", "neg"), call("x", "q", "abs"),
           N("Fn", "x", "r", domain="local"), N("Sum", "p q r", "y")],
          opset=21)
    _call(suite, "overload_empty_but_present", [overloaded("", "Neg")],
          [call("x", "y", "")], opset=21)
    infos = [V("t"), V("a"), V("gone", ["N"]), V("b", None)]
    function = F("local", "Fn", "a", "b", [N("Relu", "a", "t"),
                                           N("Neg", "t", "b")], {"": 21})
    function.doc_string = ""
    _call(suite, "value_info_and_metadata", [wire.merge(
        function, *(wire.data(12, v.SerializeToString()) for v in infos),
        wire.entry(14, "pkg.torch.onnx.class", "Fn"))], opset=21)
    _call(suite, "with_training_dropout", [F(
        "local", "Fn", "a", "b m",
        [N("Constant", "", "ratio", value_float=0.5),
         N("Constant", "", "train", value=T("train", True, bool)),
         N("Dropout", "a ratio train", "b m")], {"": 21})],
          [N("Fn", "x", "y m", domain="local")], opset=21,
          deterministic=False)


def generate(suite):
    _plain(suite)
    _opsets_and_domains(suite)
    _attribute_references(suite)
    _newer_fields(suite)
