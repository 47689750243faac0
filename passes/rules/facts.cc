// SPDX-License-Identifier: Apache-2.0
#include "passes/rules/facts.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "ir/attribute_view.h"

namespace onnxopt {
namespace {

using Ints = std::vector<int64_t>;

std::optional<int64_t> FromFront(int64_t axis, int64_t rank) {
  if (axis < -rank || axis >= rank) return std::nullopt;
  return axis < 0 ? axis + rank : axis;
}

// Sorted; nullopt if an axis is out of range or there twice.
std::optional<Ints> FromFront(Ints axes, int64_t rank) {
  for (int64_t& axis : axes) {
    const std::optional<int64_t> front = FromFront(axis, rank);
    if (!front) return std::nullopt;
    axis = *front;
  }
  std::sort(axes.begin(), axes.end());
  if (std::adjacent_find(axes.begin(), axes.end()) != axes.end()) {
    return std::nullopt;
  }
  return axes;
}

Ints Iota(int64_t count) {
  Ints numbers(count);
  std::iota(numbers.begin(), numbers.end(), 0);
  return numbers;
}

}  // namespace

std::optional<int64_t> RankOf(const Value* value) {
  const std::optional<Shape> shape = ShapeOf(value);
  if (!shape) return std::nullopt;
  return static_cast<int64_t>(shape->size());
}

Dim DimOf(const Value* value, int64_t axis) {
  const std::optional<Shape> shape = ShapeOf(value);
  if (!shape || axis < 0 || axis >= static_cast<int64_t>(shape->size())) {
    return Dim();
  }
  return (*shape)[axis];
}

bool SameShape(const Value* a, const Value* b) {
  const std::optional<Shape> left = ShapeOf(a);
  const std::optional<Shape> right = ShapeOf(b);
  if (!left || !right || left->size() != right->size()) return false;
  for (size_t i = 0; i < left->size(); ++i) {
    if (Compare((*left)[i], (*right)[i]) != DimRelation::kEqual) return false;
  }
  return true;
}

bool BroadcastsInto(const Value* from, const Value* into) {
  const std::optional<Shape> small = ShapeOf(from);
  if (!small) return false;
  if (small->empty()) return true;
  const std::optional<Shape> large = ShapeOf(into);
  if (!large || large->size() < small->size()) return false;
  const size_t offset = large->size() - small->size();
  for (size_t i = 0; i < small->size(); ++i) {
    const Dim& dim = (*small)[i];
    const bool one = dim.IsInteger() && dim.value() == 1;
    if (!one && Compare(dim, (*large)[offset + i]) != DimRelation::kEqual) {
      return false;
    }
  }
  return true;
}

std::optional<int64_t> AxisOf(const Node& node, const Value* value) {
  const std::optional<int64_t> rank = RankOf(value);
  if (!rank) return std::nullopt;
  return FromFront(AttributeView(node).Int("axis", 0), *rank);
}

bool SameAxis(const Node& a, const Node& b, std::optional<int64_t> rank) {
  const int64_t left = AttributeView(a).Int("axis", 0);
  const int64_t right = AttributeView(b).Int("axis", 0);
  if (left == right) return true;
  return rank && (left < 0 ? left + *rank : left) ==
                     (right < 0 ? right + *rank : right);
}

std::optional<Ints> AxesOf(const Node& node) {
  const std::optional<Shape> shape = ShapeOf(node.input(0));
  if (!shape) return std::nullopt;
  auto rank = static_cast<int64_t>(shape->size());
  if (node.input(1) == nullptr) {  // a Squeeze of all dims of 1
    Ints axes;
    for (int64_t i = 0; i < rank; ++i) {
      if (!(*shape)[i].IsInteger()) return std::nullopt;
      if ((*shape)[i].value() == 1) axes.push_back(i);
    }
    return axes;
  }
  std::optional<Ints> axes = ConstantInts(node.input(1));
  if (!axes) return std::nullopt;
  if (node.Is("Unsqueeze"_op)) rank += static_cast<int64_t>(axes->size());
  return FromFront(*std::move(axes), rank);
}

std::optional<Ints> ReducedAxesOf(const Node& node) {
  std::optional<Ints> axes = Ints();
  if (node.input(1) != nullptr) axes = ConstantInts(node.input(1));
  if (!axes) return std::nullopt;
  const bool all = axes->empty();
  if (all && AttributeView(node).Int("noop_with_empty_axes", 0) != 0) {
    return axes;
  }
  const std::optional<int64_t> rank = RankOf(node.input(0));
  if (!rank) return std::nullopt;
  return all ? Iota(*rank) : FromFront(*std::move(axes), *rank);
}

std::optional<Ints> PermOf(const Node& transpose) {
  const std::optional<int64_t> rank = RankOf(transpose.input(0));
  if (const Ints* perm = AttributeView(transpose).Ints("perm")) {
    const auto length = static_cast<int64_t>(perm->size());
    Ints sorted = *perm;
    std::sort(sorted.begin(), sorted.end());
    const bool valid =
        sorted == Iota(length) && rank.value_or(length) == length;
    return valid ? std::optional(*perm) : std::nullopt;
  }
  if (!rank) return std::nullopt;
  Ints reversed = Iota(*rank);
  std::reverse(reversed.begin(), reversed.end());
  return reversed;
}

bool IsIdentityPerm(const Ints& perm) {
  return std::is_sorted(perm.begin(), perm.end());
}

std::optional<double> ConstantScalar(const Value* value) {
  const auto numbers = ConstantNumbers(value, 1);
  if (!numbers || numbers->size() != 1 || std::isnan(numbers->front())) {
    return std::nullopt;
  }
  return numbers->front();
}

NumberFormat FormatOf(ElementType type) {
  switch (type) {
    case ElementType::kBool:
      return {NumberFormat::kUnsigned, 1};
    case ElementType::kUint8:
      return {NumberFormat::kUnsigned, 8};
    case ElementType::kUint16:
      return {NumberFormat::kUnsigned, 16};
    case ElementType::kUint32:
      return {NumberFormat::kUnsigned, 32};
    case ElementType::kUint64:
      return {NumberFormat::kUnsigned, 64};
    case ElementType::kInt8:
      return {NumberFormat::kSigned, 7};
    case ElementType::kInt16:
      return {NumberFormat::kSigned, 15};
    case ElementType::kInt32:
      return {NumberFormat::kSigned, 31};
    case ElementType::kInt64:
      return {NumberFormat::kSigned, 63};
    case ElementType::kBfloat16:
      return {NumberFormat::kFloating, 8, 8};
    case ElementType::kFloat16:
      return {NumberFormat::kFloating, 11, 5};
    case ElementType::kFloat:
      return {NumberFormat::kFloating, 24, 8};
    case ElementType::kDouble:
      return {NumberFormat::kFloating, 53, 11};
    default:
      return {};
  }
}

bool IsFloating(ElementType type) {
  return FormatOf(type).kind == NumberFormat::kFloating;
}

bool Holds(ElementType to, ElementType from) {
  const NumberFormat t = FormatOf(to);
  const NumberFormat f = FormatOf(from);
  if (t.kind == NumberFormat::kNone || f.kind == NumberFormat::kNone) {
    return false;
  }
  // As a target bool does not take numbers modulo 2, it compares with 0.
  if (to == ElementType::kBool) return from == ElementType::kBool;
  if (f.kind == NumberFormat::kFloating) {
    return t.kind == NumberFormat::kFloating && t.digits >= f.digits &&
           t.exponent >= f.exponent;
  }
  if (f.kind == NumberFormat::kSigned && t.kind == NumberFormat::kUnsigned) {
    return false;
  }
  // Half holds the integers up to 2^11, far below its largest number.
  return t.digits >= f.digits;
}

}  // namespace onnxopt
