// SPDX-License-Identifier: Apache-2.0
#include "ir/graph.h"

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ir/export_names.h"
#include "ir/graph_editor.h"
#include "ir/model.h"
#include "ir/verifier.h"
#include "ir/walk.h"
#include "support/status_matchers.h"

namespace onnxopt {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class GraphTest : public ::testing::Test {
 protected:
  GraphTest() : model_(OpRegistry::Builtin()), graph_(model_.graph()) {
    GraphEditor::ModelFields fields;
    fields.ir_version = 8;
    fields.imports.push_back({"", 17, {}});
    GraphEditor::SetModelFields(&model_, fields);
  }

  const OpDef* Op(std::string_view name) {
    return model_.ops().Find("", name, 17);
  }

  Node* Add(Graph* graph, std::string_view op, std::vector<Value*> inputs,
            std::string_view output) {
    const std::string_view outputs[] = {output};
    return graph->AddNode(Op(op), inputs, outputs, output);
  }

  static TensorRef Scalar(float value) {
    return *Tensor::Owned(ElementType::kFloat, {},
                          {reinterpret_cast<const char*>(&value), 4});
  }

  // x -> Relu -> a -> Neg -> y, returned.
  void MakeChain() {
    x_ = graph_->AddInput("x", nullptr);
    relu_ = Add(graph_, "Relu", {x_}, "a");
    neg_ = Add(graph_, "Neg", {relu_->output(0)}, "y");
    graph_->AddOutput(neg_->output(0), {"y", nullptr, {}});
  }

  // An If whose branches return what `fill` makes of them.
  template <typename Fill>
  Node* AddIf(Value* condition, Fill fill) {
    Node* node = Add(graph_, "If", {condition}, "if_out");
    for (std::string_view name : {"then_branch", "else_branch"}) {
      Graph* body = graph_->NewGraph(node, name);
      Attribute attribute;
      attribute.name = name;
      attribute.kind = AttrKind::kGraph;
      attribute.value = body;
      graph_->SetAttribute(node, attribute);
      body->AddOutput(fill(body), {"out", nullptr, {}});
    }
    return node;
  }

  Model model_;
  Graph* graph_;
  Value* x_ = nullptr;
  Node* relu_ = nullptr;
  Node* neg_ = nullptr;
};

TEST_F(GraphTest, UsesFollowEdges) {
  MakeChain();
  EXPECT_EQ(x_->num_uses(), 1);
  EXPECT_EQ(x_->uses().begin()->user(), relu_);
  EXPECT_TRUE(neg_->output(0)->uses().begin()->user()->IsTerminator());
  EXPECT_OK(Verify(model_));
}

TEST_F(GraphTest, ReplaceAllUsesReachesOutputsAndNestedGraphs) {
  MakeChain();
  Value* a = relu_->output(0);
  Node* branch = AddIf(
      x_, [&](Graph* body) { return Add(body, "Abs", {a}, "out")->output(0); });
  graph_->AddOutput(a, {"a", nullptr, {}});
  ASSERT_OK(Verify(model_));
  graph_->ReplaceAllUses(a, x_);
  EXPECT_EQ(a->num_uses(), 0);
  EXPECT_EQ(neg_->input(0), x_);
  EXPECT_EQ(graph_->outputs()[1], x_);
  EXPECT_EQ(branch->graphs()[0]->nodes().front().input(0), x_);
  graph_->EraseNode(relu_);
  EXPECT_OK(Verify(model_));
}

TEST_F(GraphTest, AttributesMoveWithTheirGraphs) {
  MakeChain();
  Value* a = relu_->output(0);
  Node* from = AddIf(
      x_, [&](Graph* body) { return Add(body, "Abs", {a}, "abs")->output(0); });
  Node* to = Add(graph_, "If", {x_}, "to_out");
  const std::vector<Graph*> graphs = from->graphs();
  graph_->MoveAttributes(from, to);
  EXPECT_FALSE(from->has_graphs());
  EXPECT_THAT(from->attributes(), IsEmpty());
  EXPECT_TRUE(to->has_graphs());
  EXPECT_EQ(to->graphs(), graphs);
  EXPECT_EQ(graphs[0]->parent(), to);
  EXPECT_EQ(graphs[1]->nodes().front().input(0), a);
  graph_->EraseNode(from);
  EXPECT_OK(Verify(model_));
}

TEST_F(GraphTest, ValuesKnowWhetherTheirOwnGraphReturnsThem) {
  MakeChain();
  Value* a = relu_->output(0);
  EXPECT_FALSE(a->IsReturned());
  EXPECT_TRUE(neg_->output(0)->IsReturned());
  // A nested graph that returns it does not count.
  AddIf(x_, [&](Graph*) { return a; });
  EXPECT_FALSE(a->IsReturned());
  graph_->AddOutput(a, {"a", nullptr, {}});
  EXPECT_TRUE(a->IsReturned());
  ASSERT_OK(Verify(model_));
  graph_->ReplaceAllUses(a, x_);
  EXPECT_FALSE(a->IsReturned());
  EXPECT_TRUE(x_->IsReturned());
  graph_->RemoveGraphOutput(1);
  EXPECT_FALSE(x_->IsReturned());
}

TEST_F(GraphTest, EveryChangeAdvancesTheEpoch) {
  MakeChain();
  uint64_t epoch = model_.epoch();
  const auto advanced = [&] {
    const bool result = model_.epoch() > epoch;
    epoch = model_.epoch();
    return result;
  };
  graph_->SetInput(neg_, 0, x_);
  EXPECT_TRUE(advanced());
  graph_->SetType(x_, Type::Tensor(ElementType::kFloat, Shape{}));
  EXPECT_TRUE(advanced());
  graph_->Rename(x_, "z");
  EXPECT_TRUE(advanced());
  graph_->EraseNode(relu_);
  EXPECT_TRUE(advanced());
  EXPECT_FALSE(advanced());
}

TEST_F(GraphTest, InputsGrowShrinkAndKeepTheirUses) {
  Value* x = graph_->AddInput("x", nullptr);
  Value* z = graph_->AddInput("z", nullptr);
  Node* sum = Add(graph_, "Sum", {x}, "s");
  for (int i = 0; i < 9; ++i) graph_->AppendInput(sum, i % 2 ? x : z);
  EXPECT_EQ(x->num_uses(), 5);
  EXPECT_EQ(z->num_uses(), 5);
  EXPECT_OK(Verify(model_));
  graph_->RemoveInput(sum, 0);
  graph_->RemoveInput(sum, 0);
  EXPECT_EQ(sum->num_inputs(), 8);
  EXPECT_EQ(sum->input(0), x);
  EXPECT_EQ(x->num_uses(), 4);
  EXPECT_EQ(z->num_uses(), 4);
  EXPECT_OK(Verify(model_));
}

TEST_F(GraphTest, ErasingANodeDestroysItsBodiesAndTheirUses) {
  MakeChain();
  Value* a = relu_->output(0);
  Node* branch = AddIf(
      x_, [&](Graph* body) { return Add(body, "Abs", {a}, "out")->output(0); });
  EXPECT_EQ(a->num_uses(), 3);
  graph_->EraseNode(branch);
  EXPECT_EQ(a->num_uses(), 1);
  EXPECT_OK(Verify(model_));
}

TEST_F(GraphTest, RemovedOutputsMoveLaterOnesDown) {
  Value* x = graph_->AddInput("x", nullptr);
  const std::string_view names[] = {"p", "q", "r"};
  Node* split = graph_->AddNode(Op("Split"), {{x}}, names);
  Value* r = split->output(2);
  graph_->RemoveNodeOutput(split, 1);
  EXPECT_EQ(split->num_outputs(), 2);
  EXPECT_EQ(r->index(), 1);
  graph_->ClearNodeOutput(split, 0);
  EXPECT_EQ(split->output(0), nullptr);
  EXPECT_EQ(r->index(), 1);
  EXPECT_OK(Verify(model_));
}

TEST_F(GraphTest, FrozenInputsStayListedOnlyOnRequest) {
  for (const bool listed : {false, true}) {
    Value* w = graph_->AddInput(listed ? "w1" : "w0", nullptr);
    GraphEditor::SetDefault(w, Scalar(1));
    EXPECT_FALSE(w->IsConstant());
    graph_->FreezeInput(w, listed);
    EXPECT_TRUE(w->IsConstant());
  }
  ASSERT_THAT(graph_->inputs(), SizeIs(1));
  EXPECT_EQ(graph_->inputs()[0]->name(), "w1");
  EXPECT_OK(Verify(model_));
  graph_->RemoveConstant(graph_->inputs()[0]);
  EXPECT_THAT(graph_->inputs(), IsEmpty());
}

TEST_F(GraphTest, ConstantsMoveOutOfBodies) {
  Value* c = graph_->AddInput("c", nullptr);
  std::vector<Value*> constants;
  AddIf(c, [&](Graph* body) {
    constants.push_back(body->AddConstant("k", Scalar(2)));
    return Add(body, "Abs", {constants.back()}, "out")->output(0);
  });
  for (Value* k : constants) {
    k->graph()->MoveConstantTo(k, graph_, model_.UniqueName("k"));
  }
  EXPECT_OK(Verify(model_));
  EXPECT_FALSE(constants[0]->IsReturned());
  EXPECT_EQ(constants[0]->name(), "k_1");
  EXPECT_EQ(constants[1]->name(), "k_2");
}

TEST_F(GraphTest, UniqueNamesAvoidAllGraphs) {
  MakeChain();
  AddIf(x_, [&](Graph* body) {
    return Add(body, "Abs", {x_}, "inner")->output(0);
  });
  EXPECT_EQ(model_.UniqueName("inner"), "inner_1");
  EXPECT_EQ(model_.UniqueName("inner"), "inner_2");
  EXPECT_EQ(model_.UniqueName("new"), "new");
  graph_->AddInput("later", nullptr);
  EXPECT_EQ(model_.UniqueName("later"), "later_1");
}

TEST_F(GraphTest, ManyNamesFromOneBaseStayUniqueAndDense) {
  graph_->AddInput("w", nullptr);
  for (int i = 1; i <= 100000; ++i) {
    ASSERT_EQ(model_.UniqueName("w"), "w_" + std::to_string(i));
  }
}

// --- The verifier

TEST_F(GraphTest, V2UseBeforeDefinition) {
  MakeChain();
  graph_->MoveBefore(neg_, relu_);
  const absl::Status status = Verify(model_);
  EXPECT_THAT(std::string(status.message()),
              HasSubstr("V2: node 'y' (Neg) uses 'a' before it is defined"));
}

TEST_F(GraphTest, V2ValuesOfSiblingGraphsAreOutOfReach) {
  Value* c = graph_->AddInput("c", nullptr);
  Value* leaked = nullptr;
  AddIf(c, [&](Graph* body) {
    Value* value = Add(body, "Abs", {leaked ? leaked : c}, "out")->output(0);
    leaked = value;
    return value;
  });
  EXPECT_THAT(std::string(Verify(model_).message()), HasSubstr("V2: "));
}

TEST_F(GraphTest, V4DuplicateNames) {
  MakeChain();
  graph_->Rename(relu_->output(0), "x");
  EXPECT_THAT(std::string(Verify(model_).message()), HasSubstr("V4: "));
}

TEST_F(GraphTest, V6OutputsNeedAValue) {
  MakeChain();
  graph_->SetOutput(0, nullptr);
  EXPECT_THAT(std::string(Verify(model_).message()), HasSubstr("V6: "));
}

TEST_F(GraphTest, V7AttributeReferencesOnlyInFunctions) {
  MakeChain();
  Attribute attribute;
  attribute.name = "alpha";
  attribute.kind = AttrKind::kFloat;
  attribute.reference = "a";
  graph_->SetAttribute(relu_, attribute);
  EXPECT_THAT(std::string(Verify(model_).message()), HasSubstr("V7: "));
}

TEST_F(GraphTest, V8SchemasAreChecked) {
  MakeChain();
  EXPECT_THAT(CheckSchemas(model_), IsEmpty());
  graph_->AppendInput(relu_, x_);
  Attribute attribute;
  attribute.name = "alpha";
  attribute.kind = AttrKind::kFloat;
  attribute.value = 1.0f;
  graph_->SetAttribute(neg_, attribute);
  Node* concat = Add(graph_, "Concat", {x_}, "c");
  EXPECT_THAT(
      CheckSchemas(model_),
      ElementsAre(HasSubstr("node 'a' (Relu) has 2 inputs"),
                  HasSubstr("node 'y' (Neg) has no attribute named 'alpha'"),
                  HasSubstr("node 'c' (Concat) lacks its attribute 'axis'")));
  EXPECT_EQ(concat->num_inputs(), 1);
}

class FunctionTest : public GraphTest {
 protected:
  Function* AddFunction(std::string_view name) {
    GraphEditor::FunctionFields fields;
    fields.domain = "f";
    fields.name = model_.Intern(name);
    return GraphEditor::AddFunction(&model_, fields);
  }

  void AddCall(Function* caller, Function* callee) {
    Node* node = caller->body()->AddNode(
        model_.OpaqueOp("f", callee->name(), 0), {}, {});
    caller->body()->SetFunction(node, callee);
  }
};

TEST_F(FunctionTest, V9FunctionsDoNotRecurse) {
  Function* a = AddFunction("a");
  Function* b = AddFunction("b");
  AddCall(a, b);
  EXPECT_OK(Verify(model_));
  AddCall(b, a);
  EXPECT_THAT(std::string(Verify(model_).message()), HasSubstr("V9: "));
}

// A file may hold any number of functions, in any order; the stack may not.
TEST_F(FunctionTest, V9ChainsOfCallsAreBounded) {
  constexpr int kFunctions = 100000;
  std::vector<Function*> functions;
  for (int i = 0; i < kFunctions; ++i) {
    functions.push_back(AddFunction("f" + std::to_string(i)));
  }
  // Callees first: no function that is looked at leads deep.
  for (int i = 1; i < kFunctions; ++i) AddCall(functions[i], functions[i - 1]);
  EXPECT_THAT(std::string(Verify(model_).message()), HasSubstr("chain of"));
}

TEST_F(FunctionTest, V9CallersFirstAreBoundedToo) {
  Function* caller = AddFunction("f0");
  for (int i = 1; i < 100000; ++i) {
    Function* callee = AddFunction("f" + std::to_string(i));
    AddCall(caller, callee);
    caller = callee;
  }
  EXPECT_THAT(std::string(Verify(model_).message()), HasSubstr("chain of"));
}

// --- Names on export

TEST_F(GraphTest, UnchangedModelsKeepTheirNames) {
  MakeChain();
  const ExportNames names(model_);
  EXPECT_EQ(names.Of(*relu_->output(0)), "a");
  EXPECT_EQ(names.Of(*neg_->output(0)), "y");
  EXPECT_THAT(names.ForwardsOf(*graph_), IsEmpty());
}

TEST_F(GraphTest, AReturnedNodeOutputTakesThePromisedName) {
  MakeChain();
  graph_->SetOutput(0, relu_->output(0));
  graph_->EraseNode(neg_);
  const ExportNames names(model_);
  EXPECT_EQ(names.Of(*relu_->output(0)), "y");
  EXPECT_THAT(names.ForwardsOf(*graph_), IsEmpty());
}

TEST_F(GraphTest, AnInputReturnedUnderAnotherNameNeedsAnIdentity) {
  MakeChain();
  graph_->SetOutput(0, x_);
  const ExportNames names(model_);
  ASSERT_THAT(names.ForwardsOf(*graph_), SizeIs(1));
  EXPECT_EQ(names.ForwardsOf(*graph_)[0].value, x_);
  EXPECT_EQ(names.ForwardsOf(*graph_)[0].output, "y");
  // The node output that is still called "y" gives way.
  EXPECT_EQ(names.Of(*neg_->output(0)), "y_2");
  EXPECT_FALSE(CanTakeOutputName(*x_, *graph_, 0));
}

TEST_F(GraphTest, OneValueReturnedTwiceKeepsItsOwnName) {
  MakeChain();
  Value* y = neg_->output(0);
  graph_->AddOutput(y, {"z", nullptr, {}});
  const ExportNames names(model_);
  EXPECT_EQ(names.Of(*y), "y");
  ASSERT_THAT(names.ForwardsOf(*graph_), SizeIs(1));
  EXPECT_EQ(names.ForwardsOf(*graph_)[0].output, "z");
  EXPECT_TRUE(CanTakeOutputName(*y, *graph_, 0));
  EXPECT_FALSE(CanTakeOutputName(*y, *graph_, 1));
}

TEST_F(GraphTest, SparseConstantsAreNotReturnedUnderAnotherName) {
  MakeChain();
  const TensorRef dense = Scalar(1);
  Value* c = graph_->AddConstant("c", dense);
  Value* s = graph_->AddConstant(
      "s", Tensor::WithSpelling(dense, {true, "", nullptr}, {}));
  graph_->SetOutput(0, c);
  EXPECT_TRUE(CanTakeOutputName(*c, *graph_, 0));
  graph_->SetOutput(0, s);
  EXPECT_FALSE(CanTakeOutputName(*s, *graph_, 0));
}

TEST_F(GraphTest, AnOutputListedTwiceIsMadeOnce) {
  MakeChain();
  graph_->AddOutput(neg_->output(0), {"y", nullptr, {}});
  ASSERT_OK(Verify(model_));
  graph_->ReplaceAllUses(neg_->output(0), x_);
  EXPECT_THAT(ExportNames(model_).ForwardsOf(*graph_), SizeIs(1));
  graph_->ReplaceAllUses(x_, relu_->output(0));
  graph_->SetInput(relu_, 0, x_);
  graph_->EraseNode(neg_);
  const ExportNames names(model_);
  EXPECT_THAT(names.ForwardsOf(*graph_), IsEmpty());
  EXPECT_EQ(names.Of(*relu_->output(0)), "y");
}

TEST_F(GraphTest, ShadowedValuesAreRenamedOnlyIfTheyAreCaptured) {
  MakeChain();
  Value* a = relu_->output(0);
  // Both branches define an "a" of their own; only what they use decides.
  Node* branch = AddIf(x_, [&](Graph* body) {
    Value* inner = Add(body, "Abs", {x_}, "a")->output(0);
    return Add(body, "Add", {inner, inner}, "n")->output(0);
  });
  EXPECT_EQ(ExportNames(model_).Of(*a), "a");
  Graph* body = branch->graphs()[0];
  body->SetInput(&body->nodes().back(), 0, a);
  const ExportNames names(model_);
  EXPECT_EQ(names.Of(*a), "a_1");
  EXPECT_EQ(names.Of(*body->nodes().front().output(0)), "a");
}

TEST_F(GraphTest, InterfaceNamesWinOverInnerOnes) {
  MakeChain();
  Node* branch = AddIf(x_, [&](Graph* body) {
    Value* inner = Add(body, "Abs", {x_}, "x")->output(0);
    return Add(body, "Neg", {inner}, "n")->output(0);
  });
  Graph* body = branch->graphs()[0];
  const ExportNames names(model_);
  EXPECT_EQ(names.Of(*x_), "x");
  EXPECT_EQ(names.Of(*body->nodes().front().output(0)), "x_1");
}

// --- Walking

TEST_F(GraphTest, AncestorsAndNesting) {
  MakeChain();
  Node* branch = AddIf(
      x_, [&](Graph* body) { return Add(body, "Abs", {x_}, "b")->output(0); });
  Graph* body = branch->graphs()[0];
  EXPECT_TRUE(IsNestedIn(*body, *graph_));
  EXPECT_FALSE(IsNestedIn(*graph_, *body));
  EXPECT_EQ(AncestorIn(*graph_, &body->nodes().front()), branch);
  EXPECT_EQ(AncestorIn(*body, relu_), nullptr);
  int graphs = 0;
  ForEachGraph(model_, [&](Graph&) { ++graphs; });
  EXPECT_EQ(graphs, 3);
}

}  // namespace
}  // namespace onnxopt
