// SPDX-License-Identifier: Apache-2.0
#include "passes/opset/control_flow.h"

#include <algorithm>
#include <optional>
#include <span>
#include <string_view>

#include "ir/attribute_view.h"
#include "ir/graph.h"
#include "ir/model.h"
#include "passes/opset/form.h"
#include "passes/rewrite/constants.h"
#include "passes/rewrite/rewriter.h"
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

bool HasPinnedOutput(const Node& node) {
  const auto outputs = node.outputs();
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

void SetNewestVersion(Node& scan) {
  const OpDef* newest =
      scan.graph()->model().ops().Find("", "Scan", kCanonicalOpset);
  SetVersion(scan, newest->since_version());
}

bool HasBatchOfOne(const Value* input) {
  const std::optional<Shape> shape = ShapeOf(input);
  return shape && !shape->empty() && (*shape)[0].IsInteger() &&
         (*shape)[0].value() == 1;
}

// The type of an element of a batch.
TypeRef TypeOfOne(const Value& batch) {
  const std::optional<Shape> shape = ShapeOf(&batch);
  if (!shape || shape->empty()) return nullptr;
  return Type::Tensor(ElementOf(&batch),
                      Shape(shape->begin() + 1, shape->end()));
}

// Makes `scan`, without lengths, a Scan over the batch of a Scan that has its
// body.
void Nest(Node& scan) {
  Graph& graph = *scan.graph();
  Model& model = graph.model();
  Graph* body = graph.NewGraph(&scan, "batch");
  std::vector<Value*> inputs;
  for (Value* input : scan.inputs()) {
    inputs.push_back(
        body->AddInput(model.UniqueName(input->name()), TypeOfOne(*input)));
  }
  std::vector<std::string_view> names;
  for (const Value* output : scan.outputs()) {
    names.push_back(
        model.UniqueName(output == nullptr ? "output" : output->name()));
  }
  Node* inner = body->AddNode(&scan.op(), inputs, names);
  graph.MoveAttributes(&scan, inner);
  RenameAttribute(*inner, "directions", "scan_input_directions");
  SetNewestVersion(*inner);
  InferOutputs(*inner);
  for (Value* output : inner->outputs()) {
    body->AddOutput(output, {output->name(), nullptr, {}});
  }
  Attribute held;
  held.name = "body";
  held.kind = AttrKind::kGraph;
  held.value = body;
  graph.SetAttribute(&scan, std::move(held));
  graph.SetAttribute(&scan,
                     Rewriter::Int("num_scan_inputs", scan.num_inputs()));
  SetNewestVersion(scan);
}

}  // namespace

std::string LiftScan(Node& scan, std::vector<Node*>* made) {
  if (scan.num_inputs() < 2 || scan.input(0) != nullptr) {
    return "it has lengths of sequences";
  }
  const std::span<Value* const> given = scan.inputs().subspan(1);
  if (std::find(given.begin(), given.end(), nullptr) != given.end()) {
    return "one of its inputs is absent";
  }
  const bool is_one = std::any_of(given.begin(), given.end(), HasBatchOfOne);
  if (is_one && HasPinnedOutput(scan)) return "its output has a name to keep";
  scan.graph()->RemoveInput(&scan, 0);
  if (!is_one) {
    Nest(scan);
    return "";
  }
  Wrapper wrapper(scan, made);
  wrapper.WrapInputs("Squeeze");
  wrapper.WrapOutputs("Unsqueeze");
  RenameAttribute(scan, "directions", "scan_input_directions");
  SetNewestVersion(scan);
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

std::string LowerLoop(Node& loop, std::vector<Node*>* made) {
  Graph& graph = *loop.graph();
  Model& model = graph.model();
  Graph* body = AttributeView(loop).Body("body");
  if (body == nullptr || loop.num_inputs() > 2 || body->inputs().size() != 2) {
    return "it has a state";
  }
  if (HasPinnedOutput(loop)) return "with an output that has a name to keep";
  const TypeRef type = Type::Tensor(ElementType::kInt64, Shape{});
  Value* state = body->AddInput(model.UniqueName("state"), type);
  const std::string_view next = model.UniqueName("state");
  Value* kept = body->AddNode(model.ops().Find("", "Identity", kCanonicalOpset),
                              std::vector<Value*>{state},
                              std::vector<std::string_view>{next})
                    ->output(0);
  body->SetType(kept, type);
  made->push_back(kept->producer());
  // States come right after the condition.
  std::vector<Value*> results(body->outputs().begin(), body->outputs().end());
  std::vector<OutputInfo> infos(body->output_infos().begin(),
                                body->output_infos().end());
  results.insert(results.begin() + 1, kept);
  infos.insert(infos.begin() + 1, {next, type, {}});
  while (body->outputs().size() > 1) {
    body->RemoveGraphOutput(static_cast<int>(body->outputs().size()) - 1);
  }
  for (size_t i = 1; i < results.size(); ++i) {
    body->AddOutput(results[i], infos[i]);
  }
  std::vector<std::string_view> names = {model.UniqueName("state")};
  for (const Value* output : loop.outputs()) {
    names.push_back(output == nullptr ? std::string_view()
                                      : model.UniqueName(output->name()));
  }
  Value* zero = graph.AddConstant(model.UniqueName("state"), Int64(0));
  Node* replacement = graph.AddNode(
      &loop.op(), std::vector<Value*>{loop.input(0), loop.input(1), zero},
      names, loop.name(), &loop);
  graph.MoveAttributes(&loop, replacement);
  for (int i = 0; i < loop.num_outputs(); ++i) {
    Value* output = loop.output(i);
    if (output == nullptr) continue;
    Value* by = replacement->output(i + 1);
    const std::string name(output->name());
    graph.SetType(by, output->type());
    graph.ReplaceAllUses(output, by);
    graph.Rename(output, model.UniqueName(name));
    graph.Rename(by, name);
  }
  made->push_back(replacement);
  return "";
}

}  // namespace onnxopt::opset
