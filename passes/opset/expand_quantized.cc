// SPDX-License-Identifier: Apache-2.0
// QuantizeLinear and DequantizeLinear with scales along an axis, as arithmetic.
#include "passes/opset/expand.h"
#include "passes/shape/families.h"

namespace onnxopt::opset {
namespace {

using shape::Normalize;

constexpr int64_t kMaxBlock = int64_t{1} << 31;

// One value for each block of `size` along `axis`, repeated as often.
Value* SpreadBlocks(Rewriter& r, Value* parameter, int64_t axis, int64_t size) {
  const std::optional<std::vector<int64_t>> dims = StaticDims(parameter);
  const std::optional<Shape> shape = ShapeOf(Input(r, 0));
  if (!r.Known(dims && shape && (*shape)[axis].IsInteger(),
               "a dim is not known")) {
    return nullptr;
  }
  const int64_t length = (*shape)[axis].value();
  const int64_t blocks_of_axis = (*dims)[axis];
  if (!r.Require(size < kMaxBlock && length < kMaxBlock &&
                     (length + size - 1) / size == blocks_of_axis,
                 "it is not valid")) {
    return nullptr;
  }
  std::vector<int64_t> spread = *dims;
  spread.insert(spread.begin() + axis + 1, size);
  Value* column = r.Make("Unsqueeze"_op, {parameter, r.Ints({axis + 1})});
  Value* blocks = r.Make("Expand"_op, {column, r.Ints(spread)});
  spread = *dims;
  spread[axis] *= size;
  Value* all = r.Reshape(blocks, spread);
  return length == spread[axis]
             ? all
             : r.Make("Slice"_op,
                      {all, r.Ints({0}), r.Ints({length}), r.Ints({axis})});
}

// A scale or zero point with the dims that broadcasting to x takes: one value
// for the tensor, one for each place of the axis, or one for each block.
Value* Spread(Rewriter& r, Value* parameter) {
  const std::optional<int64_t> rank = RankOf(Input(r, 0));
  const std::optional<int64_t> own = RankOf(parameter);
  const AttributeView view(r.root());
  const std::optional<int64_t> axis = view.Int("axis");
  const int64_t block = view.Int("block_size").value_or(0);
  if (!r.Known(rank && own && axis, "a rank is not known")) return nullptr;
  if (*own == 0) return parameter;
  const std::optional<int64_t> index = Normalize(*axis, *rank);
  if (!r.Require(index && *own == (block == 0 ? 1 : *rank) && block >= 0,
                 "it is not valid")) {
    return nullptr;
  }
  if (block > 0) return SpreadBlocks(r, parameter, *index, block);
  const std::vector<int64_t> axes = Count(1, *rank - *index);
  return axes.empty() ? parameter
                      : r.Make("Unsqueeze"_op, {parameter, r.Ints(axes)});
}

// (x - zero point) * scale, of which neither part need fit a narrower type than
// float.
Value* DequantizeLinear(Rewriter& r) {
  Value* scale = Input(r, 1);
  const ElementType to = ElementOf(scale);
  const int64_t dtype = AttributeView(r.root()).Int("output_dtype").value_or(0);
  if (!r.Known(to != ElementType::kUndefined, "its type is not known") ||
      !r.Require(dtype == 0 || dtype == static_cast<int64_t>(to),
                 "its result has another type than its scale")) {
    return nullptr;
  }
  constexpr ElementType kWide = ElementType::kFloat;
  Value* x = r.CastTo(kWide, Input(r, 0));
  if (Value* zero = Input(r, 2)) {
    x = r.Sub(x, Spread(r, r.CastTo(kWide, zero)));
  }
  return r.CastTo(to, r.Mul(x, Spread(r, r.CastTo(kWide, scale))));
}

// saturate(round(x / scale) + zero point)
Value* QuantizeLinear(Rewriter& r) {
  Value* scale = Input(r, 1);
  Value* zero = Input(r, 2);
  const ElementType to =
      zero == nullptr ? ElementType::kUint8 : ElementOf(zero);
  const int64_t dtype = AttributeView(r.root()).Int("output_dtype").value_or(0);
  if (!r.Known(to == ElementType::kUint8 || to == ElementType::kInt8,
               "its result is not of 8 bits") ||
      !r.Require(dtype == 0 || dtype == static_cast<int64_t>(to),
                 "its result has another type than its zero point") ||
      !r.Require(AttributeView(r.root()).Int("precision").value_or(0) == 0,
                 "it has a precision of its own") ||
      !r.Known(ElementOf(scale) == ElementType::kFloat,
               "its scale is not of floats")) {
    return nullptr;
  }
  Value* x = r.CastTo(ElementType::kFloat, Input(r, 0));
  Value* y = r.Make("Round"_op, {r.Div(x, Spread(r, scale))});
  if (zero != nullptr) {
    y = r.Add(y, Spread(r, r.CastTo(ElementType::kFloat, zero)));
  }
  const bool is_signed = to == ElementType::kInt8;
  y = r.Make("Clip"_op, {y, r.Scalar(is_signed ? -128 : 0, scale),
                         r.Scalar(is_signed ? 127 : 255, scale)});
  return r.CastTo(to, y);
}

// Integers are rounded to floats before they are divided.
Value* QuantizeIntegers(Rewriter& r) {
  if (!r.Matches(ElementOf(Input(r, 0)) == ElementType::kInt32,
                 "its input is not int32")) {
    return nullptr;
  }
  std::vector<Value*> inputs(r.root().inputs().begin(),
                             r.root().inputs().end());
  inputs[0] = r.CastTo(ElementType::kFloat, inputs[0]);
  return r.Clone(r.root(), std::move(inputs));
}

// The type of the result is that of the zero point.
Value* QuantizeWithZeroPoint(Rewriter& r) {
  const ElementType dtype =
      ElementTypeFromNumber(AttributeView(r.root()).Int("output_dtype", 0))
          .value_or(ElementType::kUndefined);
  const std::optional<std::vector<int64_t>> dims = StaticDims(Input(r, 1));
  if (!r.Matches(dtype != ElementType::kUndefined && Input(r, 2) == nullptr,
                 "it says no type") ||
      !r.Known(dims && BitWidth(dtype) == 8, "its zeros cannot be made")) {
    return nullptr;
  }
  const absl::StatusOr<TensorRef> zeros = Tensor::Splat(
      dtype, TensorDims(dims->begin(), dims->end()), std::string_view("\0", 1));
  if (!r.Known(zeros.ok(), "its zeros cannot be made")) return nullptr;
  return r.Clone(r.root(), {Input(r, 0), Input(r, 1), r.Constant(*zeros)},
                 {Rewriter::Int("output_dtype", 0)});
}

constexpr Expansion kExpansions[] = {
    {"DequantizeLinear"_op, 0, DequantizeLinear},
    {"QuantizeLinear"_op, 0, QuantizeIntegers},
    {"QuantizeLinear"_op, 0, QuantizeWithZeroPoint},
    {"QuantizeLinear"_op, 0, QuantizeLinear},
};

}  // namespace

std::span<const Expansion> QuantizationExpansions() { return kExpansions; }

}  // namespace onnxopt::opset
