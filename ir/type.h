// SPDX-License-Identifier: Apache-2.0
// Types of values (ONNX TypeProto).
#ifndef ONNXOPT_IR_TYPE_H_
#define ONNXOPT_IR_TYPE_H_

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ir/dim.h"
#include "ir/element_type.h"

namespace onnxopt {

/// A shape of known rank. An unknown rank is an absent Shape.
using Shape = std::vector<Dim>;

class Type;
/// Null means: nothing is known about the type.
using TypeRef = std::shared_ptr<const Type>;

/// An immutable type. Only the members that belong to `kind` are set.
class Type {
 public:
  enum class Kind : uint8_t {
    kTensor,        // element, shape
    kSparseTensor,  // element, shape
    kSequence,      // inner
    kOptional,      // inner
    kMap,           // element (of the key), inner (of the value)
    kOpaque,        // domain, name
  };

  static TypeRef Tensor(ElementType element, std::optional<Shape> shape);
  static TypeRef SparseTensor(ElementType element, std::optional<Shape> shape);
  static TypeRef Sequence(TypeRef inner);
  static TypeRef Optional(TypeRef inner);
  static TypeRef Map(ElementType key, TypeRef value);
  static TypeRef Opaque(std::string_view domain, std::string_view name);
  /// `type` (a type read from a TypeProto) remembering the message it was
  /// read from, which the writer repeats: denotations and unknown fields
  /// survive that way. `message` outlives the type.
  static TypeRef WithMessage(const TypeRef& type, std::string_view message);

  Kind kind() const { return kind_; }
  bool IsTensor() const { return kind_ == Kind::kTensor; }
  ElementType element() const { return element_; }
  const std::optional<Shape>& shape() const { return shape_; }
  /// May be null: a sequence of something unknown.
  const TypeRef& inner() const { return inner_; }
  std::string_view domain() const { return domain_; }
  std::string_view name() const { return name_; }
  /// TypeProto bytes as read; empty for a type made by us.
  std::string_view message() const { return message_; }

  /// ONNX textual syntax: "float[N,3]", "float" for a scalar, "float[]" for
  /// unknown rank, "seq(int64)", "map(string,float)", "opaque(dom,name)".
  std::string ToString() const;

 private:
  explicit Type(Kind kind) : kind_(kind) {}

  Kind kind_;
  ElementType element_ = ElementType::kUndefined;
  std::optional<Shape> shape_;
  TypeRef inner_;
  std::string domain_;
  std::string name_;
  std::string_view message_;
};

/// Structural identity; the message read from does not count. Null equals
/// null only.
bool SameType(const TypeRef& a, const TypeRef& b);

/// Whether no value can be of both types: another kind, element type, rank or
/// integer dim. Null contradicts nothing.
bool Contradict(const TypeRef& a, const TypeRef& b);

}  // namespace onnxopt

#endif  // ONNXOPT_IR_TYPE_H_
