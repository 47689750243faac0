// SPDX-License-Identifier: Apache-2.0
// TypeProto and ValueInfoProto.
#ifndef ONNXOPT_FRONTEND_TYPE_WIRE_H_
#define ONNXOPT_FRONTEND_TYPE_WIRE_H_

#include <string_view>

#include "absl/status/statusor.h"
#include "frontend/wire_writer.h"
#include "ir/annotations.h"
#include "ir/model.h"
#include "ir/type.h"

namespace onnxopt {

/// Null for a message that states no type. The type remembers `message`.
absl::StatusOr<TypeRef> ReadType(std::string_view message);

/// The fields of a TypeProto: as read if the type remembers it. `type` is not
/// null.
void WriteType(const Type& type, WireWriter* out);

struct ValueInfo {
  std::string_view name;
  TypeRef type;
  Annotations annotations;
};

absl::StatusOr<ValueInfo> ReadValueInfo(std::string_view message, Model* model);

/// The fields of a ValueInfoProto.
void WriteValueInfo(std::string_view name, const TypeRef& type,
                    const Annotations& annotations, WireWriter* out);

}  // namespace onnxopt

#endif  // ONNXOPT_FRONTEND_TYPE_WIRE_H_
