// SPDX-License-Identifier: Apache-2.0
// Arguments against the schema of their operator.
#ifndef ONNXOPT_EVAL_SIGNATURE_H_
#define ONNXOPT_EVAL_SIGNATURE_H_

#include "absl/status/status.h"
#include "eval/kernel.h"

namespace onnxopt::eval {

/// Whether the inputs are as many as the operator takes, none that it requires
/// is missing, their types are allowed and equal where the schema has one type
/// variable, and the attributes are of the kinds it knows and complete.
/// After this a kernel need not ask for the types of its inputs again.
absl::Status CheckSignature(const OpDef& op,
                            std::span<const Attribute> attributes,
                            std::span<const TensorRef> inputs, int num_outputs);

}  // namespace onnxopt::eval

#endif  // ONNXOPT_EVAL_SIGNATURE_H_
