// SPDX-License-Identifier: Apache-2.0
// Reading AttributeProto, but for graphs.
#ifndef ONNXOPT_FRONTEND_ATTRIBUTE_READER_H_
#define ONNXOPT_FRONTEND_ATTRIBUTE_READER_H_

#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "frontend/tensor_reader.h"
#include "ir/attribute.h"
#include "ir/model.h"

namespace onnxopt {

struct ParsedAttribute {
  /// Complete, but for the value of kinds kGraph and kGraphs.
  Attribute attribute;
  /// GraphProto messages of such a value.
  std::vector<std::string_view> graphs;
};

/// The kind must be known and agree with the field that is set; a kind that is
/// not stated (IR version 1) follows from the field.
absl::StatusOr<ParsedAttribute> ReadAttribute(std::string_view message,
                                              Model* model,
                                              TensorReader* tensors);

}  // namespace onnxopt

#endif  // ONNXOPT_FRONTEND_ATTRIBUTE_READER_H_
