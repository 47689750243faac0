// SPDX-License-Identifier: Apache-2.0
// Binary operators with constants.
#include <algorithm>
#include <cmath>
#include <string>

#include "passes/rewrite/rewriter.h"
#include "passes/rules/facts.h"
#include "passes/rules/rules.h"

namespace onnxopt {
namespace {

constexpr Var x("x"), c("c"), d("d");
constexpr NodeVar first("first");

// --- Neutral elements

// Whether `op`(x, c) = x, bit for bit.
bool IsNeutral(OpId op, const Value* c) {
  switch (op) {
    case "Add"_op:  // -0 + 0 is 0
      return IsConstantOf(c, IsFloating(ElementOf(c)) ? -0.0 : 0.0);
    case "Mul"_op:
    case "Div"_op:
    case "Pow"_op:
    case "And"_op:
      return IsConstantOf(c, 1.0);
    case "BitwiseAnd"_op:
      return IsConstantOf(c, -1.0);
    default:  // Sub, BitShift, Or, Xor, BitwiseOr, BitwiseXor
      return IsConstantOf(c, 0.0);
  }
}

Value* NotEnlarged(Rewriter& r) {
  r.Require(BroadcastsInto(r[c], r[x]),
            "the constant may enlarge the other operand");
  return r[x];
}

Value* Neutral(Rewriter& r) {
  r.Matches(IsNeutral(r.root().op().id(), r[c]),
            "the constant is not the neutral element");
  if (r.root().Is("Pow"_op)) {
    r.Require(IsFloating(ElementOf(r[x])) || ElementOf(r[c]) == ElementOf(r[x]),
              "a power of integers may be computed in floats");
  }
  return NotEnlarged(r);
}

Value* AddPositiveZero(Rewriter& r) {
  r.Matches(IsConstantOf(r[c], 0.0), "the constant is not 0");
  return NotEnlarged(r);
}

// --- Constants last

Value* ConstantLast(Rewriter& r) {
  // Neither is a near miss.
  if (r.root().input(1) == r[c] || r[x]->IsConstant()) return nullptr;
  return r.Clone(r.root(), {r[x], r[c]});
}

// Of 0 and -0 either may be the larger one, so their order may count.
Value* BoundLast(Rewriter& r) {
  const auto numbers = ConstantNumbers(r[c]);
  const bool ordered =
      numbers && std::none_of(numbers->begin(), numbers->end(),
                              [](double n) { return n == 0 || std::isnan(n); });
  r.Known(ordered || !IsFloating(ElementOf(r[c])),
          "the order may decide the sign of zero");
  return ConstantLast(r);
}

// --- Association. `plus` stands for Add, Mul and others, `minus` for the
// inverse operator.

bool IsInverse(OpId op) { return op == "Sub"_op || op == "Div"_op; }

OpId PlusOf(OpId op) {
  return op == "Sub"_op ? "Add"_op : op == "Div"_op ? "Mul"_op : op;
}

OpId MinusOf(OpId op) { return PlusOf(op) == "Add"_op ? "Sub"_op : "Div"_op; }

// Finite, and for factors with full precision.
bool InRange(const Value* constant, bool is_factor) {
  const auto numbers = ConstantNumbers(constant);
  const int exponent = FormatOf(ElementOf(constant)).exponent;
  const double least =
      is_factor ? std::ldexp(1, 2 - (1 << (exponent - 1))) : 0.0;
  return numbers &&
         std::all_of(numbers->begin(), numbers->end(), [least](double n) {
           return std::isfinite(n) && std::fabs(n) >= least;
         });
}

// (x + c) + d -> x + (c + d), and the same with minuses.
Value* Associate(Rewriter& r) {
  const OpId outer = r.root().op().id();
  const bool minus_c = IsInverse(r[first].op().id());
  const bool minus_d = IsInverse(outer);
  if (!r.PreferOneUse(r[first]) ||
      !r.Prefer(BroadcastsInto(r[c], r[d]) || BroadcastsInto(r[d], r[c]),
                "the combined constant would be larger than both")) {
    return nullptr;
  }
  const OpId plus = PlusOf(outer);
  const OpId minus = MinusOf(outer);
  Value* both = minus_c == minus_d ? r.Make(plus, {r[c], r[d]})
                : minus_c          ? r.Make(minus, {r[d], r[c]})
                                   : r.Make(minus, {r[c], r[d]});
  if (!r.Known(both != nullptr && both->IsConstant(),
               "the constants cannot be combined")) {
    return nullptr;
  }
  if (IsFloating(ElementOf(both))) {
    r.Require(InRange(both, plus == "Mul"_op),
              "the combined constant overflows or underflows");
  }
  return r.Make(minus_c && minus_d ? minus : plus, {r[x], both});
}

Value* AssociateFloats(Rewriter& r) {
  return IsFloating(ElementOf(r[c])) ? Associate(r) : nullptr;
}

Value* AssociateIntegers(Rewriter& r) {
  if (!r.Known(ElementOf(r[c]) != ElementType::kUndefined,
               "the element type is not known") ||
      !r.Matches(!IsFloating(ElementOf(r[c])), "floats round")) {
    return nullptr;
  }
  return Associate(r);
}

Value* AssociateExactly(Rewriter& r) {
  r.Matches(r[first].op().id() == r.root().op().id(),
            "the two are not the same operator");
  return AssociateIntegers(r);
}

}  // namespace

void AddArithmeticRules(RuleSet& rules) {
  const auto add = [&rules](std::string name, std::string algebra,
                            Pattern pattern, Value* (*build)(Rewriter&),
                            NumericClass numeric = NumericClass::kExact) {
    rules.push_back({std::move(name), std::move(algebra), numeric,
                     std::move(pattern), build});
  };
  struct NeutralElement {
    OpId op;
    const char* number;
    const char* algebra;
  };
  for (const NeutralElement& e : {
           NeutralElement{"Add"_op, "zero", "x + -0 -> x  [integers: x + 0]"},
           {"Sub"_op, "zero", "x - 0 -> x"},
           {"Mul"_op, "one", "x * 1 -> x"},
           {"Div"_op, "one", "x / 1 -> x"},
           {"Pow"_op, "one", "Pow(x, 1) -> x  [floats, or both of one type]"},
           {"And"_op, "true", "And(x, true) -> x"},
           {"Or"_op, "false", "Or(x, false) -> x"},
           {"Xor"_op, "false", "Xor(x, false) -> x"},
           {"BitwiseAnd"_op, "ones", "BitwiseAnd(x, -1) -> x"},
           {"BitwiseOr"_op, "zero", "BitwiseOr(x, 0) -> x"},
           {"BitwiseXor"_op, "zero", "BitwiseXor(x, 0) -> x"},
           {"BitShift"_op, "zero", "BitShift(x, 0) -> x"},
       }) {
    add(RuleWord(e.op) + "-" + e.number, e.algebra, Op(e.op, {x, Const(c)}),
        Neutral);
  }
  add("add-positive-zero", "x + 0 -> x  [up to the sign of zero]",
      Op("Add"_op, {x, Const(c)}), AddPositiveZero,
      NumericClass::kReassociating);

  add("constant-last", "f(c, x) -> f(x, c)  [f commutative]",
      AnyOp(Trait::kCommutative, {Const(c), x}), ConstantLast);
  add("max-constant-last", "Max(c, x) -> Max(x, c)",
      Op("Max"_op, {Const(c), x}), BoundLast);
  add("min-constant-last", "Min(c, x) -> Min(x, c)",
      Op("Min"_op, {Const(c), x}), BoundLast);

  constexpr Trait kAbelian = Trait::kAssociative | Trait::kCommutative;
  add("associate-constants",
      "f(f(x, c), d) -> f(x, f(c, d))  [integers and bools]",
      AnyOp(kAbelian, {AnyOp(kAbelian, {x, Const(c)}).As(first), Const(d)}),
      AssociateExactly);
  const auto symbol = [](OpId op) {
    return op == "Add"_op   ? " + "
           : op == "Sub"_op ? " - "
           : op == "Mul"_op ? " * "
                            : " / ";
  };
  for (const auto& family :
       {std::pair{"Add"_op, "Sub"_op}, {"Mul"_op, "Div"_op}}) {
    for (const OpId outer : {family.first, family.second}) {
      for (const OpId inner : {family.first, family.second}) {
        const bool minus = IsInverse(outer) && IsInverse(inner);
        const std::string name = RuleWord(outer) + "-of-" + RuleWord(inner);
        const std::string algebra =
            std::string("(x") + symbol(inner) + "c)" + symbol(outer) +
            "d -> x" + symbol(minus ? family.second : family.first) + "e";
        const Pattern pattern =
            Op(outer, {Op(inner, {x, Const(c)}).As(first), Const(d)});
        add(name + "-floats", algebra, pattern, AssociateFloats,
            NumericClass::kReassociating);
        rules.back().justified = {
            {"the combined constant overflows or underflows",
             "moderate constants, which is what the check draws for rules that "
             "round, do neither but where the two steps do too"}};
        const bool has_rule = outer == inner && outer == family.first;
        if (family.first == "Add"_op && !has_rule) {
          add(name + "-integers", algebra, pattern, AssociateIntegers);
        }
      }
    }
  }
}

}  // namespace onnxopt
