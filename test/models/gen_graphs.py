# SPDX-License-Identifier: Apache-2.0
"""Nested graphs, names, graph interfaces, value_info, opset and IR versions."""

import numpy as np
from onnx import TensorProto, helper

from gen_common import (BOOL, FLOAT, G, INT64, M, N, Ramp, STRING, T, V, ir_of)


def _versions(suite):
    for opset in range(7, 28):
        # ONNX Runtime 1.30 ends at opset 26.
        suite.add(f"opset{opset:02}_ir{ir_of(opset):02}", _versioned(opset),
                  ort=opset <= 26)
    # A newer container around an older opset, and the reverse.
    suite.add("ir13_opset07", _versioned(7, 13))
    suite.add("ir04_opset07", _versioned(7, 4))
    suite.add("ir03_opset13", _versioned(13, 3))
    suite.add("ir03_opset17", _versioned(17, 3))


def _versioned(opset, ir=None):
    """Operators whose spelling changes between opsets, among redundant ones."""
    ints = {"dtype": np.int64}
    inits = [Ramp("w", 2, 3)]

    def operand(name, value, **kwargs):
        inits.append(T(name, value, **kwargs))
        return name

    nodes = [N("Identity", "x", "x1", name="alias"),
             N("Dropout", "x1", "x2", name="drop"),
             N("Concat", "x2", "x3", axis=0, name="single")]
    if opset < 11:
        nodes.append(N("Clip", "x3", "x4", min=-1.0, max=1.0))
    else:
        nodes.append(N("Clip", ["x3", operand("lo", -1.0), operand("hi", 1.0)],
                       "x4"))
    if opset < 10:
        nodes.append(N("Slice", "x4", "x5", axes=[1], starts=[0], ends=[2]))
    else:
        nodes.append(N("Slice", ["x4", operand("starts", [0], **ints),
                                 operand("ends", [2], **ints),
                                 operand("axes", [1], **ints)], "x5"))
    if opset < 11:
        nodes.append(N("Pad", "x5", "x6", pads=[0, 0, 0, 1]))
    else:
        nodes.append(N("Pad", ["x5", operand("pads", [0, 0, 0, 1], **ints)],
                       "x6"))
    if opset < 13:
        nodes.append(N("Unsqueeze", "x6", "x7", axes=[0]))
        nodes.append(N("ReduceSum", "x7", "x8", axes=[0], keepdims=0))
    else:
        first = operand("first", [0], **ints)
        nodes.append(N("Unsqueeze", ["x6", first], "x7"))
        nodes.append(N("ReduceSum", ["x7", first], "x8", keepdims=0))
    if opset < 18:
        nodes.append(N("ReduceMean", "x8", "mean", axes=[1]))
    else:
        nodes.append(N("ReduceMean", ["x8", operand("last", [1], **ints)],
                       "mean"))
    nodes += [N("Sub", "x8 mean", "centred"), N("Add", "centred w", "sum"),
              N("Softmax", "sum", "y", axis=1),
              N("Relu", "sum", "never_read", name="dead")]
    return M(nodes, [V("x")], [V("y")], inits, opset=opset, ir=ir)


def _branches(then_nodes, else_nodes, **kwargs):
    return {"then_branch": G(then_nodes, [], [V("t", None)], name="then",
                             **kwargs),
            "else_branch": G(else_nodes, [], [V("e", None)], name="else")}


def _loop_body(nodes, state="v", new="v_new", extra=(), inits=(), dims=(2, 3)):
    """A Loop body: iteration, condition and one state value."""
    return G([N("Identity", "cond_in", "cond_out"), *nodes],
             [V("i", [], INT64), V("cond_in", [], BOOL), V(state, dims)],
             [V("cond_out", [], BOOL), V(new, dims), *extra], inits,
             name="loop_body")


_COUNT = T("count", 3, np.int64)
_TRUE = T("go", True, bool)


def _control_flow(suite):
    ifs = _branches([N("Add", "x w", "shared"), N("Mul", "shared x", "t")],
                    [N("Sub", "x w", "shared"), N("Neg", "shared", "e")])
    for opset in (7, 11, 13, 16, 21):
        suite.add(f"if_captures_same_names_opset{opset:02}", M(
            [N("If", "cond", "y", **ifs)], [V("x"), V("cond", [], BOOL)],
            [V("y")], [Ramp("w", 2, 3)], opset=opset))

    body = _loop_body([N("Add", "v inner_w", "a"), N("Mul", "a outer", "v_new"),
                       N("Identity", "v_new", "scanned")],
                      extra=[V("scanned")], inits=[Ramp("inner_w", 2, 3)])
    for opset in (11, 13, 16, 21):
        suite.add(f"loop_captures_scan_output_opset{opset:02}", M(
            [N("Relu", "x", "outer"),
             N("Loop", "count go x", "y all", body=body)], [V("x")],
            [V("y"), V("all", [3, 2, 3])], [_COUNT, _TRUE], opset=opset))

    _scans(suite)
    _nested_three_deep(suite)
    _scoping(suite)
    _loops_with_missing_parts(suite)
    _sequence_map(suite)


def _scans(suite):
    body = G([N("Add", "s row", "sum"), N("Identity", "sum", "s_new"),
              N("Mul", "sum weight", "out_row")],
             [V("s", [3]), V("row", [3])], [V("s_new", [3]), V("out_row", [3])],
             name="scan_body")
    inits = [Ramp("start", 3), Ramp("weight", 3)]
    suite.add("scan_captures_opset11", M(
        [N("Scan", "start x", "last rows", body=body, num_scan_inputs=1,
           scan_input_directions=[1])], [V("x")],
        [V("last", [3]), V("rows")], inits, opset=11))
    # Scan of opset 8 has a batch axis and optional sequence lengths.
    suite.add("scan_batched_opset08", M(
        [N("Scan", "- start x", "last rows", body=body, num_scan_inputs=1)],
        [V("x", [1, 2, 3])], [V("last", [1, 3]), V("rows", [1, 2, 3])],
        [Ramp("start", 1, 3), Ramp("weight", 3)], opset=8))


def _nested_three_deep(suite):
    """If in Scan in Loop; the innermost graphs capture from every level."""
    innermost = _branches(
        [N("Add", "row outer_row", "p"), N("Add", "p v_sum", "t")],
        [N("Sub", "row deep_w", "q"), N("Mul", "q scale", "e")])
    innermost["else_branch"].initializer.append(Ramp("deep_w", 3))
    scan = G([N("Identity", "s", "s_new"),
              N("If", "positive", "out_row", **innermost)],
             [V("s", [3]), V("row", [3])], [V("s_new", [3]), V("out_row", [3])],
             name="scan_in_loop")
    loop = _loop_body(
        [N("ReduceSum", "v", "v_sum", keepdims=0),
         N("Greater", "v_sum zero", "positive"),
         N("Scan", "outer_row v", "last v_new", body=scan, num_scan_inputs=1)])
    suite.add("nested_loop_scan_if_captures", M(
        [N("Loop", "count go x", "y", body=loop)], [V("x")], [V("y")],
        [_COUNT, _TRUE, Ramp("outer_row", 3), T("scale", 0.5), T("zero", 0.0)]))


def _scoping(suite):
    # One name defined in two sibling bodies, and as the name of nodes and
    # graphs.
    inner = _branches([N("Neg", "tmp", "t", name="tmp")],
                      [N("Abs", "tmp", "e", name="tmp")])
    then_nodes = [N("Add", "x x", "tmp", name="n"),
                  N("If", "cond", "picked", name="m", **inner),
                  N("Identity", "picked", "t2")]
    outer = {"then_branch": G(then_nodes, [], [V("t2")], name="same"),
             "else_branch": G([N("Mul", "x x", "tmp", name="n"),
                               N("Relu", "tmp", "t2")], [], [V("t2")],
                              name="same")}
    suite.add("nested_same_names_in_siblings", M(
        [N("If", "cond", "y", name="n", **outer)],
        [V("x"), V("cond", [], BOOL)], [V("y")]))
    # Body inputs named as outer values are.
    shadow = G([N("Identity", "cond", "cond_out"), N("Add", "x w", "x_new")],
               [V("i", [], INT64), V("cond", [], BOOL), V("x")],
               [V("cond_out", [], BOOL), V("x_new")])
    suite.add("nested_body_inputs_shadow_outer_names", M(
        [N("Loop", "count cond x", "y", body=shadow), N("Add", "x y", "z")],
        [V("x"), V("cond", [], BOOL)], [V("z")], [_COUNT, Ramp("w", 2, 3)]))
    # A body initializer named as an outer one, with another value.
    branches = _branches([N("Add", "x w", "t")], [N("Sub", "x w", "e")])
    branches["then_branch"].initializer.append(T("w", np.ones((2, 3))))
    suite.add("nested_body_initializer_shadows_outer", M(
        [N("If", "cond", "a", **branches), N("Add", "a w", "y")],
        [V("x"), V("cond", [], BOOL)], [V("y")], [Ramp("w", 2, 3)]))
    # Bodies that compute nothing: outputs are captures and initializers.
    suite.add("nested_body_outputs_are_captures", M(
        [N("Relu", "x", "r"), N("If", "cond", "y", then_branch=G(
            [N("Identity", "r", "t")], [], [V("t")]), else_branch=G(
                [], [], [V("k")], [Ramp("k", 2, 3)]))],
        [V("x"), V("cond", [], BOOL)], [V("y")]))
    suite.add("nested_branch_output_is_outer_value", M(
        [N("Relu", "x", "r"), N("If", "cond", "y", then_branch=G(
            [], [], [V("r")]), else_branch=G(
                [N("Neg", "x", "e")], [], [V("e")]))],
        [V("x"), V("cond", [], BOOL)], [V("y")]), ort=False)
    untyped = [helper.make_empty_tensor_value_info(n)
               for n in ("i", "c", "v", "c_out", "v_new")]
    suite.add("nested_body_values_without_types", M(
        [N("Loop", "count go x", "y", body=G(
            [N("Identity", "c", "c_out"), N("Neg", "v", "v_new")],
            untyped[:3], untyped[3:]))], [V("x")], [V("y")], [_COUNT, _TRUE]),
              ort=False)
    suite.add("nested_constant_condition", M(
        [N("If", "go", "y", **_branches([N("Relu", "x", "t")],
                                        [N("Neg", "x", "e")])),
         N("Relu", "y", "unused")], [V("x")], [V("y")], [_TRUE]))


def _loops_with_missing_parts(suite):
    body = _loop_body([N("Add", "v one", "v_new")])
    inits = [_COUNT, _TRUE, T("one", 1.0)]
    suite.add("loop_no_condition", M(
        [N("Loop", "count - x", "y", body=body)], [V("x")], [V("y")], inits))
    stops = G([N("Add", "v one", "v_new"), N("ReduceMax", "v_new", "m",
                                             keepdims=0),
               N("Less", "m limit", "cond_out")],
              [V("i", [], INT64), V("cond_in", [], BOOL), V("v")],
              [V("cond_out", [], BOOL), V("v_new")])
    suite.add("loop_no_trip_count", M(
        [N("Loop", "- go x", "y", body=stops)], [V("x")], [V("y")],
        inits + [T("limit", 5.0)]))
    only_scan = G([N("Identity", "c", "c_out"), N("Add", "x one", "out")],
                  [V("i", [], INT64), V("c", [], BOOL)],
                  [V("c_out", [], BOOL), V("out")])
    suite.add("loop_no_state", M(
        [N("Loop", "count go", "all", body=only_scan)], [V("x")],
        [V("all", ["n", 2, 3])], inits))
    # The condition's output is its input, without a node between.
    direct = G([N("Add", "v one", "v_new")],
               [V("i", [], INT64), V("c", [], BOOL), V("v")],
               [V("c", [], BOOL), V("v_new")])
    suite.add("loop_condition_passed_through", M(
        [N("Loop", "count go x", "y", body=direct)], [V("x")], [V("y")], inits))


def _sequence_map(suite):
    body = G([N("Add", "e w", "b"), N("Mul", "b extra", "o")],
             [V("e", None), V("extra", None)], [V("o", None)])
    for opset in (17, 21):
        suite.add(f"sequence_map_opset{opset}", M(
            [N("SequenceConstruct", "x x2", "seq"),
             N("SequenceMap", "seq x", "mapped", body=body),
             N("SequenceAt", "mapped zero", "y")], [V("x"), V("x2")], [V("y")],
            [Ramp("w", 2, 3), T("zero", 0, np.int64)], opset=opset))


def _names(suite):
    odd = ["with space", "/slash/ed", "quote\"d'", "new\nline", "tab\tname",
           "ümlaut", "名前", "back\\slash", "{brace}", "1digit", "a.b:c#d@e%",
           "n" * 2000]
    nodes, last = [], "input x"
    for i, name in enumerate(odd):
        nodes.append(N("Relu" if i % 2 else "Neg", [last], [name], name=name))
        last = name
    suite.add("names_of_every_kind", M(nodes, [V("input x")], [V(last)]))
    suite.add("names_duplicate_nodes", M(
        [N("Relu", "x", "a", name="same"), N("Neg", "a", "b", name="same"),
         N("Abs", "b", "same", name="a")], [V("x")], [V("same")]),
              ort=False)
    suite.add("names_keywords", M(
        [N("Add", "graph float", "true"), N("Neg", "true", "ir_version")],
        [V("graph")], [V("ir_version")], [Ramp("float", 2, 3)]))
    # Names that a tool which numbers its new values would make up itself.
    suite.add("names_like_generated_ones", M(
        [N("Identity", "x", "y_0"), N("Relu", "y_0", "y_1"),
         N("Relu", "y_0", "0"), N("Add", "y_1 0", "y")], [V("x")], [V("y")]))


def _interfaces(suite):
    w = Ramp("w", 2, 3)
    suite.add("output_is_input", M(
        [N("Relu", "x", "y")], [V("x")], [V("x"), V("y")]))
    suite.add("output_is_input_no_nodes", M([], [V("x")], [V("x")]))
    suite.add("output_is_initializer", M(
        [N("Add", "x w", "y")], [V("x")], [V("w"), V("y")], [w]))
    suite.add("output_is_initializer_no_inputs", M([], [], [V("w")], [w]))
    suite.add("output_is_constant_node", M(
        [N("Constant", "", "c", value=w)], [], [V("c")]))
    suite.add("output_same_value_twice", M(
        [N("Relu", "x", "y")], [V("x")], [V("y"), V("y")]))
    suite.add("output_same_value_by_identities", M(
        [N("Relu", "x", "r"), N("Identity", "r", "a"), N("Identity", "r", "b"),
         N("Identity", "b", "c")], [V("x")], [V("a"), V("b"), V("c")]))
    suite.add("output_also_read_inside", M(
        [N("Relu", "x", "y"), N("Neg", "y", "z"), N("Add", "y z", "s")],
        [V("x")], [V("y"), V("s"), V("z")]))
    suite.add("output_equal_initializers", M(
        [N("Add", "x w", "y")], [V("x")], [V("w"), V("w2"), V("y")],
        [w, Ramp("w2", 2, 3)]))
    suite.add("input_unused", M(
        [N("Relu", "x", "y")], [V("x"), V("unused")], [V("y")], [w]))
    suite.add("initializer_is_input_ir03", M(
        [N("Add", "x w", "y")], [V("x"), V("w")], [V("y")], [w], opset=8))
    suite.add("initializer_is_overridable_ir04", M(
        [N("Add", "x w", "a"), N("Add", "a fixed", "y")], [V("x"), V("w")],
        [V("y")], [w, Ramp("fixed", 2, 3)], opset=9))
    suite.add("initializer_is_overridable_ir10", M(
        [N("Identity", "w", "i"), N("Add", "x i", "y")], [V("w"), V("x")],
        [V("y"), V("w")], [w], opset=21))
    suite.add("initializer_overridable_equal_to_fixed", M(
        [N("Add", "x w", "a"), N("Add", "a fixed", "y")], [V("x"), V("w")],
        [V("y")], [w, Ramp("fixed", 2, 3)]))
    suite.add("initializer_overridable_scalar_condition", M(
        [N("If", "go", "y", **_branches([N("Relu", "x", "t")],
                                        [N("Neg", "x", "e")]))],
        [V("x"), V("go", [], BOOL)], [V("y")], [_TRUE]))


def _arity(suite):
    sizes = T("sizes", [1, 1, 4, 6], np.int64)
    x4 = V("x", [1, 1, 2, 3])
    suite.add("optional_input_missing_in_middle", M(
        [N("Clip", "x - hi", "c"),
         N("Resize", "c - - sizes", "y", mode="nearest")], [x4],
        [V("y", [1, 1, 4, 6])], [T("hi", 0.5), sizes], opset=13))
    suite.add("optional_inputs_trailing_empty", M(
        [N("Clip", "x - -", "a"), N("Clip", "a lo -", "y")], [V("x")],
        [V("y")], [T("lo", 0.0)]))
    suite.add("optional_outputs_empty", M(
        [N("Dropout", "x -", "d"), N("MaxPool", "d", "p -",
                                     kernel_shape=[1, 1]),
         N("LSTM", "seq w r - - -", "- h -", hidden_size=2)],
        [x4, V("seq", [3, 1, 4])], [V("p", [1, 1, 2, 3]), V("h", [1, 1, 2])],
        [Ramp("w", 1, 8, 4), Ramp("r", 1, 8, 2)]))
    suite.add("outputs_unused_of_topk_and_split", M(
        [N("TopK", "x k", "values indices", axis=1),
         N("Split", "x", "s0 s1", axis=1, num_outputs=2)], [V("x", [2, 4])],
        [V("indices", [2, 2], INT64), V("s0", [2, 2])],
        [T("k", [2], np.int64)], opset=18))
    for opset in (7, 8, 13):
        nodes = [N(op, "x", op.lower())
                 for op in ("Sum", "Max", "Min", "Mean")]
        nodes += [N("Concat", "x", "concat", axis=1),
                  N("Sum", "sum max min", "three"),
                  N("Concat", "three mean concat", "y", axis=-1 if opset > 10
                    else 1)]
        suite.add(f"variadic_single_and_many_opset{opset:02}", M(
            nodes, [V("x")], [V("y", [2, 9])], opset=opset))
    suite.add("variadic_single_is_output", M(
        [N("Max", "x", "m"), N("Sum", "x", "s"), N("Concat", "w", "c",
                                                   axis=0)],
        [V("x")], [V("m"), V("s"), V("c")], [Ramp("w", 2, 3)]))


def _value_infos(suite):
    nodes = [N("Relu", "x", "a"), N("Neg", "a", "b"), N("Abs", "b", "y")]
    args = (nodes, [V("x", ["N", 3])], [V("y", ["N", 3])])
    empty = helper.make_empty_tensor_value_info("a")
    kinds = {
        "complete": [V("a", ["N", 3]), V("b", ["N", 3])],
        "partial": [V("b", ["N", 3])],
        "dangling": [V("a", ["N", 3]), V("no_such_value", [7])],
        "of_inputs_and_outputs": [V("x", ["N", 3]), V("y", ["N", 3])],
        "unknown_rank": [V("a", None), V("b", None)],
        "other_dim_names": [V("a", ["M", 3]), V("b", [None, "K"])],
        "without_type": [empty, V("b", ["N", 3])],
    }
    for kind, infos in kinds.items():
        suite.add("value_info_" + kind, M(*args, value_info=infos))
    suite.add("value_info_of_initializer", M(
        [N("Add", "x w", "y")], [V("x")], [V("y")], [Ramp("w", 2, 3)],
        value_info=[V("w")]))
    branches = _branches([N("Relu", "x", "r"), N("Neg", "r", "t")],
                         [N("Abs", "x", "e")],
                         value_info=[V("r"), V("x"), V("gone")])
    suite.add("value_info_in_bodies", M(
        [N("If", "cond", "y", **branches)], [V("x"), V("cond", [], BOOL)],
        [V("y")]))


def _domains(suite):
    ms = {"com.microsoft": 1}
    suite.add("contrib_com_microsoft", M(
        [N("Gelu", "x", "g", domain="com.microsoft"),
         N("FusedMatMul", "g w", "m", domain="com.microsoft", alpha=0.5,
           transB=1),
         N("Identity", "m", "i"), N("Relu", "i", "y")], [V("x")],
        [V("y", [2, 4])], [Ramp("w", 4, 3)], domains=ms))
    suite.add("contrib_in_default_domain", M(
        [N("SimplifiedLayerNormalization", "x scale", "n", axis=-1,
           epsilon=1e-5), N("Identity", "n", "y")], [V("x")], [V("y")],
        [Ramp("scale", 3)]))
    suite.add("contrib_without_import", M(
        [N("Gelu", "x", "y", domain="com.microsoft")], [V("x")], [V("y")]))
    suite.add("unknown_operator_default_domain", M(
        [N("Identity", "x", "i"), N("FlashThing", "i w", "a b", level=3),
         N("Add", "a b", "y"), N("FlashThing", "i w", "dead_a dead_b",
                                 level=3)],
        [V("x")], [V("y")], [Ramp("w", 2, 3)]), ort=False)
    suite.add("unknown_domain", M(
        [N("Frob", "x -  w", "- f", domain="org.example.ops"),
         N("Frob", "x - w", "- g", domain="org.example.ops"),
         N("Add", "f g", "y")], [V("x")], [V("y")], [Ramp("w", 2, 3)],
        domains={"org.example.ops": 7}), ort=False)
    suite.add("import_domain_never_used", M(
        [N("Relu", "x", "y")], [V("x")], [V("y")],
        domains={"org.example.ops": 7, "ai.onnx.ml": 3,
                 "ai.onnx.preview.training": 1}))
    ml = N("LabelEncoder", "ids", "words", domain="ai.onnx.ml",
           keys_int64s=[0, 1], values_strings=["zero", "one"])
    suite.add("ml_domain", M(
        [ml, N("Identity", "words", "out")], [V("ids", [2], INT64)],
        [V("out", [2], STRING)], domains={"ai.onnx.ml": 3}))
    spelt = M([N("Relu", "x", "a", domain="ai.onnx"), N("Neg", "a", "b"),
               N("Neg", "a", "c", domain="ai.onnx"), N("Add", "b c", "y")],
              [V("x")], [V("y")])
    spelt.opset_import[0].domain = "ai.onnx"
    suite.add("domain_ai_onnx_spelt_out", spelt)
    twice = M([N("Relu", "x", "y")], [V("x")], [V("y")])
    twice.opset_import.add(domain="ai.onnx", version=17)
    suite.add("domain_imported_twice_alike", twice)
    implied = M([N("Relu", "x", "y")], [V("x")], [V("y")])
    implied.opset_import[0].ClearField("domain")
    suite.add("domain_of_import_absent", implied)
    suite.add("function_op_left_undecomposed", M(
        [N("MeanVarianceNormalization", "x", "m", axes=[1]),
         N("Celu", "m", "y")], [V("x")], [V("y")]))
    suite.add("integers_of_every_use", M(
        [N("Cast", "x", "i", to=TensorProto.INT32),
         N("Cast", "i", "f", to=FLOAT), N("Shape", "f", "s"),
         N("Gather", "s zero", "n"), N("Reshape", "f minus", "y")], [V("x")],
        [V("y", [6]), V("n", [], INT64)],
        [T("zero", 0, np.int64), T("minus", [-1], np.int64)]))


def generate(suite):
    _versions(suite)
    _control_flow(suite)
    _names(suite)
    _interfaces(suite)
    _arity(suite)
    _value_infos(suite)
    _domains(suite)
