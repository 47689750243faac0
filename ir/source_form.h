// SPDX-License-Identifier: Apache-2.0
// How a node was spelt in the file, before `upgrade` put it in canonical form.
#ifndef ONNXOPT_IR_SOURCE_FORM_H_
#define ONNXOPT_IR_SOURCE_FORM_H_

#include <utility>
#include <vector>

#include "ir/attribute.h"
#include "ir/op_def.h"
#include "ir/tensor.h"

namespace onnxopt {

/// Valid as long as the node has the attributes and the number of inputs that
/// the upgrade gave it, and the added inputs hold what it put there. Changing
/// attributes or the number of inputs drops it (see Graph).
struct SourceForm {
  const OpDef* op = nullptr;
  std::vector<Attribute> attributes;
  /// For each input of the file's node, which input it is now.
  std::vector<int> positions;
  /// The other inputs, and what they hold. Null: nothing.
  std::vector<std::pair<int, TensorRef>> added;
  int num_inputs = 0;
};

}  // namespace onnxopt

#endif  // ONNXOPT_IR_SOURCE_FORM_H_
