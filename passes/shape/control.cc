// SPDX-License-Identifier: Apache-2.0
// Operators with bodies. What the bodies' inputs are is up to InferModel.
#include <algorithm>

#include "ir/graph.h"
#include "passes/shape/body_inputs.h"
#include "passes/shape/families.h"

namespace onnxopt::shape {
namespace {

TypeRef OutputOf(const Graph& body, size_t i) {
  return i < body.outputs().size() ? KnownType(*body.outputs()[i]) : nullptr;
}

absl::Status If(InferenceContext& c) {
  const Graph* then_branch = c.attributes().Body("then_branch");
  const Graph* else_branch = c.attributes().Body("else_branch");
  if (then_branch == nullptr || else_branch == nullptr) {
    return absl::OkStatus();
  }
  for (int i = 0; i < c.num_outputs(); ++i) {
    c.SetOutput(
        i, JoinTypes(OutputOf(*then_branch, i), OutputOf(*else_branch, i)));
  }
  return absl::OkStatus();
}

// A state variable after all iterations. Its element type never changes.
TypeRef FinalState(const TypeRef& initial, const TypeRef& next,
                   bool runs_at_least_once) {
  const TypeRef joined =
      runs_at_least_once && next != nullptr ? next : JoinTypes(initial, next);
  return joined != nullptr ? joined : WithoutShape(initial);
}

// The stack of what all iterations return. Without any iteration it is empty,
// and its other dims are nobody's promise.
TypeRef Stacked(const TypeRef& each, int64_t axis, const Dim& count,
                bool runs_at_least_once) {
  if (each == nullptr || !each->IsTensor() || !each->shape()) {
    return WithoutShape(each);
  }
  Shape shape = *each->shape();
  if (!runs_at_least_once) shape = UnknownShape(shape.size());
  const auto at = Normalize(axis, shape.size() + 1);
  if (!at) return WithoutShape(each);
  shape.insert(shape.begin() + *at, count);
  return Type::Tensor(each->element(), std::move(shape));
}

// Whether the operand is absent or a constant that lets a Loop begin.
bool LetsLoopBegin(const InferenceContext& c, int i) {
  const Value* value = c.node().input(i);
  if (value == nullptr) return true;
  if (!value->IsConstant() || value->tensor()->num_elements() != 1) {
    return false;
  }
  if (i == 0) return ScalarOf(c, 0).value_or(0) > 0;
  if (value->tensor()->type() != ElementType::kBool) return false;
  const absl::StatusOr<std::string_view> bytes = value->tensor()->bytes();
  return bytes.ok() && (*bytes)[0] != 0;
}

absl::Status Loop(InferenceContext& c) {
  const Graph* body = c.attributes().Body("body");
  if (body == nullptr) return absl::OkStatus();
  const bool begins = LetsLoopBegin(c, 0) && LetsLoopBegin(c, 1);
  const int states = std::max(c.num_inputs() - 2, 0);
  for (int i = 0; i < c.num_outputs(); ++i) {
    const TypeRef next = OutputOf(*body, i + 1);
    c.SetOutput(i, i < states ? FinalState(c.type(i + 2), next, begins)
                              : Stacked(next, 0, Dim(), begins));
  }
  return absl::OkStatus();
}

absl::Status Scan(InferenceContext& c) {
  const Graph* body = c.attributes().Body("body");
  const int64_t scans = c.attributes().Int("num_scan_inputs", 0);
  if (body == nullptr || scans < 1 || scans > c.num_inputs()) {
    return absl::OkStatus();
  }
  const int states = c.num_inputs() - static_cast<int>(scans);
  const Dim length = ScanLength(c, states);
  const bool begins = length.IsInteger() && length.value() > 0;
  const auto* axes = c.attributes().Ints("scan_output_axes");
  for (int i = 0; i < c.num_outputs(); ++i) {
    const TypeRef next = OutputOf(*body, i);
    if (i < states) {
      c.SetOutput(i, FinalState(c.type(i), next, begins));
      continue;
    }
    const size_t k = i - states;
    c.SetOutput(
        i, Stacked(next, axes != nullptr && k < axes->size() ? (*axes)[k] : 0,
                   length, begins));
  }
  return absl::OkStatus();
}

absl::Status SequenceMap(InferenceContext& c) {
  const Graph* body = c.attributes().Body("body");
  if (body == nullptr) return absl::OkStatus();
  for (int i = 0; i < c.num_outputs(); ++i) {
    c.SetOutput(i, Type::Sequence(OutputOf(*body, i)));
  }
  return absl::OkStatus();
}

}  // namespace

InferList ControlFunctions() {
  return {
      {"If"_op, If},
      {"Loop"_op, Loop},
      {"Scan"_op, Scan},
      {"SequenceMap"_op, SequenceMap},
  };
}

}  // namespace onnxopt::shape
