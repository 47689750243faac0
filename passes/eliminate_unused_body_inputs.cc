// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "fmt/core.h"
#include "ir/walk.h"
#include "passes/opset/target.h"
#include "passes/passes.h"

namespace onnxopt {
namespace {

/// How the operands of a Loop or Scan and those of its body correspond:
///
///   inputs        `fixed_inputs`, carried, scan inputs   (node and body)
///   body outputs  `fixed_outputs`, carried, scan outputs
///   node outputs                   carried, scan outputs
struct Layout {
  Graph* body = nullptr;
  int fixed_inputs = 0;   // Loop: trip count and condition
  int fixed_outputs = 0;  // Loop: condition
  int carried = 0;
  int scan_inputs = 0;
  int scan_outputs = 0;
};

// Nothing if the node is not as the operator demands.
std::optional<Layout> LayoutOf(const Node& node) {
  Layout layout;
  const Attribute* body = node.FindAttribute("body");
  if (body == nullptr || !std::holds_alternative<Graph*>(body->value)) {
    return std::nullopt;
  }
  layout.body = std::get<Graph*>(body->value);
  const int inputs = static_cast<int>(layout.body->inputs().size());
  const int outputs = static_cast<int>(layout.body->outputs().size());
  if (node.Is("Loop"_op)) {
    layout.fixed_inputs = 2;
    layout.fixed_outputs = 1;
  } else {
    const int64_t scanned = node.IntAttribute("num_scan_inputs");
    if (scanned < 1 || scanned > inputs) return std::nullopt;
    layout.scan_inputs = static_cast<int>(scanned);
  }
  layout.carried = inputs - layout.fixed_inputs - layout.scan_inputs;
  layout.scan_outputs = outputs - layout.fixed_outputs - layout.carried;
  const auto body_inputs = layout.body->inputs();
  if (node.num_inputs() != inputs || layout.carried < 0 ||
      layout.scan_outputs < 0 ||
      node.num_outputs() > layout.carried + layout.scan_outputs ||
      !std::all_of(body_inputs.begin(), body_inputs.end(),
                   [](const Value* input) { return input->IsInput(); })) {
    return std::nullopt;
  }
  return layout;
}

bool IsNeeded(const Value* value) {
  return value != nullptr && (value->HasUses() || value->pinned());
}

class BodyCleaner {
 public:
  BodyCleaner(Node& node, const Layout& layout, PassContext& context)
      : node_(node),
        graph_(*node.graph()),
        layout_(layout),
        context_(context) {}

  // From the back, so that positions stay valid.
  void Run() {
    RemoveScanOutputs();
    RemoveScanInputs();
    RemoveCarried();
  }

 private:
  bool Allow(std::string_view counter, std::string_view what, int index) {
    return context_.Allow(counter, [&] {
      return fmt::format("{}: {} {} removed", node_.Describe(), what, index);
    });
  }

  void Decline(std::string_view reason) {
    context_.Decline(reason, [&] { return node_.Describe(); });
  }

  void RemoveScanOutputs() {
    for (int i = layout_.scan_outputs - 1; i >= 0; --i) {
      const int index = layout_.carried + i;
      if (IsNeeded(node_.output(index))) continue;
      if (!CanRemoveEntry("scan_output_axes", layout_.scan_outputs) ||
          !CanRemoveEntry("scan_output_directions", layout_.scan_outputs)) {
        return Decline("its scan_output attributes are not understood");
      }
      if (!Allow("scan outputs removed", "unused output", index)) return;
      RemoveOutput(index);
      RemoveEntry("scan_output_axes", i);
      RemoveEntry("scan_output_directions", i);
      --layout_.scan_outputs;
    }
  }

  void RemoveScanInputs() {
    for (int i = layout_.scan_inputs - 1; i >= 0; --i) {
      const int index = layout_.fixed_inputs + layout_.carried + i;
      if (IsNeeded(layout_.body->inputs()[index])) continue;
      if (layout_.scan_inputs == 1) {
        return Decline("its only scan input gives the number of iterations");
      }
      if (!CanRemoveEntry("scan_input_axes", layout_.scan_inputs) ||
          !CanRemoveEntry("scan_input_directions", layout_.scan_inputs)) {
        return Decline("its scan_input attributes are not understood");
      }
      if (!Allow("scan inputs removed", "unread input", index)) return;
      RemoveInput(index);
      RemoveEntry("scan_input_axes", i);
      RemoveEntry("scan_input_directions", i);
      --layout_.scan_inputs;
      Attribute count = *node_.FindAttribute("num_scan_inputs");
      count.value = int64_t{layout_.scan_inputs};
      count.message = {};
      graph_.SetAttribute(&node_, std::move(count));
    }
  }

  void RemoveCarried() {
    for (int i = layout_.carried - 1; i >= 0; --i) {
      const int index = layout_.fixed_inputs + i;
      if (IsNeeded(node_.output(i)) || IsRead(index)) continue;
      if (node_.num_inputs() == MinInputs()) {
        return Decline("the operator demands a carried value");
      }
      if (!Allow("carried values removed", "unread carried value", i)) return;
      // The output first: it may return the input.
      RemoveOutput(i);
      RemoveInput(index);
      --layout_.carried;
    }
  }

  // At the target.
  int MinInputs() const {
    const OpDef* def = context_.target() == nullptr
                           ? nullptr
                           : context_.target()->DefOf(graph_, node_.op());
    return std::max(node_.op().min_inputs(),
                    def == nullptr ? 0 : def->min_inputs());
  }

  // Whether the body does more with a carried value than to return it.
  bool IsRead(int index) const {
    const Value& input = *layout_.body->inputs()[index];
    if (input.pinned()) return true;
    const int own_output = index - layout_.fixed_inputs + layout_.fixed_outputs;
    const UseRange uses = input.uses();
    return std::any_of(uses.begin(), uses.end(), [&](const Use& use) {
      return use.user() != layout_.body->terminator() ||
             use.index() != own_output;
    });
  }

  void RemoveOutput(int index) {
    layout_.body->RemoveGraphOutput(layout_.fixed_outputs + index);
    if (index < node_.num_outputs()) graph_.RemoveNodeOutput(&node_, index);
  }

  void RemoveInput(int index) {
    layout_.body->RemoveGraphInput(layout_.body->inputs()[index]);
    graph_.RemoveInput(&node_, index);
  }

  // Whether the list attribute is absent or has `size` entries.
  bool CanRemoveEntry(std::string_view name, int size) const {
    const Attribute* attribute = node_.FindAttribute(name);
    if (attribute == nullptr) return true;
    const auto* list = std::get_if<std::vector<int64_t>>(&attribute->value);
    return list != nullptr && static_cast<int>(list->size()) == size;
  }

  void RemoveEntry(std::string_view name, int index) {
    const Attribute* attribute = node_.FindAttribute(name);
    if (attribute == nullptr) return;
    Attribute shorter = *attribute;
    auto& list = std::get<std::vector<int64_t>>(shorter.value);
    list.erase(list.begin() + index);
    shorter.message = {};
    graph_.SetAttribute(&node_, std::move(shorter));
  }

  Node& node_;
  Graph& graph_;
  Layout layout_;
  PassContext& context_;
};

void VisitNode(Node& node, PassContext& context) {
  if (node.function() != nullptr) return;
  if (!node.Is("Loop"_op) && !node.Is("Scan"_op)) return;
  // A dead node is removed whole, and an operator has at least one output.
  const auto outputs = node.outputs();
  if (std::none_of(outputs.begin(), outputs.end(), IsNeeded)) return;
  if (node.op().FindAttr("directions") != nullptr) {
    return context.Decline("Scan-8 has another layout",
                           [&] { return node.Describe(); });
  }
  const std::optional<Layout> layout = LayoutOf(node);
  if (!layout) {
    return context.Decline("its operands do not agree with its body",
                           [&] { return node.Describe(); });
  }
  BodyCleaner(node, *layout, context).Run();
}

}  // namespace

absl::Status EliminateUnusedBodyInputs(Model& model, PassContext& context) {
  std::vector<Graph*> graphs;
  ForEachGraph(model, [&graphs](Graph& graph) { graphs.push_back(&graph); });
  // Innermost first: what inner bodies no longer take, outer ones may not need.
  for (auto it = graphs.rbegin(); it != graphs.rend(); ++it) {
    for (Node& node : (*it)->nodes()) VisitNode(node, context);
  }
  return absl::OkStatus();
}

}  // namespace onnxopt
