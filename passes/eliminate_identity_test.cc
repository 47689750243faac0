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

class EliminateIdentityTest : public ::testing::Test {
 protected:
  std::string Optimized() {
    const auto result = RunPasses(*model_, "eliminate-identity");
    EXPECT_OK(result);
    if (result.ok()) remarks_ = result->remarks;
    return ToString(graph_);
  }

  std::unique_ptr<Model> model_ = NewModel();
  Graph& graph_ = *model_->graph();
  Value* x_ = Input(graph_, "x");
  std::vector<std::string> remarks_;
};

TEST_F(EliminateIdentityTest, RemovesChains) {
  Value* a = Add(graph_, "Identity", {x_}, "a");
  Value* b = Add(graph_, "Identity", {a}, "b");
  Return(graph_, Add(graph_, "Add", {a, b}, "y"));
  EXPECT_EQ(Optimized(), "x -> y = Add(x x) -> y");
  EXPECT_THAT(remarks_, Contains("eliminate-identity: node producing 'a' "
                                 "(Identity) replaced by input 'x'"));
}

TEST_F(EliminateIdentityTest, ReturnedOutputGivesItsNameToTheInput) {
  Value* r = Add(graph_, "Relu", {x_}, "r");
  Return(graph_, Add(graph_, "Identity", {r}, "y"));
  EXPECT_EQ(Optimized(), "x -> r = Relu(x) -> r@y");
}

TEST_F(EliminateIdentityTest, ReturnedInputKeepsTheNodeForTheNameOnly) {
  Value* y = Add(graph_, "Identity", {x_}, "y");
  Return(graph_, y);
  Return(graph_, Add(graph_, "Neg", {y}, "z"));
  EXPECT_EQ(Optimized(), "x -> y = Identity(x), z = Neg(x) -> y z");
  EXPECT_THAT(remarks_, Contains(HasSubstr("an input under another name")));
}

TEST_F(EliminateIdentityTest, OneValueIsNotReturnedUnderTwoNames) {
  Value* r = Add(graph_, "Relu", {x_}, "r");
  Return(graph_, Add(graph_, "Identity", {r}, "y"));
  Return(graph_, Add(graph_, "Identity", {r}, "z"));
  EXPECT_EQ(Optimized(), "x -> r = Relu(x), z = Identity(r) -> r@y z");
  EXPECT_THAT(remarks_, Contains(HasSubstr("one value under two names")));
}

TEST_F(EliminateIdentityTest, PinnedOutputStays) {
  Value* a = Add(graph_, "Identity", {x_}, "a");
  GraphEditor::SetPinned(a);
  Return(graph_, Add(graph_, "Neg", {a}, "y"));
  EXPECT_EQ(Optimized(), "x -> a = Identity(x), y = Neg(a) -> y");
}

TEST_F(EliminateIdentityTest, PinnedInputDoesNotTakeAnotherName) {
  Value* r = Add(graph_, "Relu", {x_}, "r");
  GraphEditor::SetPinned(r);
  Return(graph_, Add(graph_, "Identity", {r}, "y"));
  EXPECT_EQ(Optimized(), "x -> r = Relu(x), y = Identity(r) -> y");
}

TEST_F(EliminateIdentityTest, BodiesUseOuterValuesButDoNotReturnThem) {
  Value* c = Input(graph_, "c");
  Node* branch = AddNode(graph_, "If", {c}, {"y"});
  Graph& then_branch = *AddBody(branch, "then_branch");
  Return(then_branch, Add(then_branch, "Identity", {x_}, "t"));
  Graph& else_branch = *AddBody(branch, "else_branch");
  Value* e = Add(else_branch, "Identity", {x_}, "e");
  Return(else_branch, Add(else_branch, "Neg", {e}, "n"));
  Return(graph_, branch->output(0));
  EXPECT_EQ(Optimized(),
            "x c -> y = If(c){then_branch: -> t = Identity(x) -> t}"
            "{else_branch: -> n = Neg(x) -> n} -> y");
  EXPECT_THAT(remarks_, Contains(HasSubstr("a value of an outer graph")));
}

TEST_F(EliminateIdentityTest, FunctionsAreCleanedToo) {
  Function* f = AddFunction(*model_, "F");
  Graph& body = *f->body();
  Value* i = Add(body, "Identity", {Input(body, "a")}, "i");
  Return(body, Add(body, "Neg", {i}, "b"));
  Return(graph_, Call(graph_, f, {x_}, {"y"})->output(0));
  Optimized();
  EXPECT_EQ(ToString(body), "a -> b = Neg(a) -> b");
}

TEST_F(EliminateIdentityTest, FunctionThatShadowsIdentityIsNoIdentity) {
  Function* f = AddFunction(*model_, "Identity");
  Return(*f->body(), Add(*f->body(), "Neg", {Input(*f->body(), "a")}, "b"));
  Node* call = AddNode(graph_, "Identity", {x_}, {"i"});
  graph_.SetFunction(call, f);
  Return(graph_, Add(graph_, "Neg", {call->output(0)}, "y"));
  EXPECT_EQ(Optimized(), "x -> i = Identity(x), y = Neg(i) -> y");
}

TEST_F(EliminateIdentityTest, TakesOverATypeThatIsKnownOnlyAtTheOutput) {
  Value* r = Add(graph_, "Relu", {x_}, "r");
  Value* i = Add(graph_, "Identity", {r}, "i");
  graph_.SetType(i, Type::Tensor(ElementType::kFloat, Shape{Dim(2)}));
  Return(graph_, Add(graph_, "Neg", {i}, "y"));
  EXPECT_EQ(Optimized(), "x -> r = Relu(x), y = Neg(r) -> y");
  ASSERT_NE(r->type(), nullptr);
  EXPECT_EQ(r->type()->ToString(), "float[2]");
}

TEST_F(EliminateIdentityTest, TypeOfAnInputIsInterface) {
  Value* i = Add(graph_, "Identity", {x_}, "i");
  graph_.SetType(i, Type::Tensor(ElementType::kFloat, Shape{Dim(2)}));
  Return(graph_, Add(graph_, "Neg", {i}, "y"));
  Optimized();
  EXPECT_EQ(x_->type(), nullptr);
}

TEST_F(EliminateIdentityTest, VariadicOperatorsOfOneInput) {
  Value* a = Add(graph_, "Concat", {x_}, "a");
  Value* b = Add(graph_, "Sum", {a}, "b");
  Value* c = Add(graph_, "Max", {b}, "c");
  Value* d = Add(graph_, "Mean", {c}, "d");
  Value* e = Add(graph_, "Min", {d}, "e");
  Return(graph_, Add(graph_, "Concat", {e, x_}, "y"));
  EXPECT_EQ(Optimized(), "x -> y = Concat(x x) -> y");
}

TEST_F(EliminateIdentityTest, DropoutWithoutTraining) {
  Value* ratio = Constant(graph_, "ratio", Floats({0.5f}));
  Value* off = Constant(graph_, "off", Bool(false));
  Value* a = Add(graph_, "Dropout", {x_}, "a");
  Value* b = Add(graph_, "Dropout", {a, ratio, off}, "b");
  Value* c = Add(graph_, "Dropout", {b}, "c", /*opset=*/7);
  Node* d = AddNode(graph_, "Dropout", {c}, {"d", "mask"}, /*opset=*/6);
  SetInt(d, "is_test", 1);
  Return(graph_, Add(graph_, "Neg", {d->output(0)}, "y"));
  EXPECT_EQ(Optimized(), "x [ratio off] -> y = Neg(x) -> y");
}

TEST_F(EliminateIdentityTest, DropoutThatMayTrainStays) {
  Value* ratio = Constant(graph_, "ratio", Floats({0.5f}));
  Value* on = Constant(graph_, "on", Bool(true));
  Value* maybe = Input(graph_, "maybe");
  GraphEditor::SetDefault(maybe, Bool(false));
  Return(graph_, Add(graph_, "Dropout", {x_, ratio, on}, "a"));
  Return(graph_, Add(graph_, "Dropout", {x_, ratio, maybe}, "b"));
  Return(graph_, Add(graph_, "Dropout", {x_}, "c", /*opset=*/6));
  const std::string before = ToString(graph_);
  EXPECT_EQ(Optimized(), before);
  EXPECT_THAT(remarks_, Contains(HasSubstr("inference mode")));
}

TEST_F(EliminateIdentityTest, DropoutWithAnAttributeReferenceStays) {
  Function* f = AddFunction(*model_, "F");
  Graph& body = *f->body();
  Node* drop = AddNode(body, "Dropout", {Input(body, "a")}, {"d"}, 6);
  SetReference(drop, "is_test", AttrKind::kInt);
  Return(body, Add(body, "Neg", {drop->output(0)}, "b"));
  Return(graph_, Call(graph_, f, {x_}, {"y"})->output(0));
  Optimized();
  EXPECT_EQ(ToString(body), "a -> d = Dropout(a), b = Neg(d) -> b");
}

TEST_F(EliminateIdentityTest, DropoutWithAUsedMaskStays) {
  Node* drop = AddNode(graph_, "Dropout", {x_}, {"d", "mask"});
  Return(graph_, Add(graph_, "Neg", {drop->output(0)}, "y"));
  Return(graph_, drop->output(1));
  EXPECT_EQ(Optimized(), "x -> d mask = Dropout(x), y = Neg(d) -> y mask");
  EXPECT_THAT(remarks_, Contains(HasSubstr("another output is used")));
}

}  // namespace
}  // namespace onnxopt
