// SPDX-License-Identifier: Apache-2.0
// The attribute forms of Constant nodes.
#ifndef ONNXOPT_FRONTEND_CONSTANT_NODE_H_
#define ONNXOPT_FRONTEND_CONSTANT_NODE_H_

#include "absl/status/statusor.h"
#include "ir/attribute.h"
#include "ir/tensor.h"

namespace onnxopt {

/// The tensor that the attribute of a Constant node means (`value`,
/// `sparse_value`, `value_float`, `value_ints`, ...); null for an attribute
/// that has no such meaning, or that is a reference.
absl::StatusOr<TensorRef> ConstantTensor(const Attribute& attribute);

}  // namespace onnxopt

#endif  // ONNXOPT_FRONTEND_CONSTANT_NODE_H_
