// SPDX-License-Identifier: Apache-2.0
#include "frontend/onnx/parse.h"

#include <google/protobuf/io/coded_stream.h>

#include <cstdint>
#include <limits>

#include "frontend/onnx/skeleton.h"

namespace onnxopt {

absl::Status ParseModelProto(std::string_view bytes, onnx::ModelProto* proto) {
  if (bytes.size() > std::numeric_limits<int>::max()) {
    return absl::InvalidArgumentError(
        "the model is larger than the 2 GiB protobuf can parse");
  }
  google::protobuf::io::CodedInputStream input(
      reinterpret_cast<const uint8_t*>(bytes.data()),
      static_cast<int>(bytes.size()));
  input.SetRecursionLimit(kMaxMessageNesting);
  if (!proto->ParseFromCodedStream(&input) || !input.ConsumedEntireMessage()) {
    return absl::InvalidArgumentError("protobuf cannot parse the model");
  }
  return absl::OkStatus();
}

}  // namespace onnxopt
