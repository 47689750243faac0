// SPDX-License-Identifier: Apache-2.0
// Models that are held in libonnx's classes.
#ifndef ONNXOPT_FRONTEND_ONNX_BRIDGE_H_
#define ONNXOPT_FRONTEND_ONNX_BRIDGE_H_

#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "frontend/reader.h"
#include "ir/model.h"
#include "support/diagnostics.h"

namespace onnx {
class ModelProto;
}  // namespace onnx

namespace onnxopt {

/// Reads `proto`, which is not referred to afterwards. Fields that libonnx does
/// not know are kept. See ReadModelProto.
absl::StatusOr<std::unique_ptr<Model>> FromModelProto(
    const onnx::ModelProto& proto, const ReadOptions& options,
    Diagnostics* diagnostics);

/// Replaces `proto` by `model`; leaves it alone after an error. Fails for
/// models that are larger than a protobuf message can be. `model` is const but
/// for its interner.
absl::Status ToModelProto(Model& model, onnx::ModelProto* proto);

}  // namespace onnxopt

#endif  // ONNXOPT_FRONTEND_ONNX_BRIDGE_H_
