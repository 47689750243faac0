// SPDX-License-Identifier: Apache-2.0
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ir/graph_editor.h"
#include "passes/testing.h"
#include "support/status_matchers.h"

namespace onnxopt {
namespace {

using namespace pass_testing;  // NOLINT: the vocabulary of these tests
using ::testing::Contains;
using ::testing::HasSubstr;

class EliminateDeadTest : public ::testing::Test {
 protected:
  std::string Optimized() {
    const auto result = RunPasses(*model_, "eliminate-dead");
    EXPECT_OK(result);
    if (result.ok()) remarks_ = result->remarks;
    return ToString(graph_);
  }

  std::unique_ptr<Model> model_ = NewModel();
  Graph& graph_ = *model_->graph();
  Value* x_ = Input(graph_, "x");
  std::vector<std::string> remarks_;
};

TEST_F(EliminateDeadTest, RemovesWhatLeadsNowhere) {
  Value* w = Constant(graph_, "w", Floats({1}));
  Value* a = Add(graph_, "Add", {x_, w}, "a");
  Add(graph_, "RandomNormalLike", {a}, "b");
  Add(graph_, "com.acme.Unknown", {a}, "c");
  Return(graph_, Add(graph_, "Relu", {x_}, "y"));
  EXPECT_EQ(Optimized(), "x -> y = Relu(x) -> y");
  EXPECT_THAT(remarks_,
              Contains("eliminate-dead: node producing 'a' (Add) removed"));
  EXPECT_THAT(remarks_, Contains("eliminate-dead: constant 'w' removed"));
}

TEST_F(EliminateDeadTest, NodeWithOneUsedOutputStays) {
  Node* top = AddNode(graph_, "TopK", {x_, x_}, {"values", "indices"});
  Return(graph_, top->output(1));
  EXPECT_EQ(Optimized(), "x -> values indices = TopK(x x) -> indices");
}

TEST_F(EliminateDeadTest, PinnedValuesAndDefaultsStay) {
  Value* w = Constant(graph_, "w", Floats({1}));
  GraphEditor::SetPinned(w);
  Value* a = Add(graph_, "Neg", {x_}, "a");
  GraphEditor::SetPinned(a);
  Value* d = Input(graph_, "d");
  GraphEditor::SetDefault(d, Floats({1}));
  Return(graph_, Add(graph_, "Relu", {x_}, "y"));
  EXPECT_EQ(Optimized(), "x d [w] -> a = Neg(x), y = Relu(x) -> y");
}

TEST_F(EliminateDeadTest, ListedConstantsGoWithTheirInput) {
  Value* d = Input(graph_, "d");
  Value* e = Input(graph_, "e");
  for (Value* value : {d, e}) {
    GraphEditor::SetDefault(value, Floats({1}));
    graph_.FreezeInput(value, /*keep_listed=*/true);
  }
  Return(graph_, Add(graph_, "Add", {x_, e}, "y"));
  EXPECT_EQ(Optimized(), "x e -> y = Add(x e) -> y");
}

TEST_F(EliminateDeadTest, CleansNestedGraphsAndWhatOnlyTheyUsed) {
  Value* a = Add(graph_, "Neg", {x_}, "a");
  Node* branch = AddNode(graph_, "If", {Input(graph_, "c")}, {"y"});
  for (const char* name : {"then_branch", "else_branch"}) {
    Graph& body = *AddBody(branch, name);
    Value* w = Constant(body, std::string(name) + "_w", Floats({1}));
    Add(body, "Add", {a, w}, std::string(name) + "_dead");
    Return(body, Add(body, "Relu", {x_}, std::string(name) + "_r"));
  }
  Return(graph_, branch->output(0));
  EXPECT_EQ(Optimized(),
            "x c -> y = If(c)"
            "{then_branch: -> then_branch_r = Relu(x) -> then_branch_r}"
            "{else_branch: -> else_branch_r = Relu(x) -> else_branch_r} -> y");
}

TEST_F(EliminateDeadTest, DeadNodeTakesItsBodiesAlong) {
  Value* a = Add(graph_, "Neg", {x_}, "a");
  Node* branch = AddNode(graph_, "If", {x_}, {"z"});
  Graph& body = *AddBody(branch, "then_branch");
  Return(body, Add(body, "Relu", {a}, "r"));
  Return(graph_, Add(graph_, "Relu", {x_}, "y"));
  EXPECT_EQ(Optimized(), "x -> y = Relu(x) -> y");
}

TEST_F(EliminateDeadTest, NodesWithoutOutputsStayWithWhatHoldsThem) {
  Function* f = AddFunction(*model_, "F");
  Graph& inner = *f->body();
  AddNode(inner, "com.acme.Print", {Input(inner, "a")}, {});
  Return(inner, Add(inner, "Neg", {inner.inputs()[0]}, "b"));
  Call(graph_, f, {x_}, {"called"});
  AddNode(graph_, "com.acme.Print", {x_}, {});
  Node* branch = AddNode(graph_, "If", {x_}, {"z"});
  Graph& body = *AddBody(branch, "then_branch");
  AddNode(body, "com.acme.Print", {x_}, {});
  Return(graph_, Add(graph_, "Relu", {x_}, "y"));
  const std::string before = ToString(graph_);
  EXPECT_EQ(Optimized(), before);
  EXPECT_THAT(model_->functions(), ::testing::SizeIs(1));
  EXPECT_THAT(remarks_, Contains(HasSubstr("it has no outputs")));
}

TEST_F(EliminateDeadTest, RemovesFunctionsWithoutLiveCalls) {
  Function* used = AddFunction(*model_, "Used");
  Function* helper = AddFunction(*model_, "Helper");
  Function* dead = AddFunction(*model_, "Dead");
  Function* deader = AddFunction(*model_, "Deader");
  const auto forward = [](Function* f, Function* callee) {
    Graph& body = *f->body();
    Value* in = Input(body, "a");
    Return(body, callee ? Call(body, callee, {in}, {"b"})->output(0)
                        : Add(body, "Neg", {in}, "b"));
  };
  forward(used, helper);
  forward(helper, nullptr);
  forward(dead, deader);
  forward(deader, nullptr);
  Call(graph_, dead, {x_}, {"unused"});
  Return(graph_, Call(graph_, used, {x_}, {"y"})->output(0));
  Optimized();
  EXPECT_THAT(model_->functions(), ::testing::ElementsAre(used, helper));
}

TEST_F(EliminateDeadTest, FunctionsOfATrainingModelStay) {
  GraphEditor::ModelFields fields;
  fields.ir_version = 8;
  fields.training_infos = {"x"};
  GraphEditor::SetModelFields(model_.get(), std::move(fields));
  Function* f = AddFunction(*model_, "F");
  Graph& body = *f->body();
  Value* a = Input(body, "a");
  Add(body, "Neg", {a}, "dead");
  Return(body, Add(body, "Relu", {a}, "b"));
  Return(graph_, Add(graph_, "Relu", {x_}, "y"));
  Optimized();
  ASSERT_THAT(model_->functions(), ::testing::SizeIs(1));
  EXPECT_EQ(ToString(body), "a -> b = Relu(a) -> b");
}

TEST_F(EliminateDeadTest, DanglingValueInfoGoes) {
  GraphEditor::AddDanglingValueInfo(&graph_, "message");
  Return(graph_, Add(graph_, "Relu", {x_}, "y"));
  Optimized();
  EXPECT_TRUE(graph_.value_infos()[0].message.empty());
}

TEST_F(EliminateDeadTest, RewriteLimitLeavesAValidModel) {
  Function* dead = AddFunction(*model_, "Dead");
  Return(*dead->body(), Input(*dead->body(), "a"));
  Value* a = Call(graph_, dead, {x_}, {"a"})->output(0);
  Add(graph_, "Neg", {a}, "b");
  Return(graph_, Add(graph_, "Relu", {x_}, "y"));
  OptimizeOptions options;
  options.passes = "eliminate-dead";
  options.manager.verify_each = true;
  options.manager.rewrite_limit = 1;
  ASSERT_OK(Optimize(*model_, options));
  EXPECT_EQ(ToString(graph_), "x -> a = f.Dead(x), y = Relu(x) -> y");
  EXPECT_THAT(model_->functions(), ::testing::SizeIs(1));
}

}  // namespace
}  // namespace onnxopt
