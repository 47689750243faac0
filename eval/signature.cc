// SPDX-License-Identifier: Apache-2.0
#include "eval/signature.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "support/status.h"

namespace onnxopt::eval {
namespace {

absl::Status Mismatch(std::string_view what, std::string_view name,
                      std::string_view complaint) {
  return absl::InvalidArgumentError(absl::StrCat(std::string(what), " '",
                                                 std::string(name), "' ",
                                                 std::string(complaint)));
}

// Type variables and the type that the first input gave them.
using Bindings = std::vector<std::pair<std::string_view, std::string>>;

absl::Status CheckType(const OpDef& op, const OperandDef& formal,
                       const Tensor& tensor, Bindings* bindings) {
  std::string type =
      absl::StrCat("tensor(", std::string(ElementTypeName(tensor.type())), ")");
  const TypeConstraint* constraint = op.FindTypeConstraint(formal.type);
  if (constraint == nullptr) {
    if (formal.type == type) return absl::OkStatus();
    return Mismatch("input", formal.name, absl::StrCat("cannot be ", type));
  }
  if (!std::ranges::binary_search(constraint->types, type)) {
    return Mismatch("input", formal.name, absl::StrCat("cannot be ", type));
  }
  if (!formal.homogeneous) return absl::OkStatus();
  for (const auto& [name, bound] : *bindings) {
    if (name != constraint->name) continue;
    if (bound == type) return absl::OkStatus();
    return Mismatch("input", formal.name,
                    absl::StrCat("is ", type, ", but ", std::string(name),
                                 " is ", bound, " here"));
  }
  bindings->emplace_back(constraint->name, std::move(type));
  return absl::OkStatus();
}

// Kernels multiply dims; a zero among them must not hide an overflow.
absl::Status CheckDims(const OperandDef& formal, const Tensor& tensor) {
  constexpr int64_t kMax = int64_t{1} << 60;
  int64_t product = 1;
  for (const int64_t dim : tensor.dims()) {
    if (dim == 0) continue;
    if (dim > kMax / product) {
      return Mismatch("input", formal.name, "has too large dims");
    }
    product *= dim;
  }
  return absl::OkStatus();
}

absl::Status CheckInputs(const OpDef& op, std::span<const TensorRef> inputs) {
  const auto count = static_cast<int>(inputs.size());
  if (count < op.min_inputs() || count > op.max_inputs()) {
    return absl::InvalidArgumentError(
        absl::StrCat("wrong number of inputs: ", count));
  }
  Bindings bindings;
  for (int i = 0; i < count; ++i) {
    const auto last = static_cast<int>(op.inputs().size()) - 1;
    const OperandDef& formal = op.inputs()[std::min(i, last)];
    if (inputs[i] != nullptr) {
      RETURN_IF_ERROR(CheckType(op, formal, *inputs[i], &bindings));
      RETURN_IF_ERROR(CheckDims(formal, *inputs[i]));
    } else if (formal.option == OperandDef::kSingle) {
      return Mismatch("input", formal.name, "is missing");
    }
  }
  return absl::OkStatus();
}

absl::Status CheckAttributes(const OpDef& op,
                             std::span<const Attribute> attributes) {
  for (const Attribute& attribute : attributes) {
    const AttrDef* def = op.FindAttr(attribute.name);
    if (def == nullptr) {
      return Mismatch("attribute", attribute.name, "is unknown");
    }
    if (def->kind != attribute.kind) {
      return Mismatch("attribute", attribute.name, "has the wrong kind");
    }
  }
  for (const AttrDef& def : op.attributes()) {
    if (!def.required) continue;
    if (std::ranges::none_of(attributes, [&](const Attribute& attribute) {
          return attribute.name == def.name;
        })) {
      return Mismatch("attribute", def.name, "is missing");
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status CheckSignature(const OpDef& op,
                            std::span<const Attribute> attributes,
                            std::span<const TensorRef> inputs,
                            int num_outputs) {
  RETURN_IF_ERROR(CheckAttributes(op, attributes));
  RETURN_IF_ERROR(CheckInputs(op, inputs));
  if (num_outputs < op.min_outputs() || num_outputs > op.max_outputs()) {
    return absl::InvalidArgumentError(
        absl::StrCat("wrong number of outputs: ", num_outputs));
  }
  return absl::OkStatus();
}

}  // namespace onnxopt::eval
