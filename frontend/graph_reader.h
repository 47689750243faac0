// SPDX-License-Identifier: Apache-2.0
// Reading GraphProto and the bodies of FunctionProto.
#ifndef ONNXOPT_FRONTEND_GRAPH_READER_H_
#define ONNXOPT_FRONTEND_GRAPH_READER_H_

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/status/statusor.h"
#include "frontend/attribute_reader.h"
#include "frontend/reader.h"
#include "frontend/tensor_reader.h"
#include "ir/graph_editor.h"
#include "ir/model.h"

namespace onnxopt {

/// Reads graphs of one model. Names are resolved to values, nodes to operators
/// and functions; functions and opset imports must be in the model before.
class GraphReader {
 public:
  /// All arguments outlive the reader.
  GraphReader(Model* model, TensorReader* tensors, const ReadOptions& options,
              Diagnostics* diagnostics)
      : model_(model),
        tensors_(tensors),
        options_(options),
        diagnostics_(diagnostics) {}

  /// `message`: a GraphProto. Values named in `pinned` become pinned.
  absl::Status ReadMainGraph(
      std::string_view message,
      const absl::flat_hash_set<std::string_view>& pinned);
  /// `message`: the FunctionProto of `function`, whose body is empty.
  absl::Status ReadFunctionBody(std::string_view message, Function* function);

 private:
  // Names defined in a graph so far.
  struct Scope {
    Graph* graph = nullptr;
    const Scope* outer = nullptr;
    int depth = 0;
    absl::flat_hash_map<std::string_view, Value*> values;
  };
  struct NodeFields;

  absl::Status ReadGraph(std::string_view message, Scope* scope);
  absl::Status ReadDefinitions(std::string_view message, Scope* scope);
  absl::Status ReadDeclarations(std::string_view message, Scope* scope);
  absl::Status ReadInput(std::string_view message, Scope* scope);
  absl::Status ReadInitializer(std::string_view message, bool sparse,
                               Scope* scope);
  absl::Status ReadNode(std::string_view message, uint32_t index, Scope* scope);
  absl::StatusOr<bool> ReadConstantNode(NodeFields& fields, const OpDef* op,
                                        uint32_t index, Scope* scope);
  absl::Status ReadAttributes(const NodeFields& fields, Node* node,
                              const Scope& scope);
  absl::Status ReadOutput(std::string_view message, Scope* scope);
  absl::Status ReadDeclaration(std::string_view message, Scope* scope);
  absl::Status ReadQuantization(std::string_view message, Scope* scope);

  absl::Status Define(Value* value, Scope* scope);
  static Value* Find(std::string_view name, const Scope& scope);
  const OpDef* FindOp(const NodeFields& fields, const Graph& graph);
  void WarnOnce(const std::string& message);

  Model* model_;
  TensorReader* tensors_;
  const ReadOptions& options_;
  Diagnostics* diagnostics_;
  absl::flat_hash_set<std::string> warned_;
};

}  // namespace onnxopt

#endif  // ONNXOPT_FRONTEND_GRAPH_READER_H_
