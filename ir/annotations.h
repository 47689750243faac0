// SPDX-License-Identifier: Apache-2.0
// What every ONNX message may carry beside its meaning.
#ifndef ONNXOPT_IR_ANNOTATIONS_H_
#define ONNXOPT_IR_ANNOTATIONS_H_

#include <string_view>
#include <utility>
#include <vector>

namespace onnxopt {

/// Views live as long as the Model (interned, or in a buffer it keeps).
struct Annotations {
  std::string_view doc_string;
  std::vector<std::pair<std::string_view, std::string_view>> metadata;
  /// Wire-format fields the IR does not interpret, repeated verbatim by the
  /// writer before the fields it makes itself: fields newer than this code,
  /// and fields written with their default value (an empty doc_string).
  /// Consecutive fields of one message, concatenated.
  std::string_view unknown_fields;

  bool empty() const {
    return doc_string.empty() && metadata.empty() && unknown_fields.empty();
  }
};

}  // namespace onnxopt

#endif  // ONNXOPT_IR_ANNOTATIONS_H_
