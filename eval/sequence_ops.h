// SPDX-License-Identifier: Apache-2.0
// Operators that take or make sequences, optionals and maps.
#ifndef ONNXOPT_EVAL_SEQUENCE_OPS_H_
#define ONNXOPT_EVAL_SEQUENCE_OPS_H_

#include <span>
#include <vector>

#include "absl/status/statusor.h"
#include "eval/datum.h"
#include "ir/attribute_view.h"
#include "ir/op_def.h"

namespace onnxopt::eval {

/// As Kernel, but for data. `inputs` are as many as the node gives.
using DatumKernel = absl::StatusOr<Datum> (*)(const AttributeView& attributes,
                                              std::span<const Datum> inputs);

/// Null when there is none. All of these operators have one output.
DatumKernel FindDatumKernel(const OpDef& op);

/// The number in a tensor with one integer or bool.
absl::StatusOr<int64_t> ScalarOf(const Datum& datum);

}  // namespace onnxopt::eval

#endif  // ONNXOPT_EVAL_SEQUENCE_OPS_H_
