// SPDX-License-Identifier: Apache-2.0
// Optimizes models that are held in memory, in two threads, with an operator
// and a pass of its own.
#include <cstdio>
#include <future>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "frontend/onnx/bridge.h"
#include "frontend/onnx/checker.h"
#include "frontend/writer.h"
#include "ir/op_registry.h"
#include "onnx/onnx_pb.h"
#include "passes/optimize.h"
#include "passes/registry.h"
#include "relu_pass.h"
#include "support/buffer.h"
#include "support/status.h"

namespace embed {
namespace {

void AddNode(const std::string& op, const std::string& domain,
             const std::vector<std::string>& inputs, const std::string& output,
             onnx::GraphProto* graph) {
  onnx::NodeProto* node = graph->add_node();
  node->set_op_type(op);
  node->set_domain(domain);
  for (const std::string& input : inputs) node->add_input(input);
  node->add_output(output);
}

void SetFloatVector(const std::string& name, onnx::ValueInfoProto* value) {
  value->set_name(name);
  onnx::TypeProto::Tensor* type = value->mutable_type()->mutable_tensor_type();
  type->set_elem_type(onnx::TensorProto::FLOAT);
  type->mutable_shape()->add_dim()->set_dim_param("N");
}

// y = Smooth(r) + Smooth(r) with r = Relu(...Relu(Identity(x))).
onnx::ModelProto MakeModel(int relus) {
  onnx::ModelProto model;
  model.set_ir_version(8);
  model.add_opset_import()->set_version(17);
  onnx::OperatorSetIdProto* acme = model.add_opset_import();
  acme->set_domain("com.acme");
  acme->set_version(1);

  onnx::GraphProto* graph = model.mutable_graph();
  graph->set_name("embedded");
  SetFloatVector("x", graph->add_input());
  SetFloatVector("y", graph->add_output());
  AddNode("Identity", "", {"x"}, "r0", graph);
  for (int i = 0; i < relus; ++i) {
    AddNode("Relu", "", {absl::StrCat("r", i)}, absl::StrCat("r", i + 1),
            graph);
  }
  const std::string last = absl::StrCat("r", relus);
  AddNode("Smooth", "com.acme", {last}, "a", graph);
  AddNode("Smooth", "com.acme", {last}, "b", graph);
  AddNode("Add", "", {"a", "b"}, "y", graph);
  return model;
}

// The standard operators and com.acme.Smooth. Because it is said to be pure,
// equal calls of it are merged.
absl::StatusOr<std::shared_ptr<const onnxopt::OpRegistry>> MakeOperators() {
  return onnxopt::OpRegistry::Builtin()->With(
      {{.domain = "com.acme",
        .name = "Smooth",
        .since_version = 1,
        .inputs = "X:T",
        .outputs = "Y:T",
        .attributes = "strength:float=0.5",
        .types = "T=float|double",
        .traits = onnxopt::Trait::kPure}});
}

// Replaces `proto` by what it is optimized to. May run in several threads: what
// they share is immutable.
absl::Status OptimizeProto(std::shared_ptr<const onnxopt::OpRegistry> operators,
                           const onnxopt::PassRegistry& passes,
                           onnx::ModelProto* proto) {
  onnxopt::Diagnostics diagnostics;
  onnxopt::ReadOptions read;
  read.ops = std::move(operators);
  ASSIGN_OR_RETURN(const std::unique_ptr<onnxopt::Model> model,
                   onnxopt::FromModelProto(*proto, read, &diagnostics));

  onnxopt::OptimizeOptions options;
  options.registry = &passes;
  options.passes = "fixpoint(eliminate-repeated-relu,cleanup)";
  options.manager.diagnostics = &diagnostics;
  options.manager.verify_each = true;
  ASSIGN_OR_RETURN(const onnxopt::OptimizeReport report,
                   onnxopt::Optimize(*model, options));
  for (const onnxopt::Diagnostic& diagnostic : diagnostics.all()) {
    std::fprintf(stderr, "%s\n", diagnostic.message.c_str());
  }
  std::printf("%lld nodes became %lld\n",
              static_cast<long long>(report.nodes_before),
              static_cast<long long>(report.nodes_after));

  RETURN_IF_ERROR(onnxopt::ToModelProto(*model, proto));
  return onnxopt::CheckWithOnnx(*onnxopt::OwnBytes(proto->SerializeAsString()));
}

std::string Operators(const onnx::ModelProto& model) {
  std::string result;
  for (const onnx::NodeProto& node : model.graph().node()) {
    result += node.op_type() + " ";
  }
  return result;
}

absl::Status Run() {
  ASSIGN_OR_RETURN(const auto operators, MakeOperators());
  onnxopt::PassRegistry passes;
  onnxopt::RegisterBuiltin(passes);
  RETURN_IF_ERROR(passes.Add(RepeatedReluPass()));

  onnx::ModelProto models[] = {MakeModel(/*relus=*/3), MakeModel(/*relus=*/99)};
  std::future<absl::Status> results[2];
  for (int i = 0; i < 2; ++i) {
    results[i] = std::async(std::launch::async, [&, i] {
      return OptimizeProto(operators, passes, &models[i]);
    });
  }
  for (std::future<absl::Status>& result : results) {
    RETURN_IF_ERROR(result.get());
  }
  for (const onnx::ModelProto& model : models) {
    std::printf("left: %s\n", Operators(model).c_str());
    if (Operators(model) != "Relu Smooth Add ") {
      return absl::InternalError("that is not what was to be expected");
    }
  }
  return absl::OkStatus();
}

}  // namespace
}  // namespace embed

int main() {
  const absl::Status status = embed::Run();
  if (status.ok()) return 0;
  std::fprintf(stderr, "error: %s\n", std::string(status.message()).c_str());
  return 1;
}
