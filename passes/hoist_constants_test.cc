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
using ::testing::IsEmpty;

class HoistConstantsTest : public ::testing::Test {
 protected:
  std::string Optimized() {
    const auto result = RunPasses(*model_, "hoist-constants");
    EXPECT_OK(result);
    if (result.ok()) remarks_ = result->remarks;
    return ToString(*model_->graph());
  }
  void Build(int64_t ir_version = 8) {
    model_ = NewModel(ir_version);
    graph_ = model_->graph();
    x_ = Input(*graph_, "x");
  }
  // A node with one body that adds `constant` to x.
  Graph& AddBodyThatAdds(std::string_view op, std::string_view constant,
                         std::string_view output) {
    Node* node = AddNode(*graph_, op, {x_}, {output});
    Graph& body = *AddBody(node, "then_branch");
    Value* c = Constant(body, constant, Floats({1}));
    Return(body, Add(body, "Add", {x_, c}, std::string(output) + "_sum"));
    Return(*graph_, node->output(0));
    return body;
  }

  std::unique_ptr<Model> model_;
  Graph* graph_ = nullptr;
  Value* x_ = nullptr;
  std::vector<std::string> remarks_;
};

TEST_F(HoistConstantsTest, MovesConstantsOfBodiesUnderUniqueNames) {
  Build();
  AddBodyThatAdds("If", "c", "p");
  AddBodyThatAdds("If", "c", "q");
  AddBodyThatAdds("If", "d", "r");
  EXPECT_EQ(Optimized(),
            "x [c_1 c_2 d] -> "
            "p = If(x){then_branch: -> p_sum = Add(x c_1) -> p_sum}, "
            "q = If(x){then_branch: -> q_sum = Add(x c_2) -> q_sum}, "
            "r = If(x){then_branch: -> r_sum = Add(x d) -> r_sum} -> p q r");
}

TEST_F(HoistConstantsTest, ConstantNodesOfTheMainGraphBecomeInitializers) {
  Build();
  Value* c = ConstantNodeOf(*graph_, "c", Floats({1}));
  Return(*graph_, Add(*graph_, "Add", {x_, c}, "y"));
  EXPECT_EQ(Optimized(), "x [c] -> y = Add(x c) -> y");
}

TEST_F(HoistConstantsTest, NotBeforeIrVersion4) {
  Build(/*ir_version=*/3);
  Value* c = ConstantNodeOf(*graph_, "c", Floats({1}));
  Return(*graph_, Add(*graph_, "Add", {x_, c}, "y"));
  EXPECT_EQ(Optimized(), "x [c!] -> y = Add(x c) -> y");
  EXPECT_THAT(remarks_, Contains(HasSubstr("IR version 4")));
}

TEST_F(HoistConstantsTest, ReturnedPinnedAndSparseOnesStay) {
  Build();
  Node* node = AddNode(*graph_, "If", {x_}, {"y"});
  Graph& body = *AddBody(node, "then_branch");
  Return(body, Constant(body, "returned", Floats({1})));
  Value* pinned = ConstantNodeOf(*graph_, "pinned", Floats({1}));
  GraphEditor::SetPinned(pinned);
  TensorSpelling spelling;
  spelling.sparse = true;
  Value* sparse = ConstantNodeOf(
      *graph_, "sparse", Tensor::WithSpelling(Floats({0}), spelling, {}));
  Return(*graph_, node->output(0));
  Return(*graph_, Add(*graph_, "Add", {pinned, sparse}, "z"));
  EXPECT_EQ(Optimized(),
            "x [pinned! sparse!] -> "
            "y = If(x){then_branch: [returned] -> -> returned}, "
            "z = Add(pinned sparse) -> y z");
  EXPECT_THAT(remarks_, Contains(HasSubstr("its graph returns it as it is")));
  EXPECT_THAT(remarks_, Contains(HasSubstr("a name to keep")));
  EXPECT_THAT(remarks_, Contains(HasSubstr("sparse initializers")));
}

TEST_F(HoistConstantsTest, BodiesOfUnknownOperatorsStay) {
  Build();
  Graph& body = AddBodyThatAdds("com.acme.Search", "c", "y");
  Optimized();
  EXPECT_EQ(ToString(body), "[c] -> y_sum = Add(x c) -> y_sum");
  EXPECT_THAT(remarks_, Contains(HasSubstr("an unknown operator")));
}

TEST_F(HoistConstantsTest, BodiesInFunctionsStay) {
  Build();
  Function* f = AddFunction(*model_, "F");
  Graph& function_body = *f->body();
  Value* a = Input(function_body, "a");
  Node* node = AddNode(function_body, "If", {a}, {"b"});
  Graph& body = *AddBody(node, "then_branch");
  Value* c = ConstantNodeOf(body, "c", Floats({1}));
  Return(body, Add(body, "Add", {a, c}, "s"));
  Return(function_body, node->output(0));
  Return(*graph_, Call(*graph_, f, {x_}, {"y"})->output(0));
  Optimized();
  EXPECT_EQ(ToString(body), "[c!] -> s = Add(a c) -> s");
  EXPECT_THAT(remarks_, IsEmpty());
}

}  // namespace
}  // namespace onnxopt
