// SPDX-License-Identifier: Apache-2.0
// What the readers of a file set once, and passes have no business with.
#ifndef ONNXOPT_IR_GRAPH_EDITOR_H_
#define ONNXOPT_IR_GRAPH_EDITOR_H_

#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "ir/graph.h"
#include "ir/model.h"

namespace onnxopt {

class GraphEditor {
 public:
  // --- Model
  struct ModelFields {
    int64_t ir_version = 0;
    int64_t model_version = 0;
    std::string_view producer_name, producer_version, domain, source_name;
    std::vector<OpsetImport> imports;
    std::vector<std::string_view> training_infos;
    Annotations annotations;
  };
  static void SetModelFields(Model* model, ModelFields fields);

  /// The model, and its functions that import `domain`, import it at `opset`.
  static void SetOpset(Model* model, std::string_view domain, int64_t opset);

  /// The IR version rises to what `opset` of ai.onnx needs. Constants that were
  /// listed as inputs, as IR versions before 4 want, are no longer if it rises
  /// above that: callers could override them then.
  static void RaiseIrVersion(Model* model, int64_t opset);

  /// After all changes since then were undone: nothing changed.
  static void RestoreEpoch(Model* model, uint64_t epoch) {
    model->epoch_ = epoch;
  }

  struct FunctionFields {
    std::string_view domain, name, overload;
    std::vector<std::string_view> attributes;
    std::vector<Attribute> defaults;
    std::vector<OpsetImport> imports;
    Annotations annotations;
  };
  /// Adds a function with an empty body. Its identity must be new.
  static Function* AddFunction(Model* model, FunctionFields fields);

  // --- Graph
  static void SetName(Graph* graph, std::string_view name) {
    graph->name_ = name;
  }
  static void SetAnnotations(Graph* graph, Annotations annotations);
  static void AddQuantizationAnnotation(Graph* graph, std::string_view m) {
    graph->quantization_annotations_.push_back(m);
  }
  /// Declares `value` in value_info, after the ones declared before.
  static void Declare(Value* value, TypeRef type);
  static void AddDanglingValueInfo(Graph* graph, std::string_view message) {
    graph->value_infos_.push_back({nullptr, message});
  }

  // --- Value
  static void SetAnnotations(Value* value, Annotations annotations);
  static void SetPinned(Value* value) { value->pinned_ = true; }
  /// The type of an input is only a claim of the file.
  static void MoveTypeToDeclared(Value* input) {
    input->declared_type_ = std::exchange(input->type_, nullptr);
  }
  /// Gives an input the default `tensor`.
  static void SetDefault(Value* input, TensorRef tensor);
  static void SetConstantNode(Value* constant, ConstantNode node);

  // --- Node
  static void SetAnnotations(Node* node, Annotations annotations);
  static void SetName(Node* node, std::string_view name) { node->name_ = name; }
  static void SetFileIndex(Node* node, uint32_t index) {
    node->file_index_ = index;
  }
  static void SetOverload(Node* node, std::string_view overload) {
    node->overload_ = overload;
  }
};

}  // namespace onnxopt

#endif  // ONNXOPT_IR_GRAPH_EDITOR_H_
