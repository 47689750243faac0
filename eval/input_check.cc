// SPDX-License-Identifier: Apache-2.0
#include "eval/input_check.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"

namespace onnxopt::eval {
namespace {

std::string TensorTypeName(ElementType type) {
  return absl::StrCat("tensor(", std::string(ElementTypeName(type)), ")");
}

}  // namespace

bool AllowsType(const OpDef& op, std::string_view constraint,
                ElementType type) {
  const std::string name = TensorTypeName(type);
  for (const TypeConstraint& candidate : op.type_constraints()) {
    if (candidate.name == constraint) {
      return std::binary_search(candidate.types.begin(), candidate.types.end(),
                                std::string_view(name));
    }
  }
  return constraint == name;
}

absl::Status CheckInputs(const KernelArgs& args) {
  const OpDef& op = args.op();
  if (args.num_inputs() < op.min_inputs() ||
      args.num_inputs() > op.max_inputs()) {
    return absl::InvalidArgumentError(
        absl::StrCat("cannot have ", args.num_inputs(), " inputs"));
  }
  const std::span<const OperandDef> formals = op.inputs();
  std::vector<std::pair<std::string_view, ElementType>> bound;
  for (int i = 0; i < args.num_inputs(); ++i) {
    const OperandDef& formal = formals[std::min<size_t>(i, formals.size() - 1)];
    const Tensor* input = args.input(i);
    if (input == nullptr) {
      if (formal.option == OperandDef::kOptional) continue;
      return absl::InvalidArgumentError(
          absl::StrCat("input ", i, " is missing"));
    }
    if (!AllowsType(op, formal.type, input->type())) {
      return absl::InvalidArgumentError(
          absl::StrCat("input ", i, " cannot be ", input->TypeString()));
    }
    if (!formal.homogeneous) continue;
    const auto same = std::find_if(
        bound.begin(), bound.end(),
        [&](const auto& entry) { return entry.first == formal.type; });
    if (same == bound.end()) {
      bound.emplace_back(formal.type, input->type());
    } else if (same->second != input->type()) {
      return absl::InvalidArgumentError(
          absl::StrCat("input ", i, " must have the element type ",
                       std::string(ElementTypeName(same->second)), ", not ",
                       std::string(ElementTypeName(input->type()))));
    }
  }
  return absl::OkStatus();
}

}  // namespace onnxopt::eval
