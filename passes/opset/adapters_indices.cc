// SPDX-License-Identifier: Apache-2.0
// Indices and axes that count from the back, which is since opset 11.
#include <algorithm>
#include <utility>

#include "passes/opset/adapters.h"
#include "passes/rewrite/constants.h"
#include "passes/shape/families.h"

namespace onnxopt::opset {
namespace {

using shape::Normalize;

bool AllOf(const std::optional<std::vector<int64_t>>& values,
           bool (*test)(int64_t)) {
  return values.has_value() &&
         std::all_of(values->begin(), values->end(), test);
}

// The node of `op` that makes `value`; null if there is none.
const Node* MadeBy(const Value* value, OpId op) {
  const Node* node = value == nullptr ? nullptr : value->producer();
  return node != nullptr && node->Is(op) ? node : nullptr;
}

// If `value` is Where(Less(x, 0), y, x), x and y; else nulls.
std::pair<const Value*, const Value*> IfNegative(const Value* value) {
  const Node* where = MadeBy(value, "Where"_op);
  if (where == nullptr || where->num_inputs() != 3) return {};
  const Value* x = where->input(2);
  const Node* less = MadeBy(where->input(0), "Less"_op);
  const bool matches =
      less != nullptr && less->input(0) == x && IsConstantOf(less->input(1), 0);
  return matches ? std::pair(x, where->input(1)) : std::pair(nullptr, nullptr);
}

// The `size` of x + size; null for anything else.
const Value* AddedTo(const Value* x, const Value* value) {
  const Node* sum = MadeBy(value, "Add"_op);
  return sum != nullptr && x != nullptr && sum->input(0) == x ? sum->input(1)
                                                              : nullptr;
}

// What `value` is made of by nothing but Reshape, and Cast to int32 or int64.
const Value* Source(const Value* value) {
  while (value != nullptr) {
    const Node* node = value->producer();
    if (node == nullptr || node->function() != nullptr) break;
    const bool wide =
        value->type() != nullptr && (ElementOf(value) == ElementType::kInt64 ||
                                     ElementOf(value) == ElementType::kInt32);
    if (!node->Is("Reshape"_op) && !(node->Is("Cast"_op) && wide)) break;
    value = node->input(0);
  }
  return value;
}

bool IsNonNegative(const Form& form, int i) {
  switch (form.element(i)) {
    case ElementType::kUint8:
    case ElementType::kUint16:
    case ElementType::kUint32:
    case ElementType::kUint64:
      return true;
    default:
      break;
  }
  if (AllOf(form.ints(i), [](int64_t index) { return index >= 0; })) {
    return true;
  }
  const Value* value = form.HasInput(i) ? form.inputs()[i].value : nullptr;
  const Node* producer = value == nullptr ? nullptr : value->producer();
  if (producer == nullptr || producer->function() != nullptr) return false;
  return producer->Is("ArgMax"_op) || producer->Is("ArgMin"_op) ||
         producer->Is("NonZero"_op) || producer->Is("Shape"_op) ||
         producer->Is("Size"_op) ||
         (producer->Is("TopK"_op) && value->index() == 1);
}

// Constant indices; of others nothing is known, and no runtime objects. In a
// model of such an opset, a negative index was at the runtime's mercy, too.
std::string GatherDown(Form& form) {
  std::optional<std::vector<int64_t>> indices = form.ints(1);
  if (!indices || AllOf(indices, [](int64_t index) { return index >= 0; })) {
    return "";
  }
  const std::optional<Shape> shape = form.shape(0);
  const std::optional<int64_t> axis = form.view().Int("axis");
  const auto at =
      shape && axis ? Normalize(*axis, shape->size()) : std::nullopt;
  if (!at || !(*shape)[*at].IsInteger()) {
    return form.is_conversion()
               ? "with negative indices of a dim that is not known"
               : "";
  }
  for (int64_t& index : *indices) {
    if (index < 0) index += (*shape)[*at].value();
  }
  const TensorDims dims = form.constant(1)->dims();
  form.SetInput(1, *Tensor::WithDims(Int64s(*std::move(indices)), dims),
                "indices");
  return "";
}

const Value* InputOf(const Form& form, int i) {
  return form.HasInput(i) ? form.inputs()[i].value : nullptr;
}

// Whether two values are one number, be it in other dims.
bool AreSameNumber(const Value* a, const Value* b) {
  if (a == nullptr || b == nullptr) return false;
  const auto number = ConstantNumbers(a);
  return Source(a) == Source(b) ||
         (number && number->size() == 1 && number == ConstantNumbers(b));
}

// Whether negative indices of OneHot were already counted from the depth, or
// replaced by it, as the expansion of OneHot does.
bool CountsFromDepth(const Form& form) {
  const Value* depth = InputOf(form, 1);
  const auto [x, valid] = IfNegative(InputOf(form, 0));
  const auto [counted, out] = IfNegative(valid);
  return AreSameNumber(out, depth) && AreSameNumber(AddedTo(x, counted), depth);
}

// The same of Scatter and the dim of its axis.
bool CountsFromDim(const Form& form, int64_t axis) {
  const auto [x, counted] = IfNegative(InputOf(form, 1));
  const Value* size = Source(AddedTo(x, counted));
  const std::optional<Shape> dims = form.shape(0);
  if (dims && axis < static_cast<int64_t>(dims->size()) &&
      (*dims)[axis].IsInteger() &&
      IsConstantOf(size, static_cast<double>((*dims)[axis].value()))) {
    return true;
  }
  const Node* gather = MadeBy(size, "Gather"_op);
  if (gather == nullptr) return false;
  const Node* shape = MadeBy(gather->input(0), "Shape"_op);
  return shape != nullptr && shape->attributes().empty() &&
         shape->input(0) == InputOf(form, 0) &&
         AttributeView(*gather).Int("axis", 0) == 0 &&
         IsConstantOf(gather->input(1), static_cast<double>(axis));
}

std::string OneHotUp(Form& form) {
  return IsNonNegative(form, 0) ? "" : "its indices may be negative";
}

std::string OneHotDown(Form& form) {
  if (!IsNonNegative(form, 0) && !CountsFromDepth(form)) {
    return "with indices that may be negative";
  }
  const std::optional<int64_t> axis = form.view().Int("axis");
  return axis && *axis >= -1 ? "" : "with a negative axis";
}

std::string ScatterDown(Form& form) {
  const std::optional<int64_t> axis = form.view().Int("axis");
  return axis && *axis >= 0 &&
                 (IsNonNegative(form, 1) || CountsFromDim(form, *axis))
             ? ""
             : "with indices or an axis that may be negative";
}

// --- Slice

std::string SliceDownFrom11(Form& form) {
  if (!form.HasInput(3)) return "";
  std::optional<std::vector<int64_t>> axes = form.ints(3);
  if (!axes) return "with axes that may be negative";
  if (AllOf(axes, [](int64_t axis) { return axis >= 0; })) return "";
  const std::optional<int64_t> rank = form.rank(0);
  for (int64_t& axis : *axes) {
    const auto positive = rank ? Normalize(axis, *rank) : std::nullopt;
    if (!positive) return "with negative axes";
    axis = *positive;
  }
  // The other inputs may be int32, and must then agree.
  if (form.constant(3)->type() != ElementType::kInt64) {
    return "with negative axes";
  }
  form.SetInput(3, Int64s(*std::move(axes)), "axes");
  return "";
}

std::string SliceDownFrom10(Form& form) {
  if (!form.HasInput(4)) return "";
  if (!AllOf(form.ints(4), [](int64_t step) { return step == 1; })) {
    return "with steps";
  }
  form.ClearInput(4);
  return "";
}

constexpr Adapter kAdapters[] = {
    {"Gather"_op, 11, nullptr, GatherDown,
     "before 11 constant indices are not negative"},
    {"OneHot"_op, 11, OneHotUp, OneHotDown,
     "before 11, a negative index is out of range; negative axes are made "
     "positive"},
    {"Scatter"_op, 11, nullptr, ScatterDown,
     "before 11 indices are not negative"},
    {"Slice"_op, 10, nullptr, SliceDownFrom10, "before 10 there are no steps"},
    {"Slice"_op, 11, nullptr, SliceDownFrom11,
     "before 11 axes are not negative"},
};

}  // namespace

std::span<const Adapter> IndexAdapters() { return kAdapters; }

}  // namespace onnxopt::opset
