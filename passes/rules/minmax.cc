// SPDX-License-Identifier: Apache-2.0
// Clip, Relu, Max and Min with constant bounds are one thing: a clamp,
// min(max(x, low), high). NaN stays NaN. Where low is above high, all else
// becomes high.
#include <cmath>
#include <limits>
#include <string>

#include "passes/rewrite/rewriter.h"
#include "passes/rules/facts.h"
#include "passes/rules/rules.h"

namespace onnxopt {
namespace {

constexpr Var x("x"), rest("rest"), more("more");
constexpr NodeVar first("first");

constexpr double kInfinity = std::numeric_limits<double>::infinity();

struct Bound {
  double number;
  Value* value = nullptr;  // null: none, or the 0 of Relu
};

struct Clamp {
  Bound low{-kInfinity};
  Bound high{kInfinity};
};

// False unless `value` is absent or one number that does not enlarge `node`'s
// operand.
bool SetBound(const Node& node, Value* value, Bound* bound) {
  if (value == nullptr) return true;
  const std::optional<double> number = ConstantScalar(value);
  if (!number || !BroadcastsInto(value, node.input(0))) return false;
  *bound = {*number, value};
  return true;
}

// What `node` does to its operand 0.
std::optional<Clamp> ClampOf(const Node& node) {
  Clamp clamp;
  bool known = true;
  switch (node.op().id()) {
    case "Relu"_op:
      clamp.low.number = 0;
      break;
    case "Max"_op:
      known = SetBound(node, node.input(1), &clamp.low);
      break;
    case "Min"_op:
      known = SetBound(node, node.input(1), &clamp.high);
      break;
    default:  // Clip
      known = SetBound(node, node.input(1), &clamp.low) &&
              SetBound(node, node.input(2), &clamp.high);
  }
  return known ? std::optional(clamp) : std::nullopt;
}

Bound Apply(const Clamp& clamp, Bound bound) {
  if (bound.number < clamp.low.number) bound = clamp.low;
  return bound.number > clamp.high.number ? clamp.high : bound;
}

// As an operand of Clip.
Value* Operand(Rewriter& r, const Bound& bound, double none) {
  if (bound.number == none) return nullptr;
  if (bound.value == nullptr) return r.Scalar(0, r[x]);
  return r.Reshape(bound.value, {});
}

// A clamp keeps the order of numbers, so the bounds of the two together are
// what the outer one makes of those of the inner one.
Value* ClampOfClamp(Rewriter& r) {
  const std::optional<Clamp> inner = ClampOf(r[first]);
  const std::optional<Clamp> outer = ClampOf(r.root());
  if (!r.Known(inner && outer, "a bound is not a constant number")) {
    return nullptr;
  }
  const Bound low = Apply(*outer, inner->low);
  const Bound high = Apply(*outer, inner->high);
  const bool relu = low.number == 0 && low.value == nullptr;
  if (high.number == kInfinity) {
    if (low.number == -kInfinity) return r[x];
    if (relu) return r.Make("Relu"_op, {r[x]});
  }
  return r.Make("Clip"_op, {r[x], Operand(r, low, -kInfinity),
                            Operand(r, high, kInfinity)});
}

Value* ClipNoop(Rewriter& r) {
  const std::optional<Clamp> clamp = ClampOf(r.root());
  if (!clamp) return nullptr;
  const NumberFormat format = FormatOf(ElementOf(r[x]));
  double lowest = -kInfinity;
  double highest = kInfinity;
  if (format.kind == NumberFormat::kUnsigned) lowest = 0;
  if (format.kind == NumberFormat::kSigned) {
    lowest = -std::ldexp(1, format.digits);
  }
  if (format.exponent == 0 && format.digits > 0) {
    highest = std::ldexp(1, format.digits) - 1;
  }
  r.Matches(clamp->low.number <= lowest && clamp->high.number >= highest,
            "the bounds are inside the range of the type");
  return r[x];
}

}  // namespace

void AddMinMaxRules(RuleSet& rules) {
  // The bounds of Max and Min stand last (see constant-last).
  const auto clamp = [](OpId op, Pattern of, Var others) {
    if (op == "Relu"_op) return Op(op, {std::move(of)});
    if (op == "Clip"_op) return Op(op, {std::move(of), Rest(others)});
    return Op(op, {std::move(of), Const(others)});
  };
  for (const OpId outer : {"Clip"_op, "Relu"_op, "Max"_op, "Min"_op}) {
    for (const OpId inner : {"Clip"_op, "Relu"_op, "Max"_op, "Min"_op}) {
      if (outer == "Relu"_op && inner == outer) continue;  // idempotent-twice
      rules.push_back(
          {RuleWord(outer) + "-of-" + RuleWord(inner),
           std::string(OpName(outer)) + "(" + std::string(OpName(inner)) +
               "(x, a), b) -> Clip(x, c) or Relu(x)",
           // Bounds of 0 may exchange 0 and -0.
           NumericClass::kReassociating,
           clamp(outer, clamp(inner, x, rest).As(first), more), ClampOfClamp});
    }
  }
  rules.push_back({"clip-noop", "Clip(x) -> x  [all numbers of its type]",
                   NumericClass::kExact, Op("Clip"_op, {x, Rest(rest)}),
                   ClipNoop});
}

}  // namespace onnxopt
