// SPDX-License-Identifier: Apache-2.0
#include "eval/arguments.h"

#include <algorithm>
#include <numeric>
#include <string>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "eval/dense.h"
#include "support/status.h"

namespace onnxopt::eval {
namespace {

absl::Status WrongInput(const OperandDef& operand, const Tensor& tensor) {
  return absl::InvalidArgumentError(absl::StrCat(
      "input ", std::string(operand.name), " cannot be ", tensor.TypeString()));
}

}  // namespace

absl::Status CheckArguments(const KernelArgs& args) {
  const OpDef& op = args.op();
  if (args.num_inputs() > op.max_inputs() ||
      args.num_outputs() > op.max_outputs()) {
    return absl::InvalidArgumentError("there are too many inputs or outputs");
  }
  for (const AttrDef& attr : op.attributes()) {
    if (attr.required && !args.attributes().IsGiven(attr.name)) {
      return absl::InvalidArgumentError(
          absl::StrCat("attribute ", std::string(attr.name), " is missing"));
    }
  }
  const auto operands = op.inputs();
  absl::flat_hash_map<std::string_view, ElementType> bound;
  const int count = std::max(args.num_inputs(), op.min_inputs());
  for (int i = 0; i < count; ++i) {
    const OperandDef& operand =
        operands[std::min<size_t>(i, operands.size() - 1)];
    const Tensor* tensor = args.input(i);
    if (tensor == nullptr) {
      if (operand.option == OperandDef::kOptional) continue;
      return absl::InvalidArgumentError(
          absl::StrCat("input ", std::string(operand.name), " is missing"));
    }
    const std::string type = absl::StrCat(
        "tensor(", std::string(ElementTypeName(tensor->type())), ")");
    const TypeConstraint* constraint = op.FindTypeConstraint(operand.type);
    if (constraint == nullptr) {
      if (operand.type != type) return WrongInput(operand, *tensor);
      continue;
    }
    const auto& allowed = constraint->types;
    if (std::find(allowed.begin(), allowed.end(), type) == allowed.end()) {
      return WrongInput(operand, *tensor);
    }
    if (operand.homogeneous &&
        bound.emplace(constraint->name, tensor->type()).first->second !=
            tensor->type()) {
      return WrongInput(operand, *tensor);
    }
  }
  return absl::OkStatus();
}

KernelOutputs Single(absl::StatusOr<TensorRef> tensor) {
  if (!tensor.ok()) return std::move(tensor).status();
  return std::vector<TensorRef>{*std::move(tensor)};
}

absl::Status Invalid(std::string_view text) {
  return absl::InvalidArgumentError(std::string(text));
}

absl::StatusOr<int64_t> ScalarOf(const Tensor& tensor) {
  if (tensor.num_elements() != 1) {
    return absl::InvalidArgumentError(
        absl::StrCat("one number is needed, not ", tensor.TypeString()));
  }
  ASSIGN_OR_RETURN(const std::vector<int64_t> values, IntegersOf(tensor));
  return values[0];
}

absl::StatusOr<std::vector<int64_t>> AxesOf(const std::vector<int64_t>* axes,
                                            int64_t rank) {
  std::vector<int64_t> result(rank);
  std::iota(result.begin(), result.end(), 0);
  if (axes == nullptr) return result;
  result = *axes;
  for (int64_t& axis : result) {
    ASSIGN_OR_RETURN(axis, NormalizeAxis(axis, rank));
  }
  std::vector<int64_t> sorted = result;
  std::sort(sorted.begin(), sorted.end());
  if (std::adjacent_find(sorted.begin(), sorted.end()) != sorted.end()) {
    return absl::InvalidArgumentError("an axis is repeated");
  }
  return result;
}

}  // namespace onnxopt::eval
