// SPDX-License-Identifier: Apache-2.0
// Transpose, and the operators that give the same elements another shape,
// after each other.
#include <algorithm>
#include <numeric>
#include <string>

#include "passes/rewrite/rewriter.h"
#include "passes/rules/facts.h"
#include "passes/rules/rules.h"

namespace onnxopt {
namespace {

using Ints = std::vector<int64_t>;

constexpr Var x("x"), rest("rest"), more("more");
constexpr NodeVar first("first");

Value* TransposeOfTranspose(Rewriter& r) {
  const std::optional<Ints> p = PermOf(r[first]);
  const std::optional<Ints> q = PermOf(r.root());
  if (!r.Known(p && q && p->size() == q->size(), "a rank is not known")) {
    return nullptr;
  }
  Ints composed;
  for (const int64_t axis : *q) composed.push_back((*p)[axis]);
  if (IsIdentityPerm(composed)) return r[x];
  return r.Transpose(r[x], std::move(composed));
}

// --- Squeeze and Unsqueeze. All they do is to add and remove dims of 1, so it
// adds up between the dims that stay.

constexpr int64_t kAdded = -1;

// `dims` are dims of x or kAdded.
void Apply(const Node& node, const Ints& axes, Ints* dims) {
  if (node.Is("Unsqueeze"_op)) {
    for (const int64_t axis : axes) dims->insert(dims->begin() + axis, kAdded);
  } else {
    for (auto axis = axes.rbegin(); axis != axes.rend(); ++axis) {
      dims->erase(dims->begin() + *axis);
    }
  }
}

Value* AddAndRemoveDims(Rewriter& r) {
  const std::optional<int64_t> rank = RankOf(r[x]);
  const std::optional<Ints> inner = AxesOf(r[first]);
  const std::optional<Ints> outer = AxesOf(r.root());
  if (!r.Known(rank && inner && outer, "the axes are not known")) {
    return nullptr;
  }
  Ints dims(*rank);
  std::iota(dims.begin(), dims.end(), 0);
  Apply(r[first], *inner, &dims);
  Apply(r.root(), *outer, &dims);
  dims.push_back(*rank);  // the end, which stays
  Ints added, removed;
  int64_t next = 0;
  int64_t ones = 0;
  for (int64_t i = 0; i < static_cast<int64_t>(dims.size()); ++i) {
    if (dims[i] == kAdded) {
      ++ones;
      continue;
    }
    for (; next < dims[i]; ++next) {
      if (ones == 0) {
        removed.push_back(next);
      } else {
        --ones;
      }
    }
    for (; ones > 0; --ones) added.push_back(i - ones);
    ++next;
  }
  if (added.empty() && removed.empty()) return r[x];
  if (removed.empty()) return r.Make("Unsqueeze"_op, {r[x], r.Ints(added)});
  r.Known(added.empty(), "dims of 1 are removed here and added there");
  return r.Make("Squeeze"_op, {r[x], r.Ints(removed)});
}

// --- Any of Reshape, Flatten, Squeeze, Unsqueeze: only the last shape counts.

struct Target {
  Ints dims;
  bool allow_zero = false;
};

bool IsStatic(const Shape& shape) {
  return std::all_of(shape.begin(), shape.end(),
                     [](const Dim& dim) { return dim.IsInteger(); });
}

// The target of the Reshape `root`, as one for `x`. A 0 in it copies a dim of
// an input that is to go.
std::optional<Target> GivenTarget(const Node& root, const Value* x) {
  std::optional<Ints> given = ConstantInts(root.input(1));
  if (!root.Is("Reshape"_op) || !given) return std::nullopt;
  const bool allow_zero = AttributeView(root).Int("allowzero", 0) != 0;
  for (size_t i = 0; !allow_zero && i < given->size(); ++i) {
    if ((*given)[i] != 0) continue;
    const Dim dim = DimOf(root.output(0), i);
    if (dim.IsInteger() && dim.value() > 0) {
      (*given)[i] = dim.value();
    } else if (Compare(dim, DimOf(x, i)) != DimRelation::kEqual) {
      return std::nullopt;
    }
  }
  return Target{*std::move(given), allow_zero};
}

// A target that gives `shape`. A dim that is not known can be a -1 when all
// others are known and not 0, beside which a -1 has no meaning; else it must be
// a dim of `x` in the same place.
std::optional<Target> TargetFor(const Shape& shape, const Value* x) {
  const auto open =
      std::count_if(shape.begin(), shape.end(),
                    [](const Dim& dim) { return !dim.IsInteger(); });
  Target target;
  for (size_t i = 0; i < shape.size(); ++i) {
    const Dim& dim = shape[i];
    const bool zero = dim.IsInteger() && dim.value() == 0;
    if (open == 0) target.allow_zero |= zero;
    if (dim.IsInteger() && (!zero || open == 0)) {
      target.dims.push_back(dim.value());
    } else if (Compare(dim, DimOf(x, i)) == DimRelation::kEqual) {
      target.dims.push_back(0);
    } else if (open == 1 && !zero) {
      target.dims.push_back(-1);
    } else {
      return std::nullopt;
    }
  }
  const auto has = [&](int64_t dim) {
    return std::count(target.dims.begin(), target.dims.end(), dim) > 0;
  };
  if (has(-1) && has(0)) return std::nullopt;
  return target;
}

Value* ReshapeOfReshape(Rewriter& r) {
  const Value* output = r.root().output(0);
  const std::optional<Shape> shape = ShapeOf(output);
  if (SameShape(r[x], output)) return r[x];
  std::optional<Target> target;
  if (shape && IsStatic(*shape)) target = TargetFor(*shape, r[x]);
  if (!target) target = GivenTarget(r.root(), r[x]);
  if (!target && shape) target = TargetFor(*shape, r[x]);
  if (!r.Known(target, "too little is known of the shape")) return nullptr;
  std::vector<Attribute> attributes;
  if (target->allow_zero) attributes.push_back(r.Int("allowzero", 1));
  return r.Make("Reshape"_op, {r[x], r.Ints(target->dims)},
                std::move(attributes));
}

}  // namespace

void AddReshapeRules(RuleSet& rules) {
  const auto add = [&rules](std::string name, std::string algebra,
                            Pattern pattern, Value* (*build)(Rewriter&)) {
    rules.push_back({std::move(name), std::move(algebra), NumericClass::kExact,
                     std::move(pattern), build});
  };
  add("transpose-of-transpose",
      "Transpose(Transpose(x, p), q) -> Transpose(x, p[q])",
      Op("Transpose"_op, {Op("Transpose"_op, {x}).As(first)}),
      TransposeOfTranspose);
  for (const OpId outer : {"Squeeze"_op, "Unsqueeze"_op}) {
    for (const OpId inner : {"Squeeze"_op, "Unsqueeze"_op}) {
      add(RuleWord(outer) + "-of-" + RuleWord(inner),
          std::string(OpName(outer)) + "(" + std::string(OpName(inner)) +
              "(x, a), b) -> x or Squeeze(x, c) or Unsqueeze(x, c)",
          Op(outer, {Op(inner, {x, Rest(rest)}).As(first), Rest(more)}),
          AddAndRemoveDims);
    }
  }
  add("reshape-of-reshape",
      "f(g(x)) -> Reshape(x, shape)  [Reshape, Flatten, Squeeze, Unsqueeze]",
      AnyOp(Trait::kReshaping,
            {AnyOp(Trait::kReshaping, {x, Rest(rest)}), Rest(more)}),
      ReshapeOfReshape);
}

}  // namespace onnxopt
