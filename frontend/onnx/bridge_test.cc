// SPDX-License-Identifier: Apache-2.0
#include "frontend/onnx/bridge.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "frontend/onnx/testing.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "support/status_matchers.h"

namespace onnxopt {
namespace {

TEST(BridgeTest, GivesBackTheSameModel) {
  onnx::ModelProto model = MakeModel();
  model.set_producer_name("somebody");
  // A field of a newer ONNX than libonnx knows.
  model.mutable_graph()
      ->mutable_node(0)
      ->GetReflection()
      ->MutableUnknownFields(model.mutable_graph()->mutable_node(0))
      ->AddLengthDelimited(900, "future");

  Diagnostics diagnostics;
  ASSERT_OK_AND_ASSIGN(auto read, FromModelProto(model, {}, &diagnostics));
  EXPECT_EQ(read->graph()->nodes().front().op().FullName(), "Add");

  onnx::ModelProto written;
  written.set_producer_name("overwritten");
  ASSERT_THAT(ToModelProto(*read, &written), IsOk());
  EXPECT_EQ(written.SerializeAsString(), model.SerializeAsString());
}

TEST(BridgeTest, TakesNestedGraphsBeyondTheLimitOfProtobuf) {
  onnx::ModelProto model = MakeModel();
  onnx::GraphProto* graph = model.mutable_graph();
  for (int i = 1; i < kMaxNesting; ++i) {
    const std::string condition = absl::StrCat("c", i);
    *model.mutable_graph()->add_input() = MakeValueInfo(condition);
    onnx::NodeProto* node =
        AddNode("If", {condition}, absl::StrCat("o", i), graph);
    for (const char* branch : {"else_branch", "then_branch"}) {
      onnx::AttributeProto* attribute = node->add_attribute();
      attribute->set_name(branch);
      attribute->set_type(onnx::AttributeProto::GRAPH);
      graph = attribute->mutable_g();
      graph->set_name(branch);
      *graph->add_output() = MakeValueInfo("x");
    }
  }
  Diagnostics diagnostics;
  ASSERT_OK_AND_ASSIGN(auto read, FromModelProto(model, {}, &diagnostics));
  onnx::ModelProto written;
  EXPECT_THAT(ToModelProto(*read, &written), IsOk());
}

TEST(BridgeTest, ReportsWhatIsWrongWithAModel) {
  onnx::ModelProto model = MakeModel();
  model.mutable_graph()->mutable_initializer(0)->mutable_raw_data()->clear();
  Diagnostics diagnostics;
  EXPECT_THAT(
      FromModelProto(model, {}, &diagnostics),
      StatusIs(absl::StatusCode::kInvalidArgument, testing::HasSubstr("w")));
}

}  // namespace
}  // namespace onnxopt
