// SPDX-License-Identifier: Apache-2.0
// A second opinion on models: libonnx's checker.
#ifndef ONNXOPT_FRONTEND_ONNX_CHECKER_H_
#define ONNXOPT_FRONTEND_ONNX_CHECKER_H_

#include <cstdint>
#include <string_view>

#include "absl/status/status.h"
#include "support/buffer.h"

namespace onnxopt {

/// What libonnx 1.12 knows. It would check newer opsets by the schemas of these
/// and refuse newer IR versions, so it is not asked about either.
inline constexpr int64_t kOnnxCheckerMaxOpset = 17;
inline constexpr int64_t kOnnxCheckerMaxMlOpset = 3;
inline constexpr int64_t kOnnxCheckerMaxIrVersion = 8;

/// Whether libonnx can judge this ModelProto: its IR version, and the opsets
/// that it and its functions import, are known to it. The domains of the
/// model's own functions are.
bool OnnxCheckerApplies(std::string_view model_bytes);

/// What libonnx's checker says about a ModelProto; OK if it does not apply. The
/// message is one line. libonnx does not see the contents of large tensors,
/// which are neither read nor copied (see skeleton.h), nor external files.
absl::Status CheckWithOnnx(const Buffer& model_bytes);

}  // namespace onnxopt

#endif  // ONNXOPT_FRONTEND_ONNX_CHECKER_H_
