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

class CseTest : public ::testing::Test {
 protected:
  std::string Optimized() {
    const auto result = RunPasses(*model_, "cse");
    EXPECT_OK(result);
    if (result.ok()) remarks_ = result->remarks;
    return ToString(graph_);
  }
  void ExpectUnchanged() {
    const std::string before = ToString(graph_);
    EXPECT_EQ(Optimized(), before);
  }

  std::unique_ptr<Model> model_ = NewModel();
  Graph& graph_ = *model_->graph();
  Value* x_ = Input(graph_, "x");
  Value* z_ = Input(graph_, "z");
  std::vector<std::string> remarks_;
};

TEST_F(CseTest, MergesChains) {
  Value* a = Add(graph_, "Neg", {Add(graph_, "Abs", {x_}, "a1")}, "a2");
  Value* b = Add(graph_, "Neg", {Add(graph_, "Abs", {x_}, "b1")}, "b2");
  Return(graph_, Add(graph_, "Add", {a, b}, "y"));
  EXPECT_EQ(Optimized(),
            "x z -> a1 = Abs(x), a2 = Neg(a1), y = Add(a2 a2) -> y");
  EXPECT_THAT(remarks_, Contains("cse: node producing 'b1' (Abs) replaced by "
                                 "the equal node producing 'a1' (Abs)"));
}

TEST_F(CseTest, InputOrderCountsUnlessCommutative) {
  Value* a = Add(graph_, "Mul", {x_, z_}, "a");
  Value* b = Add(graph_, "Mul", {z_, x_}, "b");
  Value* c = Add(graph_, "Sub", {x_, z_}, "c");
  Value* d = Add(graph_, "Sub", {z_, x_}, "d");
  Return(graph_, Add(graph_, "Sum", {a, b, c, d}, "y"));
  EXPECT_EQ(Optimized(),
            "x z -> a = Mul(x z), c = Sub(x z), d = Sub(z x), "
            "y = Sum(a a c d) -> y");
}

TEST_F(CseTest, AttributesCountTheirOrderDoesNot) {
  const auto pool = [this](std::string_view name, int64_t stride, bool swap) {
    Node* node = AddNode(graph_, "MaxPool", {x_}, {name});
    if (swap) SetInts(node, "strides", {stride, stride});
    SetInts(node, "kernel_shape", {2, 2});
    if (!swap) SetInts(node, "strides", {stride, stride});
    return node->output(0);
  };
  Return(
      graph_,
      Add(graph_, "Sum",
          {pool("a", 1, false), pool("b", 1, true), pool("c", 2, false)}, "y"));
  EXPECT_EQ(Optimized(),
            "x z -> a = MaxPool(x), c = MaxPool(x), y = Sum(a a c) -> y");
}

TEST_F(CseTest, VersionsOfAnOperatorDiffer) {
  Value* a = Add(graph_, "Relu", {x_}, "a", 13);
  Value* b = Add(graph_, "Relu", {x_}, "b", 6);
  Return(graph_, Add(graph_, "Add", {a, b}, "y"));
  ExpectUnchanged();
}

TEST_F(CseTest, RandomOpaqueAndTrainingNodesStay) {
  Value* on = Constant(graph_, "on", Bool(true));
  Value* ratio = Constant(graph_, "ratio", Floats({0.5f}));
  std::vector<Value*> all;
  for (const std::string i : {"1", "2"}) {
    all.push_back(Add(graph_, "RandomNormalLike", {x_}, "r" + i));
    all.push_back(Add(graph_, "com.acme.Unknown", {x_}, "u" + i));
    all.push_back(Add(graph_, "Dropout", {x_, ratio, on}, "d" + i));
    all.push_back(Add(graph_, "Dropout", {x_}, "e" + i, /*opset=*/6));
  }
  Return(graph_, Add(graph_, "Sum", all, "y"));
  ExpectUnchanged();
}

TEST_F(CseTest, NumberOfOutputsMayBeAMeaning) {
  Node* two = AddNode(graph_, "Split", {x_}, {"a", "b"}, 13);
  Node* three = AddNode(graph_, "Split", {x_}, {"c", "d", "e"}, 13);
  Return(graph_, Add(graph_, "Add", {two->output(0), three->output(0)}, "y"));
  ExpectUnchanged();
  EXPECT_THAT(remarks_, Contains(HasSubstr("another number of outputs")));
}

TEST_F(CseTest, SurvivorNeedsEveryUsedOutput) {
  Node* a = AddNode(graph_, "LSTM", {x_, z_, z_}, {"", "h1"});
  Node* b = AddNode(graph_, "LSTM", {x_, z_, z_}, {"y2", "h2"});
  Node* c = AddNode(graph_, "LSTM", {x_, x_, z_}, {"y3", "h3"});
  Node* d = AddNode(graph_, "LSTM", {x_, x_, z_}, {"", "h4"});
  Return(graph_, Add(graph_, "Sum",
                     {a->output(1), b->output(0), b->output(1), c->output(1),
                      d->output(1)},
                     "y"));
  EXPECT_EQ(Optimized(),
            "x z -> _ h1 = LSTM(x z z), y2 h2 = LSTM(x z z), "
            "y3 h3 = LSTM(x x z), y = Sum(h1 y2 h2 h3 h3) -> y");
  EXPECT_THAT(remarks_, Contains(HasSubstr("lacks an output")));
}

TEST_F(CseTest, PinnedAndTwiceReturnedOutputsStay) {
  Value* a = Add(graph_, "Neg", {x_}, "a");
  Value* b = Add(graph_, "Neg", {x_}, "b");
  Value* c = Add(graph_, "Abs", {x_}, "c");
  Value* d = Add(graph_, "Abs", {x_}, "d");
  GraphEditor::SetPinned(d);
  Return(graph_, a);
  Return(graph_, b);
  Return(graph_, Add(graph_, "Add", {c, d}, "y"));
  ExpectUnchanged();
  EXPECT_THAT(remarks_, Contains(HasSubstr("two names")));
  EXPECT_THAT(remarks_, Contains(HasSubstr("a name to keep")));
}

TEST_F(CseTest, AReturnedOutputGivesItsNameAway) {
  Value* a = Add(graph_, "Neg", {x_}, "a");
  Return(graph_, Add(graph_, "Neg", {x_}, "b"));
  Return(graph_, Add(graph_, "Abs", {a}, "y"));
  EXPECT_EQ(Optimized(), "x z -> a = Neg(x), y = Abs(a) -> a@b y");
}

// Bodies see what is computed before them, not each other, and nobody sees
// into them.
TEST_F(CseTest, ScopesOfNestedGraphs) {
  Value* before = Add(graph_, "Neg", {x_}, "before");
  Node* node = AddNode(graph_, "If", {z_}, {"i"});
  Graph& then_branch = *AddBody(node, "then_branch");
  Value* t1 = Add(then_branch, "Neg", {x_}, "t1");
  Value* t2 = Add(then_branch, "Abs", {x_}, "t2");
  Return(then_branch, Add(then_branch, "Add", {t1, t2}, "t3"));
  Graph& else_branch = *AddBody(node, "else_branch");
  Value* e = Add(else_branch, "Abs", {x_}, "e1");
  Return(else_branch, Add(else_branch, "Neg", {e}, "e2"));
  Value* after = Add(graph_, "Abs", {x_}, "after");
  Return(graph_, Add(graph_, "Sum", {before, node->output(0), after}, "y"));
  EXPECT_EQ(Optimized(),
            "x z -> before = Neg(x), i = If(z)"
            "{then_branch: -> t2 = Abs(x), t3 = Add(before t2) -> t3}"
            "{else_branch: -> e1 = Abs(x), e2 = Neg(e1) -> e2}, "
            "after = Abs(x), y = Sum(before i after) -> y");
}

TEST_F(CseTest, BodyDoesNotReturnAnOuterValue) {
  Value* outer = Add(graph_, "Neg", {x_}, "outer");
  Node* node = AddNode(graph_, "If", {z_}, {"i"});
  Graph& body = *AddBody(node, "then_branch");
  Return(body, Add(body, "Neg", {x_}, "t"));
  Return(graph_, Add(graph_, "Add", {outer, node->output(0)}, "y"));
  ExpectUnchanged();
  EXPECT_THAT(remarks_, Contains(HasSubstr("a value of an outer graph")));
}

TEST_F(CseTest, BodyOfAnUnknownOperatorSeesNothingNew) {
  Value* outer = Add(graph_, "Neg", {x_}, "outer");
  Node* node = AddNode(graph_, "com.acme.Search", {z_}, {"i"});
  Graph& body = *AddBody(node, "body");
  Return(body, Add(body, "Abs", {Add(body, "Neg", {x_}, "t")}, "u"));
  Return(graph_, Add(graph_, "Add", {outer, node->output(0)}, "y"));
  ExpectUnchanged();
  EXPECT_THAT(remarks_, Contains(HasSubstr("an unknown operator")));
}

TEST_F(CseTest, CallsAreAsPureAsTheirFunctions) {
  const auto define = [this](const char* name, const char* op) {
    Function* f = AddFunction(*model_, name);
    Value* a = Input(*f->body(), "a");
    Return(*f->body(), Add(*f->body(), op, {a}, "b"));
    return f;
  };
  Function* pure = define("Pure", "Neg");
  Function* random = define("Random", "RandomNormalLike");
  Function* wrapper = AddFunction(*model_, "Wrapper");
  Value* in = Input(*wrapper->body(), "a");
  Return(*wrapper->body(),
         Call(*wrapper->body(), random, {in}, {"b"})->output(0));
  std::vector<Value*> all;
  for (Function* f : {pure, random, wrapper}) {
    for (const char* i : {"1", "2"}) {
      const std::string name = std::string(f->name()) + i;
      all.push_back(Call(graph_, f, {x_}, {name})->output(0));
    }
  }
  Return(graph_, Add(graph_, "Sum", all, "y"));
  EXPECT_EQ(Optimized(),
            "x z -> Pure1 = f.Pure(x), Random1 = f.Random(x), "
            "Random2 = f.Random(x), Wrapper1 = f.Wrapper(x), "
            "Wrapper2 = f.Wrapper(x), "
            "y = Sum(Pure1 Pure1 Random1 Random2 Wrapper1 Wrapper2) -> y");
}

TEST_F(CseTest, ReferencesToOneAttributeAreEqual) {
  Function* f = AddFunction(*model_, "F");
  Graph& body = *f->body();
  Value* a = Input(body, "a");
  std::vector<Value*> all;
  for (const char* name : {"p", "q", "r"}) {
    Node* node = AddNode(body, "Softmax", {a}, {name});
    if (*name == 'r') {
      SetInt(node, "axis", 1);
    } else {
      SetReference(node, "axis", AttrKind::kInt);
    }
    all.push_back(node->output(0));
  }
  Return(body, Add(body, "Sum", all, "b"));
  Return(graph_, Call(graph_, f, {x_}, {"y"})->output(0));
  Optimized();
  EXPECT_EQ(ToString(body),
            "a -> p = Softmax(a), r = Softmax(a), b = Sum(p p r) -> b");
}

}  // namespace
}  // namespace onnxopt
