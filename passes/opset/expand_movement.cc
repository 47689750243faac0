// SPDX-License-Identifier: Apache-2.0
// Operators that move elements, as older opsets say what they ask for: indices
// that count from the back, steps, batches, repeats, pads.
#include <algorithm>
#include <iterator>

#include "passes/opset/expand.h"
#include "passes/shape/families.h"

namespace onnxopt::opset {
namespace {

using shape::Normalize;

// Indices without those that count from the back.
Value* FromFront(Rewriter& r, Value* indices, Value* size) {
  if (ElementOf(indices) == ElementType::kUndefined) return nullptr;
  Value* negative = r.Make("Less"_op, {indices, r.Scalar(0, indices)});
  return r.Make("Where"_op, {negative, r.Add(indices, size), indices});
}

// Constant indices of a dim that is not known.
Value* Gather(Rewriter& r) {
  const std::optional<int64_t> axis = AttributeView(r.root()).Int("axis");
  const std::optional<int64_t> rank = RankOf(Input(r, 0));
  Value* indices = Input(r, 1);
  auto negative = ConstantInts(indices);
  if (!r.Known(
          axis && rank && negative && ElementOf(indices) == ElementType::kInt64,
          "its rank or its indices are not known")) {
    return nullptr;
  }
  const std::optional<int64_t> index = Normalize(*axis, *rank);
  if (!r.Require(index.has_value(), "its axis is out of range")) return nullptr;
  for (int64_t& i : *negative) i = i < 0 ? 1 : 0;
  Value* size = r.Make("Gather"_op, {r.Make("Shape"_op, {Input(r, 0)}),
                                     r.Constant(Int64(*index))});
  Value* added = r.Mul(r.Constant(*Tensor::WithDims(Int64s(*negative),
                                                    indices->tensor()->dims())),
                       size);
  return r.Make("Gather"_op, {Input(r, 0), r.Add(indices, added)},
                {Rewriter::Int("axis", *index)});
}

Value* OneHot(Rewriter& r) {
  const std::optional<int64_t> axis = AttributeView(r.root()).Int("axis");
  const std::optional<int64_t> rank = RankOf(Input(r, 0));
  if (!r.Known(axis && rank, "its rank is not known")) return nullptr;
  Value* indices = r.CastTo(ElementType::kInt64, Input(r, 0));
  Value* depth = r.CastTo(ElementType::kInt64, Input(r, 1));
  Value* scalar = r.Make("Reshape"_op, {depth, r.Ints({})});
  // What is out of range stays so, also where a runtime counts from the back.
  Value* zero = r.Constant(Int64(0));
  Value* counted = r.Add(indices, scalar);
  Value* valid =
      r.Make("Where"_op, {r.Make("Less"_op, {counted, zero}), scalar, counted});
  Value* index =
      r.Make("Where"_op, {r.Make("Less"_op, {indices, zero}), valid, indices});
  return r.Make(
      "OneHot"_op, {index, Input(r, 1), Input(r, 2)},
      {Rewriter::Int("axis", *axis < -1 ? *axis + *rank + 1 : *axis)});
}

Value* ScatterElements(Rewriter& r) {
  const AttributeView view(r.root());
  const std::optional<int64_t> rank = RankOf(Input(r, 0));
  const std::optional<int64_t> axis = view.Int("axis");
  if (!r.Known(axis && rank, "its rank is not known") ||
      !r.Require(view.String("reduction") == "none", "it has a reduction")) {
    return nullptr;
  }
  const std::optional<int64_t> index = Normalize(*axis, *rank);
  if (!r.Require(index.has_value(), "its axis is out of range")) return nullptr;
  Value* size = r.Make("Gather"_op, {r.Make("Shape"_op, {Input(r, 0)}),
                                     r.Constant(Int64(*index))});
  Value* indices = Input(r, 1);
  if (ElementOf(indices) == ElementType::kInt32) {
    size = r.CastTo(ElementType::kInt32, size);
  }
  return r.Make("ScatterElements"_op,
                {Input(r, 0), FromFront(r, indices, size), Input(r, 2)},
                {Rewriter::Int("axis", *index)});
}

// Lists of more indices are no way to say something.
constexpr int64_t kMaxIndices = 1 << 16;

// What a Slice takes of a dim (as eval does); nullopt if that is too much to
// list.
std::optional<std::vector<int64_t>> Sliced(int64_t dim, int64_t start,
                                           int64_t end, int64_t step) {
  std::vector<int64_t> indices;
  if (dim == 0) return indices;
  if (start < 0) start += dim;
  if (end < 0) end += dim;
  const int64_t low = step > 0 ? 0 : -1;
  int64_t k = std::clamp<int64_t>(start, 0, step > 0 ? dim : dim - 1);
  end = std::clamp(end, low, dim + low);
  while (step > 0 ? k < end : k > end) {
    if (std::ssize(indices) == kMaxIndices) return std::nullopt;
    indices.push_back(k);
    const int64_t rest = end - k;
    if (step > 0 ? step >= rest : step <= rest) break;
    k += step;
  }
  return indices;
}

// Steps other than 1: an axis after the other, of known size.
Value* Slice(Rewriter& r) {
  Value* x = Input(r, 0);
  const auto starts = ConstantInts(Input(r, 1));
  const auto ends = ConstantInts(Input(r, 2));
  auto axes = ConstantInts(Input(r, 3));
  const auto steps = ConstantInts(Input(r, 4));
  const std::optional<Shape> shape = ShapeOf(x);
  if (!r.Known(starts && ends && steps && shape,
               "its indices or its rank are not known") ||
      !r.Known(axes || Input(r, 3) == nullptr, "its axes are not known")) {
    return nullptr;
  }
  if (!axes) axes = Count(0, static_cast<int64_t>(starts->size()));
  if (!r.Require(ends->size() == starts->size() &&
                     axes->size() == starts->size() &&
                     steps->size() == starts->size(),
                 "it is not valid")) {
    return nullptr;
  }
  std::vector<bool> seen(shape->size(), false);
  Value* y = x;
  for (size_t i = 0; i < axes->size(); ++i) {
    const auto axis = Normalize((*axes)[i], shape->size());
    if (!r.Require(axis && !seen[*axis] && (*steps)[i] != 0,
                   "it is not valid")) {
      return nullptr;
    }
    seen[*axis] = true;
    const Dim& dim = (*shape)[*axis];
    if (!r.Known(dim.IsInteger(), "a dim is not known")) return nullptr;
    const auto indices =
        Sliced(dim.value(), (*starts)[i], (*ends)[i], (*steps)[i]);
    if (!r.Known(indices, "it has too many elements")) return nullptr;
    y = r.Make("Gather"_op, {y, r.Ints(*indices)},
               {Rewriter::Int("axis", *axis)});
  }
  return y;
}

// To a shape that is known, before Expand existed.
Value* Expand(Rewriter& r) {
  Value* x = Input(r, 0);
  const std::optional<std::vector<int64_t>> from = StaticDims(x);
  const std::optional<std::vector<int64_t>> to = StaticDims(r.root().output(0));
  if (!r.Known(from && to, "a dim is not known") ||
      !r.Require(std::count(to->begin(), to->end(), 0) == 0 &&
                     to->size() >= from->size(),
                 "it is empty")) {
    return nullptr;
  }
  std::vector<int64_t> dims(to->size() - from->size(), 1);
  dims.insert(dims.end(), from->begin(), from->end());
  std::vector<int64_t> repeats;
  for (size_t i = 0; i < dims.size(); ++i) {
    repeats.push_back((*to)[i] / dims[i]);
  }
  return r.Make("Tile"_op, {r.Reshape(x, dims), r.Ints(repeats)});
}

// Along several axes: one after the other.
Value* Tile(Rewriter& r) {
  const std::optional<std::vector<int64_t>> repeats = ConstantInts(Input(r, 1));
  if (!r.Known(repeats, "its repeats are not known") ||
      !r.Matches(std::count(repeats->begin(), repeats->end(), 1) + 1 <
                     static_cast<int64_t>(repeats->size()),
                 "it repeats along one axis")) {
    return nullptr;
  }
  Value* y = Input(r, 0);
  for (size_t i = 0; i < repeats->size(); ++i) {
    if ((*repeats)[i] == 1) continue;
    std::vector<int64_t> along(repeats->size(), 1);
    along[i] = (*repeats)[i];
    y = r.Make("Tile"_op, {y, r.Ints(along)});
  }
  return y;
}

// batch_dims: the place in the batch becomes part of the index.
Value* GatherNd(Rewriter& r) {
  const std::optional<int64_t> batch =
      AttributeView(r.root()).Int("batch_dims");
  Value* indices = Input(r, 1);
  const std::optional<int64_t> rank = RankOf(indices);
  if (!r.Known(batch && rank, "its rank is not known") ||
      !r.Require(*batch >= 0 && *batch < *rank, "it is not valid")) {
    return nullptr;
  }
  Value* shape = r.Make("Shape"_op, {indices});
  Value* leading = r.Make(
      "Slice"_op, {shape, r.Ints({0}), r.Ints({*rank - 1}), r.Ints({0})});
  Value* column =
      r.Make("Concat"_op, {leading, r.Ints({1})}, {Rewriter::Int("axis", 0)});
  std::vector<Value*> parts;
  for (int64_t axis = 0; axis < *batch; ++axis) {
    Value* size = r.Make("Gather"_op, {shape, r.Constant(Int64(axis))});
    Value* places =
        r.Make("Range"_op, {r.Constant(Int64(0)), size, r.Constant(Int64(1))});
    std::vector<int64_t> others = Count(0, *rank);
    others.erase(others.begin() + axis);
    Value* spread = r.Make("Unsqueeze"_op, {places, r.Ints(others)});
    parts.push_back(r.Make("Expand"_op, {spread, column}));
  }
  parts.push_back(indices);
  Value* all =
      r.Make("Concat"_op, std::move(parts), {Rewriter::Int("axis", *rank - 1)});
  return r.Make("GatherND"_op, {Input(r, 0), all});
}

// Pads of some axes, which are not constant.
Value* PadOfAxes(Rewriter& r) {
  const std::optional<int64_t> rank = RankOf(Input(r, 0));
  const std::optional<std::vector<int64_t>> axes = ConstantInts(Input(r, 3));
  if (!r.Known(rank && axes, "its rank or its axes are not known")) {
    return nullptr;
  }
  const auto count = static_cast<int64_t>(axes->size());
  // For each of the pads which of those that are given, or the 0 after them.
  std::vector<int64_t> given(2 * *rank, 2 * count);
  for (int64_t i = 0; i < count; ++i) {
    const std::optional<int64_t> axis = Normalize((*axes)[i], *rank);
    if (!r.Require(axis && given[*axis] == 2 * count, "it is not valid")) {
      return nullptr;
    }
    given[*axis] = i;
    given[*rank + *axis] = count + i;
  }
  Value* pads = Input(r, 1);
  Value* zero = r.CastTo(ElementOf(pads), r.Ints({0}));
  Value* all = r.Make("Concat"_op, {pads, zero}, {Rewriter::Int("axis", 0)});
  return r.Clone(
      r.root(),
      {Input(r, 0), r.Make("Gather"_op, {all, r.Ints(given)}), Input(r, 2)});
}

// mode wrap: an axis after the other, of known size.
Value* PadWrapping(Rewriter& r) {
  const std::optional<Shape> shape = ShapeOf(Input(r, 0));
  const std::optional<std::vector<int64_t>> pads = ConstantInts(Input(r, 1));
  if (!r.Matches(AttributeView(r.root()).String("mode") == "wrap",
                 "its mode is an old one") ||
      !r.Known(shape && pads, "its pads or its rank are not known")) {
    return nullptr;
  }
  std::optional<std::vector<int64_t>> axes = ConstantInts(Input(r, 3));
  if (Input(r, 3) == nullptr) {
    axes = Count(0, static_cast<int64_t>(shape->size()));
  }
  if (!r.Known(axes, "its axes are not known") ||
      !r.Require(pads->size() == 2 * axes->size(), "it is not valid")) {
    return nullptr;
  }
  Value* y = Input(r, 0);
  std::vector<bool> seen(shape->size(), false);
  for (size_t i = 0; i < axes->size(); ++i) {
    const std::optional<int64_t> axis = Normalize((*axes)[i], shape->size());
    const int64_t before = (*pads)[i];
    const int64_t after = (*pads)[axes->size() + i];
    if (before == 0 && after == 0) continue;
    if (!r.Require(axis && !seen[*axis], "it is not valid") ||
        !r.Known((*shape)[*axis].IsInteger(), "a dim is not known")) {
      return nullptr;
    }
    seen[*axis] = true;
    const int64_t size = (*shape)[*axis].value();
    if (!r.Require(size > 0 && before >= 0 && after >= 0 &&
                       before < kMaxIndices && after < kMaxIndices &&
                       size < kMaxIndices,
                   "its pads are negative, or too large")) {
      return nullptr;
    }
    std::vector<int64_t> indices;
    for (int64_t k = -before; k < size + after; ++k) {
      indices.push_back(k < 0 ? (size + k % size) % size : k % size);
    }
    y = r.Make("Gather"_op, {y, r.Ints(indices)},
               {Rewriter::Int("axis", *axis)});
  }
  return y == Input(r, 0) ? r.Make("Identity"_op, {y}) : y;
}

// Depth in the order column, row, depth.
Value* DepthToSpace(Rewriter& r) {
  const AttributeView view(r.root());
  const std::optional<int64_t> block = view.Int("blocksize");
  const std::optional<std::vector<int64_t>> dims = StaticDims(Input(r, 0));
  if (!r.Matches(view.String("mode") == "CRD", "its mode is the old one") ||
      !r.Known(block && *block > 0 && dims && dims->size() == 4,
               "a dim is not known")) {
    return nullptr;
  }
  const int64_t b = *block;
  const auto& d = *dims;
  if (!r.Require(b <= d[1] && d[1] / b % b == 0 && d[1] % b == 0,
                 "it is not valid")) {
    return nullptr;
  }
  const int64_t depth = d[1] / (b * b);
  Value* parts = r.Make("Reshape"_op,
                        {Input(r, 0), r.Ints({d[0], depth, b, b, d[2], d[3]})});
  return r.Make("Reshape"_op, {r.Transpose(parts, {0, 1, 4, 2, 5, 3}),
                               r.Ints({d[0], depth, d[2] * b, d[3] * b})});
}

constexpr Expansion kExpansions[] = {
    {"DepthToSpace"_op, 0, DepthToSpace},
    {"Expand"_op, 0, Expand},
    {"Gather"_op, 0, Gather},
    {"GatherND"_op, 0, GatherNd},
    {"OneHot"_op, 0, OneHot},
    {"Pad"_op, 0, PadOfAxes},
    {"Pad"_op, 0, PadWrapping},
    {"ScatterElements"_op, 0, ScatterElements},
    {"Slice"_op, 0, Slice},
    {"Tile"_op, 0, Tile},
};

}  // namespace

std::span<const Expansion> MovementExpansions() { return kExpansions; }

}  // namespace onnxopt::opset
