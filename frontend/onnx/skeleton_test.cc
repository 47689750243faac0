// SPDX-License-Identifier: Apache-2.0
#include "frontend/onnx/skeleton.h"

#include <string>

#include "frontend/onnx/testing.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "support/status_matchers.h"

namespace onnxopt {
namespace {

using ::testing::ElementsAre;

onnx::ModelProto Strip(const onnx::ModelProto& model) {
  absl::StatusOr<std::string> bytes =
      StripTensorContents(model.SerializeAsString());
  EXPECT_THAT(bytes, IsOk());
  onnx::ModelProto result;
  EXPECT_TRUE(bytes.ok() && result.ParseFromString(*bytes));
  return result;
}

TEST(SkeletonTest, KeepsAllButTheContentsAndTheFirstDimension) {
  onnx::ModelProto model = MakeModel();
  onnx::TensorProto* weight = model.mutable_graph()->mutable_initializer(0);
  weight->set_doc_string("weights");
  onnx::ModelProto expected = model;
  expected.mutable_graph()->mutable_initializer(0)->clear_raw_data();
  expected.mutable_graph()->mutable_initializer(0)->set_dims(0, 0);
  EXPECT_EQ(Strip(model).SerializeAsString(), expected.SerializeAsString());
}

TEST(SkeletonTest, KeepsSmallTensors) {
  onnx::ModelProto model = MakeModel();
  *model.mutable_graph()->mutable_initializer(0) = MakeTensor("w", {200});
  EXPECT_EQ(Strip(model).SerializeAsString(), model.SerializeAsString());
}

TEST(SkeletonTest, StripsTypedDataAndScalars) {
  onnx::ModelProto model = MakeModel();
  onnx::TensorProto* weight = model.mutable_graph()->mutable_initializer(0);
  weight->clear_raw_data();
  weight->clear_dims();
  weight->set_data_type(onnx::TensorProto::STRING);
  weight->add_string_data(std::string(5000, 'x'));
  const onnx::ModelProto stripped = Strip(model);
  EXPECT_EQ(stripped.graph().initializer(0).string_data_size(), 0);
  EXPECT_THAT(stripped.graph().initializer(0).dims(), ElementsAre(0));
}

TEST(SkeletonTest, StripsInFunctionsAndBodies) {
  onnx::ModelProto model = MakeModel();
  const onnx::TensorProto large = MakeTensor("", {4096});
  AddTensorAttribute("value", large, model.add_functions()->add_node());
  onnx::GraphProto* body = AddNode("If", {"c"}, "z", model.mutable_graph())
                               ->add_attribute()
                               ->add_graphs();
  *body->add_initializer() = large;
  onnx::AttributeProto* tensors =
      AddNode("Odd", {}, "t", body)->add_attribute();
  *tensors->add_tensors() = large;
  *tensors->mutable_sparse_tensor()->mutable_values() = large;
  EXPECT_LT(Strip(model).ByteSizeLong(), 400u);
}

TEST(SkeletonTest, StripsBothHalvesOfASparseTensor) {
  onnx::ModelProto model = MakeModel();
  onnx::SparseTensorProto* sparse =
      model.mutable_graph()->add_sparse_initializer();
  *sparse->mutable_values() = MakeTensor("s", {20});
  *sparse->mutable_indices() = MakeTensor("", {20, 16});
  const onnx::ModelProto stripped = Strip(model);
  const onnx::SparseTensorProto& result =
      stripped.graph().sparse_initializer(0);
  EXPECT_THAT(result.values().dims(), ElementsAre(0));
  EXPECT_THAT(result.indices().dims(), ElementsAre(0, 16));
}

TEST(SkeletonTest, RejectsExcessiveNesting) {
  onnx::GraphProto graph;
  graph.set_name("g");
  for (int i = 0; i < kMaxMessageNesting; ++i) {
    onnx::GraphProto outer;
    outer.add_node()->add_attribute()->mutable_g()->Swap(&graph);
    graph.Swap(&outer);
  }
  onnx::ModelProto model;
  model.mutable_graph()->Swap(&graph);
  EXPECT_THAT(StripTensorContents(model.SerializeAsString()),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       testing::HasSubstr("nested")));
}

}  // namespace
}  // namespace onnxopt
