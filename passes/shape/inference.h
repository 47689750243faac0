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

  /// Null when missing or unknown. Like what shape() returns, it lives as long
  /// as the context and unchanged operands.
  const TypeRef& type(int i) const;
  /// kUndefined unless a tensor of known element type.
  ElementType element(int i) const;
  /// Nullopt unless a tensor of known rank.
  const std::optional<Shape>& shape(int i) const;
  /// The elements of a constant int32 or int64 tensor of rank 0 or 1 and at
  /// most kMaxShapeElements elements; nullopt for anything else.
  std::optional<std::vector<int64_t>> ints(int i) const;

  void SetOutput(int i, TypeRef type);
  /// A tensor; nullopt for an unknown rank. Nothing if `element` is
  /// kUndefined. A negative dim, of a node that cannot run, becomes unknown.
  void SetOutput(int i, ElementType element, std::optional<Shape> shape);

  std::vector<TypeRef>& outputs() { return outputs_; }

 private:
  const Node& node_;
  AttributeView attributes_;
  std::vector<TypeRef> outputs_;
  // Types made for operands that do not hold theirs: constants, inputs of
  // bodies.
  mutable std::vector<TypeRef> made_;
};

inline constexpr int64_t kMaxShapeElements = 1024;

/// An error means that the node is invalid for its inputs ("Concat: inputs
/// differ in dim 1: 3 and 4"). What is not known is left unset.
using InferFunction = absl::Status (*)(InferenceContext&);

/// Null when there is none for that version of the operator.
InferFunction FindInferFunction(const OpDef& op);

/// The types of all outputs of `node`, null where nothing is known. For a node
/// with bodies, those of the bodies' outputs as they are now; for a call those
/// of the function's, if its inputs are known to admit these arguments. Does
/// not change the node.
absl::StatusOr<std::vector<TypeRef>> InferTypes(const Node& node);

/// Adds what InferTypes says to the types of the outputs of `node`. Outputs of
/// operators that nothing is known about (see TypeToTrust) get the type that
/// the file declares; those of standard operators not in canonical form get
/// none. Changes nothing when there is nothing new.
void InferOutputs(Node& node);

/// What the file declares about an output of `node` that has to be believed
/// since there is no other way to know: that of an operator with neither an
/// inference function nor a canonical form. Dim names of declarations mean
/// nothing and become unknown. Null otherwise.
TypeRef TypeToTrust(const Node& node, const Value& output);

/// Type of a constant with that tensor.
TypeRef TypeOf(const Tensor& tensor);

/// What is known about a value: of a constant its tensor's type; of an input of
/// a nested graph what InferModel found, else no more than the element type
/// that the file declares.
TypeRef KnownType(const Value& value);

/// What two types that both hold say together. Where they contradict each
/// other, `a`.
TypeRef MergeTypes(const TypeRef& a, const TypeRef& b);

/// What holds for a value that is of one type or of the other.
TypeRef JoinTypes(const TypeRef& a, const TypeRef& b);

}  // namespace onnxopt

#endif  // ONNXOPT_PASSES_SHAPE_INFERENCE_H_
