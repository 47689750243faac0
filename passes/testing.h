// SPDX-License-Identifier: Apache-2.0
// Small models for tests of passes, and a compact text of what became of them.
#ifndef ONNXOPT_PASSES_TESTING_H_
#define ONNXOPT_PASSES_TESTING_H_

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "ir/model.h"
#include "passes/optimize.h"

namespace onnxopt::pass_testing {

inline constexpr int64_t kTestOpset = 17;

std::unique_ptr<Model> NewModel(int64_t ir_version = 8);

Value* Input(Graph& graph, std::string_view name, TypeRef type = nullptr);
TensorRef Floats(std::vector<float> values);
TensorRef Bool(bool value);
Value* Constant(Graph& graph, std::string_view name, TensorRef tensor);
/// In the form of a Constant node.
Value* ConstantNodeOf(Graph& graph, std::string_view name, TensorRef tensor);

/// `op` is a full name; one that has no schema at `opset` is opaque. An empty
/// output name makes an absent output.
Node* AddNode(Graph& graph, std::string_view op, std::vector<Value*> inputs,
              std::vector<std::string_view> outputs,
              int64_t opset = kTestOpset);
/// The same for one output, which is returned.
Value* Add(Graph& graph, std::string_view op, std::vector<Value*> inputs,
           std::string_view output, int64_t opset = kTestOpset);
void SetInt(Node* node, std::string_view name, int64_t value);
void SetInts(Node* node, std::string_view name, std::vector<int64_t> values);
/// Refers to an attribute of the function.
void SetReference(Node* node, std::string_view name, AttrKind kind);
Graph* AddBody(Node* node, std::string_view attribute);
/// Under `name`, or that of the value.
void Return(Graph& graph, Value* value, std::string_view name = {});

/// In domain "f".
Function* AddFunction(Model& model, std::string_view name);
Node* Call(Graph& graph, Function* function, std::vector<Value*> inputs,
           std::vector<std::string_view> outputs);

/// "x -> y = Relu(x), z = If(c){then_branch: y2 = Neg(x) -> y2} -> y z@out":
/// inputs, then constants in brackets (those in node form with a '!'), nodes,
/// and outputs, with '@' and the promised name where that differs.
std::string ToString(const Graph& graph);

struct RunResult {
  OptimizeReport report;
  /// "pass: message"
  std::vector<std::string> remarks;
};

/// Runs the pipeline, verifying all; a second run must change nothing.
absl::StatusOr<RunResult> RunPasses(Model& model, std::string_view passes);

}  // namespace onnxopt::pass_testing

#endif  // ONNXOPT_PASSES_TESTING_H_
