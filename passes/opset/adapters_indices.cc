// SPDX-License-Identifier: Apache-2.0
// Indices and axes that count from the back, which is since opset 11.
#include <algorithm>

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

// Where(Less(x, 0), x + size, x): what is still negative is out of range.
bool IsWrapped(const Node& node) {
  if (!node.Is("Where"_op) || node.num_inputs() != 3) return false;
  const Value* condition = node.input(0);
  const Node* less = condition == nullptr ? nullptr : condition->producer();
  const Node* sum =
      node.input(1) == nullptr ? nullptr : node.input(1)->producer();
  return less != nullptr && less->Is("Less"_op) && sum != nullptr &&
         sum->Is("Add"_op) && less->input(0) == node.input(2) &&
         sum->input(0) == node.input(2) && IsConstantOf(less->input(1), 0);
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

// Constant indices; of others nothing is known, and no runtime objects.
std::string GatherDown(Form& form) {
  std::optional<std::vector<int64_t>> indices = form.ints(1);
  if (!indices || AllOf(indices, [](int64_t index) { return index >= 0; })) {
    return "";
  }
  const std::optional<Shape> shape = form.shape(0);
  const std::optional<int64_t> axis = form.view().Int("axis");
  const auto at =
      shape && axis ? Normalize(*axis, shape->size()) : std::nullopt;
  if (!at || !(*shape)[*at].IsInteger() ||
      form.element(1) != ElementType::kInt64) {
    return "with negative indices of a dim that is not known";
  }
  for (int64_t& index : *indices) {
    if (index < 0) index += (*shape)[*at].value();
  }
  const TensorDims dims = form.constant(1)->dims();
  form.SetInput(1, *Tensor::WithDims(Int64s(*std::move(indices)), dims),
                "indices");
  return "";
}

// Whether negative indices are out of range on either side of the change.
bool IsInRangeOrOut(const Form& form, int i) {
  const Value* value = form.HasInput(i) ? form.inputs()[i].value : nullptr;
  const Node* producer = value == nullptr ? nullptr : value->producer();
  return IsNonNegative(form, i) ||
         (producer != nullptr && IsWrapped(*producer));
}

std::string OneHotUp(Form& form) {
  return IsNonNegative(form, 0) ? "" : "its indices may be negative";
}

std::string OneHotDown(Form& form) {
  if (!IsInRangeOrOut(form, 0)) return "with indices that may be negative";
  return form.view().Int("axis", -1) >= -1 ? "" : "with a negative axis";
}

std::string ScatterDown(Form& form) {
  return IsInRangeOrOut(form, 1) && form.view().Int("axis", 0) >= 0
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
