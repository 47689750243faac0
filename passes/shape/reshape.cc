// SPDX-License-Identifier: Apache-2.0
// Operators that give their elements another shape or repeat them.
#include <algorithm>

#include "passes/shape/families.h"

namespace onnxopt::shape {
namespace {

using Ints = std::vector<int64_t>;

Shape WithoutAxis(Shape shape, size_t axis) {
  shape.erase(shape.begin() + static_cast<int64_t>(axis));
  return shape;
}

// The product of `from` divided by that of `by`, which is not 0 in any run
// without error, or unknown.
absl::StatusOr<Dim> Quotient(Shape from, const Shape& by) {
  Dim divisor(1);
  for (const Dim& dim : by) {
    // Dims that both sides have cancel out.
    const auto same = dim.IsSymbolic()
                          ? std::find(from.begin(), from.end(), dim)
                          : from.end();
    if (same != from.end()) {
      from.erase(same);
    } else {
      divisor = divisor * dim;
    }
  }
  if (!divisor.IsInteger() || divisor.value() == 0) return Dim();
  Dim whole(1);
  Dim rest(1);
  for (const Dim& dim : from) {
    Dim& part = dim.IsInteger() ? whole : rest;
    part = part * dim;
  }
  if (!whole.IsInteger()) return Dim();
  if (whole.value() % divisor.value() == 0) {
    return Dim(whole.value() / divisor.value()) * rest;
  }
  if (rest.IsInteger()) {
    return absl::InvalidArgumentError(
        "the number of elements does not fit the shape");
  }
  return Dim();
}

absl::Status Reshape(InferenceContext& c) {
  const ElementType element = c.element(0);
  const std::optional<Ints> target = c.ints(1);
  const std::optional<Shape>& input = c.shape(0);
  if (!target) {
    c.SetOutput(0, element, ShapeOfRank(LengthOf(c, 1)));
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
    const Shape rest = WithoutAxis(shape, *open);
    const absl::StatusOr<Dim> quotient = Quotient(*input, rest);
    if (!quotient.ok())
      return Invalid(c, std::string(quotient.status().message()));
    shape[*open] = *quotient;
  }
  c.SetOutput(0, element, shape);
  return absl::OkStatus();
}

absl::Status Flatten(InferenceContext& c) {
  const std::optional<Shape>& input = c.shape(0);
  if (!input) {
    c.SetOutput(0, c.element(0), UnknownShape(2));
    return absl::OkStatus();
  }
  const int64_t axis = c.attributes().Int("axis", 1);
  const auto rank = static_cast<int64_t>(input->size());
  const int64_t split = axis < 0 ? axis + rank : axis;
  if (split < 0 || split > rank) return Invalid(c, "axis is out of range");
  c.SetOutput(0, c.element(0),
              Shape{Product(*input, 0, split), Product(*input, split, rank)});
  return absl::OkStatus();
}

absl::Status Squeeze(InferenceContext& c) {
  const std::optional<Shape>& input = c.shape(0);
  if (!input) {
    c.SetOutput(0, c.element(0), std::nullopt);
    return absl::OkStatus();
  }
  std::vector<bool> removed(input->size(), false);
  if (c.HasInput(1)) {
    const std::optional<Ints> axes = c.ints(1);
    if (!axes) {
      // More than one may name the same axis, none may mean all.
      const bool one = LengthOf(c, 1) == 1 && !input->empty();
      c.SetOutput(
          0, c.element(0),
          one ? std::optional(UnknownShape(input->size() - 1)) : std::nullopt);
      return absl::OkStatus();
    }
    // Whether this means all dims of 1 or none is not agreed upon.
    if (axes->empty()) {
      c.SetOutput(0, c.element(0), std::nullopt);
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
  Shape shape;
  for (size_t i = 0; i < input->size(); ++i) {
    if (!removed[i]) shape.push_back((*input)[i]);
  }
  c.SetOutput(0, c.element(0), shape);
  return absl::OkStatus();
}

absl::Status Unsqueeze(InferenceContext& c) {
  const std::optional<Shape>& input = c.shape(0);
  const std::optional<Ints> axes = c.ints(1);
  if (!input || !axes) {
    std::optional<int64_t> rank = axes ? axes->size() : LengthOf(c, 1);
    if (rank && input) *rank += static_cast<int64_t>(input->size());
    c.SetOutput(0, c.element(0), input ? ShapeOfRank(rank) : std::nullopt);
    return absl::OkStatus();
  }
  const size_t rank = input->size() + axes->size();
  std::vector<bool> added(rank, false);
  for (const int64_t given : *axes) {
    const auto axis = Normalize(given, rank);
    if (!axis || added[*axis]) return Invalid(c, "the axes are not valid");
    added[*axis] = true;
  }
  Shape shape;
  for (size_t i = 0, next = 0; i < rank; ++i) {
    shape.push_back(added[i] ? Dim(1) : (*input)[next++]);
  }
  c.SetOutput(0, c.element(0), shape);
  return absl::OkStatus();
}

absl::Status Transpose(InferenceContext& c) {
  const std::optional<Shape>& input = c.shape(0);
  const auto* perm = c.attributes().Ints("perm");
  if (!input) {
    c.SetOutput(0, c.element(0),
                perm != nullptr ? std::optional(UnknownShape(perm->size()))
                                : std::nullopt);
    return absl::OkStatus();
  }
  Shape shape;
  if (perm == nullptr) {
    shape.assign(input->rbegin(), input->rend());
  } else {
    if (perm->size() != input->size()) {
      return Invalid(c, "perm has another length than the rank");
    }
    std::vector<bool> seen(input->size(), false);
    for (const int64_t axis : *perm) {
      if (axis < 0 || axis >= static_cast<int64_t>(input->size()) ||
          seen[axis]) {
        return Invalid(c, "perm is not a permutation of the axes");
      }
      seen[axis] = true;
      shape.push_back((*input)[axis]);
    }
  }
  c.SetOutput(0, c.element(0), shape);
  return absl::OkStatus();
}

absl::Status Expand(InferenceContext& c) {
  const std::optional<Shape>& input = c.shape(0);
  const std::optional<Ints> target = c.ints(1);
  std::optional<Shape> shape;
  if (input && target) {
    Shape other;
    for (const int64_t dim : *target) {
      other.push_back(dim < 0 ? Dim() : Dim(dim));
    }
    shape = Broadcast(*input, other);
    if (!shape) return Invalid(c, "the shape does not broadcast");
  } else if (input) {
    const std::optional<Shape> other = ShapeOfRank(LengthOf(c, 1));
    if (other) shape = Broadcast(*input, *other);
  }
  c.SetOutput(0, c.element(0), shape);
  return absl::OkStatus();
}

absl::Status Tile(InferenceContext& c) {
  const std::optional<Shape>& input = c.shape(0);
  const std::optional<Ints> repeats = c.ints(1);
  std::optional<Shape> shape;
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

// DepthToSpace and SpaceToDepth.
constexpr int64_t kMaxBlock = 1 << 20;  // its square does not overflow
absl::Status Blocks(InferenceContext& c) {
  const std::optional<Shape>& input = c.shape(0);
  const int64_t b = c.attributes().Int("blocksize", 0);
  std::optional<Shape> shape;
  if (input && input->size() == 4 && b > 0 && b <= kMaxBlock) {
    const bool to_space = c.node().Is("DepthToSpace"_op);
    shape = *input;
    (*shape)[1] =
        to_space ? Divide((*input)[1], b * b) : (*input)[1] * Dim(b * b);
    for (const int i : {2, 3}) {
      (*shape)[i] = to_space ? (*input)[i] * Dim(b) : Divide((*input)[i], b);
    }
  }
  c.SetOutput(0, c.element(0), shape);
  return absl::OkStatus();
}

}  // namespace

InferList ReshapeFunctions() {
  return {
      {"DepthToSpace"_op, Blocks}, {"Expand"_op, Expand},
      {"Flatten"_op, Flatten},     {"Reshape"_op, Reshape},
      {"SpaceToDepth"_op, Blocks}, {"Squeeze"_op, Squeeze},
      {"Tile"_op, Tile},           {"Transpose"_op, Transpose},
      {"Unsqueeze"_op, Unsqueeze},
  };
}

}  // namespace onnxopt::shape
