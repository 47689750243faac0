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

/// Adds what InferTypes says to the types of the outputs of `node`. Outputs of
/// operators that are not in canonical form get the type that the file
/// declares. Changes nothing when there is nothing new.
void InferOutputs(Node& node);

/// Type of a constant with that tensor.
TypeRef TypeOf(const Tensor& tensor);

/// What is known about a value: of a constant its tensor's type; of an input of
/// a nested graph no more than the element type.
TypeRef KnownType(const Value& value);

/// What two types that both hold say together. Where they contradict each
/// other, `a`.
TypeRef MergeTypes(const TypeRef& a, const TypeRef& b);

}  // namespace onnxopt

#endif  // ONNXOPT_PASSES_SHAPE_INFERENCE_H_
