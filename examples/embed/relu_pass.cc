// SPDX-License-Identifier: Apache-2.0
#include "relu_pass.h"

#include "ir/graph.h"
#include "ir/model.h"
#include "ir/op_id.h"
#include "passes/replace.h"

namespace embed {
namespace {

using onnxopt::operator""_op;

absl::Status RemoveRepeatedRelu(onnxopt::Model& model,
                                onnxopt::PassContext& context) {
  for (onnxopt::Node& node : model.graph()->nodes()) {
    if (!node.Is("Relu"_op)) continue;
    onnxopt::Value* inner = node.input(0);
    const onnxopt::Node* producer = inner->producer();
    if (producer == nullptr || !producer->Is("Relu"_op)) continue;
    if (!onnxopt::WhyNotReturnable(*node.output(0), *inner).empty()) continue;
    if (!context.Allow("removed", [&] { return node.Describe(); })) break;
    onnxopt::ReplaceWith(node.output(0), inner);
  }
  return absl::OkStatus();
}

}  // namespace

onnxopt::PassInfo RepeatedReluPass() {
  onnxopt::PassInfo pass;
  pass.name = "eliminate-repeated-relu";
  pass.summary = "Relu(Relu(x)) -> Relu(x)";
  pass.run = RemoveRepeatedRelu;
  return pass;
}

}  // namespace embed
