// SPDX-License-Identifier: Apache-2.0
#ifndef EMBED_RELU_PASS_H_
#define EMBED_RELU_PASS_H_

#include "passes/pass.h"

namespace embed {

/// A pass that onnxopt does not have: Relu(Relu(x)) -> Relu(x).
onnxopt::PassInfo RepeatedReluPass();

}  // namespace embed

#endif  // EMBED_RELU_PASS_H_
