// SPDX-License-Identifier: Apache-2.0
// Attributes of nodes (ONNX AttributeProto).
#ifndef ONNXOPT_IR_ATTRIBUTE_H_
#define ONNXOPT_IR_ATTRIBUTE_H_

#include <cstdint>
#include <string_view>
#include <variant>
#include <vector>

#include "ir/annotations.h"
#include "ir/attr_kind.h"
#include "ir/tensor.h"
#include "ir/type.h"

namespace onnxopt {

class Graph;

/// The value of an attribute; the alternative follows from the kind. Strings
/// live as long as the model. Sparse tensors are Tensors with a sparse
/// spelling. Graphs are owned by the model.
using AttributeValue =
    std::variant<std::monostate, float, int64_t, std::string_view, TensorRef,
                 Graph*, std::vector<float>, std::vector<int64_t>,
                 std::vector<std::string_view>, std::vector<TensorRef>,
                 std::vector<Graph*>, TypeRef, std::vector<TypeRef>>;

struct Attribute {
  std::string_view name;
  AttrKind kind = AttrKind::kUndefined;
  AttributeValue value;
  /// In a function body: the name of the function's attribute whose value is
  /// meant; `value` is empty then.
  std::string_view reference;
  std::string_view doc_string;
  /// AttributeProto bytes as read, repeated by the writer; empty for an
  /// attribute made by us, and for one that holds graphs.
  std::string_view message;
  /// Fields the IR does not interpret, of an attribute that holds graphs.
  std::string_view unknown_fields;

  bool IsReference() const { return !reference.empty(); }
};

/// Same name, kind and value: floats and tensors bit for bit, types by
/// structure, graphs by identity. Doc strings do not count.
absl::StatusOr<bool> SameAttribute(const Attribute& a, const Attribute& b);

}  // namespace onnxopt

#endif  // ONNXOPT_IR_ATTRIBUTE_H_
