// SPDX-License-Identifier: Apache-2.0
// Reading attributes: the one place where schema defaults apply.
#ifndef ONNXOPT_IR_ATTRIBUTE_VIEW_H_
#define ONNXOPT_IR_ATTRIBUTE_VIEW_H_

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "ir/attribute.h"
#include "ir/node.h"
#include "ir/op_def.h"

namespace onnxopt {

/// The attributes of a node, with the defaults of its schema for absent ones.
/// Valid as long as the node (or the arguments) and unchanged.
///
/// Each accessor returns nullopt (or an empty view, or null) for an attribute
/// that is absent without a default, has another kind, or refers to an
/// attribute of the enclosing function. The overloads with `otherwise` return
/// that instead.
class AttributeView {
 public:
  explicit AttributeView(const Node& node)
      : AttributeView(node.op(), node.attributes()) {}
  AttributeView(const OpDef& op, std::span<const Attribute> attributes)
      : op_(&op), attributes_(attributes) {}

  std::optional<int64_t> Int(std::string_view name) const;
  int64_t Int(std::string_view name, int64_t otherwise) const;
  std::optional<float> Float(std::string_view name) const;
  float Float(std::string_view name, float otherwise) const;
  std::optional<std::string_view> String(std::string_view name) const;
  std::string_view String(std::string_view name,
                          std::string_view otherwise) const;
  /// Null if absent; an empty list is not absent.
  const std::vector<int64_t>* Ints(std::string_view name) const;
  const std::vector<float>* Floats(std::string_view name) const;
  const std::vector<std::string_view>* Strings(std::string_view name) const;
  TensorRef Tensor(std::string_view name) const;
  TypeRef Type(std::string_view name) const;
  Graph* Body(std::string_view name) const;

  /// Written on the node, be it as a reference.
  bool IsGiven(std::string_view name) const { return Find(name) != nullptr; }
  /// Whether some attribute refers to one of the enclosing function: what the
  /// node computes is then not known.
  bool HasReferences() const;

 private:
  const Attribute* Find(std::string_view name) const;
  template <typename T>
  const T* Get(std::string_view name) const;

  const OpDef* op_;
  std::span<const Attribute> attributes_;
};

}  // namespace onnxopt

#endif  // ONNXOPT_IR_ATTRIBUTE_VIEW_H_
