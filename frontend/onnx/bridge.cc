// SPDX-License-Identifier: Apache-2.0
#include "frontend/onnx/bridge.h"

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "frontend/onnx/parse.h"
#include "frontend/writer.h"
#include "onnx/onnx_pb.h"
#include "support/buffer.h"
#include "support/status.h"

namespace onnxopt {

absl::StatusOr<std::unique_ptr<Model>> FromModelProto(
    const onnx::ModelProto& proto, const ReadOptions& options,
    Diagnostics* diagnostics) {
  const uint64_t size = proto.ByteSizeLong();
  if (size > WriteOptions::kMaxMessageBytes) {
    return absl::InvalidArgumentError(absl::StrCat(
        "the ModelProto has ", size,
        " bytes, but protobuf cannot serialize more than 2 GiB; keep its "
        "weights in external files"));
  }
  std::string bytes;
  if (!proto.SerializeToString(&bytes)) {
    return absl::InvalidArgumentError(
        "protobuf cannot serialize the ModelProto");
  }
  return ReadModelProto(OwnBytes(std::move(bytes)), options, diagnostics);
}

absl::Status ToModelProto(Model& model, onnx::ModelProto* proto) {
  ASSIGN_OR_RETURN(const std::string bytes, SerializeModel(model));
  onnx::ModelProto result;
  RETURN_IF_ERROR(ParseModelProto(bytes, &result));
  proto->Swap(&result);
  return absl::OkStatus();
}

}  // namespace onnxopt
