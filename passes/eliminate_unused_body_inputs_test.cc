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

class UnusedBodyInputsTest : public ::testing::Test {
 protected:
  std::string Optimized() {
    const auto result = RunPasses(*model_, "eliminate-unused-body-inputs");
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

// Carried: a is used, b is returned as it is, c is replaced without being read.
TEST_F(UnusedBodyInputsTest, LoopLosesWhatIsOnlyPassedAround) {
  Node* loop = AddNode(graph_, "Loop", {nullptr, nullptr, x_, z_, z_},
                       {"a_last", "", "c_last", "all", "unused"});
  Graph& body = *AddBody(loop, "body");
  Input(body, "i");
  Value* cond = Input(body, "cond");
  Value* a = Input(body, "a");
  Value* b = Input(body, "b");
  Input(body, "c");
  Value* next = Add(body, "Neg", {a}, "next");
  Return(body, cond);
  Return(body, next);
  Return(body, b);
  Return(body, Add(body, "Abs", {a}, "c_next"));
  Return(body, Add(body, "Abs", {next}, "scanned"));
  Return(body, Add(body, "Abs", {cond}, "ignored"));
  Return(graph_, loop->output(0));
  Return(graph_, loop->output(3));
  EXPECT_EQ(Optimized(),
            "x z -> a_last all = Loop(_ _ x){body: i cond a -> next = Neg(a), "
            "c_next = Abs(a), scanned = Abs(next), ignored = Abs(cond) -> "
            "cond next scanned} -> a_last all");
}

TEST_F(UnusedBodyInputsTest, LoopKeepsWhatIsReadReturnedOrPinned) {
  Node* loop = AddNode(graph_, "Loop", {nullptr, nullptr, x_, x_, x_, z_},
                       {"a_last", "b_last", "c_last", "d_last"});
  Graph& body = *AddBody(loop, "body");
  Input(body, "i");
  Value* cond = Input(body, "cond");
  Value* a = Input(body, "a");
  Value* b = Input(body, "b");
  Value* c = Input(body, "c");
  Value* d = Input(body, "d");
  GraphEditor::SetPinned(d);
  Return(body, cond);
  Return(body, a);
  Return(body, c);  // as the next b
  Return(body, Add(body, "Neg", {b}, "n"));
  Return(body, d);
  Return(graph_, loop->output(0));
  ExpectUnchanged();
}

TEST_F(UnusedBodyInputsTest, DeadLoopIsNotTouched) {
  Node* loop = AddNode(graph_, "Loop", {nullptr, nullptr, x_}, {"last"});
  Graph& body = *AddBody(loop, "body");
  Input(body, "i");
  Value* cond = Input(body, "cond");
  Return(body, cond);
  Return(body, Input(body, "a"));
  Return(graph_, Add(graph_, "Neg", {x_}, "y"));
  ExpectUnchanged();
}

TEST_F(UnusedBodyInputsTest, Loop1DemandsACarriedValue) {
  Node* loop = AddNode(graph_, "Loop", {nullptr, nullptr, x_}, {"last", "all"},
                       /*opset=*/1);
  Graph& body = *AddBody(loop, "body");
  Value* i = Input(body, "i");
  Value* cond = Input(body, "cond");
  Return(body, cond);
  Return(body, Input(body, "a"));
  Return(body, Add(body, "Neg", {i}, "n"));
  Return(graph_, loop->output(1));
  ExpectUnchanged();
  EXPECT_THAT(remarks_, Contains(HasSubstr("demands a carried value")));
}

TEST_F(UnusedBodyInputsTest, LoopThatDoesNotFitItsBodyIsLeftAlone) {
  Node* loop = AddNode(graph_, "Loop", {nullptr, nullptr, x_, z_}, {"last"});
  Graph& body = *AddBody(loop, "body");
  Input(body, "i");
  Value* cond = Input(body, "cond");
  Return(body, cond);
  Return(body, Input(body, "a"));
  Return(graph_, loop->output(0));
  ExpectUnchanged();
  EXPECT_THAT(remarks_, Contains(HasSubstr("do not agree with its body")));
}

class ScanTest : public UnusedBodyInputsTest {
 protected:
  // States s (unread) and t; scan inputs u (unread) and v; outputs of t and v.
  Node* AddScan(int64_t opset = kTestOpset) {
    Node* scan = AddNode(graph_, "Scan", {x_, x_, z_, z_},
                         {"s_last", "t_last", "p_all", "q_all"}, opset);
    Graph& body = *AddBody(scan, "body");
    Value* s = Input(body, "s");
    Value* t = Input(body, "t");
    Input(body, "u");
    Value* v = Input(body, "v");
    Return(body, s);
    Return(body, Add(body, "Add", {t, v}, "t_next"));
    Return(body, Add(body, "Neg", {v}, "p"));
    Return(body, Add(body, "Abs", {v}, "q"));
    Return(graph_, scan->output(1));
    Return(graph_, scan->output(3));
    return scan;
  }
};

TEST_F(ScanTest, LosesStatesScanInputsAndOutputsWithTheirAttributes) {
  Node* scan = AddScan();
  SetInt(scan, "num_scan_inputs", 2);
  SetInts(scan, "scan_input_axes", {5, 6});
  SetInts(scan, "scan_output_directions", {1, 0});
  EXPECT_EQ(Optimized(),
            "x z -> t_last q_all = Scan(x z){body: t v -> "
            "t_next = Add(t v), p = Neg(v), q = Abs(v) -> t_next q} -> "
            "t_last q_all");
  EXPECT_EQ(scan->IntAttribute("num_scan_inputs"), 1);
  const auto list = [scan](std::string_view name) {
    return std::get<std::vector<int64_t>>(scan->FindAttribute(name)->value);
  };
  EXPECT_THAT(list("scan_input_axes"), ::testing::ElementsAre(6));
  EXPECT_THAT(list("scan_output_directions"), ::testing::ElementsAre(0));
}

TEST_F(ScanTest, KeepsTheLastScanInput) {
  Node* scan = AddNode(graph_, "Scan", {x_, z_}, {"last"});
  SetInt(scan, "num_scan_inputs", 1);
  Graph& body = *AddBody(scan, "body");
  Value* s = Input(body, "s");
  Input(body, "u");
  Return(body, Add(body, "Neg", {s}, "n"));
  Return(graph_, scan->output(0));
  ExpectUnchanged();
  EXPECT_THAT(remarks_, Contains(HasSubstr("number of iterations")));
}

TEST_F(ScanTest, AttributesThatAreNotUnderstoodKeepTheirOperands) {
  Node* scan = AddScan();
  SetInt(scan, "num_scan_inputs", 2);
  SetInts(scan, "scan_input_axes", {5});
  SetInts(scan, "scan_output_axes", {1, 2, 3});
  EXPECT_EQ(Optimized(),
            "x z -> t_last p_all q_all = Scan(x z z){body: t u v -> "
            "t_next = Add(t v), p = Neg(v), q = Abs(v) -> t_next p q} -> "
            "t_last q_all");
  EXPECT_THAT(remarks_, Contains(HasSubstr("scan_input attributes")));
  EXPECT_THAT(remarks_, Contains(HasSubstr("scan_output attributes")));
}

TEST_F(ScanTest, Scan8IsLeftAlone) {
  SetInt(AddScan(/*opset=*/8), "num_scan_inputs", 2);
  ExpectUnchanged();
  EXPECT_THAT(remarks_, Contains(HasSubstr("Scan-8")));
}

}  // namespace
}  // namespace onnxopt
