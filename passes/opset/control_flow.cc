// SPDX-License-Identifier: Apache-2.0
#include "passes/opset/scan.h"

#include <algorithm>
#include <optional>
#include <string_view>

#include "ir/attribute_view.h"
#include "ir/graph.h"
#include "ir/model.h"
#include "passes/opset/form.h"
#include "passes/rewrite/constants.h"
#include "passes/shape/inference.h"

namespace onnxopt::opset {
namespace {

// Puts `wrapper`, Squeeze or Unsqueeze of axis 0, around inputs and outputs.
class Wrapper {
 public:
  Wrapper(Node& scan, std::vector<Node*>* made)
      : scan_(scan), graph_(*scan.graph()), made_(*made) {
    axes_ = graph_.AddConstant(graph_.model().UniqueName("axes"), Int64s({0}));
  }

  void WrapInputs(std::string_view op) {
    for (int i = 0; i < scan_.num_inputs(); ++i) {
      Value* input = scan_.input(i);
      if (input == nullptr) continue;
      Value* wrapped = Make(op, input, &scan_);
      graph_.SetInput(&scan_, i, wrapped);
    }
  }

  void WrapOutputs(std::string_view op) {
    auto next = IntrusiveList<Node>::iterator_to(scan_);
    ++next;
    Node* before = next == graph_.nodes().end() ? nullptr : &*next;
    for (Value* output : scan_.outputs()) {
      if (output == nullptr) continue;
      // The name is promised to users, the type was that of the whole.
      const std::string name(output->name());
      TypeRef type = output->type();
      graph_.SetType(output, nullptr);
      Value* wrapped = Make(op, output, before);
      graph_.ReplaceAllUses(output, wrapped);
      graph_.SetInput(wrapped->producer(), 0, output);
      graph_.Rename(output, graph_.model().UniqueName(name));
      graph_.Rename(wrapped, name);
      graph_.SetType(wrapped, std::move(type));
    }
  }

 private:
  Value* Make(std::string_view op, Value* value, Node* before) {
    Model& model = graph_.model();
    Node* node = graph_.AddNode(
        model.ops().Find("", op, kCanonicalOpset),
        std::vector<Value*>{value, axes_},
        std::vector<std::string_view>{model.UniqueName(value->name())},
        /*name=*/"", before);
    InferOutputs(*node);
    made_.push_back(node);
    return node->output(0);
  }

  Node& scan_;
  Graph& graph_;
  std::vector<Node*>& made_;
  Value* axes_ = nullptr;
};

bool AllZero(const std::vector<int64_t>* values) {
  return values == nullptr ||
         std::all_of(values->begin(), values->end(),
                     [](int64_t value) { return value == 0; });
}

bool HasPinnedOutput(const Node& scan) {
  const auto outputs = scan.outputs();
  return std::any_of(outputs.begin(), outputs.end(), [](const Value* output) {
    return output != nullptr && output->pinned();
  });
}

void RenameAttribute(Node& scan, std::string_view from, std::string_view to) {
  std::vector<Attribute> attributes(scan.attributes().begin(),
                                    scan.attributes().end());
  for (Attribute& attribute : attributes) {
    if (attribute.name != from) continue;
    attribute.name = to;
    attribute.message = {};
  }
  scan.graph()->SetAttributes(&scan, std::move(attributes));
}

void SetVersion(Node& scan, int64_t version) {
  scan.graph()->SetOperator(
      &scan, scan.graph()->model().ops().FindExact("", "Scan", version));
}

constexpr int64_t kBatched = 8;

}  // namespace

std::string LiftScan(Node& scan, std::vector<Node*>* made) {
  if (scan.num_inputs() < 2 || scan.input(0) != nullptr) {
    return "it has lengths of sequences";
  }
  if (HasPinnedOutput(scan)) return "its output has a name to keep";
  for (int i = 1; i < scan.num_inputs(); ++i) {
    const std::optional<Shape> shape = ShapeOf(scan.input(i));
    if (!shape || shape->empty() || !(*shape)[0].IsInteger() ||
        (*shape)[0].value() != 1) {
      return "its batch is not known to be of one";
    }
  }
  scan.graph()->RemoveInput(&scan, 0);
  Wrapper wrapper(scan, made);
  wrapper.WrapInputs("Squeeze");
  wrapper.WrapOutputs("Unsqueeze");
  RenameAttribute(scan, "directions", "scan_input_directions");
  const OpDef* newest =
      scan.graph()->model().ops().Find("", "Scan", kCanonicalOpset);
  SetVersion(scan, newest->since_version());
  return "";
}

std::string LowerScan(Node& scan, std::vector<Node*>* made) {
  const AttributeView view(scan);
  if (!AllZero(view.Ints("scan_input_axes")) ||
      !AllZero(view.Ints("scan_output_axes")) ||
      !AllZero(view.Ints("scan_output_directions"))) {
    return "with axes or directions of outputs";
  }
  if (HasPinnedOutput(scan)) return "with an output that has a name to keep";
  Graph& graph = *scan.graph();
  for (const std::string_view name :
       {"scan_input_axes", "scan_output_axes", "scan_output_directions"}) {
    graph.RemoveAttribute(&scan, name);
  }
  RenameAttribute(scan, "scan_input_directions", "directions");
  Wrapper wrapper(scan, made);
  wrapper.WrapInputs("Unsqueeze");
  // No lengths: all sequences are as long as they are.
  std::vector<Value*> inputs(scan.inputs().begin(), scan.inputs().end());
  graph.AppendInput(&scan, nullptr);
  for (int i = scan.num_inputs() - 1; i > 0; --i) {
    graph.SetInput(&scan, i, inputs[i - 1]);
  }
  graph.SetInput(&scan, 0, nullptr);
  wrapper.WrapOutputs("Squeeze");
  SetVersion(scan, kBatched);
  return "";
}

}  // namespace onnxopt::opset
