// SPDX-License-Identifier: Apache-2.0
// Making a node what its form says.
#ifndef ONNXOPT_PASSES_OPSET_COMMIT_H_
#define ONNXOPT_PASSES_OPSET_COMMIT_H_

#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "ir/graph.h"
#include "passes/opset/form.h"

namespace onnxopt::opset {

/// Whether two small tensors have the same type, dims and bytes. False for
/// what cannot be read.
bool SameTensor(const TensorRef& a, const TensorRef& b);

/// Makes `op`, another version, the operator of `node`; absent outputs at the
/// end that it does not have disappear.
void SetVersion(Node* node, const OpDef* op);

class Committer {
 public:
  /// Gives `node` the operator, attributes and inputs of `form`, which was made
  /// from it. Its source form is dropped if anything but the operator changes.
  void Commit(Node* node, Form form);
  /// Nodes that Commit has put before others, canonical; the caller takes them.
  std::vector<Node*> TakeMade() { return std::exchange(made_, {}); }
  /// Erases a node without users.
  void Erase(Node* node);
  /// Replaces the inputs of `node`.
  void SetInputs(Node* node, const std::vector<Value*>& inputs);
  /// Removes the constants that lost their last use here, and unused ones that
  /// are not from the file.
  void RemoveUnusedConstants(Model& model);

 private:
  Value* ConstantFor(Graph& graph, const Operand& operand);
  Value* Squeezed(Node* before, const Operand& operand);

  // By the outermost graph, and content.
  absl::flat_hash_map<std::string, Value*> constants_;
  std::vector<Value*> released_;
  std::vector<Node*> made_;
};

}  // namespace onnxopt::opset

#endif  // ONNXOPT_PASSES_OPSET_COMMIT_H_
