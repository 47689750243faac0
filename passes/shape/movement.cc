// SPDX-License-Identifier: Apache-2.0
// Operators that rearrange elements, and those that read shapes.
#include <algorithm>

#include "fmt/core.h"
#include "passes/shape/families.h"

namespace onnxopt::shape {
namespace {

using Ints = std::vector<int64_t>;

// The number of elements of the one-dimensional tensor input `i`.
std::optional<size_t> LengthOf(const InferenceContext& c, int i) {
  const std::optional<Shape> shape = c.shape(i);
  if (!shape || shape->size() != 1 || !(*shape)[0].IsInteger()) {
    return std::nullopt;
  }
  return (*shape)[0].value();
}

absl::Status Reshape(InferenceContext& c) {
  const ElementType element = c.element(0);
  const std::optional<Ints> target = c.ints(1);
  const std::optional<Shape> input = c.shape(0);
  if (!target) {
    const std::optional<size_t> rank = LengthOf(c, 1);
    c.SetOutput(0, element,
                rank && *rank <= 64 ? std::optional(UnknownShape(*rank))
                                    : std::nullopt);
    return absl::OkStatus();
  }
  const bool allow_zero = c.attributes().Int("allowzero", 0) != 0;
  Shape shape;
  std::optional<size_t> open;
  for (size_t i = 0; i < target->size(); ++i) {
    const int64_t dim = (*target)[i];
    if (dim == 0 && !allow_zero) {
      if (input && i >= input->size()) {
        return Invalid(c, "a 0 in the shape copies a dim that is not there");
      }
      shape.push_back(input ? (*input)[i] : Dim());
    } else if (dim == -1) {
      if (open) return Invalid(c, "the shape has two dims of -1");
      open = i;
      shape.emplace_back();
    } else if (dim < -1) {
      return Invalid(c, "the shape has a negative dim");
    } else {
      shape.emplace_back(dim);
    }
  }
  if (open && input) {
    // Dims that both sides have cancel out.
    Shape from = *input;
    Shape to;
    for (size_t i = 0; i < shape.size(); ++i) {
      if (i == *open) continue;
      const auto same = std::find_if(from.begin(), from.end(), [&](auto& dim) {
        return !dim.IsUnknown() && !dim.IsInteger() && dim == shape[i];
      });
      if (same != from.end()) {
        from.erase(same);
      } else {
        to.push_back(shape[i]);
      }
    }
    const Dim dividend = Product(from, 0, from.size());
    const Dim divisor = Product(to, 0, to.size());
    if (dividend.IsInteger() && divisor.IsInteger() && divisor.value() != 0) {
      if (dividend.value() % divisor.value() != 0) {
        return Invalid(c, "the number of elements does not fit the shape");
      }
      shape[*open] = Dim(dividend.value() / divisor.value());
    } else if (divisor.IsInteger() && divisor.value() == 1) {
      shape[*open] = dividend;
    }
  }
  c.SetOutput(0, element, shape);
  return absl::OkStatus();
}

absl::Status Flatten(InferenceContext& c) {
  std::optional<Shape> input = c.shape(0);
  if (!input) {
    c.SetOutput(0, c.element(0), UnknownShape(2));
    return absl::OkStatus();
  }
  const int64_t axis = c.attributes().Int("axis", 1);
  const auto rank = static_cast<int64_t>(input->size());
  const int64_t split = axis < 0 ? axis + rank : axis;
  if (split < 0 || split > rank) return Invalid(c, "axis is out of range");
  c.SetOutput(
      0, c.element(0),
      onnxopt::Shape{Product(*input, 0, split), Product(*input, split, rank)});
  return absl::OkStatus();
}

absl::Status Squeeze(InferenceContext& c) {
  const std::optional<Shape> input = c.shape(0);
  if (!input) {
    c.SetOutput(0, c.element(0), std::nullopt);
    return absl::OkStatus();
  }
  std::vector<bool> removed(input->size(), false);
  if (c.HasInput(1)) {
    const std::optional<Ints> axes = c.ints(1);
    if (!axes) {
      const std::optional<size_t> count = LengthOf(c, 1);
      c.SetOutput(0, c.element(0),
                  count && *count <= input->size()
                      ? std::optional(UnknownShape(input->size() - *count))
                      : std::nullopt);
      return absl::OkStatus();
    }
    for (const int64_t given : *axes) {
      const auto axis = Normalize(given, input->size());
      if (!axis) return Invalid(c, "an axis is out of range");
      const Dim& dim = (*input)[*axis];
      if (dim.IsInteger() && dim.value() != 1) {
        return Invalid(c, "a squeezed dim is not 1");
      }
      removed[*axis] = true;
    }
  } else {
    for (size_t i = 0; i < input->size(); ++i) {
      if (!(*input)[i].IsInteger()) {
        c.SetOutput(0, c.element(0), std::nullopt);
        return absl::OkStatus();
      }
      removed[i] = (*input)[i].value() == 1;
    }
  }
  onnxopt::Shape shape;
  for (size_t i = 0; i < input->size(); ++i) {
    if (!removed[i]) shape.push_back((*input)[i]);
  }
  c.SetOutput(0, c.element(0), shape);
  return absl::OkStatus();
}

absl::Status Unsqueeze(InferenceContext& c) {
  const std::optional<Shape> input = c.shape(0);
  const std::optional<Ints> axes = c.ints(1);
  if (!input || !axes) {
    const std::optional<size_t> count = LengthOf(c, 1);
    c.SetOutput(0, c.element(0),
                input && count && *count <= 64
                    ? std::optional(UnknownShape(input->size() + *count))
                    : std::nullopt);
    return absl::OkStatus();
  }
  const size_t rank = input->size() + axes->size();
  std::vector<bool> added(rank, false);
  for (const int64_t given : *axes) {
    const auto axis = Normalize(given, rank);
    if (!axis || added[*axis]) return Invalid(c, "the axes are not valid");
    added[*axis] = true;
  }
  onnxopt::Shape shape;
  for (size_t i = 0, next = 0; i < rank; ++i) {
    shape.push_back(added[i] ? Dim(1) : (*input)[next++]);
  }
  c.SetOutput(0, c.element(0), shape);
  return absl::OkStatus();
}

absl::Status Transpose(InferenceContext& c) {
  const std::optional<Shape> input = c.shape(0);
  const auto* perm = c.attributes().Ints("perm");
  if (!input) {
    c.SetOutput(0, c.element(0),
                perm != nullptr ? std::optional(UnknownShape(perm->size()))
                                : std::nullopt);
    return absl::OkStatus();
  }
  onnxopt::Shape shape;
  if (perm == nullptr) {
    shape.assign(input->rbegin(), input->rend());
  } else {
    if (perm->size() != input->size()) {
      return Invalid(c, "perm has another length than the rank");
    }
    for (const int64_t given : *perm) {
      const auto axis = Normalize(given, input->size());
      if (!axis) return Invalid(c, "perm names an axis that is not there");
      shape.push_back((*input)[*axis]);
    }
  }
  c.SetOutput(0, c.element(0), shape);
  return absl::OkStatus();
}

absl::Status Expand(InferenceContext& c) {
  const std::optional<Shape> input = c.shape(0);
  const std::optional<Ints> target = c.ints(1);
  std::optional<onnxopt::Shape> shape;
  if (input && target) {
    onnxopt::Shape other;
    for (const int64_t dim : *target) other.emplace_back(dim);
    shape = Broadcast(*input, other);
    if (!shape) return Invalid(c, "the shape does not broadcast");
  } else if (input) {
    const std::optional<size_t> length = LengthOf(c, 1);
    if (length && *length <= 64) {
      shape = UnknownShape(std::max(input->size(), *length));
    }
  }
  c.SetOutput(0, c.element(0), shape);
  return absl::OkStatus();
}

absl::Status Tile(InferenceContext& c) {
  const std::optional<Shape> input = c.shape(0);
  const std::optional<Ints> repeats = c.ints(1);
  std::optional<onnxopt::Shape> shape;
  if (input) {
    shape = UnknownShape(input->size());
    if (repeats && repeats->size() != input->size()) {
      return Invalid(c, "repeats has another length than the rank");
    }
    for (size_t i = 0; repeats && i < input->size(); ++i) {
      (*shape)[i] = (*input)[i] * Dim((*repeats)[i]);
    }
  }
  c.SetOutput(0, c.element(0), shape);
  return absl::OkStatus();
}

absl::Status Concat(InferenceContext& c) {
  std::optional<onnxopt::Shape> shape;
  Dim sum(0);
  bool complete = true;
  ElementType element = ElementType::kUndefined;
  std::optional<int64_t> axis;
  for (int i = 0; i < c.num_inputs(); ++i) {
    if (element == ElementType::kUndefined) element = c.element(i);
    const std::optional<Shape> input = c.shape(i);
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

absl::Status Split(InferenceContext& c) {
  const std::optional<Shape> input = c.shape(0);
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
  for (int i = 0; i < count; ++i) {
    std::optional<onnxopt::Shape> shape = input;
    if (shape) {
      const Dim whole = (*input)[*axis];
      Dim part;
      if (sizes) {
        part = Dim((*sizes)[i]);
      } else if (!c.HasInput(1) && whole.IsInteger()) {
        const int64_t chunk = (whole.value() + count - 1) / count;
        part = Dim(std::clamp<int64_t>(whole.value() - i * chunk, 0, chunk));
      }
      (*shape)[*axis] = part;
    }
    c.SetOutput(i, c.element(0), shape);
  }
  return absl::OkStatus();
}

// The number of elements that start, end and step select of `dim`.
Dim Sliced(const Dim& dim, int64_t start, int64_t end, int64_t step) {
  if (!dim.IsInteger()) {
    return step == 1 && start == 0 && end >= INT32_MAX ? dim : Dim();
  }
  const int64_t n = dim.value();
  if (start < 0) start = std::max<int64_t>(start, -n - 1) + n;
  if (end < 0) end = std::max<int64_t>(end, -n - 1) + n;
  int64_t count;
  if (step > 0) {
    start = std::clamp<int64_t>(start, 0, n);
    end = std::clamp<int64_t>(end, 0, n);
    count = end > start ? (end - start - 1) / step + 1 : 0;
  } else {
    start = std::clamp<int64_t>(start, 0, std::max<int64_t>(n - 1, 0));
    end = std::clamp<int64_t>(end, -1, n - 1);
    count = n > 0 && start > end
                ? (start - end - 1) / -std::max(step, -INT64_MAX) + 1
                : 0;
  }
  return Dim(count);
}

absl::Status Slice(InferenceContext& c) {
  const std::optional<Shape> input = c.shape(0);
  if (!input) {
    c.SetOutput(0, c.element(0), std::nullopt);
    return absl::OkStatus();
  }
  const std::optional<Ints> starts = c.ints(1);
  const std::optional<Ints> ends = c.ints(2);
  std::optional<Ints> axes = c.ints(3);
  std::optional<Ints> steps = c.ints(4);
  const std::optional<size_t> count =
      starts ? starts->size() : LengthOf(c, 1).value_or(input->size());
  if (!c.HasInput(3)) {
    axes = Ints();
    for (size_t i = 0; i < *count; ++i) axes->push_back(i);
  }
  onnxopt::Shape shape = *input;
  if (!axes) {
    c.SetOutput(0, c.element(0), UnknownShape(input->size()));
    return absl::OkStatus();
  }
  if (!c.HasInput(4)) steps = Ints(axes->size(), 1);
  for (size_t i = 0; i < axes->size(); ++i) {
    const auto axis = Normalize((*axes)[i], input->size());
    if (!axis) return Invalid(c, "an axis is out of range");
    const bool known = starts && ends && steps && i < starts->size() &&
                       i < ends->size() && i < steps->size();
    if (known && (*steps)[i] == 0) return Invalid(c, "a step is 0");
    shape[*axis] =
        known ? Sliced((*input)[*axis], (*starts)[i], (*ends)[i], (*steps)[i])
              : Dim();
  }
  c.SetOutput(0, c.element(0), shape);
  return absl::OkStatus();
}

absl::Status Pad(InferenceContext& c) {
  const std::optional<Shape> input = c.shape(0);
  std::optional<onnxopt::Shape> shape;
  if (input) {
    shape = UnknownShape(input->size());
    const std::optional<Ints> pads = c.ints(1);
    std::optional<Ints> axes = c.ints(3);
    if (!c.HasInput(3)) {
      axes = Ints();
      for (size_t i = 0; i < input->size(); ++i) axes->push_back(i);
    }
    if (pads && axes) {
      if (pads->size() != 2 * axes->size()) {
        return Invalid(c, "pads has not two numbers for each axis");
      }
      shape = *input;
      for (size_t i = 0; i < axes->size(); ++i) {
        const auto axis = Normalize((*axes)[i], input->size());
        if (!axis) return Invalid(c, "an axis is out of range");
        (*shape)[*axis] =
            (*input)[*axis] + Dim((*pads)[i]) + Dim((*pads)[i + axes->size()]);
      }
    }
  }
  c.SetOutput(0, c.element(0), shape);
  return absl::OkStatus();
}

absl::Status ShapeOp(InferenceContext& c) {
  const std::optional<Shape> input = c.shape(0);
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
  c.SetOutput(0, ElementType::kInt64, onnxopt::Shape{length});
  return absl::OkStatus();
}

absl::Status Size(InferenceContext& c) {
  c.SetOutput(0, ElementType::kInt64, onnxopt::Shape());
  return absl::OkStatus();
}

absl::Status ConstantOfShape(InferenceContext& c) {
  const TensorRef value = c.attributes().Tensor("value");
  std::optional<onnxopt::Shape> shape;
  if (const std::optional<Ints> dims = c.ints(0)) {
    shape.emplace();
    for (const int64_t dim : *dims) {
      if (dim < 0) return Invalid(c, "the shape has a negative dim");
      shape->emplace_back(dim);
    }
  } else if (const std::optional<size_t> rank = LengthOf(c, 0);
             rank && *rank <= 64) {
    shape = UnknownShape(*rank);
  }
  c.SetOutput(0, value != nullptr ? value->type() : ElementType::kFloat, shape);
  return absl::OkStatus();
}

absl::Status Range(InferenceContext& c) {
  const auto start = c.ints(0);
  const auto limit = c.ints(1);
  const auto delta = c.ints(2);
  Dim length;
  if (start && limit && delta && start->size() == 1 && limit->size() == 1 &&
      delta->size() == 1 && (*delta)[0] != 0) {
    const double count = std::max(0.0, (static_cast<double>((*limit)[0]) -
                                        static_cast<double>((*start)[0])) /
                                           static_cast<double>((*delta)[0]));
    if (count < 1e15) {
      const auto whole = static_cast<int64_t>(count);
      length = Dim(static_cast<double>(whole) < count ? whole + 1 : whole);
    }
  }
  c.SetOutput(0, c.element(0), onnxopt::Shape{length});
  return absl::OkStatus();
}

// DepthToSpace and SpaceToDepth.
absl::Status Blocks(InferenceContext& c) {
  const std::optional<Shape> input = c.shape(0);
  const int64_t b = c.attributes().Int("blocksize", 0);
  std::optional<onnxopt::Shape> shape;
  if (input && input->size() == 4 && b > 0) {
    const bool to_space = c.node().Is("DepthToSpace"_op);
    const auto divide = [](const Dim& dim, int64_t by) {
      return dim.IsInteger() ? Dim(dim.value() / by) : Dim();
    };
    shape = *input;
    (*shape)[1] =
        to_space ? divide((*input)[1], b * b) : (*input)[1] * Dim(b * b);
    for (const int i : {2, 3}) {
      (*shape)[i] = to_space ? (*input)[i] * Dim(b) : divide((*input)[i], b);
    }
  }
  c.SetOutput(0, c.element(0), shape);
  return absl::OkStatus();
}

}  // namespace

InferFunction FindMovement(OpId op) {
  switch (op) {
    case "Reshape"_op:
      return Reshape;
    case "Flatten"_op:
      return Flatten;
    case "Squeeze"_op:
      return Squeeze;
    case "Unsqueeze"_op:
      return Unsqueeze;
    case "Transpose"_op:
      return Transpose;
    case "Expand"_op:
      return Expand;
    case "Tile"_op:
      return Tile;
    case "Concat"_op:
      return Concat;
    case "Split"_op:
      return Split;
    case "Slice"_op:
      return Slice;
    case "Pad"_op:
      return Pad;
    case "Shape"_op:
      return ShapeOp;
    case "Size"_op:
      return Size;
    case "ConstantOfShape"_op:
      return ConstantOfShape;
    case "Range"_op:
      return Range;
    case "DepthToSpace"_op:
    case "SpaceToDepth"_op:
      return Blocks;
    default:
      return nullptr;
  }
}

}  // namespace onnxopt::shape
