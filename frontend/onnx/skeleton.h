// SPDX-License-Identifier: Apache-2.0
// A model without its weights. Internal to frontend/onnx.
#ifndef ONNXOPT_FRONTEND_ONNX_SKELETON_H_
#define ONNXOPT_FRONTEND_ONNX_SKELETON_H_

#include <cstddef>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "frontend/reader.h"

namespace onnxopt {

/// Deepest nesting of messages in models that the reader accepts: a graph is
/// three levels (node, attribute, graph), a type two, and there is a little
/// around and inside them.
inline constexpr int kMaxMessageNesting = 5 * kMaxNesting + 16;

/// Tensors in smaller messages keep their contents.
inline constexpr size_t kMinStrippedBytes = 1024;

/// The ModelProto in `model` with the contents of large tensors, and of all
/// external ones, left out: their first dimension becomes 0, all else about
/// them stays, wherever they are. Training information is left out too. The
/// contents are not even read.
absl::StatusOr<std::string> StripTensorContents(std::string_view model);

}  // namespace onnxopt

#endif  // ONNXOPT_FRONTEND_ONNX_SKELETON_H_
