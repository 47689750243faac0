// SPDX-License-Identifier: Apache-2.0
// Checking the inputs of a kernel against the operator's signature.
#ifndef ONNXOPT_EVAL_INPUT_CHECK_H_
#define ONNXOPT_EVAL_INPUT_CHECK_H_

#include "absl/status/status.h"
#include "eval/kernel.h"

namespace onnxopt::eval {

/// Whether the operator allows the number of inputs, which of them are missing,
/// and their element types, alone and together.
absl::Status CheckInputs(const KernelArgs& args);

/// Whether the type constraint `constraint` of `op` contains tensors of `type`.
bool AllowsType(const OpDef& op, std::string_view constraint, ElementType type);

}  // namespace onnxopt::eval

#endif  // ONNXOPT_EVAL_INPUT_CHECK_H_
