// SPDX-License-Identifier: Apache-2.0
// Tensors that are evaluated when somebody reads them.
#ifndef ONNXOPT_EVAL_COMPUTED_H_
#define ONNXOPT_EVAL_COMPUTED_H_

#include <vector>

#include "absl/status/statusor.h"
#include "ir/attribute.h"
#include "ir/op_def.h"
#include "ir/tensor.h"

namespace onnxopt {

/// The result of an operator with one output, of the given type and dims,
/// evaluated when its bytes are first asked for. Inputs at the end of a long
/// chain of computed tensors are evaluated at once, which may fail. There must
/// be a kernel. Reading fails when the evaluation does, or when its result has
/// another type or other dims. `op` and what `attributes` view must live as
/// long.
absl::StatusOr<TensorRef> MakeComputed(const OpDef& op,
                                       std::vector<Attribute> attributes,
                                       std::vector<TensorRef> inputs,
                                       ElementType type, TensorDims dims);

}  // namespace onnxopt

#endif  // ONNXOPT_EVAL_COMPUTED_H_
