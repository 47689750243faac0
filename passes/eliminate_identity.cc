// SPDX-License-Identifier: Apache-2.0
#include <utility>
#include <vector>

#include "fmt/core.h"
#include "ir/walk.h"
#include "passes/passes.h"
#include "passes/replace.h"
#include "support/status.h"

namespace onnxopt {
namespace {

bool IsConstantFalse(const Value& value) {
  if (!value.IsConstant() || value.tensor()->type() != ElementType::kBool ||
      value.tensor()->num_elements() != 1) {
    return false;
  }
  const absl::StatusOr<std::string_view> bytes = value.tensor()->bytes();
  return bytes.ok() && bytes->front() == '\0';
}

// Where the schema has a switch between training and inference, it decides;
// versions without one have the trait.
bool IsInferenceDropout(const Node& node) {
  const OpDef& op = node.op();
  if (op.FindAttr("is_test") != nullptr) {
    return node.IntAttribute("is_test") != 0;
  }
  for (size_t i = 0; i < op.inputs().size(); ++i) {
    if (op.inputs()[i].name != "training_mode") continue;
    const Value* mode = node.input(static_cast<int>(i));
    return mode == nullptr || IsConstantFalse(*mode);
  }
  return false;
}

bool IsForwardingOperator(const Node& node, PassContext& context) {
  if (node.Has(Trait::kForwardsInput)) return true;
  if (node.Has(Trait::kForwardsSingleInput)) return node.num_inputs() == 1;
  if (node.function() != nullptr || !node.Is("Dropout"_op)) return false;
  if (IsInferenceDropout(node)) return true;
  context.Decline("it is not known to be in inference mode",
                  [&] { return node.Describe(); });
  return false;
}

// Of the output a graph returns: its other readers need not wait for the name.
void RedirectOtherUses(Value* from, Value* to, const Node& node,
                       PassContext& context) {
  Graph& graph = *from->graph();
  std::vector<std::pair<Node*, int>> others;
  for (const Use& use : from->uses()) {
    if (use.user() == graph.terminator()) continue;
    others.emplace_back(use.user(), use.index());
  }
  if (others.empty()) return;
  if (!context.Allow("bypassed", [&] {
        return fmt::format("{}: its readers read {}", node.Describe(),
                           Describe(*to));
      })) {
    return;
  }
  for (const auto& [user, index] : others) graph.SetInput(user, index, to);
}

void VisitNode(Node& node, PassContext& context) {
  Value* input = node.input(0);
  Value* output = node.output(0);
  if (input == nullptr || output == nullptr) return;
  if (!IsForwardingOperator(node, context)) return;
  for (const Value* value : node.outputs()) {
    if (value == nullptr) continue;
    if (value->pinned()) {
      return context.Decline("an output has a name to keep",
                             [&] { return node.Describe(); });
    }
    if (value != output && value->HasUses()) {
      return context.Decline("another output is used",
                             [&] { return node.Describe(); });
    }
  }
  const std::string_view why = WhyNotReturnable(*output, *input);
  if (!why.empty()) {
    RedirectOtherUses(output, input, node, context);
    return context.Decline(why, [&] { return node.Describe(); });
  }
  if (!context.Allow("removed", [&] {
        return fmt::format("{} replaced by {}", node.Describe(),
                           Describe(*input));
      })) {
    return;
  }
  ReplaceWith(output, input);
  node.graph()->EraseNode(&node);
}

}  // namespace

absl::Status EliminateIdentity(Model& model, PassContext& context) {
  ForEachGraph(model, [&context](Graph& graph) {
    for (Node& node : graph.nodes().SafeRange()) VisitNode(node, context);
  });
  return absl::OkStatus();
}

}  // namespace onnxopt
