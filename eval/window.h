// SPDX-License-Identifier: Apache-2.0
// The sliding windows of convolutions and pools.
#ifndef ONNXOPT_EVAL_WINDOW_H_
#define ONNXOPT_EVAL_WINDOW_H_

#include <algorithm>
#include <array>
#include <cstdint>
#include <span>

#include "absl/status/statusor.h"
#include "eval/dense.h"
#include "ir/attribute_view.h"
#include "ir/tensor.h"

namespace onnxopt::eval {

/// One list element per spatial axis; the batch and channels are not among
/// them.
struct Window {
  static constexpr size_t kMaxAxes = 8;

  /// Reads strides, dilations, pads, auto_pad and ceil_mode, and checks them:
  /// all sizes are then small enough to multiply. An error for a window that
  /// fits nowhere.
  static absl::StatusOr<Window> Read(const AttributeView& attributes,
                                     TensorDims input, TensorDims kernel);
  /// The same for a transposed convolution: also output_padding and
  /// output_shape.
  static absl::StatusOr<Window> ReadTransposed(const AttributeView& attributes,
                                               TensorDims input,
                                               TensorDims kernel);

  size_t axes() const { return input.size(); }
  /// Number of elements: bounded by Read for the kernel.
  int64_t InputSize() const { return ProductOf(input, 0, axes()); }
  int64_t KernelSize() const { return ProductOf(kernel, 0, axes()); }
  int64_t OutputSize() const { return ProductOf(output, 0, axes()); }

  TensorDims input;
  TensorDims kernel;
  TensorDims strides;
  TensorDims dilations;
  TensorDims pads;      // before the input
  TensorDims end_pads;  // after it
  TensorDims output;
};

/// The taps of one window along an axis that are inside of [0, size).
struct TapRange {
  int64_t begin = 0;
  int64_t end = 0;
};
inline TapRange TapsInside(int64_t start, int64_t taps, int64_t dilation,
                           int64_t size) {
  TapRange range;
  if (start < 0) range.begin = (-start + dilation - 1) / dilation;
  if (start < size) {
    range.end = std::min(taps, (size - start + dilation - 1) / dilation);
  }
  return range;
}

/// visit(offset) for every element of an input plane under the window of the
/// output element at `index`, in row-major order; nothing outside of the input.
template <typename Visit>
void VisitWindow(const Window& window, std::span<const int64_t> index,
                 Visit visit) {
  const size_t axes = window.axes();
  std::array<TapRange, Window::kMaxAxes> taps;
  std::array<int64_t, Window::kMaxAxes> tap;
  std::array<int64_t, Window::kMaxAxes> step;
  int64_t offset = 0;
  int64_t stride = 1;
  for (size_t d = axes; d-- > 0;) {
    const int64_t start = index[d] * window.strides[d] - window.pads[d];
    taps[d] = TapsInside(start, window.kernel[d], window.dilations[d],
                         window.input[d]);
    if (taps[d].begin >= taps[d].end) return;
    tap[d] = taps[d].begin;
    step[d] = window.dilations[d] * stride;
    offset += start * stride + tap[d] * step[d];
    stride *= window.input[d];
  }
  while (true) {
    visit(offset);
    size_t d = axes;
    while (d-- > 0) {
      offset += step[d];
      if (++tap[d] < taps[d].end) break;
      offset -= step[d] * (taps[d].end - taps[d].begin);
      tap[d] = taps[d].begin;
      if (d == 0) return;
    }
  }
}

/// visit(i, index) for every output element i in row-major order.
template <typename Visit>
void ForEachOutput(const TensorDims& output, Visit visit) {
  const int64_t count = ProductOf(output, 0, output.size());
  std::array<int64_t, Window::kMaxAxes> index{};
  for (int64_t i = 0; i < count; ++i) {
    visit(i, std::span<const int64_t>(index.data(), output.size()));
    for (size_t d = output.size(); d-- > 0;) {
      if (++index[d] < output[d]) break;
      index[d] = 0;
    }
  }
}

}  // namespace onnxopt::eval

#endif  // ONNXOPT_EVAL_WINDOW_H_
