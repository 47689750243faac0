// SPDX-License-Identifier: Apache-2.0
#include "eval/slices.h"

#include <cstring>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "eval/dense.h"
#include "support/float_formats.h"
#include "support/status.h"

namespace onnxopt::eval {
namespace {

// The elements of a tensor, each in whole bytes (of a narrow type: its code),
// or strings.
struct Cells {
  size_t width = 1;  // bytes of one element
  std::string_view bytes;
  std::vector<uint8_t> codes;  // what `bytes` views for a narrow type
  const std::string* strings = nullptr;
};

absl::StatusOr<Cells> CellsOf(const Tensor& tensor) {
  Cells cells;
  if (tensor.type() == ElementType::kString) {
    cells.strings = tensor.strings().data();
    return cells;
  }
  ASSIGN_OR_RETURN(cells.bytes, tensor.bytes());
  const int bits = BitWidth(tensor.type());
  if (bits >= 8) {
    cells.width = static_cast<size_t>(bits) / 8;
    return cells;
  }
  cells.codes.resize(tensor.num_elements());
  UnpackElements(cells.bytes, bits, cells.codes);
  cells.bytes = {reinterpret_cast<const char*>(cells.codes.data()),
                 cells.codes.size()};
  return cells;
}

// A tensor under construction, filled from front to back.
class CellWriter {
 public:
  static absl::StatusOr<CellWriter> Create(ElementType type, TensorDims dims) {
    CellWriter writer;
    writer.type_ = type;
    const std::optional<int64_t> count = NumElements(dims);
    if (!count) return absl::InvalidArgumentError("the result is too large");
    if (type == ElementType::kString) {
      writer.dims_ = std::move(dims);
      writer.strings_.reserve(*count);
      return writer;
    }
    ASSIGN_OR_RETURN(writer.builder_, TensorBuilder::Create(type, dims));
    if (BitWidth(type) < 8) writer.codes_.reserve(*count);
    return writer;
  }

  void Append(const Cells& cells, int64_t first, int64_t count) {
    if (count == 0) return;
    if (type_ == ElementType::kString) {
      strings_.insert(strings_.end(), cells.strings + first,
                      cells.strings + first + count);
      return;
    }
    const std::string_view bytes =
        cells.bytes.substr(first * cells.width, count * cells.width);
    if (BitWidth(type_) < 8) {
      codes_.insert(codes_.end(), bytes.begin(), bytes.end());
    } else {
      std::memcpy(builder_->bytes().data() + filled_, bytes.data(),
                  bytes.size());
      filled_ += bytes.size();
    }
  }

  absl::StatusOr<TensorRef> Finish() && {
    if (type_ == ElementType::kString) {
      return Tensor::Strings(std::move(dims_), std::move(strings_));
    }
    if (BitWidth(type_) < 8) {
      PackElements(codes_, BitWidth(type_), builder_->bytes());
    }
    return std::move(*builder_).Finish();
  }

 private:
  ElementType type_ = ElementType::kUndefined;
  TensorDims dims_;                       // of strings
  std::vector<std::string> strings_;      // either
  std::optional<TensorBuilder> builder_;  // or
  std::vector<uint8_t> codes_;            // of a narrow type
  size_t filled_ = 0;
};

}  // namespace

absl::StatusOr<TensorRef> SliceAlong(const TensorRef& tensor, int64_t axis,
                                     int64_t begin, int64_t end) {
  TensorDims dims = tensor->dims();
  if (begin < 0 || end < begin || end > dims[axis]) {
    return absl::InvalidArgumentError(absl::StrCat(
        "indices ", begin, " to ", end, " are outside ", tensor->TypeString()));
  }
  const int64_t outer = ProductOf(dims, 0, axis);
  const int64_t inner = ProductOf(dims, axis + 1, dims.size());
  const int64_t length = dims[axis];
  dims[axis] = end - begin;
  ASSIGN_OR_RETURN(const Cells cells, CellsOf(*tensor));
  ASSIGN_OR_RETURN(CellWriter writer,
                   CellWriter::Create(tensor->type(), std::move(dims)));
  for (int64_t i = 0; i < outer; ++i) {
    writer.Append(cells, (i * length + begin) * inner, (end - begin) * inner);
  }
  return std::move(writer).Finish();
}

absl::StatusOr<TensorRef> TakeAlong(const TensorRef& tensor, int64_t axis,
                                    int64_t index) {
  ASSIGN_OR_RETURN(const TensorRef slice,
                   SliceAlong(tensor, axis, index, index + 1));
  TensorDims dims = slice->dims();
  dims.erase(dims.begin() + axis);
  return WithDims(slice, std::move(dims));
}

absl::StatusOr<TensorRef> ConcatAlong(std::span<const TensorRef> tensors,
                                      int64_t axis) {
  ONNXOPT_CHECK(!tensors.empty());
  TensorDims dims = tensors[0]->dims();
  dims[axis] = 0;
  std::vector<Cells> cells(tensors.size());
  for (size_t i = 0; i < tensors.size(); ++i) {
    const Tensor& tensor = *tensors[i];
    TensorDims expected = dims;
    if (tensor.dims().size() == dims.size()) {
      expected[axis] = tensor.dims()[axis];
    }
    if (tensor.type() != tensors[0]->type() || tensor.dims() != expected ||
        __builtin_add_overflow(dims[axis], tensor.dims()[axis], &dims[axis])) {
      return absl::InvalidArgumentError(
          absl::StrCat(tensors[0]->TypeString(), " and ", tensor.TypeString(),
                       " cannot be joined along axis ", axis));
    }
    ASSIGN_OR_RETURN(cells[i], CellsOf(tensor));
  }
  const int64_t outer = ProductOf(dims, 0, axis);
  ASSIGN_OR_RETURN(CellWriter writer,
                   CellWriter::Create(tensors[0]->type(), std::move(dims)));
  for (int64_t i = 0; i < outer; ++i) {
    for (size_t t = 0; t < tensors.size(); ++t) {
      const TensorDims& own = tensors[t]->dims();
      const int64_t run = ProductOf(own, axis, own.size());
      writer.Append(cells[t], i * run, run);
    }
  }
  return std::move(writer).Finish();
}

absl::StatusOr<TensorRef> StackAlong(std::span<const TensorRef> tensors,
                                     int64_t axis) {
  std::vector<TensorRef> raised;
  for (const TensorRef& tensor : tensors) {
    TensorDims dims = tensor->dims();
    if (axis > static_cast<int64_t>(dims.size())) {
      return absl::InvalidArgumentError(
          absl::StrCat("axis ", axis, " is out of range"));
    }
    dims.insert(dims.begin() + axis, 1);
    ASSIGN_OR_RETURN(raised.emplace_back(), WithDims(tensor, std::move(dims)));
  }
  return ConcatAlong(raised, axis);
}

absl::StatusOr<TensorRef> WithDims(const TensorRef& tensor, TensorDims dims) {
  if (NumElements(dims) != tensor->num_elements()) {
    return absl::InvalidArgumentError(absl::StrCat(
        tensor->TypeString(), " has another number of elements than wanted"));
  }
  if (tensor->type() == ElementType::kString) {
    return Tensor::Strings(std::move(dims), tensor->strings());
  }
  ASSIGN_OR_RETURN(const std::string_view bytes, tensor->bytes());
  // Shares the bytes, and keeps their tensor alive.
  class Shared : public Buffer {
   public:
    Shared(std::string_view bytes, TensorRef tensor)
        : Buffer(bytes, -1, "<memory>"), tensor_(std::move(tensor)) {}

   private:
    TensorRef tensor_;
  };
  return Tensor::Borrowed(tensor->type(), std::move(dims), bytes,
                          std::make_shared<Shared>(bytes, tensor));
}

}  // namespace onnxopt::eval
