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

// Counts how often it is read.
class CountingSource : public TensorSource {
 public:
  explicit CountingSource(int* reads) : reads_(reads) {}
  absl::Status Produce(const Tensor& tensor, ByteSink sink) const override {
    ++*reads_;
    return sink(std::string(tensor.byte_size(), '\0'));
  }

 private:
  int* reads_;
};

class DedupConstantsTest : public ::testing::Test {
 protected:
  std::string Optimized() {
    const auto result = RunPasses(*model_, "dedup-constants");
    EXPECT_OK(result);
    if (result.ok()) remarks_ = result->remarks;
    return ToString(graph_);
  }

  std::unique_ptr<Model> model_ = NewModel();
  Graph& graph_ = *model_->graph();
  Value* x_ = Input(graph_, "x");
  std::vector<std::string> remarks_;
};

TEST_F(DedupConstantsTest, MergesEqualOnesIntoTheFirst) {
  Value* a = Constant(graph_, "a", Floats({1, 2}));
  Value* b = Constant(graph_, "b", Floats({1, 2}));
  Value* c =
      Constant(graph_, "c",
               *Tensor::Splat(ElementType::kFloat, {2}, std::string(4, '\0')));
  Value* d = Constant(graph_, "d", Floats({0, 0}));
  Return(graph_, Add(graph_, "Sum", {a, b, c, d}, "y"));
  EXPECT_EQ(Optimized(), "x [a c] -> y = Sum(a a c c) -> y");
  EXPECT_THAT(remarks_, Contains("dedup-constants: constant 'b' replaced by "
                                 "the equal constant 'a'"));
}

TEST_F(DedupConstantsTest, InitializersWinOverConstantNodes) {
  Value* a = ConstantNodeOf(graph_, "a", Floats({1}));
  Value* b = Constant(graph_, "b", Floats({1}));
  Return(graph_, Add(graph_, "Add", {a, b}, "y"));
  EXPECT_EQ(Optimized(), "x [b] -> y = Add(b b) -> y");
}

TEST_F(DedupConstantsTest, EveryBitTypeAndShapeCounts) {
  Value* a = Constant(graph_, "a", Floats({0.0f}));
  Value* b = Constant(graph_, "b", Floats({-0.0f}));
  const std::string zero(4, '\0');
  Value* c =
      Constant(graph_, "c", *Tensor::Owned(ElementType::kInt32, {1}, zero));
  Value* d =
      Constant(graph_, "d", *Tensor::Owned(ElementType::kFloat, {}, zero));
  Return(graph_, Add(graph_, "Sum", {a, b, c, d}, "y"));
  EXPECT_EQ(Optimized(), "x [a b c d] -> y = Sum(a b c d) -> y");
}

TEST_F(DedupConstantsTest, StringsAreComparedToo) {
  Value* a = Constant(graph_, "a", *Tensor::Strings({1}, {"s"}));
  Value* b = Constant(graph_, "b", *Tensor::Strings({1}, {"s"}));
  Value* c = Constant(graph_, "c", *Tensor::Strings({1}, {"t"}));
  Return(graph_, Add(graph_, "Sum", {a, b, c}, "y"));
  EXPECT_EQ(Optimized(), "x [a c] -> y = Sum(a a c) -> y");
}

TEST_F(DedupConstantsTest, PinnedListedAndOverridableOnesStay) {
  Value* a = Constant(graph_, "a", Floats({1}));
  Value* pinned = Constant(graph_, "pinned", Floats({1}));
  GraphEditor::SetPinned(pinned);
  Value* listed = Input(graph_, "listed");
  GraphEditor::SetDefault(listed, Floats({1}));
  graph_.FreezeInput(listed, /*keep_listed=*/true);
  Value* def = Input(graph_, "default");
  GraphEditor::SetDefault(def, Floats({1}));
  Return(graph_, Add(graph_, "Sum", {a, pinned, listed, def}, "y"));
  const std::string before = ToString(graph_);
  EXPECT_EQ(Optimized(), before);
}

TEST_F(DedupConstantsTest, TwoReturnedOnesKeepTheirNames) {
  Return(graph_, Constant(graph_, "a", Floats({1})));
  Return(graph_, Constant(graph_, "b", Floats({1})));
  EXPECT_EQ(Optimized(), "x [a b] -> -> a b");
  EXPECT_THAT(remarks_, Contains(HasSubstr("one value under two names")));
}

TEST_F(DedupConstantsTest, AReturnedOneGivesItsNameToTheFirst) {
  Value* a = Constant(graph_, "a", Floats({1}));
  Return(graph_, Constant(graph_, "b", Floats({1})));
  Return(graph_, Add(graph_, "Neg", {a}, "y"));
  EXPECT_EQ(Optimized(), "x [a] -> y = Neg(a) -> a@b y");
}

TEST_F(DedupConstantsTest, LargeComputedOnesAreNotRead) {
  int reads = 0;
  std::vector<Value*> inputs;
  for (const char* name : {"a", "b"}) {
    inputs.push_back(Constant(
        graph_, name,
        *Tensor::Computed(ElementType::kInt8, {Tensor::kMaxHeapBytes + 1},
                          std::make_shared<CountingSource>(&reads))));
  }
  Return(graph_, Add(graph_, "Sum", inputs, "y"));
  EXPECT_EQ(Optimized(), "x [a b] -> y = Sum(a b) -> y");
  EXPECT_EQ(reads, 0);
  EXPECT_THAT(remarks_, Contains(HasSubstr("have to be computed")));
}

TEST_F(DedupConstantsTest, EachGraphByItself) {
  Node* node = AddNode(graph_, "If", {x_}, {"y"});
  Graph& body = *AddBody(node, "then_branch");
  Value* a = Constant(body, "a", Floats({1}));
  Value* b = Constant(body, "b", Floats({1}));
  Value* outer = Constant(graph_, "outer", Floats({1}));
  Return(body, Add(body, "Sum", {a, b, outer}, "s"));
  Return(graph_, node->output(0));
  Optimized();
  EXPECT_EQ(ToString(body), "[a] -> s = Sum(a a outer) -> s");
}

}  // namespace
}  // namespace onnxopt
