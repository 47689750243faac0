// SPDX-License-Identifier: Apache-2.0
// What a model is written for.
#ifndef ONNXOPT_PASSES_OPSET_TARGET_H_
#define ONNXOPT_PASSES_OPSET_TARGET_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/functional/function_ref.h"
#include "ir/graph.h"
#include "ir/node.h"
#include "ir/op_registry.h"
#include "passes/opset/steps.h"

namespace onnxopt {

/// Opsets that a model is to have, instead of its own.
struct TargetOpsets {
  std::optional<int64_t> onnx = std::nullopt;  // ai.onnx
  std::optional<int64_t> ml = std::nullopt;    // ai.onnx.ml
};

/// The opsets a model is written for: those it imports (a function body has its
/// own), or others. For one model; what was found out about an operator is
/// kept.
class Target {
 public:
  Target() = default;
  explicit Target(TargetOpsets opsets) : opsets_(opsets) {}

  const TargetOpsets& opsets() const { return opsets_; }
  /// Of `domain` in `graph`; 0 if it is not imported.
  int64_t OpsetOf(const Graph& graph, std::string_view domain) const;
  /// Whether `graph` is written for another `domain` than it was read with.
  bool IsOther(const Graph& graph, std::string_view domain) const;
  /// The definition that `op` has at the target, under the name it has there;
  /// null if there is none.
  const OpDef* DefOf(const Graph& graph, const OpDef& op) const;
  /// Empty if `node`, in canonical form, can be expressed at the target as if
  /// it were new (what a file says at its own opset may say more); else why
  /// not, with the lowest opset that can: "opset 13 is needed for Squeeze with
  /// axes that are not constant". Nodes that are not canonical stay what they
  /// are.
  std::string WhyNot(const Node& node) const;
  /// The same where there are other means: `can_otherwise` tells whether they
  /// say the node at an opset.
  std::string WhyNot(const Node& node,
                     absl::FunctionRef<bool(int64_t)> can_otherwise) const;
  /// Whether the version of the operator that `node` has is that of the target.
  bool HasVersionOf(const Node& node) const;
  /// Whether a node that is not canonical is of a version that the target has,
  /// or can go there, be it older or newer, without becoming canonical on the
  /// way.
  bool CanMove(const Node& node) const;
  /// The form that it then takes; nullopt if it cannot.
  std::optional<opset::Form> Moved(const Node& node) const;
  /// Whether `node` is as Upgrade left it, and the target has what it was in
  /// the file.
  bool CanRestore(const Node& node) const;

  /// Whether `graph` can hold a constant of that type: those of a function are
  /// Constant nodes, which are of floats only before opset 9.
  bool CanHold(const Graph& graph, ElementType type) const;

  /// From the definition at the target to the canonical one; null if there is
  /// none, or for operators that ONNX does not define.
  const opset::Path* PathTo(const Graph& graph, const OpDef& op) const;

 private:
  struct Entry {
    const OpDef* def = nullptr;
    std::unique_ptr<const opset::Path> path;
  };
  const Entry& Find(const Graph& graph, const OpDef& op) const;

  TargetOpsets opsets_;
  mutable absl::flat_hash_map<std::pair<const OpDef*, int64_t>,
                              std::unique_ptr<const Entry>>
      entries_;
};

}  // namespace onnxopt

#endif  // ONNXOPT_PASSES_OPSET_TARGET_H_
