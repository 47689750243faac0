// SPDX-License-Identifier: Apache-2.0
// Explicit padding into operators that pad themselves.
#include <cmath>
#include <limits>
#include <string>

#include "passes/rewrite/rewriter.h"
#include "passes/rules/rules.h"

namespace onnxopt {
namespace {

constexpr Var x("x"), w("w"), b("b"), p("p"), rest("rest");
constexpr NodeVar pad("pad"), target("target");

using Ints = std::vector<int64_t>;

// The pads of `node` for all axes of a tensor of `rank`, begins before ends.
std::optional<Ints> FullPads(const Node& node, int64_t rank) {
  const auto given = ConstantInts(node.input(1));
  if (!given) return std::nullopt;
  Ints axes;
  if (node.input(3) != nullptr) {
    const auto constant = ConstantInts(node.input(3));
    if (!constant) return std::nullopt;
    axes = *constant;
  } else {
    for (int64_t i = 0; i < rank; ++i) axes.push_back(i);
  }
  if (given->size() != 2 * axes.size()) return std::nullopt;
  Ints pads(2 * rank, 0);
  for (size_t i = 0; i < axes.size(); ++i) {
    const int64_t axis = axes[i] < 0 ? axes[i] + rank : axes[i];
    if (axis < 0 || axis >= rank) return std::nullopt;
    pads[axis] = (*given)[i];
    pads[axis + rank] = (*given)[i + axes.size()];
  }
  return pads;
}

std::optional<double> FillOf(const Node& node) {
  if (node.input(2) == nullptr) return 0.0;
  const auto numbers = ConstantNumbers(node.input(2), 1);
  if (!numbers || numbers->size() != 1) return std::nullopt;
  return numbers->front();
}

Ints OwnPads(const Node& node, size_t spatial) {
  const auto* pads = AttributeView(node).Ints("pads");
  return pads != nullptr ? *pads : Ints(2 * spatial, 0);
}

// The pads of the operator together with those of the Pad before it; nullopt
// after a guard has declined.
std::optional<Ints> CombinedPads(Rewriter& r) {
  const std::optional<Shape> shape = ShapeOf(r[x]);
  if (!r.Known(shape && shape->size() >= 3, "the rank is not known") ||
      !r.Require(AttributeView(r[pad]).String("mode", "constant") == "constant",
                 "it does not pad with a constant") ||
      !r.Require(
          AttributeView(r[target]).String("auto_pad", "NOTSET") == "NOTSET",
          "the operator pads automatically") ||
      !r.PreferOneUse(r[pad])) {
    return std::nullopt;
  }
  const auto rank = static_cast<int64_t>(shape->size());
  const std::optional<Ints> full = FullPads(r[pad], rank);
  if (!r.Known(full, "the pads are not known")) {
    return std::nullopt;
  }
  const int64_t spatial = rank - 2;
  Ints pads = OwnPads(r[target], spatial);
  if (!r.Known(static_cast<int64_t>(pads.size()) == 2 * spatial,
               "the operator's pads have an unusual length")) {
    return std::nullopt;
  }
  for (int64_t i = 0; i < 2 * rank; ++i) {
    const int64_t axis = i % rank;
    const int64_t value = (*full)[i];
    if (!r.Require(axis >= 2 || value == 0,
                   "it pads the batch or the channels") ||
        !r.Require(value >= 0, "it crops")) {
      return std::nullopt;
    }
    if (axis >= 2) pads[axis - 2 + (i < rank ? 0 : spatial)] += value;
  }
  return pads;
}

Value* PadIntoConv(Rewriter& r) {
  const std::optional<double> fill = FillOf(r[pad]);
  if (!r.Require(fill && *fill == 0.0, "it does not pad with 0")) {
    return nullptr;
  }
  std::optional<Ints> pads = CombinedPads(r);
  if (!pads) return nullptr;
  return r.Clone(r[target], {r[x], r[w], r[b]},
                 {Rewriter::Ints("pads", *std::move(pads))});
}

bool HasOwnPads(const Node& node) {
  const auto* pads = AttributeView(node).Ints("pads");
  if (pads == nullptr) return false;
  for (const int64_t value : *pads) {
    if (value != 0) return true;
  }
  return false;
}

Value* PadIntoAveragePool(Rewriter& r) {
  const AttributeView attributes(r[target]);
  const std::optional<double> fill = FillOf(r[pad]);
  if (!r.Require(fill && *fill == 0.0, "it does not pad with 0") ||
      !r.Require(attributes.Int("ceil_mode", 0) == 0,
                 "the pool rounds its size up") ||
      // A pool that leaves its own padding out would leave out the Pad's too.
      !r.Require(
          !HasOwnPads(r[target]) || attributes.Int("count_include_pad", 0) == 1,
          "the pool does not count its own padding")) {
    return nullptr;
  }
  std::optional<Ints> pads = CombinedPads(r);
  if (!pads) return nullptr;
  return r.Clone(r[target], {r[x]},
                 {Rewriter::Ints("pads", *std::move(pads)),
                  Rewriter::Int("count_include_pad", 1)});
}

// MaxPool pads with the least number.
Value* PadIntoMaxPool(Rewriter& r) {
  const AttributeView attributes(r[target]);
  const std::optional<double> fill = FillOf(r[pad]);
  if (!r.Require(fill && *fill == -std::numeric_limits<double>::infinity(),
                 "it does not pad with -Inf") ||
      !r.Require(attributes.Int("ceil_mode", 0) == 0,
                 "the pool rounds its size up")) {
    return nullptr;
  }
  std::optional<Ints> pads = CombinedPads(r);
  if (!pads) return nullptr;
  return r.Clone(r[target], {r[x]}, {Rewriter::Ints("pads", *std::move(pads))});
}

}  // namespace

void AddPadRules(RuleSet& rules) {
  const Pattern padded = Op("Pad"_op, {x, Const(p), Rest(rest)}).As(pad);
  // Reassociating because a runtime may order its additions by the padding.
  rules.push_back(
      {"fuse-pad-into-conv", "Conv(Pad(x, p), w, b; q) -> Conv(x, w, b; p + q)",
       NumericClass::kReassociating,
       Op("Conv"_op, {padded, w, Optional(b)}).As(target), PadIntoConv});
  rules.push_back({"fuse-pad-into-average-pool",
                   "AveragePool(Pad(x, p); q) -> AveragePool(x; p + q)  "
                   "[counting the padding]",
                   NumericClass::kReassociating,
                   Op("AveragePool"_op, {padded}).As(target),
                   PadIntoAveragePool});
  rules.push_back({"fuse-pad-into-max-pool",
                   "MaxPool(Pad(x, p, -Inf); q) -> MaxPool(x; p + q)",
                   NumericClass::kExact, Op("MaxPool"_op, {padded}).As(target),
                   PadIntoMaxPool});
}

}  // namespace onnxopt
