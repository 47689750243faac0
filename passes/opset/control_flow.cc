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

// `by` stands where `value` stood, under its name, which users may ask for.
void TakeOver(Value* value, Value* by, const TypeRef& type) {
  Graph& graph = *value->graph();
  const std::string name(value->name());
  graph.ReplaceAllUses(value, by);
  graph.Rename(value, graph.model().UniqueName(name));
  graph.Rename(by, name);
  graph.SetType(by, type);
}

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
      // The type was that of the whole.
      const TypeRef type = output->type();
      graph_.SetType(output, nullptr);
      Value* wrapped = Make(op, output, before);
      TakeOver(output, wrapped, type);
      graph_.SetInput(wrapped->producer(), 0, output);
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

// Whether the attribute says what its absence says.
bool AllZero(const AttributeView& view, std::string_view name) {
  const std::vector<int64_t>* values = view.Ints(name);
  return values == nullptr ? !view.IsGiven(name)
                           : std::all_of(values->begin(), values->end(),
                                         [](int64_t v) { return v == 0; });
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
// Beside the directions of inputs, which have another name.
constexpr std::string_view kNewOfScan9[] = {
    "scan_input_axes", "scan_output_axes", "scan_output_directions"};

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

// Gives the body of a Loop a state, which stays as it is, before what it
// collects. Returns the node that passes it on.
Node* AddState(Graph* body) {
  Model& model = body->model();
  const TypeRef type = Type::Tensor(ElementType::kFloat, Shape{});
  Value* state = body->AddInput(model.UniqueName("state"), type);
  const std::string_view next = model.UniqueName("state");
  Node* identity = body->AddNode(
      model.ops().Find("", "Identity", kCanonicalOpset),
      std::vector<Value*>{state}, std::vector<std::string_view>{next});
  body->SetType(identity->output(0), type);
  std::vector<Value*> results(body->outputs().begin(), body->outputs().end());
  std::vector<OutputInfo> infos(body->output_infos().begin(),
                                body->output_infos().end());
  results.insert(results.begin() + 1, identity->output(0));
  infos.insert(infos.begin() + 1, {next, type, {}});
  while (body->outputs().size() > 1) {
    body->RemoveGraphOutput(static_cast<int>(body->outputs().size()) - 1);
  }
  for (size_t i = 1; i < results.size(); ++i) {
    body->AddOutput(results[i], infos[i]);
  }
  return identity;
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

std::string WhyNotLowerScan(const Node& scan) {
  const AttributeView view(scan);
  for (const std::string_view name : kNewOfScan9) {
    if (!AllZero(view, name)) return "it has axes, or directions of outputs";
  }
  return HasPinnedOutput(scan) ? "its output has a name to keep" : "";
}

std::string LowerScan(Node& scan, std::vector<Node*>* made) {
  if (std::string why_not = WhyNotLowerScan(scan); !why_not.empty()) {
    return why_not;
  }
  Graph& graph = *scan.graph();
  for (const std::string_view name : kNewOfScan9) {
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
  if (body == nullptr || loop.num_inputs() > 2 || body->inputs().size() != 2 ||
      body->outputs().empty()) {
    return "its body is not valid";
  }
  if (HasPinnedOutput(loop)) return "its output has a name to keep";
  made->push_back(AddState(body));
  std::vector<std::string_view> names = {model.UniqueName("state")};
  for (const Value* output : loop.outputs()) {
    names.push_back(output == nullptr ? std::string_view()
                                      : model.UniqueName(output->name()));
  }
  Value* zero = graph.AddConstant(model.UniqueName("state"),
                                  Scalar(ElementType::kFloat, 0));
  Node* replacement = graph.AddNode(
      &loop.op(), std::vector<Value*>{loop.input(0), loop.input(1), zero},
      names, loop.name(), &loop);
  graph.MoveAttributes(&loop, replacement);
  for (int i = 0; i < loop.num_outputs(); ++i) {
    Value* output = loop.output(i);
    if (output == nullptr) continue;
    TakeOver(output, replacement->output(i + 1), output->type());
  }
  made->push_back(replacement);
  return "";
}

}  // namespace onnxopt::opset
