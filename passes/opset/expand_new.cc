// SPDX-License-Identifier: Apache-2.0
// Operators as the ones before them: what ONNX says that they compute. They
// equal the operator up to rounding.
#include <algorithm>
#include <cmath>

#include "eval/elements.h"
#include "passes/opset/expand.h"
#include "passes/shape/families.h"

namespace onnxopt::opset {
namespace {

using shape::Normalize;

Value* Gelu(Rewriter& r) {
  Value* x = Input(r, 0);
  const std::optional<std::string_view> approximate =
      AttributeView(r.root()).String("approximate");
  if (!r.Known(approximate, "its approximate is not known")) return nullptr;
  Value* one = r.Scalar(1, x);
  Value* inner = nullptr;
  if (*approximate == "tanh") {
    Value* cube = r.Mul(r.Mul(x, x), x);
    Value* sum = r.Add(x, r.Mul(cube, r.Scalar(0.044715, x)));
    inner = r.Make("Tanh"_op, {r.Mul(sum, r.Scalar(std::sqrt(2 / M_PI), x))});
  } else {
    inner = r.Make("Erf"_op, {r.Div(x, r.Scalar(M_SQRT2, x))});
  }
  return r.Mul(r.Mul(x, r.Scalar(0.5, x)), r.Add(inner, one));
}

constexpr int64_t kMaxRank = 64;  // of ranks that are not known

// The axes from `axis` on, as constant axes of a reduction.
Value* AxesFrom(Rewriter& r, Value* x, const AttributeView& view) {
  const std::optional<int64_t> axis = view.Int("axis");
  if (!r.Known(axis, "its axis is not known")) return nullptr;
  const std::optional<int64_t> rank = RankOf(x);
  if (*axis < 0) {
    return r.Require(*axis >= -(rank ? *rank : kMaxRank),
                     "its axis is out of range")
               ? r.Ints(Count(*axis, 0))
               : nullptr;
  }
  // Without axes, all would be reduced.
  if (!r.Known(rank && *axis < *rank, "its rank is not known")) return nullptr;
  return r.Ints(Count(*axis, *rank));
}

// x - mean(x), and 1 / sqrt(variance(x) + epsilon).
struct Normalized {
  Value* mean = nullptr;
  Value* deviation = nullptr;
  Value* inverse = nullptr;
};

Normalized Normalization(Rewriter& r, Value* x, Value* axes, float epsilon) {
  Normalized n;
  n.mean = r.Make("ReduceMean"_op, {x, axes});
  n.deviation = r.Sub(x, n.mean);
  Value* variance =
      r.Make("ReduceMean"_op, {r.Mul(n.deviation, n.deviation), axes});
  Value* root = r.Sqrt(r.Add(variance, r.Scalar(epsilon, x)));
  n.inverse = r.Make("Reciprocal"_op, {root});
  return n;
}

// What a normalization says about its first stage.
struct Stage {
  ElementType outer = ElementType::kUndefined;
  ElementType inner = ElementType::kUndefined;
  float epsilon = 0;
};

std::optional<Stage> StageOf(Rewriter& r) {
  const AttributeView view(r.root());
  const std::optional<ElementType> stash =
      ElementTypeFromNumber(view.Int("stash_type", 0));
  const std::optional<float> epsilon = view.Float("epsilon");
  const ElementType element = ElementOf(Input(r, 0));
  if (!r.Known(stash && epsilon && element != ElementType::kUndefined,
               "its element type is not known") ||
      !r.Require(eval::IsFloating(*stash), "its stash_type is not floating")) {
    return std::nullopt;
  }
  return Stage{element, *stash, *epsilon};
}

Value* LayerNormalization(Rewriter& r) {
  const std::optional<Stage> stage = StageOf(r);
  if (!stage) return nullptr;
  Value* x = r.CastTo(stage->inner, Input(r, 0));
  Value* axes = AxesFrom(r, x, AttributeView(r.root()));
  const Normalized n = Normalization(r, x, axes, stage->epsilon);
  Value* y = r.CastTo(stage->outer, r.Mul(n.deviation, n.inverse));
  y = r.Mul(y, Input(r, 1));
  if (Input(r, 2) != nullptr) y = r.Add(y, Input(r, 2));
  const int outputs = r.root().num_outputs();
  if (outputs > 1) r.ReplaceOutput(1, n.mean);
  if (outputs > 2) r.ReplaceOutput(2, n.inverse);
  return y;
}

Value* RmsNormalization(Rewriter& r) {
  const std::optional<Stage> stage = StageOf(r);
  if (!stage || !r.RequireSameElement(Input(r, 0), Input(r, 1))) {
    return nullptr;
  }
  Value* x = r.CastTo(stage->inner, Input(r, 0));
  Value* axes = AxesFrom(r, x, AttributeView(r.root()));
  Value* mean = r.Make("ReduceMean"_op, {r.Mul(x, x), axes});
  Value* root = r.Sqrt(r.Add(mean, r.Scalar(stage->epsilon, x)));
  return r.Mul(r.CastTo(stage->outer, r.Div(x, root)), Input(r, 1));
}

Value* GroupNormalization(Rewriter& r, bool allow_zero) {
  const std::optional<Stage> stage = StageOf(r);
  const std::optional<int64_t> groups =
      AttributeView(r.root()).Int("num_groups");
  const std::optional<int64_t> rank = RankOf(Input(r, 0));
  if (!stage || !r.Known(groups && rank && *rank >= 2,
                         "its rank or number of groups is not known")) {
    return nullptr;
  }
  Value* x = r.CastTo(stage->inner, Input(r, 0));
  Value* rows = r.Make("Reshape"_op, {x, r.Ints({0, *groups, -1})});
  const Normalized n = Normalization(r, rows, r.Ints({2}), stage->epsilon);
  Value* y = ReshapeLike(r, r.Mul(n.deviation, n.inverse), x, allow_zero);
  y = r.CastTo(stage->outer, y);
  std::vector<int64_t> per_channel(*rank - 1, 1);
  per_channel[0] = -1;
  const auto spread = [&](Value* parameter) {
    return r.Make("Reshape"_op, {parameter, r.Ints(per_channel)});
  };
  return r.Add(r.Mul(y, spread(Input(r, 1))), spread(Input(r, 2)));
}

Value* Swish(Rewriter& r) {
  Value* x = Input(r, 0);
  const std::optional<float> alpha = AttributeView(r.root()).Float("alpha");
  if (!r.Known(alpha, "its alpha is not known")) return nullptr;
  Value* scaled = *alpha == 1 ? x : r.Mul(x, r.Scalar(*alpha, x));
  return r.Mul(x, r.Make("Sigmoid"_op, {scaled}));
}

Value* Mish(Rewriter& r) {
  Value* x = Input(r, 0);
  return r.Mul(x, r.Make("Tanh"_op, {r.Make("Softplus"_op, {x})}));
}

Value* HardSwish(Rewriter& r) {
  Value* x = Input(r, 0);
  return r.Mul(x, r.Make("HardSigmoid"_op, {x},
                         {Rewriter::Float("alpha", 1.0F / 6),
                          Rewriter::Float("beta", 0.5F)}));
}

Value* Celu(Rewriter& r) {
  Value* x = Input(r, 0);
  const std::optional<float> alpha = AttributeView(r.root()).Float("alpha");
  // Of another sign, both parts of a Celu may count.
  if (!r.Known(alpha, "its alpha is not known") ||
      !r.Require(*alpha > 0, "its alpha is not positive")) {
    return nullptr;
  }
  Value* scale = r.Scalar(*alpha, x);
  return r.Mul(r.Make("Elu"_op, {r.Div(x, scale)}), scale);
}

Value* ThresholdedRelu(Rewriter& r) {
  Value* x = Input(r, 0);
  const std::optional<float> alpha = AttributeView(r.root()).Float("alpha");
  if (!r.Known(alpha, "its alpha is not known")) return nullptr;
  Value* above = r.Make("Less"_op, {r.Scalar(*alpha, x), x});
  return r.Make("Where"_op, {above, x, r.Scalar(0, x)});
}

Value* OrEqual(Rewriter& r) {
  Value* a = Input(r, 0);
  Value* b = Input(r, 1);
  const bool greater = r.root().Is("GreaterOrEqual"_op);
  Value* strict =
      greater ? r.Make("Greater"_op, {a, b}) : r.Make("Less"_op, {a, b});
  return r.Make("Or"_op, {strict, r.Make("Equal"_op, {a, b})});
}

Value* CastLike(Rewriter& r) {
  const ElementType to = ElementOf(Input(r, 1));
  if (!r.Known(to != ElementType::kUndefined, "its type is not known")) {
    return nullptr;
  }
  std::vector<Attribute> attributes(r.root().attributes().begin(),
                                    r.root().attributes().end());
  attributes.push_back(Rewriter::Int("to", static_cast<int64_t>(to)));
  return r.Make("Cast"_op, {Input(r, 0)}, std::move(attributes));
}

// x where the column is at least (upper), or at most, k right of the row.
Value* Trilu(Rewriter& r) {
  Value* x = Input(r, 0);
  const std::optional<int64_t> rank = RankOf(x);
  const std::optional<int64_t> upper = AttributeView(r.root()).Int("upper");
  const ElementType element = ElementOf(x);
  if (!r.Known(rank && *rank >= 2 && upper, "its rank is not known") ||
      !r.Known(BitWidth(element) >= 8, "its element type is not known")) {
    return nullptr;
  }
  Value* shape = r.Make("Shape"_op, {x});
  const auto positions = [&](int64_t axis) {
    Value* size = r.Make("Gather"_op, {shape, r.Constant(Int64(axis))});
    return r.Make("Range"_op,
                  {r.Constant(Int64(0)), size, r.Constant(Int64(1))});
  };
  Value* rows = r.Make("Unsqueeze"_op, {positions(*rank - 2), r.Ints({1})});
  Value* columns = positions(*rank - 1);
  Value* k = Input(r, 1);
  if (k != nullptr) rows = r.Add(rows, k);
  Value* outside = *upper != 0 ? r.Make("Less"_op, {columns, rows})
                               : r.Make("Less"_op, {rows, columns});
  return r.Make("Where"_op, {outside, r.Scalar(0, x), x});
}

// What ConstantOfShape repeats: an int64 1.
Attribute One() {
  Attribute attribute;
  attribute.name = "value";
  attribute.kind = AttrKind::kTensor;
  attribute.value = Int64s({1});
  return attribute;
}

// start, start + 1, ...: the places of as many ones, before Range existed.
Value* Range(Rewriter& r) {
  Value* start = Input(r, 0);
  Value* limit = Input(r, 1);
  const ElementType element = ElementOf(start);
  if (!r.Known(element == ElementType::kInt64 || element == ElementType::kInt32,
               "it is not of integers") ||
      !r.Known(IsConstantOf(Input(r, 2), 1), "its step is not known to be 1")) {
    return nullptr;
  }
  Value* difference = r.CastTo(ElementType::kInt64, r.Sub(limit, start));
  Value* size = r.Make("Reshape"_op, {difference, r.Ints({1})});
  Value* is_positive = r.Make("Less"_op, {start, limit});
  Value* count = r.Mul(size, r.CastTo(ElementType::kInt64, is_positive));
  Value* ones = r.Make("ConstantOfShape"_op, {count}, {One()});
  Value* places =
      r.Make("Squeeze"_op, {r.Make("NonZero"_op, {ones}), r.Ints({0})});
  return r.Add(r.CastTo(element, places), start);
}

Value* MeanVarianceNormalization(Rewriter& r) {
  Value* x = Input(r, 0);
  const auto* axes = AttributeView(r.root()).Ints("axes");
  if (!r.Known(axes != nullptr, "its axes are not known")) return nullptr;
  const auto mean = [&](Value* value) {
    return r.Make("ReduceMean"_op, {value, r.Ints(*axes)});
  };
  Value* m = mean(x);
  Value* variance = r.Sub(mean(r.Mul(x, x)), r.Mul(m, m));
  Value* deviation = r.Add(r.Sqrt(variance), r.Scalar(1e-9, x));
  return r.Div(r.Sub(x, m), deviation);
}

constexpr Expansion kExpansions[] = {
    {"CastLike"_op, 0, CastLike},
    {"Celu"_op, 0, Celu},
    {"Gelu"_op, 0, Gelu},
    {"GreaterOrEqual"_op, 0, OrEqual},
    {"GroupNormalization"_op, 0, WithZero<GroupNormalization, true>},
    {"GroupNormalization"_op, 0, WithZero<GroupNormalization, false>},
    {"HardSwish"_op, 0, HardSwish},
    {"LayerNormalization"_op, 0, LayerNormalization},
    {"LessOrEqual"_op, 0, OrEqual},
    {"MeanVarianceNormalization"_op, 0, MeanVarianceNormalization},
    {"Mish"_op, 0, Mish},
    {"RMSNormalization"_op, 0, RmsNormalization},
    {"Range"_op, 0, Range},
    {"Swish"_op, 0, Swish},
    {"ThresholdedRelu"_op, 0, ThresholdedRelu},
    {"Trilu"_op, 0, Trilu},
};

}  // namespace

std::span<const Expansion> NewOperatorExpansions() { return kExpansions; }

}  // namespace onnxopt::opset
