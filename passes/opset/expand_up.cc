// SPDX-License-Identifier: Apache-2.0
// Old operators that take several canonical nodes to say. Facts: ONNX's
// operator changelog; where its text leaves something open, its test data.
#include <algorithm>

#include "passes/opset/adapters.h"
#include "passes/opset/expand.h"

namespace onnxopt::opset {
namespace {

// Add, And, ...: the dims of B are those of A from `axis` on.
Value* Broadcast(Rewriter& r) {
  const Form form(r.root());
  const std::optional<int64_t> trailing = DimsAfterOperand(form);
  if (!r.Known(trailing, "its ranks are not known")) return nullptr;
  const int64_t rank = *form.rank(1);
  Value* b = r.Make("Unsqueeze"_op,
                    {Input(r, 1), r.Ints(Count(rank, rank + *trailing))});
  return r.Make(r.root().op().id(), {Input(r, 0), b});
}

// A slope of one element per channel.
Value* PRelu(Rewriter& r) {
  const std::optional<int64_t> rank = RankOf(Input(r, 0));
  if (!r.Known(rank, "its rank is not known") ||
      !r.Require(RankOf(Input(r, 1)) == 1,
                 "what a slope of this shape means was not defined")) {
    return nullptr;
  }
  Value* slope =
      r.Make("Unsqueeze"_op, {Input(r, 1), r.Ints(Count(1, *rank - 1))});
  return r.Make("PRelu"_op, {Input(r, 0), slope});
}

// spatial=0: parameters for every place of an image.
Value* BatchNormalization(Rewriter& r, bool allow_zero) {
  const AttributeView view(r.root());
  const bool is_old = r.root().op().since_version() < 7;
  if (!r.Require(!is_old || view.Int("is_test") == 1,
                 "it is in training mode") ||
      !r.Require(view.Int("spatial") == 0, "its spatial is not 0 or 1") ||
      !r.Require(r.root().num_outputs() == 1, "it is in training mode") ||
      !r.Known(view.Float("epsilon"), "its epsilon is not known")) {
    return nullptr;
  }
  Value* x = Input(r, 0);
  std::vector<Value*> inputs = {r.Make("Reshape"_op, {x, r.Ints({0, -1})})};
  for (int i = 1; i <= 4; ++i) {
    inputs.push_back(r.Make("Reshape"_op, {Input(r, i), r.Ints({-1})}));
  }
  Value* y = r.Make("BatchNormalization"_op, std::move(inputs),
                    {Rewriter::Float("epsilon", *view.Float("epsilon"))});
  return ReshapeLike(r, y, x, allow_zero);
}

// Softmax, LogSoftmax and Hardmax over all axes from `axis` on.
Value* Softmax(Rewriter& r, bool allow_zero) {
  Value* x = Input(r, 0);
  const std::optional<int64_t> axis = AttributeView(r.root()).Int("axis");
  if (!r.Known(axis, "its axis is not known")) return nullptr;
  Value* rows = r.Make("Flatten"_op, {x}, {Rewriter::Int("axis", *axis)});
  Value* y = r.Make(r.root().op().id(), {rows}, {Rewriter::Int("axis", -1)});
  return ReshapeLike(r, y, x, allow_zero);
}

// Negative indices were out of range.
Value* OneHot(Rewriter& r) {
  const std::optional<int64_t> axis = AttributeView(r.root()).Int("axis");
  if (!r.Known(axis, "its axis is not known")) return nullptr;
  Value* indices = r.CastTo(ElementType::kInt64, Input(r, 0));
  Value* depth = r.CastTo(ElementType::kInt64, Input(r, 1));
  Value* scalar = r.Make("Reshape"_op, {depth, r.Ints({})});
  Value* negative = r.Make("Less"_op, {indices, r.Constant(Int64(0))});
  Value* valid = r.Make("Where"_op, {negative, scalar, indices});
  return r.Make("OneHot"_op, {valid, Input(r, 1), Input(r, 2)},
                {Rewriter::Int("axis", *axis)});
}

// Scale and bias were per group.
Value* GroupNormalization(Rewriter& r) {
  Value* x = Input(r, 0);
  const AttributeView view(r.root());
  const std::optional<int64_t> groups = view.Int("num_groups");
  const std::optional<float> epsilon = view.Float("epsilon");
  const ElementType element = ElementOf(x);
  if (!r.Known(groups && *groups > 0, "its number of groups is not known") ||
      !r.Known(epsilon, "its epsilon is not known") ||
      !r.Known(element != ElementType::kUndefined,
               "its element type is not known")) {
    return nullptr;
  }
  const std::optional<Shape> shape = ShapeOf(x);
  const bool is_static = shape && shape->size() > 1 && (*shape)[1].IsInteger();
  Value* size = nullptr;  // [groups, channels per group]
  if (is_static) {
    size = r.Ints({*groups, (*shape)[1].value() / *groups});
  } else {
    Value* channels =
        r.Make("Gather"_op, {r.Make("Shape"_op, {x}), r.Ints({1})});
    size = r.Make("Concat"_op,
                  {r.Ints({*groups}), r.Div(channels, r.Ints({*groups}))},
                  {Rewriter::Int("axis", 0)});
  }
  const auto repeated = [&](Value* parameter) {
    Value* column = r.Make("Reshape"_op, {parameter, r.Ints({-1, 1})});
    Value* all = r.Make("Expand"_op, {column, size});
    return r.Make("Reshape"_op, {all, r.Ints({-1})});
  };
  return r.Make("GroupNormalization"_op,
                {x, repeated(Input(r, 1)), repeated(Input(r, 2))},
                {Rewriter::Int("num_groups", *groups),
                 Rewriter::Float("epsilon", *epsilon),
                 Rewriter::Int("stash_type", static_cast<int64_t>(element))});
}

// The same for targets that lack the operator of today.
Value* GroupNormalizationAsOthers(Rewriter& r, bool allow_zero) {
  Value* x = Input(r, 0);
  const AttributeView view(r.root());
  const std::optional<int64_t> groups = view.Int("num_groups");
  const std::optional<float> epsilon = view.Float("epsilon");
  if (!r.Known(groups && epsilon, "its attributes are not known")) {
    return nullptr;
  }
  Value* rows = r.Make("Reshape"_op, {x, r.Ints({0, *groups, -1})});
  const auto mean = [&](Value* value) {
    return r.Make("ReduceMean"_op, {value, r.Ints({2})});
  };
  Value* deviation = r.Sub(rows, mean(rows));
  Value* variance = mean(r.Mul(deviation, deviation));
  Value* scale = r.Sqrt(r.Add(variance, r.Scalar(*epsilon, x)));
  const auto spread = [&](Value* parameter) {
    return r.Make("Reshape"_op, {parameter, r.Ints({-1, 1})});
  };
  Value* y = r.Mul(r.Div(deviation, scale), spread(Input(r, 1)));
  return ReshapeLike(r, r.Add(y, spread(Input(r, 2))), x, allow_zero);
}

// Rounding to the nearest was down where sizes grow, and up where they shrink.
Value* Resize(Rewriter& r) {
  const AttributeView view(r.root());
  const std::optional<std::vector<double>> scales =
      ConstantNumbers(Input(r, 1));
  if (!r.Known(scales, "its scales are not known") ||
      !r.Require(view.String("mode") == "nearest",
                 "its mode is not the nearest")) {
    return nullptr;
  }
  Value* x = Input(r, 0);
  for (const bool grows : {true, false}) {
    std::vector<float> part;
    for (const double scale : *scales) {
      part.push_back((scale > 1) == grows ? static_cast<float>(scale) : 1);
    }
    x = r.Make(
        "Resize"_op, {x, nullptr, r.Constant(Floats(part))},
        {Rewriter::String("mode", "nearest"),
         Rewriter::String("nearest_mode", grows ? "floor" : "ceil"),
         Rewriter::String("coordinate_transformation_mode", "asymmetric")});
  }
  return x;
}

Value* AsInt64(Rewriter& r, Value* x) {
  return r.CastTo(ElementType::kInt64, x);
}

// Lengths that are an input of floats.
Value* Split(Rewriter& r) {
  const Node& root = r.root();
  const int64_t axis = AttributeView(root).Int("axis", 0);
  if (!r.Require(Input(r, 1) != nullptr, "it has no lengths")) return nullptr;
  const std::vector<Value*> parts =
      r.MakeOutputs("Split"_op, {Input(r, 0), AsInt64(r, Input(r, 1))},
                    {Rewriter::Int("axis", axis)}, root.num_outputs());
  for (int i = 1; i < root.num_outputs(); ++i) r.ReplaceOutput(i, parts[i]);
  return parts[0];
}

// Repeats along one axis, a number of times that is an input of floats.
Value* Tile(Rewriter& r) {
  const std::optional<int64_t> rank = RankOf(Input(r, 0));
  if (!r.Known(rank, "its rank is not known")) return nullptr;
  const auto scalar = [&](Value* x) {
    return r.Make("Reshape"_op, {AsInt64(r, x), r.Ints({1})});
  };
  Value* is_axis =
      r.Make("Equal"_op, {r.Ints(Count(0, *rank)), scalar(Input(r, 2))});
  Value* repeats =
      r.Make("Where"_op, {is_axis, scalar(Input(r, 1)), r.Ints({1})});
  return r.Make("Tile"_op, {Input(r, 0), repeats});
}

constexpr Expansion kExpansions[] = {
    {"Add"_op, 6, Broadcast},
    {"And"_op, 1, Broadcast},
    {"BatchNormalization"_op, 7, WithZero<BatchNormalization, true>},
    {"BatchNormalization"_op, 7, WithZero<BatchNormalization, false>},
    {"Div"_op, 6, Broadcast},
    {"Equal"_op, 1, Broadcast},
    {"Greater"_op, 1, Broadcast},
    {"GroupNormalization"_op, 18, GroupNormalization},
    {"GroupNormalization"_op, 18, WithZero<GroupNormalizationAsOthers, true>},
    {"GroupNormalization"_op, 18, WithZero<GroupNormalizationAsOthers, false>},
    {"Hardmax"_op, 11, WithZero<Softmax, true>},
    {"Hardmax"_op, 11, WithZero<Softmax, false>},
    {"Less"_op, 1, Broadcast},
    {"LogSoftmax"_op, 11, WithZero<Softmax, true>},
    {"LogSoftmax"_op, 11, WithZero<Softmax, false>},
    {"Mul"_op, 6, Broadcast},
    {"OneHot"_op, 9, OneHot},
    {"Or"_op, 1, Broadcast},
    {"PRelu"_op, 6, PRelu},
    {"Pow"_op, 1, Broadcast},
    {"Resize"_op, 10, Resize},
    {"Softmax"_op, 11, WithZero<Softmax, true>},
    {"Softmax"_op, 11, WithZero<Softmax, false>},
    {"Split"_op, 1, Split},
    {"Sub"_op, 6, Broadcast},
    {"Tile"_op, 1, Tile},
    {"Xor"_op, 1, Broadcast},
};

}  // namespace

std::span<const Expansion> UpwardExpansions() { return kExpansions; }

}  // namespace onnxopt::opset
