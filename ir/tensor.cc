// SPDX-License-Identifier: Apache-2.0
#include "ir/tensor.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "support/status.h"

namespace onnxopt {
namespace {

// Splats are produced in pieces of this size.
constexpr int64_t kSplatChunkBytes = 1 << 16;

absl::Status SizeError(const Tensor& tensor, int64_t actual) {
  return absl::InvalidArgumentError(
      absl::StrCat("tensor ", tensor.TypeString(), " needs ",
                   tensor.byte_size(), " bytes, but its data has ", actual));
}

// FNV-1a: the same on every run, unlike absl::Hash. Names of external files
// are made from it.
class Hasher {
 public:
  void Add(std::string_view bytes) {
    for (char byte : bytes) {
      hash_ = (hash_ ^ static_cast<uint8_t>(byte)) * 0x100000001b3;
    }
  }
  uint64_t hash() const { return hash_; }

 private:
  uint64_t hash_ = 0xcbf29ce484222325;
};

absl::StatusOr<std::shared_ptr<const Buffer>> CopyToBuffer(
    std::string_view bytes) {
  if (static_cast<int64_t>(bytes.size()) <= Tensor::kMaxHeapBytes) {
    return OwnBytes(std::string(bytes));
  }
  ASSIGN_OR_RETURN(ScratchWriter scratch, ScratchWriter::Create(bytes.size()));
  std::memcpy(scratch.span().data(), bytes.data(), bytes.size());
  return std::move(scratch).Finish();
}

// The bytes of a tensor of other dims.
class OtherDims : public TensorSource {
 public:
  explicit OtherDims(TensorRef tensor) : tensor_(std::move(tensor)) {}
  const TensorRef& tensor() const { return tensor_; }
  absl::Status Produce(const Tensor&, ByteSink sink) const override {
    return tensor_->ForEachChunk(sink);
  }
  int depth() const override { return tensor_->pending_depth() + 1; }

 private:
  TensorRef tensor_;
};

}  // namespace

std::optional<int64_t> NumElements(const TensorDims& dims) {
  int64_t count = 1;
  bool overflow = false;
  bool zero = false;
  for (int64_t dim : dims) {
    if (dim < 0) return std::nullopt;
    zero |= dim == 0;
    overflow |= __builtin_mul_overflow(count, dim, &count);
  }
  if (zero) return 0;
  if (overflow) return std::nullopt;
  return count;
}

Tensor::Tensor(ElementType type, TensorDims dims, Form form)
    : type_(type), form_(form), dims_(std::move(dims)) {}

absl::StatusOr<std::shared_ptr<Tensor>> Tensor::Make(ElementType type,
                                                     TensorDims dims,
                                                     Form form) {
  std::shared_ptr<Tensor> tensor(new Tensor(type, std::move(dims), form));
  if (type == ElementType::kUndefined) {
    return absl::InvalidArgumentError("tensor has no element type");
  }
  const std::optional<int64_t> count = NumElements(tensor->dims_);
  const std::optional<int64_t> size =
      count ? ByteSize(type, *count) : std::nullopt;
  if (!size) {
    return absl::InvalidArgumentError(
        absl::StrCat("the dims of tensor ", tensor->TypeString(),
                     " are negative or their product overflows 64 bits"));
  }
  tensor->num_elements_ = *count;
  tensor->byte_size_ = *size;
  if (form == Form::kSplat || form == Form::kComputed) {
    tensor->lazy_ = std::make_shared<Lazy>();
  }
  return tensor;
}

absl::StatusOr<TensorRef> Tensor::Borrowed(
    ElementType type, TensorDims dims, std::string_view bytes,
    std::shared_ptr<const Buffer> buffer) {
  ASSIGN_OR_RETURN(auto tensor, Make(type, std::move(dims), Form::kBorrowed));
  if (static_cast<int64_t>(bytes.size()) != tensor->byte_size_) {
    return SizeError(*tensor, static_cast<int64_t>(bytes.size()));
  }
  tensor->view_ = bytes;
  tensor->buffer_ = std::move(buffer);
  return tensor;
}

absl::StatusOr<TensorRef> Tensor::Owned(ElementType type, TensorDims dims,
                                        std::string_view bytes) {
  ASSIGN_OR_RETURN(auto tensor, Make(type, std::move(dims), Form::kOwned));
  if (static_cast<int64_t>(bytes.size()) != tensor->byte_size_) {
    return SizeError(*tensor, static_cast<int64_t>(bytes.size()));
  }
  ASSIGN_OR_RETURN(tensor->buffer_, CopyToBuffer(bytes));
  tensor->view_ = tensor->buffer_->bytes();
  return tensor;
}

absl::StatusOr<TensorRef> Tensor::Splat(ElementType type, TensorDims dims,
                                        std::string_view element) {
  ASSIGN_OR_RETURN(auto tensor, Make(type, std::move(dims), Form::kSplat));
  if (BitWidth(type) == 0 || BitWidth(type) % 8 != 0 ||
      element.size() * 8 != static_cast<size_t>(BitWidth(type))) {
    return absl::InvalidArgumentError(absl::StrCat(
        "a splat ", tensor->TypeString(), " needs one whole element"));
  }
  ASSIGN_OR_RETURN(tensor->buffer_, CopyToBuffer(element));
  tensor->view_ = tensor->buffer_->bytes();
  return tensor;
}

absl::StatusOr<TensorRef> Tensor::Computed(
    ElementType type, TensorDims dims,
    std::shared_ptr<const TensorSource> source) {
  ASSIGN_OR_RETURN(auto tensor, Make(type, std::move(dims), Form::kComputed));
  tensor->lazy_->source = std::move(source);
  return tensor;
}

absl::StatusOr<TensorRef> Tensor::Strings(TensorDims dims,
                                          std::vector<std::string> strings) {
  ASSIGN_OR_RETURN(auto tensor,
                   Make(ElementType::kString, std::move(dims), Form::kStrings));
  if (static_cast<int64_t>(strings.size()) != tensor->num_elements_) {
    return absl::InvalidArgumentError(absl::StrCat(
        "tensor ", tensor->TypeString(), " needs ", tensor->num_elements_,
        " strings, but has ", strings.size()));
  }
  tensor->strings_ =
      std::make_shared<const std::vector<std::string>>(std::move(strings));
  return tensor;
}

TensorRef Tensor::WithSpelling(const TensorRef& tensor, TensorSpelling spelling,
                               Annotations annotations) {
  std::shared_ptr<Tensor> copy(new Tensor(*tensor));
  copy->spelling_ = std::make_shared<const TensorSpelling>(std::move(spelling));
  if (!annotations.empty()) {
    copy->annotations_ =
        std::make_shared<const Annotations>(std::move(annotations));
  }
  return copy;
}

TensorRef Tensor::WithExternal(const TensorRef& tensor,
                               ExternalLocation location) {
  std::shared_ptr<Tensor> copy(new Tensor(*tensor));
  copy->external_ =
      std::make_shared<const ExternalLocation>(std::move(location));
  return copy;
}

absl::StatusOr<TensorRef> Tensor::WithDims(const TensorRef& tensor,
                                           TensorDims dims) {
  if (NumElements(dims) != tensor->num_elements_) {
    return absl::InvalidArgumentError(
        absl::StrCat("the elements of ", tensor->TypeString(),
                     " do not fill a tensor of the given dims"));
  }
  std::shared_ptr<Tensor> copy(new Tensor(*tensor));
  copy->dims_ = std::move(dims);
  copy->spelling_ = nullptr;
  copy->annotations_ = nullptr;
  copy->external_ = nullptr;
  if (tensor->form_ == Form::kComputed && tensor->lazy_->source != nullptr) {
    // Sources may depend on the dims they were made for.
    const auto* other =
        dynamic_cast<const OtherDims*>(tensor->lazy_->source.get());
    copy->lazy_ = std::make_shared<Lazy>();
    copy->lazy_->source = std::make_shared<OtherDims>(
        other != nullptr ? other->tensor() : tensor);
  }
  return copy;
}

const Annotations& Tensor::annotations() const {
  static const Annotations kNone;
  return annotations_ ? *annotations_ : kNone;
}

const std::vector<std::string>& Tensor::strings() const {
  ONNXOPT_CHECK(form_ == Form::kStrings);
  return *strings_;
}

std::string Tensor::TypeString() const {
  std::string text(ElementTypeName(type_));
  text += '[';
  for (size_t i = 0; i < dims_.size(); ++i) {
    if (i > 0) text += ',';
    text += std::to_string(dims_[i]);
  }
  return text + ']';
}

// --- Reading

absl::StatusOr<std::string_view> Tensor::bytes() const {
  if (form_ == Form::kBorrowed || form_ == Form::kOwned) return view_;
  if (form_ == Form::kStrings) {
    return absl::InvalidArgumentError("a string tensor has no raw bytes");
  }
  if (lazy_->bytes == nullptr) {
    ASSIGN_OR_RETURN(lazy_->bytes, Materialize());
    lazy_->source = nullptr;
  }
  return lazy_->bytes->bytes();
}

int Tensor::pending_depth() const {
  return form_ == Form::kComputed && lazy_->source != nullptr
             ? lazy_->source->depth()
             : 0;
}

absl::StatusOr<std::shared_ptr<const Buffer>> Tensor::Materialize() const {
  if (byte_size_ > kMaxMaterializedBytes) {
    return absl::ResourceExhaustedError(absl::StrCat(
        "tensor ", TypeString(), " is too large to be computed in memory"));
  }
  if (byte_size_ <= kMaxHeapBytes) {
    std::string bytes;
    bytes.reserve(byte_size_);
    RETURN_IF_ERROR(ForEachChunk([&bytes](std::string_view chunk) {
      bytes += chunk;
      return absl::OkStatus();
    }));
    return OwnBytes(std::move(bytes));
  }
  ASSIGN_OR_RETURN(ScratchWriter scratch, ScratchWriter::Create(byte_size_));
  char* next = scratch.span().data();
  RETURN_IF_ERROR(ForEachChunk([&next](std::string_view chunk) {
    std::memcpy(next, chunk.data(), chunk.size());
    next += chunk.size();
    return absl::OkStatus();
  }));
  return std::move(scratch).Finish();
}

absl::Status Tensor::ForEachChunk(ByteSink sink) const {
  switch (form_) {
    case Form::kBorrowed:
    case Form::kOwned:
      return sink(view_);
    case Form::kStrings:
      return absl::InvalidArgumentError("a string tensor has no raw bytes");
    case Form::kSplat: {
      const int64_t size = static_cast<int64_t>(view_.size());
      const int64_t piece =
          std::min(kSplatChunkBytes / size * size, byte_size_);
      std::string chunk;
      while (static_cast<int64_t>(chunk.size()) < piece) chunk += view_;
      for (int64_t left = byte_size_; left > 0; left -= piece) {
        RETURN_IF_ERROR(
            sink(std::string_view(chunk).substr(0, std::min(left, piece))));
      }
      return absl::OkStatus();
    }
    case Form::kComputed: {
      if (lazy_->bytes != nullptr) return sink(lazy_->bytes->bytes());
      // A source that sends too little or too much is caught here, before it
      // can corrupt a file.
      int64_t sent = 0;
      RETURN_IF_ERROR(
          lazy_->source->Produce(*this, [&](std::string_view chunk) {
            sent += static_cast<int64_t>(chunk.size());
            return sent > byte_size_ ? SizeError(*this, sent) : sink(chunk);
          }));
      return sent == byte_size_ ? absl::OkStatus() : SizeError(*this, sent);
    }
  }
  return absl::InternalError("unknown tensor form");
}

absl::StatusOr<std::string> Tensor::Slice(int64_t offset,
                                          int64_t length) const {
  ONNXOPT_CHECK(offset >= 0 && length >= 0 && offset <= byte_size_ - length);
  if (form_ == Form::kSplat) {
    std::string slice(length, '\0');
    for (int64_t i = 0; i < length; ++i) {
      slice[i] = view_[(offset + i) % view_.size()];
    }
    return slice;
  }
  ASSIGN_OR_RETURN(const std::string_view all, bytes());
  return std::string(all.substr(offset, length));
}

absl::StatusOr<uint64_t> Fingerprint(const Tensor& tensor) {
  constexpr int64_t kSamples = 16;
  constexpr int64_t kSampleBytes = 64;
  Hasher hasher;
  hasher.Add(tensor.TypeString());
  if (tensor.form() == Tensor::Form::kStrings) {
    const auto& strings = tensor.strings();
    const size_t step = std::max<size_t>(1, strings.size() / kSamples);
    for (size_t i = 0; i < strings.size(); i += step) hasher.Add(strings[i]);
    return hasher.hash();
  }
  // Sampling a large computed tensor would evaluate it whole.
  if (tensor.form() == Tensor::Form::kComputed &&
      tensor.byte_size() > Tensor::kMaxHeapBytes) {
    return hasher.hash();
  }
  const int64_t length = std::min(kSampleBytes, tensor.byte_size());
  for (int64_t i = 0; i < kSamples; ++i) {
    const int64_t offset = static_cast<int64_t>(
        static_cast<__int128>(tensor.byte_size() - length) * i /
        (kSamples - 1));
    ASSIGN_OR_RETURN(const std::string sample, tensor.Slice(offset, length));
    hasher.Add(sample);
    if (tensor.byte_size() <= length) break;
  }
  return hasher.hash();
}

absl::StatusOr<bool> BitwiseEqual(const Tensor& a, const Tensor& b) {
  if (&a == &b) return true;
  if (a.type() != b.type() || a.dims() != b.dims()) return false;
  const bool a_strings = a.form() == Tensor::Form::kStrings;
  if (a_strings != (b.form() == Tensor::Form::kStrings)) return false;
  if (a_strings) return a.strings() == b.strings();
  ASSIGN_OR_RETURN(const uint64_t a_hash, Fingerprint(a));
  ASSIGN_OR_RETURN(const uint64_t b_hash, Fingerprint(b));
  // The hashes only agree if both are of the same kind; a large computed
  // tensor is not sampled.
  const auto sampled = [](const Tensor& tensor) {
    return tensor.form() != Tensor::Form::kComputed ||
           tensor.byte_size() <= Tensor::kMaxHeapBytes;
  };
  if (sampled(a) && sampled(b) && a_hash != b_hash) return false;
  ASSIGN_OR_RETURN(const std::string_view a_bytes, a.bytes());
  ASSIGN_OR_RETURN(const std::string_view b_bytes, b.bytes());
  return a_bytes == b_bytes;
}

}  // namespace onnxopt
