// SPDX-License-Identifier: Apache-2.0
#include "frontend/onnx/skeleton.h"

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "frontend/proto_fields.h"
#include "frontend/wire_reader.h"
#include "frontend/wire_writer.h"
#include "support/status.h"

namespace onnxopt {
namespace {

// Messages that are, or may hold, tensors.
enum class Message {
  kOther,
  kModel,
  kGraph,
  kFunction,
  kNode,
  kAttribute,
  kTensor,
  kSparseTensor,
};

Message AttributeField(int field) {
  switch (field) {
    case proto::attribute::kT:
    case proto::attribute::kTensors:
      return Message::kTensor;
    case proto::attribute::kSparseTensor:
    case proto::attribute::kSparseTensors:
      return Message::kSparseTensor;
    case proto::attribute::kG:
    case proto::attribute::kGraphs:
      return Message::kGraph;
    default:
      return Message::kOther;
  }
}

Message GraphField(int field) {
  switch (field) {
    case proto::graph::kNode:
      return Message::kNode;
    case proto::graph::kInitializer:
      return Message::kTensor;
    case proto::graph::kSparseInitializer:
      return Message::kSparseTensor;
    default:
      return Message::kOther;
  }
}

// What `field` of `parent` holds.
Message FieldMessage(Message parent, int field) {
  switch (parent) {
    case Message::kModel:
      if (field == proto::model::kGraph) return Message::kGraph;
      if (field == proto::model::kFunctions) return Message::kFunction;
      return Message::kOther;
    case Message::kGraph:
      return GraphField(field);
    case Message::kFunction:
      if (field == proto::function::kNode) return Message::kNode;
      if (field == proto::function::kAttributeProto) return Message::kAttribute;
      return Message::kOther;
    case Message::kNode:
      if (field == proto::node::kAttribute) return Message::kAttribute;
      return Message::kOther;
    case Message::kAttribute:
      return AttributeField(field);
    case Message::kSparseTensor:
      if (field == proto::sparse_tensor::kValues) return Message::kTensor;
      if (field == proto::sparse_tensor::kIndices) return Message::kTensor;
      return Message::kOther;
    case Message::kTensor:
    case Message::kOther:
      break;
  }
  return Message::kOther;
}

// Whether `bytes`, a tensor or sparse tensor, is to lose its contents.
bool IsStripped(Message message, std::string_view bytes) {
  if (bytes.size() >= kMinStrippedBytes) return true;
  constexpr uint64_t kExternal = 1;
  WireReader reader(bytes);
  while (reader.Next()) {
    if (message == Message::kTensor) {
      if (reader.Is(proto::tensor::kDataLocation, WireType::kVarint) &&
          reader.varint() == kExternal) {
        return true;
      }
    } else if (reader.type() == WireType::kBytes &&
               FieldMessage(message, reader.field()) == Message::kTensor &&
               IsStripped(Message::kTensor, reader.bytes())) {
      return true;
    }
  }
  return false;
}

class Stripper {
 public:
  // Appends the fields of `bytes` to the result.
  absl::Status Copy(Message message, std::string_view bytes, int depth) {
    if (depth > kMaxMessageNesting) {
      return absl::InvalidArgumentError("graphs are nested too deeply");
    }
    WireReader reader(bytes);
    while (reader.Next()) {
      if (message == Message::kModel &&
          reader.field() == proto::model::kTrainingInfo) {
        continue;
      }
      const Message child = reader.type() == WireType::kBytes
                                ? FieldMessage(message, reader.field())
                                : Message::kOther;
      if (child == Message::kOther) {
        writer_.Raw(reader.raw());
      } else {
        RETURN_IF_ERROR(
            CopyField(child, reader.field(), reader.bytes(), depth + 1));
      }
    }
    return reader.status();
  }

  std::string Take() && { return writer_.small(); }

 private:
  absl::Status CopyField(Message message, int field, std::string_view bytes,
                         int depth) {
    const bool is_tensor =
        message == Message::kTensor || message == Message::kSparseTensor;
    const size_t begin = writer_.Begin(field);
    if (is_tensor && IsStripped(message, bytes)) {
      RETURN_IF_ERROR(message == Message::kTensor ? StripTensor(bytes)
                                                  : StripSparse(bytes));
    } else {
      RETURN_IF_ERROR(Copy(message, bytes, depth));
    }
    writer_.End(begin);
    return absl::OkStatus();
  }

  // Values and indices have to agree, so both lose their contents.
  absl::Status StripSparse(std::string_view bytes) {
    WireReader reader(bytes);
    while (reader.Next()) {
      if (reader.type() == WireType::kBytes &&
          FieldMessage(Message::kSparseTensor, reader.field()) ==
              Message::kTensor) {
        const size_t begin = writer_.Begin(reader.field());
        RETURN_IF_ERROR(StripTensor(reader.bytes()));
        writer_.End(begin);
      } else {
        writer_.Raw(reader.raw());
      }
    }
    return reader.status();
  }

  absl::Status StripTensor(std::string_view bytes) {
    std::vector<int64_t> dims;
    WireReader reader(bytes);
    while (reader.Next()) {
      switch (reader.field()) {
        case proto::tensor::kDims:
          RETURN_IF_ERROR(AppendInts(reader, &dims));
          break;
        case proto::tensor::kFloatData:
        case proto::tensor::kInt32Data:
        case proto::tensor::kStringData:
        case proto::tensor::kInt64Data:
        case proto::tensor::kRawData:
        case proto::tensor::kDoubleData:
        case proto::tensor::kUint64Data:
        case proto::tensor::kExternalData:
        case proto::tensor::kDataLocation:
          break;
        default:
          writer_.Raw(reader.raw());
      }
    }
    RETURN_IF_ERROR(reader.status());
    // A large scalar (a long string) becomes a list.
    dims.resize(std::max<size_t>(dims.size(), 1));
    dims[0] = 0;
    for (int64_t dim : dims) writer_.Int(proto::tensor::kDims, dim);
    return absl::OkStatus();
  }

  WireWriter writer_;
};

}  // namespace

absl::StatusOr<std::string> StripTensorContents(std::string_view model) {
  Stripper stripper;
  RETURN_IF_ERROR(stripper.Copy(Message::kModel, model, /*depth=*/0));
  return std::move(stripper).Take();
}

}  // namespace onnxopt
