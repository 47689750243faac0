// SPDX-License-Identifier: Apache-2.0
// Constant tensors. Nothing here assumes that the bytes are resident.
#ifndef ONNXOPT_IR_TENSOR_H_
#define ONNXOPT_IR_TENSOR_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "ir/annotations.h"
#include "ir/element_type.h"
#include "support/buffer.h"

namespace onnxopt {

class Tensor;
using TensorRef = std::shared_ptr<const Tensor>;
using TensorDims = std::vector<int64_t>;

/// Receives consecutive pieces of a tensor's bytes.
using ByteSink = absl::FunctionRef<absl::Status(std::string_view)>;

/// Where the bytes of a *computed* tensor come from: a kernel applied to
/// source tensors, or a form of storage that has to be decoded first.
class TensorSource {
 public:
  virtual ~TensorSource() = default;
  /// Sends all bytes of the tensor, in order, in pieces of at most a few MB.
  virtual absl::Status Produce(const Tensor& tensor, ByteSink sink) const = 0;
  /// How deep Produce nests: one more than the sources of its own inputs.
  virtual int depth() const { return 1; }
};

/// How the tensor is written in the file it was read from. As long as the
/// tensor lives unchanged, the writer repeats `message`, only its name is
/// taken from the value.
struct TensorSpelling {
  bool sparse = false;                   // `message` is a SparseTensorProto
  std::string_view message;              // TensorProto or SparseTensorProto
  std::shared_ptr<const Buffer> buffer;  // holds `message`
};

/// Data stored outside the model file: a TensorProto with external_data.
struct ExternalLocation {
  std::string location;  // as spelt in the file, relative to its folder
  uint64_t offset = 0;
  uint64_t length = 0;
};

/// An immutable tensor of fixed shape. Bytes are laid out as in
/// TensorProto.raw_data: little-endian, row-major, sub-byte elements packed
/// from the low bits up. String tensors have strings instead of bytes.
class Tensor {
 public:
  /// Owned bytes above this go to a scratch buffer (ScratchWriter).
  static constexpr int64_t kMaxHeapBytes = 1 << 20;
  /// A computed tensor larger than this is never materialized whole: a dense
  /// view of a sparse tensor can exceed any machine.
  static constexpr int64_t kMaxMaterializedBytes = int64_t{1} << 32;

  enum class Form : uint8_t { kBorrowed, kOwned, kSplat, kComputed, kStrings };

  /// All factories but Strings fail when dims are negative, their product
  /// overflows, or the number of bytes is not what type and dims require.
  static absl::StatusOr<TensorRef> Borrowed(
      ElementType type, TensorDims dims, std::string_view bytes,
      std::shared_ptr<const Buffer> buffer);
  static absl::StatusOr<TensorRef> Owned(ElementType type, TensorDims dims,
                                         std::string_view bytes);
  /// `element`: the bytes of one element; the type is of whole bytes.
  static absl::StatusOr<TensorRef> Splat(ElementType type, TensorDims dims,
                                         std::string_view element);
  static absl::StatusOr<TensorRef> Computed(
      ElementType type, TensorDims dims,
      std::shared_ptr<const TensorSource> source);
  static absl::StatusOr<TensorRef> Strings(TensorDims dims,
                                           std::vector<std::string> strings);

  /// Copies of `tensor` (data shared) that carry more of the file's form.
  static TensorRef WithSpelling(const TensorRef& tensor,
                                TensorSpelling spelling,
                                Annotations annotations);
  static TensorRef WithExternal(const TensorRef& tensor,
                                ExternalLocation location);
  /// The same elements in the same order with other dims, of the same number
  /// of elements: data shared, nothing computed. Without the file's form.
  static absl::StatusOr<TensorRef> WithDims(const TensorRef& tensor,
                                            TensorDims dims);

  ElementType type() const { return type_; }
  const TensorDims& dims() const { return dims_; }
  int64_t num_elements() const { return num_elements_; }
  /// Bytes in raw form; 0 for strings.
  int64_t byte_size() const { return byte_size_; }
  Form form() const { return form_; }

  /// The bytes, materializing a splat or a computed tensor (cached for the
  /// tensor's life). Fails for strings, and above kMaxMaterializedBytes.
  absl::StatusOr<std::string_view> bytes() const;
  /// The bytes piece by piece, never materializing more than a piece.
  absl::Status ForEachChunk(ByteSink sink) const;
  /// `length` bytes at `offset`, as a copy; cheap unless kComputed.
  absl::StatusOr<std::string> Slice(int64_t offset, int64_t length) const;
  /// Requires form() == kStrings.
  const std::vector<std::string>& strings() const;

  /// For kBorrowed: the buffer that holds bytes(); else null.
  const std::shared_ptr<const Buffer>& buffer() const { return buffer_; }
  /// For kComputed: the depth of the source, 0 once it has been evaluated by
  /// bytes(). Else 0.
  int pending_depth() const;
  /// Null for a tensor that was not read from a file.
  const TensorSpelling* spelling() const { return spelling_.get(); }
  /// Whether the file spells it as a SparseTensorProto, and so will the writer.
  bool IsSpeltSparse() const {
    return spelling_ != nullptr && spelling_->sparse;
  }
  /// Doc string, metadata and unknown fields of the TensorProto.
  const Annotations& annotations() const;
  const ExternalLocation* external() const { return external_.get(); }

  /// "float[3,4]"
  std::string TypeString() const;

 private:
  struct Lazy {
    std::shared_ptr<const TensorSource> source;  // dropped with the first
    std::shared_ptr<const Buffer> bytes;         // call of bytes()
  };

  Tensor(ElementType type, TensorDims dims, Form form);
  static absl::StatusOr<std::shared_ptr<Tensor>> Make(ElementType type,
                                                      TensorDims dims,
                                                      Form form);
  absl::StatusOr<std::shared_ptr<const Buffer>> Materialize() const;

  ElementType type_;
  Form form_;
  TensorDims dims_;
  int64_t num_elements_ = 0;
  int64_t byte_size_ = 0;
  std::string_view view_;  // kBorrowed, kOwned: all; kSplat: one element
  std::shared_ptr<const Buffer> buffer_;
  std::shared_ptr<const std::vector<std::string>> strings_;
  std::shared_ptr<const TensorSpelling> spelling_;
  std::shared_ptr<const Annotations> annotations_;
  std::shared_ptr<const ExternalLocation> external_;
  std::shared_ptr<Lazy> lazy_;  // kSplat, kComputed; shared by copies
};

/// Number of elements of `dims`; nullopt when a dim is negative or the product
/// overflows int64. A zero anywhere gives 0 whatever the other dims are.
std::optional<int64_t> NumElements(const TensorDims& dims);

/// Hash of type, dims and a fixed number of samples: constant time however
/// large the tensor. Equal tensors have equal fingerprints. Fails only when
/// reading fails.
absl::StatusOr<uint64_t> Fingerprint(const Tensor& tensor);

/// Bit for bit: same type, same dims, same bytes (so NaN equals the same NaN
/// and -0 differs from 0). Reads both whole when type and dims agree.
absl::StatusOr<bool> BitwiseEqual(const Tensor& a, const Tensor& b);

}  // namespace onnxopt

#endif  // ONNXOPT_IR_TENSOR_H_
