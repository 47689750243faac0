#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Regenerates the operator table, ir/ops/op_names.inc and ir/ops/ai_onnx*.inc.

Run it when the canonical opset is raised or the specification is corrected:

  1. Write the facts file with the new ONNX release: a JSON object whose
     "schemas" list has one entry per operator version, with the fields of
     onnx.defs.OpSchema that FACTS below names.
  2. Raise kCanonicalOpset and kMaxMlOpset in ir/op_registry.h, and
     MinIrVersion and kMaxIrVersion if the release has a new IR version.
  3. tools/gen_op_table.py FACTS.json
  4. State the traits of every new operator, and of every version whose
     meaning changed, in ir/ops/traits.inc. Name new element types in
     ir/ops/type_sets.cc and sets of them in ir/ops/type_sets.inc, then run
     this script again.
  5. op_table_test compares the table with the facts, and op_registry_test
     fails for an operator without a statement of its traits.

FACTS: domain, name, since_version, deprecated, type_constraints (name to
list of types), inputs and outputs (name, type_str, option, is_homogeneous,
min_arity), attributes (name, type, required, default if any).

The text of an operator is described at CustomOp in ir/op_def.h.
"""

import json
import pathlib
import re
import struct
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
OPS = ROOT / "ir" / "ops"
WIDTH = 80

# The files of the table and the operators in each, by the first letter of the
# name in domain ai.onnx or by domain. The order is that of full names.
FILES = {
    "ai_onnx_a_b": ("", "AB"),
    "ai_onnx_c": ("", "C"),
    "ai_onnx_d_g": ("", "DEFG"),
    "ai_onnx_h_l": ("", "HIJKL"),
    "ai_onnx_m_p": ("", "MNOP"),
    "ai_onnx_q_r": ("", "QR"),
    "ai_onnx_s": ("", "S"),
    "ai_onnx_t_z": ("", "TUVWXYZ"),
    "ai_onnx_ml": ("ai.onnx.ml", None),
    "ai_onnx_preview": ("ai.onnx.preview", None),
    "ai_onnx_preview_training": ("ai.onnx.preview.training", None),
}

HEADER = """\
// SPDX-License-Identifier: Apache-2.0
//
// Written by tools/gen_op_table.py; changes here are lost.

"""

WRAPPERS = [("optional(seq(", "))"), ("optional(", ")"), ("seq(", ")"),
            ("", "")]


def constant(name):
    """The value of a constant of op_registry.h."""
    text = (ROOT / "ir" / "op_registry.h").read_text()
    return int(re.search(rf"\b{name} = (\d+);", text).group(1))


def type_sets():
    """The sets of type_sets.inc, largest first: [(name, members)]."""
    sets = {}
    text = (OPS / "type_sets.inc").read_text()
    for name, members in re.findall(r'\{"(\w+)",\s*"([^"]*)"\}', text):
        sets[name] = set()
        for member in members.split("|"):
            sets[name] |= sets.get(member, {member})
    return sorted(sets.items(), key=lambda item: -len(item[1]))


def cover(elements, sets):
    """The shortest greedy spelling of a set of element types."""
    terms = []
    rest = set(elements)
    while rest:
        name, members = max(
            ((n, m) for n, m in sets if m <= elements),
            key=lambda item: len(item[1] & rest), default=("", set()))
        if len(members & rest) < 2:
            return terms + sorted(rest)
        terms.append(name)
        rest -= members
    return terms


def type_terms(types, sets):
    """The spelling of a list of concrete types as in CustomOp::types."""
    terms = []
    for opening, closing in WRAPPERS:
        start, end = opening + "tensor(", ")" + closing
        inner = {t[len(start):-len(end)] for t in types
                 if t.startswith(start) and t.endswith(end)}
        terms += [opening + t + closing for t in cover(inner, sets)]
    return terms + [t for t in types if "map(" in t]


def operand(op):
    if op["option"] != "variadic":
        mark = {"single": "", "optional": "?"}[op["option"]]
    else:
        mark = {0: "*", 1: "+"}[op["min_arity"]]
        mark += "" if op["is_homogeneous"] else "~"
    return f'{op["name"]}{mark}:{op["type_str"]}'


def shortest_float(value):
    """The shortest decimal that reads back as the same float."""
    def single(x):
        return struct.pack("f", x)
    for digits in range(1, 10):
        text = f"{value:.{digits}g}"
        try:
            if single(float(text)) == single(value):
                return text
        except OverflowError:  # rounded up beyond the greatest float
            continue
    raise ValueError(f"{value} is not a float")


def default_text(value):
    if isinstance(value, list):
        return "[" + ",".join(default_text(v) for v in value) + "]"
    if isinstance(value, float):
        return shortest_float(value)
    if isinstance(value, int) or re.fullmatch(r"\w+", value):
        return str(value)
    quote = '"' if "'" in value else "'"
    assert quote not in value, value
    return quote + value + quote


def attribute(attr):
    text = attr["name"] + ("!" if attr["required"] else "")
    text += ":" + attr["type"].lower()
    if "default" in attr:
        text += "=" + default_text(attr["default"])
    return text


def literal(text, indent):
    """A C++ string literal, in several pieces where it is too long."""
    room = WIDTH - len(indent) - 3  # two quotes and a comma
    pieces = []
    while len(text) > room:
        at = max(text.rfind(" ", 0, room), text.rfind("|", 0, room)) + 1
        if at == 0:
            break
        pieces.append(text[:at])
        text = text[at:]
    pieces.append(text)
    quoted = ['"' + p.replace("\\", "\\\\").replace('"', '\\"') + '"'
              for p in pieces]
    return ("\n" + indent).join(quoted)


def row(schema, sets):
    fields = [
        " ".join(operand(o) for o in schema["inputs"]),
        " ".join(operand(o) for o in schema["outputs"]),
        " ".join(attribute(a) for a in schema["attributes"]),
        "; ".join(name + "=" + "|".join(type_terms(types, sets))
                  for name, types in schema["type_constraints"].items()),
    ]
    head = f'{{"{full_name(schema)}", {schema["since_version"]},'
    tail = ", kDeprecated}," if schema["deprecated"] else "},"
    line = head + " " + ", ".join(f'"{f}"' for f in fields) + tail
    if len(line) <= WIDTH and '"' not in "".join(fields):
        return line
    return head + "\n " + ",\n ".join(literal(f, " ") for f in fields) + tail


def full_name(schema):
    domain = schema["domain"]
    return ("" if domain == "ai.onnx" else domain + ".") + schema["name"]


def file_of(schema):
    domain = "" if schema["domain"] == "ai.onnx" else schema["domain"]
    for name, (file_domain, letters) in FILES.items():
        if domain == file_domain and (not letters or
                                      schema["name"][0] in letters):
            return name
    raise ValueError(f"no file for {full_name(schema)}: extend FILES")


def main():
    if len(sys.argv) != 2:
        sys.exit(f"usage: {sys.argv[0]} FACTS.json")
    newest = {"ai.onnx": constant("kCanonicalOpset"),
              "ai.onnx.ml": constant("kMaxMlOpset")}
    schemas = [
        s for s in json.loads(pathlib.Path(sys.argv[1]).read_text())["schemas"]
        if s["since_version"] <= newest.get(s["domain"], s["since_version"])]
    schemas.sort(key=lambda s: (full_name(s), s["since_version"]))

    names = sorted({full_name(s) for s in schemas})
    (OPS / "op_names.inc").write_text(
        HEADER + "".join(f'"{name}",\n' for name in names))
    sets = type_sets()
    for name in FILES:
        rows = [row(s, sets) for s in schemas if file_of(s) == name]
        (OPS / f"{name}.inc").write_text(HEADER + "\n".join(rows) + "\n")
    print(f"{len(schemas)} versions of {len(names)} operators")


if __name__ == "__main__":
    main()
