// SPDX-License-Identifier: Apache-2.0
// The passes together, as -O1 to -O3 run them.
#include <string>

#include "gtest/gtest.h"
#include "passes/pipeline.h"
#include "passes/testing.h"
#include "support/status_matchers.h"

namespace onnxopt {
namespace {

using namespace pass_testing;  // NOLINT: the vocabulary of these tests

// Each pass makes work for another one: equal constants of two bodies are
// merged once hoisted, which makes the nodes equal that read them.
TEST(CleanupTest, PassesEnableEachOther) {
  auto model = NewModel();
  Graph& graph = *model->graph();
  Value* x = Input(graph, "x");
  Value* i = Add(graph, "Identity", {x}, "i");
  Value* one = ConstantNodeOf(graph, "one", Floats({1}));
  Value* sum = Add(graph, "Add", {i, one}, "sum");
  Node* node = AddNode(graph, "If", {Input(graph, "c")}, {"y"});
  for (const std::string name : {"then_branch", "else_branch"}) {
    Graph& body = *AddBody(node, name);
    Value* w = Constant(body, "w", Floats({1}));
    Value* s = Add(body, "Add", {x, w}, name + "_s");
    Return(body, Add(body, "Neg", {s}, name + "_n"));
  }
  Return(graph, node->output(0));
  Return(graph, sum);
  ASSERT_OK(RunPasses(*model, PipelineForLevel(1)));
  EXPECT_EQ(ToString(graph),
            "x c [one] -> sum = Add(x one), y = If(c)"
            "{then_branch: -> then_branch_n = Neg(sum) -> then_branch_n}"
            "{else_branch: -> else_branch_n = Neg(sum) -> else_branch_n}"
            " -> y sum");
}

// Long chains and many equal nodes: anything quadratic would time out.
TEST(CleanupTest, TakesLinearTime) {
  auto model = NewModel();
  Graph& graph = *model->graph();
  Value* x = Input(graph, "x");
  Value* chain = x;
  Value* dead = x;
  for (int i = 0; i < 10'000; ++i) {
    const std::string n = std::to_string(i);
    chain = Add(graph, "Identity", {chain}, "i" + n);
    chain = Add(graph, "Neg", {chain}, "n" + n);
    dead = Add(graph, "Abs", {dead}, "d" + n);
    Add(graph, "Neg", {x}, "e" + n);
  }
  Return(graph, chain, "y");
  ASSERT_OK_AND_ASSIGN(const RunResult result,
                       RunPasses(*model, PipelineForLevel(1)));
  EXPECT_EQ(result.report.nodes_before, 40'000);
  EXPECT_EQ(result.report.nodes_after, 10'000);
}

// A quadratic search takes hours here: the test runs into its time limit.
constexpr int kMany = 100'000;

TEST(CleanupTest, OneValueBehindManyOutputs) {
  auto model = NewModel();
  Graph& graph = *model->graph();
  Value* r = Add(graph, "Relu", {Input(graph, "x")}, "r");
  for (int i = 0; i < kMany; ++i) {
    Return(graph, Add(graph, "Identity", {r}, "y" + std::to_string(i)));
  }
  ASSERT_OK_AND_ASSIGN(const RunResult result,
                       RunPasses(*model, "eliminate-identity"));
  // The first output takes over the value, the others need their names made.
  EXPECT_EQ(result.report.nodes_after, kMany);
}

TEST(CleanupTest, NodesThatDifferInATensorOnly) {
  auto model = NewModel();
  Graph& graph = *model->graph();
  Value* shape = Input(graph, "s");
  for (int i = 0; i < kMany; ++i) {
    Node* node =
        AddNode(graph, "ConstantOfShape", {shape}, {"k" + std::to_string(i)});
    Attribute value;
    value.name = "value";
    value.kind = AttrKind::kTensor;
    value.value = Floats({static_cast<float>(i / 2)});
    graph.SetAttribute(node, value);
    if (i % 1000 == 0) Return(graph, node->output(0));
  }
  ASSERT_OK_AND_ASSIGN(const RunResult result, RunPasses(*model, "cse"));
  EXPECT_EQ(result.report.nodes_after, kMany / 2);
}

}  // namespace
}  // namespace onnxopt
