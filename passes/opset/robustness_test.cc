// SPDX-License-Identifier: Apache-2.0
// Every version of every operator with arguments drawn without sense, converted
// to another opset or optimized at its own: that may be refused, but breaks
// nothing. The sanitizers see the rest.
#include <optional>

#include "eval/senseless_arguments.h"
#include "ir/graph_editor.h"
#include "ir/verifier.h"
#include "passes/testing.h"

namespace onnxopt {
namespace {

using eval::SenselessArguments;

constexpr int kDrawsPerVersion = 40;

class ModelMaker {
 public:
  ModelMaker(const OpDef& op, SenselessArguments* drawer)
      : op_(op), drawer_(*drawer) {}

  // A model of one node, in a function or not.
  std::unique_ptr<Model> Make() {
    const SenselessArguments::Arguments arguments = drawer_.Draw();
    auto model = std::make_unique<Model>(OpRegistry::Builtin());
    GraphEditor::ModelFields fields;
    fields.ir_version = kMaxIrVersion;
    fields.imports = Imports();
    GraphEditor::SetModelFields(model.get(), std::move(fields));
    if (drawer_.Percent(80)) {
      AddNode(*model->graph(), arguments, /*references=*/false);
    } else {
      GraphEditor::FunctionFields function;
      function.domain = "f";
      function.name = "f";
      function.imports = Imports();
      for (const Attribute& attribute : arguments.attributes) {
        function.attributes.push_back(model->Intern(attribute.name));
      }
      Graph& body =
          *GraphEditor::AddFunction(model.get(), std::move(function))->body();
      AddNode(body, arguments, /*references=*/true);
    }
    return model;
  }

 private:
  std::vector<OpsetImport> Imports() {
    const bool is_ml = op_.domain() == kMlDomain;
    const int64_t version = op_.since_version();
    return {{"", is_ml ? drawer_.Between(1, kCanonicalOpset) : version, {}},
            {kMlDomain, is_ml ? version : kMaxMlOpset, {}}};
  }

  void AddNode(Graph& graph, const SenselessArguments::Arguments& arguments,
               bool references) {
    Model& model = graph.model();
    std::vector<Value*> inputs;
    for (const TensorRef& tensor : arguments.inputs) {
      inputs.push_back(tensor == nullptr ? nullptr : ValueOf(graph, tensor));
    }
    std::vector<std::string_view> outputs;
    for (int i = 0; i < arguments.num_outputs; ++i) {
      const bool absent = drawer_.Percent(15);
      outputs.push_back(absent ? std::string_view()
                               : model.UniqueName("output"));
    }
    Node* node = graph.AddNode(&op_, inputs, outputs, model.Intern("node"));
    for (Attribute attribute : arguments.attributes) {
      attribute.name = model.Intern(attribute.name);
      if (references && drawer_.Percent(40)) {
        attribute.value = {};
        attribute.reference = attribute.name;
      } else {
        Keep(model, &attribute.value);
      }
      graph.SetAttribute(node, std::move(attribute));
    }
    AddBodies(node);
    for (Value* output : node->outputs()) {
      if (output != nullptr) graph.AddOutput(output, {output->name(), {}, {}});
    }
  }

  static void Keep(Model& model, AttributeValue* value) {
    if (auto* text = std::get_if<std::string_view>(value)) {
      *text = model.Intern(*text);
    } else if (auto* all = std::get_if<std::vector<std::string_view>>(value)) {
      for (std::string_view& one : *all) one = model.Intern(one);
    }
  }

  // A constant, or an input of which more or less is known.
  Value* ValueOf(Graph& graph, const TensorRef& tensor) {
    const std::string_view name = graph.model().UniqueName("x");
    const bool huge = tensor->byte_size() > Tensor::kMaxHeapBytes;
    if (!huge && drawer_.Percent(40)) return graph.AddConstant(name, tensor);
    if (graph.function() != nullptr || drawer_.Percent(10)) {
      return graph.AddInput(name, nullptr);
    }
    Shape shape;
    const bool is_static = drawer_.Percent(70);
    for (const int64_t dim : tensor->dims()) {
      shape.push_back(is_static || drawer_.Percent(50) ? Dim(dim)
                      : drawer_.Percent(50)            ? Dim::Named("N")
                                                       : Dim());
    }
    std::optional<Shape> known;
    if (!drawer_.Percent(5)) known = std::move(shape);
    return graph.AddInput(name, Type::Tensor(tensor->type(), std::move(known)));
  }

  // Bodies return some of what they are given.
  void AddBodies(Node* node) {
    for (const AttrDef& def : op_.attributes()) {
      if (def.kind != AttrKind::kGraph || drawer_.Percent(5)) continue;
      Graph* body = pass_testing::AddBody(node, def.name);
      const bool is_branch = node->Is("If"_op);
      std::vector<Value*> values;
      for (int i = drawer_.Between(0, is_branch ? 0 : 4); i > 0; --i) {
        values.push_back(
            body->AddInput(body->model().UniqueName("b"), nullptr));
      }
      for (Value* input : node->inputs()) {
        if (input != nullptr) values.push_back(input);
      }
      for (int i = drawer_.Between(0, 4); i > 0 && !values.empty(); --i) {
        Value* value =
            values[drawer_.Between(0, static_cast<int>(values.size()) - 1)];
        body->AddOutput(value, {value->name(), {}, {}});
      }
    }
  }

  const OpDef& op_;
  SenselessArguments& drawer_;
};

TEST(OpsetRobustnessTest, SenselessNodesAreConvertedOrRefused) {
  int converted = 0;
  int refused = 0;
  for (const OpDef* op : OpRegistry::Builtin()->All()) {
    if (!op->domain().empty() && op->domain() != kMlDomain) continue;
    SenselessArguments drawer(*op);
    for (int i = 0; i < kDrawsPerVersion; ++i) {
      const std::unique_ptr<Model> model = ModelMaker(*op, &drawer).Make();
      ASSERT_OK(Verify(*model));
      OptimizeOptions options;
      const bool is_own = drawer.Percent(25);
      if (!is_own) {
        options.target.onnx = drawer.Between(1, kCanonicalOpset);
        options.target.ml = drawer.Between(1, kMaxMlOpset);
      }
      if (!is_own && drawer.Percent(50)) options.passes = "";
      SCOPED_TRACE(testing::Message()
                   << op->FullName() << "-" << op->since_version() << " to "
                   << options.target.onnx.value_or(0) << ", draw " << i);
      const absl::Status status = Optimize(*model, options).status();
      if (is_own) {
        EXPECT_OK(status);
      }
      if (status.ok()) {
        EXPECT_OK(Verify(*model));
      }
      ++(status.ok() ? converted : refused);
    }
  }
  EXPECT_GT(converted, 15'000);
  EXPECT_GT(refused, 3000);
}

}  // namespace
}  // namespace onnxopt
