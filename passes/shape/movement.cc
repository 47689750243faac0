// SPDX-License-Identifier: Apache-2.0
// Operators that join, cut and fill tensors, and those that read shapes.
#include <algorithm>
#include <numeric>

#include "fmt/core.h"
#include "passes/shape/families.h"

namespace onnxopt::shape {
namespace {

using Ints = std::vector<int64_t>;

absl::Status Concat(InferenceContext& c) {
  std::optional<Shape> shape;
  Dim sum(0);
  bool complete = true;
  ElementType element = ElementType::kUndefined;
  std::optional<int64_t> axis;
  for (int i = 0; i < c.num_inputs(); ++i) {
    if (element == ElementType::kUndefined) element = c.element(i);
    const std::optional<Shape>& input = c.shape(i);
    if (!input) {
      complete = false;
      continue;
    }
    if (!shape) {
      shape = *input;
      axis = Normalize(c.attributes().Int("axis", 0), input->size());
      if (!axis) return Invalid(c, "axis is out of range");
    }
    if (input->size() != shape->size()) {
      return Invalid(c, "the ranks of the inputs differ");
    }
    for (size_t k = 0; k < input->size(); ++k) {
      const Dim& dim = (*input)[k];
      if (static_cast<int64_t>(k) == *axis) {
        sum = sum + dim;
      } else if (Compare(dim, (*shape)[k]) == DimRelation::kDifferent) {
        return Invalid(c,
                       fmt::format("the inputs differ in dim {}: {} and {}", k,
                                   (*shape)[k].ToString(), dim.ToString()));
      } else if (dim.IsInteger() || (*shape)[k].IsUnknown()) {
        (*shape)[k] = dim;
      }
    }
  }
  if (shape) (*shape)[*axis] = complete ? sum : Dim();
  c.SetOutput(0, element, shape);
  return absl::OkStatus();
}

// The size of part `i` of `count`: all are equal, but the last may be smaller.
Dim EvenPart(const Dim& whole, int i, int count) {
  if (count == 1) return whole;
  if (!whole.IsInteger()) return Dim();
  const int64_t chunk =
      whole.value() / count + (whole.value() % count == 0 ? 0 : 1);
  const int64_t last = whole.value() - chunk * (count - 1);
  if (last < 0) return Dim();
  return Dim(i + 1 < count ? chunk : last);
}

absl::Status Split(InferenceContext& c) {
  const std::optional<Shape>& input = c.shape(0);
  const int count = c.num_outputs();
  std::optional<int64_t> axis;
  if (input) {
    axis = Normalize(c.attributes().Int("axis", 0), input->size());
    if (!axis) return Invalid(c, "axis is out of range");
  }
  const std::optional<Ints> sizes = c.ints(1);
  if (sizes && static_cast<int>(sizes->size()) != count) {
    return Invalid(c, "split has another length than there are outputs");
  }
  if (c.attributes().Int("num_outputs", count) != count) {
    return Invalid(c, "num_outputs is not the number of outputs");
  }
  for (int i = 0; i < count; ++i) {
    std::optional<Shape> shape = input;
    if (shape) {
      const Dim& whole = (*input)[*axis];
      (*shape)[*axis] = sizes           ? Dim((*sizes)[i])
                        : c.HasInput(1) ? (count == 1 ? whole : Dim())
                                        : EvenPart(whole, i, count);
    }
    c.SetOutput(i, c.element(0), std::move(shape));
  }
  return absl::OkStatus();
}

// The number of elements that start, end and step select of `dim`.
Dim Sliced(const Dim& dim, int64_t start, int64_t end, int64_t step) {
  if (!dim.IsInteger()) {
    // INT_MAX and INT_MIN of 32 bits already mean the end (specification).
    const bool all = step == 1 && start == 0 && end >= INT32_MAX;
    const bool reversed =
        step == -1 && (start == -1 || start >= INT32_MAX) && end <= INT32_MIN;
    return all || reversed ? dim : Dim();
  }
  const int64_t n = dim.value();
  if (step < 0) {
    // NumPy selects nothing then, the specification clamps.
    if (start < -n) return n == 0 ? Dim(0) : Dim();
    start = std::min(start < 0 ? start + n : start, n - 1);
    end = std::clamp<int64_t>(end < 0 ? std::max(end, -n - 1) + n : end, -1,
                              std::max<int64_t>(n - 1, -1));
    if (start <= end) return Dim(0);
    return Dim((start - end - 1) / -std::max(step, -INT64_MAX) + 1);
  }
  const auto clamp = [n](int64_t at) {
    return std::clamp<int64_t>(at < 0 ? std::max(at, -n) + n : at, 0, n);
  };
  start = clamp(start);
  end = clamp(end);
  return Dim(end > start ? (end - start - 1) / step + 1 : 0);
}

// The axes that input `i` names, 0 to `count` - 1 without it; nullopt if they
// are unknown, out of range or not distinct.
std::optional<Ints> AxesOf(const InferenceContext& c, int i, size_t count,
                           size_t rank) {
  std::optional<Ints> axes = c.ints(i);
  if (!c.HasInput(i)) {
    axes = Ints(count);
    std::iota(axes->begin(), axes->end(), 0);
  }
  if (!axes) return std::nullopt;
  std::vector<bool> seen(rank, false);
  for (int64_t& given : *axes) {
    const auto axis = Normalize(given, rank);
    if (!axis || seen[*axis]) return std::nullopt;
    seen[*axis] = true;
    given = *axis;
  }
  return axes;
}

absl::Status Slice(InferenceContext& c) {
  const std::optional<Shape>& input = c.shape(0);
  if (!input) {
    c.SetOutput(0, c.element(0), std::nullopt);
    return absl::OkStatus();
  }
  const std::optional<Ints> starts = c.ints(1);
  const std::optional<Ints> ends = c.ints(2);
  std::optional<Ints> steps = c.ints(4);
  const size_t count =
      starts ? starts->size()
             : LengthOf(c, 1).value_or(static_cast<int64_t>(input->size()));
  const std::optional<Ints> axes =
      AxesOf(c, 3, std::min(count, input->size()), input->size());
  if (!axes) {
    c.SetOutput(0, c.element(0), UnknownShape(input->size()));
    return absl::OkStatus();
  }
  if (!c.HasInput(4)) steps = Ints(axes->size(), 1);
  Shape shape = *input;
  for (size_t i = 0; i < axes->size(); ++i) {
    const bool known = starts && ends && steps && i < starts->size() &&
                       i < ends->size() && i < steps->size();
    if (known && (*steps)[i] == 0) return Invalid(c, "a step is 0");
    Dim& dim = shape[(*axes)[i]];
    dim = known ? Sliced(dim, (*starts)[i], (*ends)[i], (*steps)[i]) : Dim();
  }
  c.SetOutput(0, c.element(0), std::move(shape));
  return absl::OkStatus();
}

absl::Status Pad(InferenceContext& c) {
  std::optional<Shape> shape = c.shape(0);
  if (shape) {
    const std::optional<Ints> pads = c.ints(1);
    const std::optional<Ints> axes = AxesOf(c, 3, shape->size(), shape->size());
    if (axes && pads && pads->size() != 2 * axes->size()) {
      return Invalid(c, "pads has not two numbers for each axis");
    }
    if (!axes) shape = UnknownShape(shape->size());
    for (size_t i = 0; axes && i < axes->size(); ++i) {
      Dim& dim = (*shape)[(*axes)[i]];
      dim =
          pads ? dim + Dim((*pads)[i]) + Dim((*pads)[i + axes->size()]) : Dim();
    }
  }
  c.SetOutput(0, c.element(0), std::move(shape));
  return absl::OkStatus();
}

absl::Status ShapeOp(InferenceContext& c) {
  const std::optional<Shape>& input = c.shape(0);
  Dim length;
  if (input) {
    const auto rank = static_cast<int64_t>(input->size());
    const auto clamp = [rank](int64_t axis) {
      return std::clamp<int64_t>(axis < 0 ? axis + rank : axis, 0, rank);
    };
    const int64_t start = clamp(c.attributes().Int("start", 0));
    const int64_t end = clamp(c.attributes().Int("end", rank));
    length = Dim(std::max<int64_t>(end - start, 0));
  }
  c.SetOutput(0, ElementType::kInt64, Shape{length});
  return absl::OkStatus();
}

absl::Status Size(InferenceContext& c) {
  c.SetOutput(0, ElementType::kInt64, Shape());
  return absl::OkStatus();
}

absl::Status ConstantOfShape(InferenceContext& c) {
  const TensorRef value = c.attributes().Tensor("value");
  std::optional<Shape> shape;
  if (const std::optional<Ints> dims = c.ints(0)) {
    shape.emplace();
    for (const int64_t dim : *dims) {
      if (dim < 0) return Invalid(c, "the shape has a negative dim");
      shape->emplace_back(dim);
    }
  } else {
    shape = ShapeOfRank(LengthOf(c, 0));
  }
  c.SetOutput(0, value != nullptr ? value->type() : ElementType::kFloat, shape);
  return absl::OkStatus();
}

absl::Status Range(InferenceContext& c) {
  const auto start = ScalarOf(c, 0);
  const auto limit = ScalarOf(c, 1);
  const auto delta = ScalarOf(c, 2);
  Dim length;
  if (start && limit && delta && *delta != 0) {
    __int128 distance = static_cast<__int128>(*limit) - *start;
    __int128 step = *delta;
    if (step < 0) {
      distance = -distance;
      step = -step;
    }
    const __int128 count = distance <= 0 ? 0 : (distance - 1) / step + 1;
    if (count <= INT64_MAX) length = Dim(static_cast<int64_t>(count));
  }
  c.SetOutput(0, c.element(0), Shape{length});
  return absl::OkStatus();
}

}  // namespace

InferList MovementFunctions() {
  return {
      {"Concat"_op, Concat}, {"ConstantOfShape"_op, ConstantOfShape},
      {"Pad"_op, Pad},       {"Range"_op, Range},
      {"Shape"_op, ShapeOp}, {"Size"_op, Size},
      {"Slice"_op, Slice},   {"Split"_op, Split},
  };
}

}  // namespace onnxopt::shape
