// SPDX-License-Identifier: Apache-2.0
#include "ir/type.h"

#include <utility>

#include "support/status.h"

namespace onnxopt {
namespace {

std::string ShapeToString(const Shape& shape) {
  std::string text = "[";
  for (size_t i = 0; i < shape.size(); ++i) {
    if (i > 0) text += ",";
    text += shape[i].ToString();
  }
  return text + "]";
}

}  // namespace

TypeRef Type::Tensor(ElementType element, std::optional<Shape> shape) {
  std::shared_ptr<Type> type(new Type(Kind::kTensor));
  type->element_ = element;
  type->shape_ = std::move(shape);
  return type;
}

TypeRef Type::SparseTensor(ElementType element, std::optional<Shape> shape) {
  std::shared_ptr<Type> type(new Type(Kind::kSparseTensor));
  type->element_ = element;
  type->shape_ = std::move(shape);
  return type;
}

TypeRef Type::Sequence(TypeRef inner) {
  std::shared_ptr<Type> type(new Type(Kind::kSequence));
  type->inner_ = std::move(inner);
  return type;
}

TypeRef Type::Optional(TypeRef inner) {
  std::shared_ptr<Type> type(new Type(Kind::kOptional));
  type->inner_ = std::move(inner);
  return type;
}

TypeRef Type::Map(ElementType key, TypeRef value) {
  std::shared_ptr<Type> type(new Type(Kind::kMap));
  type->element_ = key;
  type->inner_ = std::move(value);
  return type;
}

TypeRef Type::Opaque(std::string_view domain, std::string_view name) {
  std::shared_ptr<Type> type(new Type(Kind::kOpaque));
  type->domain_ = domain;
  type->name_ = name;
  return type;
}

TypeRef Type::WithMessage(const TypeRef& type, std::string_view message) {
  ONNXOPT_CHECK(type != nullptr);
  std::shared_ptr<Type> copy(new Type(*type));
  copy->message_ = message;
  return copy;
}

std::string Type::ToString() const {
  const auto inner = [this] { return inner_ ? inner_->ToString() : "?"; };
  const auto tensor = [this] {
    std::string text(ElementTypeName(element_));
    if (!shape_) return text + "[]";
    return shape_->empty() ? text : text + ShapeToString(*shape_);
  };
  switch (kind_) {
    case Kind::kTensor:
      return tensor();
    case Kind::kSparseTensor:
      return "sparse_tensor(" + tensor() + ")";
    case Kind::kSequence:
      return "seq(" + inner() + ")";
    case Kind::kOptional:
      return "optional(" + inner() + ")";
    case Kind::kMap:
      return "map(" + std::string(ElementTypeName(element_)) + "," + inner() +
             ")";
    case Kind::kOpaque:
      if (domain_.empty()) return "opaque(" + name_ + ")";
      return "opaque(" + domain_ + "," + name_ + ")";
  }
  return "?";
}

bool SameType(const TypeRef& a, const TypeRef& b) {
  if (a == b) return true;
  if (a == nullptr || b == nullptr) return false;
  return a->kind() == b->kind() && a->element() == b->element() &&
         a->shape() == b->shape() && a->domain() == b->domain() &&
         a->name() == b->name() && SameType(a->inner(), b->inner());
}

bool Contradict(const TypeRef& a, const TypeRef& b) {
  if (a == nullptr || b == nullptr) return false;
  if (a->kind() != b->kind()) return true;
  if (!a->IsTensor()) return false;
  if (a->element() != b->element() && a->element() != ElementType::kUndefined &&
      b->element() != ElementType::kUndefined) {
    return true;
  }
  if (!a->shape() || !b->shape()) return false;
  if (a->shape()->size() != b->shape()->size()) return true;
  for (size_t i = 0; i < a->shape()->size(); ++i) {
    if (Compare((*a->shape())[i], (*b->shape())[i]) ==
        DimRelation::kDifferent) {
      return true;
    }
  }
  return false;
}

}  // namespace onnxopt
