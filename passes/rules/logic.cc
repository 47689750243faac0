// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "passes/rewrite/rewriter.h"
#include "passes/rules/facts.h"
#include "passes/rules/rules.h"

namespace onnxopt {
namespace {

constexpr Var x("x"), y("y"), c("c");

Value* WhereConstant(Rewriter& r) {
  const auto condition = ConstantNumbers(r[c]);
  if (!r.Known(condition && !condition->empty(),
               "the condition is empty or too large")) {
    return nullptr;
  }
  const double front = condition->front();
  r.Matches(std::all_of(condition->begin(), condition->end(),
                        [front](double value) { return value == front; }),
            "the condition is true here and false there");
  Value* chosen = front != 0 ? r[x] : r[y];
  Value* other = front != 0 ? r[y] : r[x];
  r.Require(BroadcastsInto(r[c], chosen) && BroadcastsInto(other, chosen),
            "the other operands may enlarge the chosen one");
  return chosen;
}

Value* WhereSame(Rewriter& r) {
  r.Require(BroadcastsInto(r[c], r[x]),
            "the condition may enlarge the operand");
  return r[x];
}

Value* WhereOfNot(Rewriter& r) { return r.Clone(r.root(), {r[c], r[y], r[x]}); }

Value* SameOperands(Rewriter& r) { return r[x]; }

}  // namespace

void AddLogicRules(RuleSet& rules) {
  const auto add = [&rules](std::string name, std::string algebra,
                            Pattern pattern, Value* (*build)(Rewriter&)) {
    rules.push_back({std::move(name), std::move(algebra), NumericClass::kExact,
                     std::move(pattern), build});
  };
  add("where-constant", "Where(true, x, y) -> x, Where(false, x, y) -> y",
      Op("Where"_op, {Const(c), x, y}), WhereConstant);
  add("where-same", "Where(c, x, x) -> x", Op("Where"_op, {c, x, x}),
      WhereSame);
  add("where-of-not", "Where(Not(c), x, y) -> Where(c, y, x)",
      Op("Where"_op, {Op("Not"_op, {c}), x, y}), WhereOfNot);
  for (const OpId op : {"And"_op, "Or"_op, "BitwiseAnd"_op, "BitwiseOr"_op,
                        "Max"_op, "Min"_op}) {
    const std::string f(OpName(op));
    add(RuleWord(op) + "-of-same", f + "(x, x) -> x", Op(op, {x, x}),
        SameOperands);
  }
}

}  // namespace onnxopt
