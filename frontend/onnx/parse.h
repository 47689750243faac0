// SPDX-License-Identifier: Apache-2.0
// Parsing with protobuf. Internal to frontend/onnx.
#ifndef ONNXOPT_FRONTEND_ONNX_PARSE_H_
#define ONNXOPT_FRONTEND_ONNX_PARSE_H_

#include <string_view>

#include "absl/status/status.h"
#include "onnx/onnx_pb.h"

namespace onnxopt {

/// Parses everything that the reader accepts, nesting included.
absl::Status ParseModelProto(std::string_view bytes, onnx::ModelProto* proto);

}  // namespace onnxopt

#endif  // ONNXOPT_FRONTEND_ONNX_PARSE_H_
