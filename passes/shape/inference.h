// SPDX-License-Identifier: Apache-2.0
// Type and shape inference, one function per operator in canonical form.
#ifndef ONNXOPT_PASSES_SHAPE_INFERENCE_H_
#define ONNXOPT_PASSES_SHAPE_INFERENCE_H_

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "ir/attribute_view.h"
#include "ir/node.h"
#include "ir/type.h"

namespace onnxopt {

/// What an inference function may ask about its node, and where it leaves its
/// answer.
class InferenceContext {
 public:
  explicit InferenceContext(const Node& node);

  const Node& node() const { return node_; }
  const AttributeView& attributes() const { return attributes_; }
  int num_inputs() const { return node_.num_inputs(); }
  int num_outputs() const { return node_.num_outputs(); }
  bool HasInput(int i) const { return node_.input(i) != nullptr; }

  /// Null when missing or unknown.
  TypeRef type(int i) const;
  /// kUndefined unless a tensor of known element type.
  ElementType element(int i) const;
  /// Nullopt unless a tensor of known rank.
  std::optional<Shape> shape(int i) const;
  /// The elements of a constant int32 or int64 tensor of rank 0 or 1 and at
  /// most kMaxShapeElements elements; nullopt for anything else.
  std::optional<std::vector<int64_t>> ints(int i) const;

  void SetOutput(int i, TypeRef type);
  /// A tensor; nullopt for an unknown rank. Nothing if `element` is
  /// kUndefined.
  void SetOutput(int i, ElementType element, std::optional<Shape> shape);

  std::vector<TypeRef>& outputs() { return outputs_; }

 private:
  const Node& node_;
  AttributeView attributes_;
  std::vector<TypeRef> outputs_;
};

inline constexpr int64_t kMaxShapeElements = 1024;

/// An error means that the node is invalid for its inputs ("Concat: inputs
/// differ in dim 1: 3 and 4"). What is not known is left unset.
using InferFunction = absl::Status (*)(InferenceContext&);

/// Null when there is none, and for operators not in canonical form.
InferFunction FindInferFunction(const OpDef& op);

/// The types of all outputs of `node`, null where nothing is known. For a node
/// with bodies, those of the bodies' outputs as they are now. Does not change
/// the node.
absl::StatusOr<std::vector<TypeRef>> InferTypes(const Node& node);

/// Type of a constant with that tensor.
TypeRef TypeOf(const Tensor& tensor);

/// What both say; where they contradict each other `inferred` wins and
/// `*conflict` (may be null) is set. `declared` adds only what `inferred` does
/// not know, if `trust_declared`.
TypeRef MergeTypes(const TypeRef& inferred, const TypeRef& declared,
                   bool trust_declared, bool* conflict);

}  // namespace onnxopt

#endif  // ONNXOPT_PASSES_SHAPE_INFERENCE_H_
