# SPDX-License-Identifier: Apache-2.0
"""What an optimizer may remove, beside what only looks as if it could be."""

import struct

import numpy as np
from onnx import TensorProto

from gen_common import BOOL, FLOAT, G, INT64, M, N, Ramp, T, V


def _dropouts(suite):
    """Inference and training mode, the mask read and not."""
    for opset, attributes in ((1, {"is_test": 1}), (6, {"is_test": 1}), (7, {}),
                              (10, {}), (12, {}), (13, {}), (22, {})):
        def add(name, outs, graph_outs, nodes=()):
            ratio = {"ratio": 0.4} if opset < 12 else {}
            node = N("Dropout", "x", outs, **attributes, **ratio)
            suite.add(f"dropout{opset:02}_{name}",
                      M([node, *nodes], [V("x")], graph_outs, opset=opset),
                      ort=opset >= 7)

        mask_type = FLOAT if opset < 10 else BOOL
        add("inference", "y", [V("y")])
        add("inference_then_relu", "d", [V("y")], [N("Relu", "d", "y")])
        add("inference_mask_unread", "y mask", [V("y")])
        add("inference_mask_output", "y mask",
            [V("y"), V("mask", (2, 3), mask_type)])
        if opset >= 10:
            add("inference_mask_read", "d mask", [V("y")],
                [N("Cast", "mask", "m", to=FLOAT), N("Add", "d m", "y")])
    for opset in (12, 13, 22):
        _dropouts_with_training_input(suite, opset)
    # Training mode of opsets 1 and 6 is the attribute's absence.
    for opset in (1, 6):
        suite.add(f"dropout{opset:02}_training", M(
            [N("Dropout", "x", "y", ratio=0.4)], [V("x")], [V("y")],
            opset=opset), ort=False, deterministic=False)


def _dropouts_with_training_input(suite, opset):
    modes = {"train": T("mode", True, bool), "infer": T("mode", False, bool)}
    for mode, flag in modes.items():
        for outs in ("y", "y mask"):
            graph_outs = [V("y")]
            if "mask" in outs:
                graph_outs.append(V("mask", (2, 3), BOOL))
            suite.add(f"dropout{opset}_{mode}_{outs.replace(' ', '_')}", M(
                [N("Dropout", "x ratio mode", outs, seed=7)], [V("x")],
                graph_outs, [T("ratio", 0.5), flag], opset=opset),
                      deterministic=mode == "infer")
    suite.add(f"dropout{opset}_mode_is_input", M(
        [N("Dropout", "x ratio mode", "y")], [V("x"), V("mode", [], BOOL)],
        [V("y")], [T("ratio", 0.5)], opset=opset), deterministic=False)
    suite.add(f"dropout{opset}_mode_is_overridable", M(
        [N("Dropout", "x ratio mode", "y")], [V("x"), V("mode", [], BOOL)],
        [V("y")], [T("ratio", 0.5), modes["infer"]], opset=opset))
    suite.add(f"dropout{opset}_train_ratio_zero", M(
        [N("Dropout", "x zero mode", "y mask")], [V("x")],
        [V("y"), V("mask", (2, 3), BOOL)],
        [T("zero", 0.0), modes["train"]], opset=opset))
    suite.add(f"dropout{opset}_ratio_is_input", M(
        [N("Dropout", "x ratio", "y")], [V("x"), V("ratio", [])], [V("y")],
        opset=opset), inputs={"ratio": {"value": 0.25}})


def _identities(suite):
    chain = [N("Identity", "x", "a"), N("Identity", "a", "b"),
             N("Relu", "b", "r"), N("Identity", "r", "c"),
             N("Identity", "c", "y")]
    suite.add("identity_chain", M(chain, [V("x")], [V("y")]))
    suite.add("identity_input_to_output", M(
        [N("Identity", "x", "y")], [V("x")], [V("y")]))
    suite.add("identity_input_to_two_outputs", M(
        [N("Identity", "x", "y"), N("Identity", "x", "z")], [V("x")],
        [V("y"), V("z")]))
    suite.add("identity_chain_of_outputs", M(
        [N("Identity", "x", "y"), N("Identity", "y", "z"),
         N("Relu", "z", "r")], [V("x")], [V("y"), V("z"), V("r")]))
    suite.add("identity_of_initializer_to_output", M(
        [N("Identity", "w", "y"), N("Add", "x y", "z")], [V("x")],
        [V("y"), V("z")], [Ramp("w", 2, 3)]))
    suite.add("identity_between_named_outputs", M(
        [N("Relu", "x", "inner"), N("Identity", "inner", "y"),
         N("Neg", "inner", "z")], [V("x")], [V("y"), V("z")]))
    suite.add("identity_of_sequence", M(
        [N("SequenceConstruct", "x x", "s"), N("Identity", "s", "t"),
         N("SequenceAt", "t zero", "y")], [V("x")], [V("y")],
        [T("zero", 0, np.int64)]))
    inner = {"then_branch": G([N("Identity", "b", "p")], [], [V("p")]),
             "else_branch": G([N("Neg", "b", "q"), N("Identity", "q", "q2")],
                              [], [V("q2")])}
    outer = {"then_branch": G([N("Identity", "outer", "a"),
                               N("Identity", "a", "t")], [], [V("t")]),
             "else_branch": G([N("Identity", "outer", "b"),
                               N("If", "cond", "c", **inner),
                               N("Identity", "c", "e")], [], [V("e")])}
    suite.add("identity_across_graphs", M(
        [N("Identity", "x", "outer"), N("If", "cond", "picked", **outer),
         N("Identity", "picked", "y")], [V("x"), V("cond", [], BOOL)],
        [V("y")]))
    swap = G([N("Identity", "c", "c_out"), N("Identity", "v", "u_new"),
              N("Identity", "u", "v_new")],
             [V("i", [], INT64), V("c", [], BOOL), V("u"), V("v")],
             [V("c_out", [], BOOL), V("u_new"), V("v_new")])
    # Identities on a loop's state permute it; they are no-ops one by one.
    suite.add("identity_swaps_loop_state", M(
        [N("Loop", "n go x w", "p q", body=swap)], [V("x")],
        [V("p"), V("q")],
        [T("n", 3, np.int64), T("go", True, bool), Ramp("w", 2, 3)]))


def _floats(name, *patterns):
    return TensorProto(name=name, data_type=FLOAT, dims=[len(patterns)],
                       raw_data=struct.pack(f"<{len(patterns)}I", *patterns))


def _constants(suite):
    outs = lambda *ns: [V(n, (3,)) for n in ns]
    inits = [T("a", [1, 2, 3]), T("b", [1, 2, 3]), T("row", [[1, 2, 3]]),
             T("ints", [1, 2, 3], np.int32), T("c", [1, 2, 4])]
    nodes = [N("Constant", "", "k", value=T("any", [1, 2, 3])),
             N("Constant", "", "k2", value_floats=[1.0, 2.0, 3.0]),
             N("Add", "x a", "p"), N("Add", "x b", "q"), N("Add", "x k", "r"),
             N("Add", "x k2", "s"), N("Add", "x c", "t"),
             N("Cast", "ints", "f", to=FLOAT), N("Mul", "x f", "u"),
             N("Sum", "p q r s t u row", "y")]
    suite.add("constants_equal_in_every_form", M(
        nodes, [V("x")], [V("y")], inits))
    bits = {"nan": 0x7FC00000, "nan_payload": 0x7FC00001,
            "nan_negative": 0xFFC00000, "nan_signalling": 0x7F800001,
            "zero": 0, "zero_negative": 0x80000000, "denormal": 1}
    tensors = [_floats(k + s, *[b] * 3) for k, b in bits.items()
               for s in ("", "_again")]
    suite.add("constants_nan_payloads_and_zeros", M(
        [N("Identity", t.name, t.name + "_out") for t in tensors], [V("x")],
        outs(*(t.name + "_out" for t in tensors)), tensors))
    # The sign of zero decides the result.
    suite.add("constants_zero_signs_divide", M(
        [N("Div", "one plus", "a"), N("Div", "one minus", "b"),
         N("Add", "x a", "p"), N("Add", "x b", "q")], [V("x")],
        [V("p"), V("q")],
        [T("one", [1.0]), _floats("plus", 0), _floats("minus", 0x80000000)]))
    same_bytes = [TensorProto(name=f"t{t}_{len(d)}", data_type=t, dims=d,
                              raw_data=b"\x01\0\0\0\0\0\0\0")
                  for t, d in ((1, [2]), (6, [2]), (7, [1]), (7, []),
                               (11, [1]), (1, [1, 2]), (2, [8]))]
    suite.add("constants_equal_bytes_other_type_or_shape", M(
        [N("Cast", t.name, t.name + "_f", to=FLOAT) for t in same_bytes],
        [V("x")], [V(t.name + "_f", t.dims) for t in same_bytes], same_bytes))
    typed = TensorProto(name="typed", data_type=FLOAT, dims=[3],
                        float_data=[1, 2, 3])
    suite.add("constants_equal_raw_and_typed", M(
        [N("Add", "x a", "p"), N("Add", "p typed", "y")], [V("x")], [V("y")],
        [T("a", [1, 2, 3]), typed]))
    strings = [TensorProto(name=n, data_type=TensorProto.STRING, dims=[1],
                           string_data=[b"s"]) for n in ("s", "s_again")]
    suite.add("constants_equal_strings", M(
        [N("Identity", s.name, s.name + "_out") for s in strings], [V("x")],
        [V(s.name + "_out", [1], TensorProto.STRING) for s in strings],
        strings))
    branch = lambda out: G([N("Add", "x " + out + "_w", out)], [], [V(out)],
                           [T(out + "_w", np.full((2, 3), 2.0))])
    suite.add("constants_equal_in_sibling_bodies", M(
        [N("If", "cond", "i", then_branch=branch("t"),
           else_branch=branch("e")), N("Mul", "i w", "y")],
        [V("x"), V("cond", [], BOOL)], [V("y")],
        [T("w", np.full((2, 3), 2.0))]))
    suite.add("constants_unused", M(
        [N("Constant", "", "c", value_float=1.0), N("Relu", "x", "y")],
        [V("x")], [V("y")], [Ramp("w", 64, 64)]))


def _common_subexpressions(suite):
    suite.add("cse_pure_nodes", M(
        [N("Relu", "x", "a", name="first"), N("Relu", "x", "b", name="second"),
         N("Add", "a w", "c"), N("Add", "b w", "d"), N("Mul", "c d", "y")],
        [V("x")], [V("y")], [Ramp("w", 2, 3)]))
    suite.add("cse_attributes", M(
        [N("Softmax", "x", "a", axis=1), N("Softmax", "x", "b", axis=0),
         N("Softmax", "x", "c", axis=1), N("Softmax", "x", "default"),
         N("Softmax", "x", "d", axis=-1),
         N("Sum", "a b c d default", "y")], [V("x")], [V("y")]))
    suite.add("cse_operand_order", M(
        [N("Sub", "x w", "a"), N("Sub", "w x", "b"), N("Add", "x w", "c"),
         N("Add", "w x", "d"), N("Sum", "a b c d", "y")], [V("x")], [V("y")],
        [Ramp("w", 2, 3)]))
    suite.add("cse_outputs_of_graph", M(
        [N("Relu", "x", "a"), N("Relu", "x", "b"), N("Relu", "x", "inner"),
         N("Neg", "inner", "c")], [V("x")], [V("a"), V("b"), V("c")]))
    suite.add("cse_missing_optional_inputs", M(
        [N("Clip", "x lo", "a"), N("Clip", "x - lo", "b"),
         N("Clip", "x lo -", "c"), N("Sum", "a b c", "y")], [V("x")],
        [V("y")], [T("lo", 0.25)]))
    suite.add("cse_different_outputs_used", M(
        [N("TopK", "x k", "v i"), N("TopK", "x k", "v2 i2"),
         N("Cast", "i2", "f", to=FLOAT), N("Sum", "v v2 f", "y")], [V("x")],
        [V("y", [2, 2])], [T("k", [2], np.int64)]))
    randoms = [N("RandomNormal", "", "a", shape=[2, 3]),
               N("RandomNormal", "", "b", shape=[2, 3]),
               N("RandomUniformLike", "x", "c"),
               N("RandomUniformLike", "x", "d"), N("Bernoulli", "c", "e"),
               N("Bernoulli", "c", "f"), N("Multinomial", "x", "m",
                                           sample_size=3),
               N("Cast", "m", "m2", to=FLOAT), N("Sum", "a b c d e f m2", "y")]
    suite.add("cse_random_operators", M(randoms, [V("x")], [V("y")]),
              deterministic=False)
    suite.add("cse_random_with_seed", M(
        [N("RandomNormal", "", "a", shape=[2, 3], seed=3.0),
         N("RandomNormal", "", "b", shape=[2, 3], seed=3.0),
         N("Sub", "a b", "y"), N("Relu", "x", "z")], [V("x")],
        [V("y"), V("z")]), deterministic=False)
    custom = [N("Frob", "x", o, domain=d) for o, d in
              (("a", "org.example.ops"), ("b", "org.example.ops"),
               ("c", "org.example.more"))]
    suite.add("cse_opaque_operators", M(
        custom + [N("Sum", "a b c", "y")], [V("x")], [V("y")],
        domains={"org.example.ops": 1, "org.example.more": 1}), ort=False)
    branch = lambda o: G([N("Relu", "x", o + "1"), N("Neg", "x", o + "2"),
                          N("Add", [o + "1", o + "2"], o)], [], [V(o)])
    suite.add("cse_nested_scopes", M(
        [N("Relu", "x", "outer"), N("If", "cond", "i", then_branch=branch("t"),
                                    else_branch=branch("e")),
         N("Relu", "i", "r1"), N("Relu", "i", "r2"),
         N("Sum", "outer r1 r2", "y")],
        [V("x"), V("cond", [], BOOL)], [V("y")]))
    same = lambda: {"then_branch": branch("t"), "else_branch": branch("e")}
    other = {"then_branch": branch("e"), "else_branch": G(
        [N("Abs", "x", "z")], [], [V("z")])}
    suite.add("cse_nodes_with_bodies", M(
        [N("If", "cond", "a", **same()), N("If", "cond", "b", **same()),
         N("If", "cond", "c", **other), N("Sum", "a b c", "y")],
        [V("x"), V("cond", [], BOOL)], [V("y")]))


def _dead(suite):
    suite.add("dead_nodes", M(
        [N("Relu", "x", "a"), N("Neg", "a", "b"), N("Abs", "b", "c"),
         N("Relu", "x", "y")], [V("x")], [V("y")], [Ramp("w", 2, 3)]))
    suite.add("dead_random_and_opaque", M(
        [N("RandomNormal", "", "r", shape=[2]), N("Relu", "x", "y")],
        [V("x")], [V("y")]))
    suite.add("dead_node_with_body", M(
        [N("If", "cond", "unused", then_branch=G(
            [N("Add", "x w", "t")], [], [V("t")]), else_branch=G(
                [N("Sub", "x w", "e")], [], [V("e")])),
         N("Relu", "x", "y")], [V("x"), V("cond", [], BOOL)], [V("y")],
        [Ramp("w", 2, 3)]))
    suite.add("dead_nodes_in_body", M(
        [N("If", "cond", "y", then_branch=G(
            [N("Add", "x w", "unused"), N("Relu", "x", "t")], [], [V("t")],
            [Ramp("unused_w", 2)]), else_branch=G(
                [N("Neg", "x", "e"), N("Abs", "e", "unused")], [], [V("e")]))],
        [V("x"), V("cond", [], BOOL)], [V("y")], [Ramp("w", 2, 3)]))
    loop = G([N("Identity", "c", "c_out"), N("Add", "v x", "v_new"),
              N("Neg", "u", "u_new"), N("Identity", "kept", "kept_new"),
              N("Relu", "v_new", "scan1"), N("Abs", "v", "scan2")],
             [V("i", [], INT64), V("c", [], BOOL), V("v"), V("u"), V("kept"),
              V("w")],
             [V("c_out", [], BOOL), V("v_new"), V("u_new"), V("kept_new"),
              V("w"), V("scan1"), V("scan2")])
    # Unread: the state u and the second scan output.  Constant through the
    # loop: kept and w.
    suite.add("dead_loop_state_and_scan_outputs", M(
        [N("Loop", "n go x x x x", "y unused kept_y w_y s1 unused2",
           body=loop)], [V("x")],
        [V("y"), V("kept_y"), V("w_y"), V("s1", [3, 2, 3])],
        [T("n", 3, np.int64), T("go", True, bool)]))
    scan = G([N("Add", "s r1", "s_new"), N("Neg", "r1", "o1"),
              N("Abs", "r1", "o2")],
             [V("s", [3]), V("unread", [3]), V("r1", [3]), V("r2", [3])],
             [V("s_new", [3]), V("unread", [3]), V("o1", [3]), V("o2", [3])])
    suite.add("dead_scan_inputs_and_outputs", M(
        [N("Scan", "init init x x", "last unused o1 unused2", body=scan,
           num_scan_inputs=2)], [V("x")], [V("last", [3]), V("o1", [2, 3])],
        [Ramp("init", 3)]))
    invariant = G([N("Identity", "c", "c_out"), N("Exp", "x", "hoistable"),
                   N("Constant", "", "k", value_float=2.0),
                   N("Mul", "hoistable k", "m"), N("Add", "v m", "v_new")],
                  [V("i", [], INT64), V("c", [], BOOL), V("v")],
                  [V("c_out", [], BOOL), V("v_new")])
    suite.add("constants_in_loop_body", M(
        [N("Loop", "n go x", "y", body=invariant)], [V("x")], [V("y")],
        [T("n", 3, np.int64), T("go", True, bool)]))


def generate(suite):
    _dropouts(suite)
    _identities(suite)
    _constants(suite)
    _common_subexpressions(suite)
    _dead(suite)
