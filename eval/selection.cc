// SPDX-License-Identifier: Apache-2.0
// Operators that select elements by index or condition.
#include <algorithm>

#include "absl/strings/str_cat.h"
#include "eval/arguments.h"
#include "eval/elements.h"
#include "eval/families.h"
#include "eval/indices.h"
#include "eval/move_elements.h"

namespace onnxopt::eval {
namespace {

KernelOutputs Gather(const KernelArgs& args) {
  const Tensor& data = *args.input(0);
  const Tensor& index = *args.input(1);
  ASSIGN_OR_RETURN(
      const int64_t axis,
      NormalizeAxis(args.attributes().Int("axis", 0), RankOf(data)));
  const TensorDims& from = data.dims();
  ASSIGN_OR_RETURN(const auto indices, IndicesOf(index, from[axis]));
  TensorDims dims(from.begin(), from.begin() + axis);
  dims.insert(dims.end(), index.dims().begin(), index.dims().end());
  dims.insert(dims.end(), from.begin() + axis + 1, from.end());
  const int64_t run = ProductOf(from, axis + 1, from.size());
  const int64_t outer = ProductOf(from, 0, axis);
  return Single(
      MoveElements(std::move(dims), data, [&](auto out, const auto& in) {
        auto to = out.begin();
        for (int64_t o = 0; o < outer; ++o) {
          for (const int64_t i : indices) {
            to = std::copy_n(in[0].begin() + (o * from[axis] + i) * run, run,
                             to);
          }
        }
      }));
}

KernelOutputs GatherElements(const KernelArgs& args) {
  const Tensor& data = *args.input(0);
  const Tensor& index = *args.input(1);
  ASSIGN_OR_RETURN(
      const int64_t axis,
      NormalizeAxis(args.attributes().Int("axis", 0), RankOf(data)));
  ASSIGN_OR_RETURN(const std::vector<int64_t> offsets,
                   ElementOffsets(data, index, axis));
  return Single(GatheredRuns(data, index.dims(), offsets, 1));
}

KernelOutputs GatherND(const KernelArgs& args) {
  const Tensor& data = *args.input(0);
  const Tensor& index = *args.input(1);
  const int64_t batch_dims = args.attributes().Int("batch_dims", 0);
  if (batch_dims < 0 || batch_dims >= std::min(RankOf(data), RankOf(index)) ||
      !std::equal(data.dims().begin(), data.dims().begin() + batch_dims,
                  index.dims().begin())) {
    return Invalid(absl::StrCat("batch_dims ", batch_dims, " does not fit"));
  }
  ASSIGN_OR_RETURN(const Slices slices,
                   SlicesOf(data, index, static_cast<size_t>(batch_dims)));
  TensorDims dims(index.dims().begin(), index.dims().end() - 1);
  dims.insert(dims.end(), slices.dims.begin(), slices.dims.end());
  return Single(
      GatheredRuns(data, std::move(dims), slices.offsets, slices.run));
}

KernelOutputs Compress(const KernelArgs& args) {
  const Tensor& input = *args.input(0);
  if (RankOf(*args.input(1)) != 1) return Invalid("condition is not 1-D");
  ASSIGN_OR_RETURN(const auto condition, RawIndicesOf(*args.input(1)));
  // Without an axis, as if the elements were in a list.
  TensorDims from = {input.num_elements()};
  int64_t axis = 0;
  if (const auto given = args.attributes().Int("axis"); given) {
    ASSIGN_OR_RETURN(axis, NormalizeAxis(*given, RankOf(input)));
    from = input.dims();
  }
  std::vector<int64_t> kept;
  for (size_t i = 0; i < condition.size(); ++i) {
    if (condition[i] != 0) kept.push_back(static_cast<int64_t>(i));
  }
  if (!kept.empty() && kept.back() >= from[axis]) {
    return Invalid(absl::StrCat("condition selects element ", kept.back(),
                                " of ", from[axis]));
  }
  TensorDims dims = from;
  dims[axis] = static_cast<int64_t>(kept.size());
  const int64_t run = ProductOf(from, axis + 1, from.size());
  const int64_t outer = ProductOf(from, 0, axis);
  return Single(
      MoveElements(std::move(dims), input, [&](auto out, const auto& in) {
        auto to = out.begin();
        for (int64_t o = 0; o < outer; ++o) {
          for (const int64_t i : kept) {
            to = std::copy_n(in[0].begin() + (o * from[axis] + i) * run, run,
                             to);
          }
        }
      }));
}

// Whether element `i` is not zero; a string: not empty.
absl::StatusOr<std::vector<bool>> NonZeros(const Tensor& x) {
  std::vector<bool> result;
  if (x.form() == Tensor::Form::kStrings) {
    for (const std::string& text : x.strings()) result.push_back(!text.empty());
    return result;
  }
  ASSIGN_OR_RETURN(const std::string_view bytes, x.bytes());
  const ElementType type = x.type();
  const int64_t count = x.num_elements();
  if (!IsFloating(type) && !IsInteger(type) && type != ElementType::kBool) {
    // Complex: two numbers each.
    const bool wide = type == ElementType::kComplex128;
    std::vector<double> parts(2 * count);
    LoadFloating(wide ? ElementType::kDouble : ElementType::kFloat, bytes, 0,
                 parts);
    for (int64_t i = 0; i < count; ++i) {
      result.push_back(parts[2 * i] != 0 || parts[2 * i + 1] != 0);
    }
    return result;
  }
  for (int64_t i = 0; i < count; ++i) {
    if (IsFloating(type)) {
      double value;
      LoadFloating(type, bytes, i, {&value, 1});
      result.push_back(value != 0);
    } else {
      int64_t value;
      LoadIntegers(type, bytes, i, {&value, 1});
      result.push_back(value != 0);
    }
  }
  return result;
}

// Of a scalar the result has 0 rows.
KernelOutputs NonZero(const KernelArgs& args) {
  const Tensor& x = *args.input(0);
  ASSIGN_OR_RETURN(const std::vector<bool> nonzero, NonZeros(x));
  std::vector<int64_t> places;
  for (size_t i = 0; i < nonzero.size(); ++i) {
    if (nonzero[i]) places.push_back(static_cast<int64_t>(i));
  }
  const size_t count = places.size();
  const Strides strides = RowMajorStrides(x.dims());
  ASSIGN_OR_RETURN(
      TensorBuilder out,
      TensorBuilder::Create(ElementType::kInt64,
                            {RankOf(x), static_cast<int64_t>(count)}));
  const auto indices = out.As<int64_t>();
  for (size_t axis = 0; axis < strides.size(); ++axis) {
    for (size_t i = 0; i < count; ++i) {
      indices[axis * count + i] = places[i] / strides[axis];
      places[i] %= strides[axis];
    }
  }
  return Single(std::move(out).Finish());
}

// Elements of any numeric type as integers; what is none, and what int64 does
// not hold, as INT64_MIN.
absl::StatusOr<std::vector<int64_t>> ToIntegers(const Tensor& tensor) {
  if (!IsFloating(tensor.type())) {
    ASSIGN_OR_RETURN(std::vector<int64_t> values, RawIndicesOf(tensor));
    if (tensor.type() == ElementType::kUint64) {
      for (int64_t& value : values) value = value < 0 ? INT64_MIN : value;
    }
    return values;
  }
  ASSIGN_OR_RETURN(const std::string_view bytes, tensor.bytes());
  std::vector<int64_t> values;
  for (int64_t i = 0; i < tensor.num_elements(); ++i) {
    double value;
    LoadFloating(tensor.type(), bytes, i, {&value, 1});
    const bool fits = value >= -0x1p63 && value < 0x1p63;
    values.push_back(fits ? static_cast<int64_t>(value) : INT64_MIN);
  }
  return values;
}

KernelOutputs OneHot(const KernelArgs& args) {
  const Tensor& index = *args.input(0);
  const Tensor& values = *args.input(2);
  if (args.input(1)->num_elements() != 1 || values.dims() != TensorDims{2}) {
    return Invalid("depth is not one number, or values are not two");
  }
  ASSIGN_OR_RETURN(const auto depths, ToIntegers(*args.input(1)));
  const int64_t depth = depths[0];
  if (depth < 0) return Invalid("depth is negative or too large");
  ASSIGN_OR_RETURN(const auto indices, ToIntegers(index));
  ASSIGN_OR_RETURN(
      const int64_t axis,
      NormalizeAxis(args.attributes().Int("axis", -1), RankOf(index) + 1));
  const int64_t inner = ProductOf(index.dims(), axis, index.dims().size());
  TensorDims dims = index.dims();
  dims.insert(dims.begin() + axis, depth);
  return Single(
      MoveElements(std::move(dims), values, [&](auto out, const auto& in) {
        std::fill(out.begin(), out.end(), in[0][0]);
        for (size_t i = 0; i < indices.size(); ++i) {
          int64_t hot = indices[i];
          if (hot < -depth || hot >= depth) continue;  // off everywhere
          if (hot < 0) hot += depth;
          const int64_t at = static_cast<int64_t>(i);
          out[(at / inner * depth + hot) * inner + at % inner] = in[0][1];
        }
      }));
}

}  // namespace

KernelList SelectionKernels() {
  return {{"Compress"_op, Compress},
          {"Gather"_op, Gather},
          {"GatherElements"_op, GatherElements},
          {"GatherND"_op, GatherND},
          {"NonZero"_op, NonZero},
          {"OneHot"_op, OneHot}};
}

}  // namespace onnxopt::eval
