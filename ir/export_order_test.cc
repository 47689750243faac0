// SPDX-License-Identifier: Apache-2.0
#include "ir/export_order.h"

#include <initializer_list>
#include <string>
#include <utility>

#include "gtest/gtest.h"
#include "ir/graph_editor.h"
#include "ir/model.h"
#include "support/status_matchers.h"

namespace onnxopt {
namespace {

class ExportOrderTest : public ::testing::Test {
 protected:
  Value* Constant(Graph* graph, std::string_view name) {
    const float one = 1;
    auto tensor =
        Tensor::Owned(ElementType::kFloat, {},
                      {reinterpret_cast<const char*>(&one), sizeof(one)});
    return graph->AddConstant(name, *std::move(tensor));
  }
  Value* NodeConstant(Graph* graph, std::string_view name, uint32_t index) {
    Value* value = Constant(graph, name);
    ConstantNode node;
    node.op = model_.ops().Find("", "Constant", 13);
    node.attribute = "value";
    node.file_index = index;
    GraphEditor::SetConstantNode(value, std::move(node));
    return value;
  }
  Node* Add(Graph* graph, std::string_view output,
            std::initializer_list<Value*> inputs, uint32_t index) {
    const std::string_view outputs[] = {output};
    Node* node = graph->AddNode(model_.ops().Find("", "Sum", 13),
                                {inputs.begin(), inputs.size()}, outputs);
    GraphEditor::SetFileIndex(node, index);
    return node;
  }
  Graph* Nest(Node* holder) {
    Graph* graph = holder->graph()->NewGraph(holder, "body");
    Attribute attribute;
    attribute.name = "body";
    attribute.kind = AttrKind::kGraph;
    attribute.value = graph;
    holder->graph()->SetAttribute(holder, std::move(attribute));
    return graph;
  }
  std::string Order(const Graph& graph) {
    std::string text;
    for (const ExportItem& item : ExportOrder(graph)) {
      if (!text.empty()) text += ' ';
      const auto* value = std::get_if<const Value*>(&item);
      text += value ? (*value)->name()
                    : std::get<const Node*>(item)->output(0)->name();
    }
    return text;
  }

  Model model_{OpRegistry::Builtin()};
  Graph* graph_ = model_.graph();
};

TEST_F(ExportOrderTest, ConstantsStandWhereTheyStoodInTheFile) {
  Value* c0 = NodeConstant(graph_, "c0", 0);
  Value* c2 = NodeConstant(graph_, "c2", 2);
  Value* c3 = NodeConstant(graph_, "c3", 3);
  NodeConstant(graph_, "c5", 5);
  Constant(graph_, "initializer");
  Add(graph_, "n1", {c0}, 1);
  Add(graph_, "n4", {c2, c3}, 4);
  EXPECT_EQ(Order(*graph_), "c0 n1 c2 c3 n4 c5");
}

TEST_F(ExportOrderTest, ConstantsComeBeforeTheirFirstUser) {
  Value* c3 = NodeConstant(graph_, "c3", 3);
  Add(graph_, "new", {c3}, Node::kNoFileIndex);
  Add(graph_, "n0", {}, 0);
  Add(graph_, "n4", {c3}, 4);
  EXPECT_EQ(Order(*graph_), "c3 new n0 n4");
}

TEST_F(ExportOrderTest, NewNodesDoNotPullConstantsUp) {
  Value* c1 = NodeConstant(graph_, "c1", 1);
  Add(graph_, "new", {}, Node::kNoFileIndex);
  Add(graph_, "n0", {}, 0);
  Add(graph_, "n2", {c1}, 2);
  EXPECT_EQ(Order(*graph_), "new n0 c1 n2");
}

TEST_F(ExportOrderTest, UsersInNestedGraphsCountAsTheirNode) {
  Value* c9 = NodeConstant(graph_, "c9", 9);
  Add(graph_, "n0", {}, 0);
  Node* holder = Add(graph_, "n1", {}, 1);
  Add(graph_, "n2", {}, 2);
  Graph* body = Nest(holder);
  Graph* inner = Nest(Add(body, "b0", {}, 0));
  Add(inner, "i0", {c9}, 0);
  EXPECT_EQ(Order(*graph_), "n0 c9 n1 n2");
}

TEST_F(ExportOrderTest, ReturnedConstantsComeLastAtMost) {
  Value* c1 = NodeConstant(graph_, "c1", 1);
  Add(graph_, "n0", {}, 0);
  graph_->AddOutput(c1, {});
  EXPECT_EQ(Order(*graph_), "n0 c1");
}

TEST_F(ExportOrderTest, InitializersOfFunctionBodiesBecomeNodes) {
  GraphEditor::FunctionFields fields;
  fields.name = "f";
  Function* function = GraphEditor::AddFunction(&model_, std::move(fields));
  Graph* body = function->body();
  Value* w = Constant(body, "w");
  Add(body, "n0", {}, 0);
  Add(body, "n1", {w}, 1);
  EXPECT_EQ(Order(*body), "w n0 n1");
}

}  // namespace
}  // namespace onnxopt
