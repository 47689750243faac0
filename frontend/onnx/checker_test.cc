// SPDX-License-Identifier: Apache-2.0
#include "frontend/onnx/checker.h"

#include <string>

#include "frontend/onnx/testing.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "support/status_matchers.h"

namespace onnxopt {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

bool Applies(const onnx::ModelProto& model) {
  return OnnxCheckerApplies(model.SerializeAsString());
}

absl::Status Check(const onnx::ModelProto& model) {
  return CheckWithOnnx(*OwnBytes(model.SerializeAsString()));
}

void AddImport(const std::string& domain, int64_t version,
               onnx::ModelProto* model) {
  onnx::OperatorSetIdProto* import = model->add_opset_import();
  import->set_domain(domain);
  import->set_version(version);
}

TEST(CheckerTest, AppliesToWhatLibonnxKnows) {
  onnx::ModelProto model = MakeModel();
  EXPECT_TRUE(Applies(model));
  AddImport("ai.onnx.ml", 3, &model);
  EXPECT_TRUE(Applies(model));
  model.mutable_opset_import(1)->set_version(4);
  EXPECT_FALSE(Applies(model));

  model = MakeModel();
  model.mutable_opset_import(0)->set_version(18);
  EXPECT_FALSE(Applies(model));

  model = MakeModel();
  model.set_ir_version(9);
  EXPECT_FALSE(Applies(model));
}

TEST(CheckerTest, KnowsOnlyTheDomainsOfFunctionsBesidesItsOwn) {
  onnx::ModelProto model = MakeModel();
  AddImport("acme", 1, &model);
  EXPECT_FALSE(Applies(model));
  onnx::FunctionProto* function = model.add_functions();
  function->set_domain("acme");
  EXPECT_TRUE(Applies(model));
  function->add_opset_import()->set_version(18);
  EXPECT_FALSE(Applies(model));
}

TEST(CheckerTest, IsSilentWhereItDoesNotApply) {
  onnx::ModelProto model = MakeModel();
  model.mutable_graph()->clear_name();
  EXPECT_THAT(Check(model), Not(IsOk()));
  model.mutable_opset_import(0)->set_version(18);
  EXPECT_THAT(Check(model), IsOk());
}

TEST(CheckerTest, AcceptsStrippedTensorsEverywhere) {
  onnx::ModelProto model = MakeModel();
  onnx::GraphProto* graph = model.mutable_graph();
  AddTensorAttribute("value", MakeTensor("", {1024}),
                     AddNode("Constant", {}, "large", graph));
  onnx::TensorProto external = MakeTensor("", {4});
  external.clear_raw_data();
  external.set_data_location(onnx::TensorProto::EXTERNAL);
  onnx::StringStringEntryProto* entry = external.add_external_data();
  entry->set_key("location");
  entry->set_value("no such file");
  AddTensorAttribute("value", external,
                     AddNode("Constant", {}, "external", graph));

  onnx::SparseTensorProto* sparse = graph->add_sparse_initializer();
  *sparse->mutable_values() = MakeTensor("sparse", {600});
  onnx::TensorProto* indices = sparse->mutable_indices();
  indices->set_data_type(onnx::TensorProto::INT64);
  indices->add_dims(600);
  for (int i = 0; i < 600; ++i) indices->add_int64_data(i);
  sparse->add_dims(1000);
  EXPECT_THAT(Check(model), IsOk());
}

TEST(CheckerTest, AcceptsInitializersThatAreInputsAsIrVersion3Wants) {
  onnx::ModelProto model = MakeModel();
  model.set_ir_version(3);
  EXPECT_THAT(Check(model), Not(IsOk()));
  *model.mutable_graph()->add_input() = MakeValueInfo("w");
  EXPECT_THAT(Check(model), IsOk());
}

TEST(CheckerTest, ComplainsInOneLine) {
  onnx::ModelProto model = MakeModel();
  onnx::NodeProto* node = model.mutable_graph()->mutable_node(0);
  node->set_name("sum");
  node->add_input("x");
  EXPECT_THAT(Check(model),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       AllOf(HasSubstr("libonnx: "), HasSubstr("sum"),
                             HasSubstr("Add"), Not(HasSubstr("\n")))));
}

TEST(CheckerTest, FindsErrorsInNestedGraphs) {
  onnx::ModelProto model = MakeModel();
  *model.mutable_graph()->add_input() = MakeValueInfo("c");
  onnx::NodeProto* node = AddNode("If", {"c"}, "z", model.mutable_graph());
  for (const char* branch : {"else_branch", "then_branch"}) {
    onnx::AttributeProto* attribute = node->add_attribute();
    attribute->set_name(branch);
    attribute->set_type(onnx::AttributeProto::GRAPH);
    attribute->mutable_g()->set_name(branch);
    AddNode("Relu", {"x"}, std::string("r_") + branch, attribute->mutable_g());
  }
  EXPECT_THAT(Check(model), IsOk());
  node->mutable_attribute(1)->mutable_g()->mutable_node(0)->set_input(
      0, "undefined");
  EXPECT_THAT(Check(model), StatusIs(absl::StatusCode::kInvalidArgument,
                                     HasSubstr("undefined")));
}

TEST(CheckerTest, SurvivesGarbage) {
  const std::string whole = MakeModel().SerializeAsString();
  for (size_t size = 0; size < whole.size(); size += 7) {
    std::string damaged = whole.substr(0, size);
    CheckWithOnnx(*OwnBytes(damaged)).IgnoreError();
    damaged += std::string(100, '\xff');
    EXPECT_THAT(CheckWithOnnx(*OwnBytes(damaged)), Not(IsOk()));
  }
}

}  // namespace
}  // namespace onnxopt
