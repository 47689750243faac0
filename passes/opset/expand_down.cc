// SPDX-License-Identifier: Apache-2.0
// Canonical nodes that older opsets say with several nodes: what they ask for
// came later, or their operator did. See expand_new.cc for the latter.
#include <algorithm>
#include <cmath>
#include <functional>
#include <iterator>
#include <limits>
#include <numeric>

#include "eval/elements.h"
#include "passes/opset/expand.h"
#include "passes/shape/families.h"

namespace onnxopt::opset {
namespace {

using shape::Normalize;

// Softmax, LogSoftmax and Hardmax of an axis that is not the last one: before
// 13, all axes from `axis` on are one.
Value* Softmax(Rewriter& r) {
  Value* x = Input(r, 0);
  const std::optional<int64_t> rank = RankOf(x);
  const std::optional<int64_t> axis = AttributeView(r.root()).Int("axis");
  if (!r.Known(rank && axis, "its rank is not known")) return nullptr;
  const std::optional<int64_t> index = Normalize(*axis, *rank);
  if (!r.Require(index.has_value(), "its axis is out of range")) return nullptr;
  std::vector<int64_t> perm = Count(0, *rank);
  std::swap(perm[*index], perm.back());
  Value* y = r.Make(r.root().op().id(), {r.Transpose(x, perm)},
                    {Rewriter::Int("axis", *rank - 1)});
  return r.Transpose(y, perm);
}

// Reductions over no axes: what is left is what happens to each element.
Value* ReduceNothing(Rewriter& r) {
  Value* x = Input(r, 0);
  Value* axes = Input(r, 1);
  const std::optional<std::vector<int64_t>> given = ConstantInts(axes);
  const bool none = axes == nullptr || (given && given->empty());
  if (!r.Known(none, "its axes are not known") ||
      !r.Matches(AttributeView(r.root()).Int("noop_with_empty_axes") == 1,
                 "it reduces all axes")) {
    return nullptr;
  }
  switch (r.root().op().id()) {
    case "ReduceL1"_op:
    case "ReduceL2"_op:
      return r.Make("Abs"_op, {x});
    case "ReduceLogSum"_op:
      return r.Make("Log"_op, {x});
    case "ReduceSumSquare"_op:
      return r.Mul(x, x);
    default:
      return r.Make("Identity"_op, {x});
  }
}

// A limit that is not constant.
Value* Clip(Rewriter& r) {
  Value* y = Input(r, 0);
  if (Value* min = Input(r, 1)) {
    y = r.Make("Where"_op, {r.Make("Less"_op, {y, min}), min, y});
  }
  if (Value* max = Input(r, 2)) {
    y = r.Make("Where"_op, {r.Make("Less"_op, {max, y}), max, y});
  }
  return y == Input(r, 0) ? r.Make("Identity"_op, {y}) : y;
}

// The smallest elements.
Value* TopK(Rewriter& r) {
  const AttributeView view(r.root());
  const std::optional<int64_t> axis = view.Int("axis");
  if (!r.Matches(view.Int("largest") == 0, "it gives the largest") ||
      !r.Known(axis, "its axis is not known")) {
    return nullptr;
  }
  const std::vector<Value*> outputs =
      r.MakeOutputs("TopK"_op, {r.Neg(Input(r, 0)), Input(r, 1)},
                    {Rewriter::Int("axis", *axis)}, 2);
  r.ReplaceOutput(1, outputs[1]);
  return r.Neg(outputs[0]);
}

// A mask of nothing but true.
Value* Dropout(Rewriter& r) {
  Value* x = Input(r, 0);
  if (!r.Require(Input(r, 2) == nullptr || IsConstantOf(Input(r, 2), 0),
                 "it may be in training mode")) {
    return nullptr;
  }
  const Value* mask = r.root().num_outputs() > 1 ? r.root().output(1) : nullptr;
  if (mask != nullptr && mask->HasUses()) {
    Value* some = r.CastTo(ElementType::kBool, x);
    r.ReplaceOutput(1, r.Make("Or"_op, {some, r.Make("Not"_op, {some})}));
  }
  return r.Make("Identity"_op, {x});
}

// Part of a shape.
Value* ShapeOfSome(Rewriter& r) {
  const AttributeView view(r.root());
  const int64_t start = view.Int("start").value_or(0);
  const int64_t end =
      view.Int("end").value_or(std::numeric_limits<int32_t>::max());
  Value* all = r.Make("Shape"_op, {Input(r, 0)});
  return r.Make("Slice"_op, {all, r.Ints({start}), r.Ints({end}), r.Ints({0})});
}

// layout=1: the batch comes first.
Value* Recurrent(Rewriter& r) {
  const Node& root = r.root();
  if (!r.Matches(AttributeView(root).Int("layout") == 1,
                 "its layout is the old one")) {
    return nullptr;
  }
  std::vector<Value*> inputs(root.inputs().begin(), root.inputs().end());
  const std::vector<int64_t> swapped = {1, 0, 2};
  for (const size_t i : {0, 5, 6}) {  // X, initial_h, initial_c
    if (i < inputs.size() && inputs[i] != nullptr) {
      inputs[i] = r.Transpose(inputs[i], swapped);
    }
  }
  std::vector<Attribute> attributes;
  for (const Attribute& attribute : root.attributes()) {
    if (attribute.name != "layout") attributes.push_back(attribute);
  }
  const std::vector<Value*> outputs =
      r.MakeOutputs(root.op().id(), std::move(inputs), std::move(attributes),
                    root.num_outputs());
  for (int i = 1; i < root.num_outputs(); ++i) {
    if (root.output(i) != nullptr) {
      r.ReplaceOutput(i, r.Transpose(outputs[i], swapped));
    }
  }
  return r.Transpose(outputs[0], {2, 0, 1, 3});
}

// Without C: a sum with -0, which changes nothing.
Value* Gemm(Rewriter& r) {
  const AttributeView view(r.root());
  const auto trans_a = view.Int("transA");
  const auto trans_b = view.Int("transB");
  const auto alpha = view.Float("alpha");
  if (!r.Matches(Input(r, 2) == nullptr, "it has a C") ||
      !r.Known(trans_a && trans_b && alpha, "its attributes are not known")) {
    return nullptr;
  }
  return r.Make(
      "Gemm"_op, {Input(r, 0), Input(r, 1), r.Scalar(-0.0, Input(r, 0))},
      {Rewriter::Float("alpha", *alpha), Rewriter::Int("transA", *trans_a),
       Rewriter::Int("transB", *trans_b)});
}

// A slope along one axis, which is not that of the channels: that comes to its
// place.
Value* PReluAlongAxis(Rewriter& r) {
  Value* x = Input(r, 0);
  Value* slope = Input(r, 1);
  const std::optional<int64_t> rank = RankOf(x);
  const std::optional<Shape> shape = ShapeOf(slope);
  if (!r.Known(rank && *rank > 1 && shape && std::ssize(*shape) <= *rank,
               "its ranks are not known")) {
    return nullptr;
  }
  const auto is_one = [](const Dim& dim) {
    return dim.IsInteger() && dim.value() == 1;
  };
  const auto axis = std::find_if_not(shape->begin(), shape->end(), is_one);
  if (!r.Matches(
          axis != shape->end() && std::all_of(axis + 1, shape->end(), is_one),
          "its slope has no or several axes")) {
    return nullptr;
  }
  std::vector<int64_t> perm = Count(0, *rank);
  std::swap(perm[1], perm[*rank - std::distance(axis, shape->end())]);
  std::vector<int64_t> per_channel(*rank - 1, 1);
  per_channel[0] = -1;
  Value* y =
      r.Make("PRelu"_op, {r.Transpose(x, perm),
                          r.Make("Reshape"_op, {slope, r.Ints(per_channel)})});
  return r.Transpose(y, perm);
}

// A slope for each place of the last axes, which become one.
Value* PReluOfPlaces(Rewriter& r) {
  Value* x = Input(r, 0);
  Value* slope = Input(r, 1);
  const std::optional<Shape> shape = ShapeOf(x);
  const std::optional<std::vector<int64_t>> dims = StaticDims(slope);
  if (!r.Known(shape && dims && dims->size() <= shape->size(),
               "its shapes are not known") ||
      !r.Matches(std::equal(dims->begin(), dims->end(),
                            shape->end() - std::ssize(*dims),
                            [](int64_t dim, const Dim& of_x) {
                              return of_x.IsInteger() && of_x.value() == dim;
                            }),
                 "its slope is broadcast along a later axis")) {
    return nullptr;
  }
  const int64_t size = std::accumulate(dims->begin(), dims->end(), int64_t{1},
                                       std::multiplies<>());
  if (!r.Require(size > 0, "it is empty")) return nullptr;
  Value* y = r.Make("PRelu"_op, {r.Make("Reshape"_op, {x, r.Ints({-1, size})}),
                                 r.Reshape(slope, {size})});
  return ReshapeLike(r, y, x, /*allow_zero=*/false);
}

// Any other slope. Infinity times zero is no number.
Value* PRelu(Rewriter& r) {
  Value* x = Input(r, 0);
  const std::optional<std::vector<double>> slope = ConstantNumbers(Input(r, 1));
  if (!r.Known(eval::IsFloating(ElementOf(x)),
               "its element type is not floating point") ||
      !r.Known(slope && std::all_of(slope->begin(), slope->end(),
                                    [](double s) { return std::isfinite(s); }),
               "its slope is not known to be finite")) {
    return nullptr;
  }
  Value* below = r.Make("Relu"_op, {r.Neg(x)});
  return r.Sub(r.Make("Relu"_op, {x}), r.Mul(below, Input(r, 1)));
}

// The last of several equal elements.
Value* ArgExtreme(Rewriter& r) {
  const AttributeView view(r.root());
  const std::optional<int64_t> axis = view.Int("axis");
  const std::optional<int64_t> keepdims = view.Int("keepdims");
  if (!r.Matches(view.Int("select_last_index") == 1, "it gives the first") ||
      !r.Known(axis && keepdims, "its attributes are not known")) {
    return nullptr;
  }
  Value* x = Input(r, 0);
  Value* reversed =
      r.Make("Slice"_op,
             {x, r.Ints({-1}), r.Ints({std::numeric_limits<int64_t>::min()}),
              r.Ints({*axis}), r.Ints({-1})});
  Value* index = r.Make(
      r.root().op().id(), {reversed},
      {Rewriter::Int("axis", *axis), Rewriter::Int("keepdims", *keepdims)});
  Value* size =
      r.Make("Gather"_op, {r.Make("Shape"_op, {x}), r.Constant(Int64(*axis))});
  return r.Sub(r.Sub(size, r.Constant(Int64(1))), index);
}

// Zeros that count: the same as zeros of a Pad.
Value* AveragePool(Rewriter& r) {
  const AttributeView view(r.root());
  const auto* given = view.Ints("pads");
  const std::vector<int64_t> pads =
      given == nullptr ? std::vector<int64_t>() : *given;
  if (!r.Matches(view.Int("count_include_pad") == 1, "pads do not count") ||
      !r.Known(view.String("auto_pad", "NOTSET") == "NOTSET",
               "its pads are not explicit") ||
      !r.Require(view.Int("ceil_mode").value_or(0) == 0, "it has ceil_mode")) {
    return nullptr;
  }
  const auto half = static_cast<int64_t>(pads.size() / 2);
  std::vector<int64_t> all = {0, 0};
  all.insert(all.end(), pads.begin(), pads.begin() + half);
  all.insert(all.end(), {0, 0});
  all.insert(all.end(), pads.begin() + half, pads.end());
  std::vector<Attribute> attributes;
  for (const Attribute& attribute : r.root().attributes()) {
    if (attribute.name != "pads" && attribute.name != "count_include_pad") {
      attributes.push_back(attribute);
    }
  }
  const bool none = std::all_of(pads.begin(), pads.end(),
                                [](int64_t pad) { return pad == 0; });
  Value* padded =
      none ? Input(r, 0) : r.Make("Pad"_op, {Input(r, 0), r.Ints(all)});
  return r.Make("AveragePool"_op, {padded}, std::move(attributes));
}

Value* Swapped(Rewriter& r) {
  const bool greater = r.root().Is("Greater"_op);
  return r.Make(greater ? "Less"_op : "Greater"_op, {Input(r, 1), Input(r, 0)});
}

// What is no optional is there.
Value* OptionalGetElement(Rewriter& r) {
  if (!r.Known(ElementOf(Input(r, 0)) != ElementType::kUndefined,
               "its input is not known to be a tensor")) {
    return nullptr;
  }
  return r.Make("Identity"_op, {Input(r, 0)});
}

Value* OptionalHasElement(Rewriter& r) {
  const bool has = Input(r, 0) != nullptr;
  if (!r.Known(!has || ElementOf(Input(r, 0)) != ElementType::kUndefined,
               "its input is not known to be a tensor")) {
    return nullptr;
  }
  absl::StatusOr<TensorRef> tensor = Tensor::Owned(
      ElementType::kBool, {}, std::string_view(has ? "\1" : "\0", 1));
  return tensor.ok() ? r.Constant(*std::move(tensor)) : nullptr;
}

// Of what is no tensor.
Value* Identity(Rewriter& r) { return Input(r, 0); }

constexpr Expansion kExpansions[] = {
    {"ArgMax"_op, 0, ArgExtreme},
    {"ArgMin"_op, 0, ArgExtreme},
    {"AveragePool"_op, 0, AveragePool},
    {"Clip"_op, 0, Clip},
    {"Dropout"_op, 0, Dropout},
    {"GRU"_op, 0, Recurrent},
    {"Gemm"_op, 0, Gemm},
    {"Greater"_op, 0, Swapped},
    {"Hardmax"_op, 0, Softmax},
    {"Identity"_op, 0, Identity},
    {"LSTM"_op, 0, Recurrent},
    {"Less"_op, 0, Swapped},
    {"LogSoftmax"_op, 0, Softmax},
    {"OptionalGetElement"_op, 0, OptionalGetElement},
    {"OptionalHasElement"_op, 0, OptionalHasElement},
    {"PRelu"_op, 0, PReluAlongAxis},
    {"PRelu"_op, 0, PReluOfPlaces},
    {"PRelu"_op, 0, PRelu},
    {"RNN"_op, 0, Recurrent},
    {"ReduceL1"_op, 0, ReduceNothing},
    {"ReduceL2"_op, 0, ReduceNothing},
    {"ReduceLogSum"_op, 0, ReduceNothing},
    {"ReduceLogSumExp"_op, 0, ReduceNothing},
    {"ReduceMax"_op, 0, ReduceNothing},
    {"ReduceMean"_op, 0, ReduceNothing},
    {"ReduceMin"_op, 0, ReduceNothing},
    {"ReduceProd"_op, 0, ReduceNothing},
    {"ReduceSum"_op, 0, ReduceNothing},
    {"ReduceSumSquare"_op, 0, ReduceNothing},
    {"Shape"_op, 0, ShapeOfSome},
    {"Softmax"_op, 0, Softmax},
    {"TopK"_op, 0, TopK},
};

}  // namespace

std::span<const Expansion> DownwardExpansions() {
  static const auto& all = *[] {
    auto* expansions = new std::vector<Expansion>;
    for (const std::span<const Expansion> part :
         {std::span<const Expansion>(kExpansions), NewOperatorExpansions(),
          MovementExpansions(), AttentionExpansions(),
          QuantizationExpansions()}) {
      expansions->insert(expansions->end(), part.begin(), part.end());
    }
    return expansions;
  }();
  return all;
}

}  // namespace onnxopt::opset
