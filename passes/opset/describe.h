// SPDX-License-Identifier: Apache-2.0
// The table of steps, for people.
#ifndef ONNXOPT_PASSES_OPSET_DESCRIBE_H_
#define ONNXOPT_PASSES_OPSET_DESCRIBE_H_

#include <string>

#include "ir/op_registry.h"

namespace onnxopt {

/// Of each operator of ai.onnx and ai.onnx.ml its versions, and what changed
/// with each beyond wider types: one paragraph an operator.
std::string OpsetStepsText(const OpRegistry& ops);

}  // namespace onnxopt

#endif  // ONNXOPT_PASSES_OPSET_DESCRIBE_H_
