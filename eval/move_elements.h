// SPDX-License-Identifier: Apache-2.0
// Moving elements without looking at them. Kernels that move say where elements
// come from; what an element is does not matter to them.
#ifndef ONNXOPT_EVAL_MOVE_ELEMENTS_H_
#define ONNXOPT_EVAL_MOVE_ELEMENTS_H_

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "eval/dense.h"
#include "ir/tensor.h"
#include "support/float_formats.h"
#include "support/status.h"

namespace onnxopt::eval {

/// An element of several bytes, wherever it lies: raw data need not be aligned.
template <size_t size>
using Element = std::array<uint8_t, size>;

namespace internal {

template <typename T, typename Fill>
absl::StatusOr<TensorRef> MoveWhole(TensorDims dims,
                                    std::span<const Tensor* const> inputs,
                                    const Fill& fill) {
  std::vector<Elements<T>> elements;
  std::vector<std::span<const T>> in;
  for (const Tensor* input : inputs) {
    ASSIGN_OR_RETURN(elements.emplace_back(), Elements<T>::Of(*input));
    in.push_back(elements.back().span());
  }
  ASSIGN_OR_RETURN(TensorBuilder out,
                   TensorBuilder::Create(inputs[0]->type(), std::move(dims)));
  if (out.num_elements() > 0) fill(out.template As<T>(), in);
  return std::move(out).Finish();
}

template <typename Fill>
absl::StatusOr<TensorRef> MovePacked(TensorDims dims,
                                     std::span<const Tensor* const> inputs,
                                     const Fill& fill) {
  const int bits = BitWidth(inputs[0]->type());
  std::vector<std::vector<uint8_t>> elements;
  std::vector<std::span<const uint8_t>> in;
  for (const Tensor* input : inputs) {
    ASSIGN_OR_RETURN(const std::string_view bytes, input->bytes());
    auto& codes = elements.emplace_back(input->num_elements());
    UnpackElements(bytes, bits, codes);
  }
  for (const auto& codes : elements) in.emplace_back(codes);
  ASSIGN_OR_RETURN(TensorBuilder out,
                   TensorBuilder::Create(inputs[0]->type(), std::move(dims)));
  std::vector<uint8_t> codes(out.num_elements());
  if (!codes.empty()) fill(std::span<uint8_t>(codes), in);
  PackElements(codes, bits, out.bytes());
  return std::move(out).Finish();
}

template <typename Fill>
absl::StatusOr<TensorRef> MoveStrings(TensorDims dims,
                                      std::span<const Tensor* const> inputs,
                                      const Fill& fill) {
  std::vector<std::span<const std::string>> in;
  for (const Tensor* input : inputs) in.emplace_back(input->strings());
  const std::optional<int64_t> count = NumElements(dims);
  if (!count || *count > kMaxStrings) {
    return absl::ResourceExhaustedError(
        "the result has too many strings, or negative dims");
  }
  std::vector<std::string> out(*count);
  if (!out.empty()) fill(std::span<std::string>(out), in);
  return Tensor::Strings(std::move(dims), std::move(out));
}

}  // namespace internal

/// A tensor of the element type that all of `inputs` (one at least) have.
/// fill(out, in) writes its elements: `out` is a std::span<T>, all zero (or "")
/// at first, and in[i], a std::span<const T>, the elements of inputs[i]. T is
/// uint8_t, an Element or std::string; types of less than a byte are moved as a
/// uint8_t per element. Not called for an empty result.
template <typename Fill>
absl::StatusOr<TensorRef> MoveElements(TensorDims dims,
                                       std::span<const Tensor* const> inputs,
                                       const Fill& fill) {
  switch (BitWidth(inputs[0]->type())) {
    case 0:
      return internal::MoveStrings(std::move(dims), inputs, fill);
    case 8:
      return internal::MoveWhole<uint8_t>(std::move(dims), inputs, fill);
    case 16:
      return internal::MoveWhole<Element<2>>(std::move(dims), inputs, fill);
    case 32:
      return internal::MoveWhole<Element<4>>(std::move(dims), inputs, fill);
    case 64:
      return internal::MoveWhole<Element<8>>(std::move(dims), inputs, fill);
    case 128:
      return internal::MoveWhole<Element<16>>(std::move(dims), inputs, fill);
    default:
      return internal::MovePacked(std::move(dims), inputs, fill);
  }
}

template <typename Fill>
absl::StatusOr<TensorRef> MoveElements(TensorDims dims, const Tensor& input,
                                       const Fill& fill) {
  const std::array<const Tensor*, 1> inputs = {&input};
  return MoveElements(std::move(dims), inputs, fill);
}

/// Where the elements of a box of a row-major tensor are, or come from.
struct Strided {
  int64_t offset = 0;
  Strides strides;  // one for each dim of the box
};

/// Copies a box of dims `dims` from `in` to `out`, fast for all strides.
/// Instantiated for the types of MoveElements.
template <typename T>
void CopyBox(const TensorDims& dims, std::span<const T> in, const Strided& from,
             std::span<T> out, const Strided& to);

/// The whole tensor of `dims` whose element at each index is that of `input` at
/// `from`. Of a splat or one element: a splat. A large one is computed when its
/// bytes are asked for, piece by piece.
absl::StatusOr<TensorRef> Gathered(const TensorRef& input, TensorDims dims,
                                   const Strided& from);

/// The tensor of `dims` whose elements are offsets[k], for k in order, of
/// `input`; each offset stands for `run` elements from there on.
absl::StatusOr<TensorRef> GatheredRuns(const Tensor& input, TensorDims dims,
                                       std::span<const int64_t> offsets,
                                       int64_t run);

/// The tensor of `dims` whose element at [i0, i1, ...] is that of `input` at
/// [index_of(0, i0), index_of(1, i1), ...]; of the rank of `input`. Where one
/// of these is below 0, it is the one element of `outside`.
absl::StatusOr<TensorRef> GatheredByAxis(
    const Tensor& input, TensorDims dims,
    absl::FunctionRef<int64_t(size_t axis, int64_t i)> index_of,
    const Tensor* outside = nullptr);

}  // namespace onnxopt::eval

#endif  // ONNXOPT_EVAL_MOVE_ELEMENTS_H_
