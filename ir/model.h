// SPDX-License-Identifier: Apache-2.0
// A model: the main graph, its functions, and everything they own.
#ifndef ONNXOPT_IR_MODEL_H_
#define ONNXOPT_IR_MODEL_H_

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "ir/graph.h"
#include "ir/op_registry.h"
#include "support/arena.h"
#include "support/buffer.h"
#include "support/interner.h"

namespace onnxopt {

struct OpsetImport {
  std::string_view domain;  // "" for ai.onnx
  int64_t version = 0;
  std::string_view unknown_fields;
};

/// A model-local function. Identified by (domain, name, overload).
class Function {
 public:
  std::string_view domain() const { return domain_; }
  std::string_view name() const { return name_; }
  std::string_view overload() const { return overload_; }
  Graph* body() const { return body_; }
  /// Attributes without a default, then those with one.
  std::span<const std::string_view> attributes() const { return attributes_; }
  std::span<const Attribute> attribute_defaults() const { return defaults_; }
  std::span<const OpsetImport> opset_imports() const { return imports_; }
  const Annotations& annotations() const { return annotations_; }

 private:
  friend class Model;
  friend class GraphEditor;
  Function() = default;
  std::string_view domain_, name_, overload_;
  Graph* body_ = nullptr;
  std::vector<std::string_view> attributes_;
  std::vector<Attribute> defaults_;
  std::vector<OpsetImport> imports_;
  Annotations annotations_;
};

enum class ModelState : uint8_t {
  kAsRead,     // operators at the versions the file imports
  kCanonical,  // operators at the canonical opset, but for opaque ones
  kLegalized,  // operators at the target opset: may be written
};

/// Owns all its memory. Not thread-safe; two models are independent.
class Model {
 public:
  explicit Model(std::shared_ptr<const OpRegistry> ops);
  ~Model();
  Model(const Model&) = delete;
  Model& operator=(const Model&) = delete;

  const OpRegistry& ops() const { return *ops_; }
  const std::shared_ptr<const OpRegistry>& ops_ref() const { return ops_; }
  Graph* graph() const { return graph_; }
  std::span<Function* const> functions() const { return functions_; }
  Function* FindFunction(std::string_view domain, std::string_view name,
                         std::string_view overload) const;
  void RemoveFunction(Function* function);

  ModelState state() const { return state_; }
  void set_state(ModelState state) { state_ = state; }
  /// Number of changes made so far; equal epochs mean nothing changed.
  uint64_t epoch() const { return epoch_; }

  int64_t ir_version() const { return ir_version_; }
  std::span<const OpsetImport> opset_imports() const { return imports_; }
  /// Imports in force in `graph`: its function's, else the model's.
  std::span<const OpsetImport> ImportsOf(const Graph& graph) const;
  /// TrainingInfoProto messages, as read.
  std::span<const std::string_view> training_infos() const {
    return training_infos_;
  }
  std::string_view producer_name() const { return producer_name_; }
  std::string_view producer_version() const { return producer_version_; }
  std::string_view domain() const { return domain_; }
  int64_t model_version() const { return model_version_; }
  const Annotations& annotations() const { return annotations_; }
  /// Where the model came from, for messages: a path or "<memory>".
  std::string_view source_name() const { return source_name_; }
  /// Files and memory the model was read from.
  std::span<const std::shared_ptr<const Buffer>> buffers() const {
    return buffers_;
  }

  /// A view of the same text that lives as long as the model.
  std::string_view Intern(std::string_view text) {
    return interner_.Intern(text);
  }
  /// Whether a value or a promised output of any graph has that name.
  bool HasName(std::string_view name);
  /// `base` if no value has that name, else `base_1`, `base_2`...
  std::string_view UniqueName(std::string_view base);
  /// An operator without a schema. One object per (domain, name).
  const OpDef* OpaqueOp(std::string_view domain, std::string_view name,
                        int64_t version);
  void KeepAlive(std::shared_ptr<const Buffer> buffer) {
    buffers_.push_back(std::move(buffer));
  }

 private:
  friend class Graph;
  friend class GraphEditor;

  std::shared_ptr<const OpRegistry> ops_;
  Arena arena_;
  Interner interner_;
  std::vector<std::shared_ptr<const Buffer>> buffers_;
  std::vector<std::unique_ptr<OpDef>> opaque_ops_;
  absl::flat_hash_map<std::string, const OpDef*> opaque_index_;
  absl::flat_hash_map<std::string, Function*> function_index_;
  // Filled at the first UniqueName; afterwards kept complete by Graph.
  absl::flat_hash_set<std::string_view> names_;
  bool names_complete_ = false;

  ModelState state_ = ModelState::kAsRead;
  uint64_t epoch_ = 0;
  int64_t ir_version_ = 0;
  int64_t model_version_ = 0;
  std::string_view producer_name_, producer_version_, domain_, source_name_;
  std::vector<OpsetImport> imports_;
  std::vector<std::string_view> training_infos_;
  Annotations annotations_;
  std::vector<Function*> functions_;
  Graph* graph_ = nullptr;
};

}  // namespace onnxopt

#endif  // ONNXOPT_IR_MODEL_H_
