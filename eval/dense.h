// SPDX-License-Identifier: Apache-2.0
// What kernels share: making tensors, reading elements, walking over indices.
#ifndef ONNXOPT_EVAL_DENSE_H_
#define ONNXOPT_EVAL_DENSE_H_

#include <array>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "ir/tensor.h"
#include "support/buffer.h"
#include "support/status.h"

namespace onnxopt::eval {

/// Makes a tensor by writing its bytes in place; large ones are in a mapped
/// temporary file, not on the heap. Zero at first.
class TensorBuilder {
 public:
  /// kResourceExhausted above Tensor::kMaxMaterializedBytes; an error for dims
  /// that are negative or overflow, and for strings.
  static absl::StatusOr<TensorBuilder> Create(ElementType type,
                                              TensorDims dims);

  ElementType type() const { return type_; }
  const TensorDims& dims() const { return dims_; }
  int64_t num_elements() const { return num_elements_; }
  std::span<char> bytes() const { return bytes_; }
  /// The bytes as elements of the C++ type T, of the size of the element type.
  template <typename T>
  std::span<T> As() const {
    ONNXOPT_CHECK(BitWidth(type_) == 8 * sizeof(T));
    return {reinterpret_cast<T*>(bytes_.data()), bytes_.size() / sizeof(T)};
  }
  absl::StatusOr<TensorRef> Finish() &&;

 private:
  TensorBuilder() = default;

  ElementType type_ = ElementType::kUndefined;
  TensorDims dims_;
  int64_t num_elements_ = 0;
  std::span<char> bytes_;
  std::unique_ptr<char[]> heap_;  // either
  std::optional<ScratchWriter> scratch_;
};

/// The elements of a tensor as C++ type T of the same size. A tensor in a file
/// may lie at any address; then this is an aligned copy. Valid as long as both
/// it and the tensor live.
template <typename T>
class Elements {
 public:
  static absl::StatusOr<Elements> Of(const Tensor& tensor) {
    ONNXOPT_CHECK(BitWidth(tensor.type()) == 8 * sizeof(T));
    ASSIGN_OR_RETURN(const std::string_view bytes, tensor.bytes());
    Elements elements;
    const size_t size = bytes.size() / sizeof(T);
    if (reinterpret_cast<uintptr_t>(bytes.data()) % alignof(T) == 0) {
      elements.view_ = {reinterpret_cast<const T*>(bytes.data()), size};
    } else {
      elements.copy_.resize(size);
      std::memcpy(elements.copy_.data(), bytes.data(), bytes.size());
      elements.view_ = elements.copy_;
    }
    return elements;
  }
  std::span<const T> span() const { return view_; }
  const T* data() const { return view_.data(); }
  const T& operator[](size_t i) const { return view_[i]; }
  size_t size() const { return view_.size(); }

 private:
  std::span<const T> view_;
  std::vector<T> copy_;
};

/// All elements of a tensor of any integer type or bool, or of any floating
/// type, converted (see elements.h). An error for other types, and above 2^24
/// elements: these are for parameters such as axes, shapes and scales.
absl::StatusOr<std::vector<int64_t>> IntegersOf(const Tensor& tensor);
absl::StatusOr<std::vector<double>> FloatsOf(const Tensor& tensor);

/// What a kernel with one output returns.
absl::StatusOr<std::vector<TensorRef>> OneOutput(
    absl::StatusOr<TensorRef> output);

/// A 1-D int64 tensor.
absl::StatusOr<TensorRef> MakeInt64s(std::span<const int64_t> values);

/// Most strings that a kernel makes.
inline constexpr int64_t kMaxStrings =
    Tensor::kMaxMaterializedBytes / static_cast<int64_t>(sizeof(std::string));

/// Strides in elements.
using Strides = std::vector<int64_t>;
Strides RowMajorStrides(const TensorDims& dims);
/// NumPy broadcasting; nullopt if the dims do not broadcast.
std::optional<TensorDims> BroadcastDims(const TensorDims& a,
                                        const TensorDims& b);
/// The strides with which a row-major tensor of dims `from` is read at the
/// indices of `to`, to which `from` broadcasts: 0 along repeated axes.
Strides BroadcastStrides(const TensorDims& from, const TensorDims& to);

/// Drops axes of dimension 1 and joins neighbouring axes that all `strides`
/// (each of the rank of `dims`) walk as one, so that loops have long runs. Dims
/// whose product does not overflow.
void JoinAxes(TensorDims* dims, std::span<Strides> strides);

/// `axis` counted from the front; an error if it is out of range.
absl::StatusOr<int64_t> NormalizeAxis(int64_t axis, int64_t rank);

/// The product of dims [begin, end).
int64_t ProductOf(const TensorDims& dims, size_t begin, size_t end);

/// Visits all indices of `dims` in row-major order, one run along the last axis
/// at a time: visit(n, offsets, steps), where element k of the run, 0 <= k < n,
/// of tensor t is at offsets[t] + k * steps[t]. Strides have the rank of dims.
template <size_t N, typename Visit>
void ForEachRun(const TensorDims& dims, const std::array<Strides, N>& strides,
                Visit visit) {
  for (const int64_t dim : dims) {
    if (dim == 0) return;
  }
  std::array<int64_t, N> offsets{};
  std::array<int64_t, N> steps{};
  const size_t rank = dims.size();
  if (rank == 0) {
    visit(int64_t{1}, offsets, steps);
    return;
  }
  for (size_t t = 0; t < N; ++t) steps[t] = strides[t][rank - 1];
  std::vector<int64_t> index(rank - 1, 0);
  while (true) {
    visit(dims[rank - 1], offsets, steps);
    size_t axis = rank - 1;
    while (axis > 0) {
      --axis;
      for (size_t t = 0; t < N; ++t) offsets[t] += strides[t][axis];
      if (++index[axis] < dims[axis]) break;
      for (size_t t = 0; t < N; ++t) {
        offsets[t] -= strides[t][axis] * dims[axis];
      }
      index[axis] = 0;
      if (axis == 0) return;
    }
    if (rank == 1) return;
  }
}

}  // namespace onnxopt::eval

#endif  // ONNXOPT_EVAL_DENSE_H_
