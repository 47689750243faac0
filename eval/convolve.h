// SPDX-License-Identifier: Apache-2.0
// Convolutions as matrix products.
#ifndef ONNXOPT_EVAL_CONVOLVE_H_
#define ONNXOPT_EVAL_CONVOLVE_H_

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "eval/gemm.h"
#include "eval/window.h"
#include "ir/attribute_view.h"
#include "ir/tensor.h"
#include "support/parallel.h"

namespace onnxopt::eval {

/// Checked dims of X [batch, channels, ...] and W, which is
/// [maps, channels / group, ...], transposed [channels, maps / group, ...].
struct ConvShape {
  static absl::StatusOr<ConvShape> Of(const AttributeView& attributes,
                                      const Tensor& x, const Tensor& w,
                                      bool transposed = false);

  /// Dims of Y.
  TensorDims ResultDims() const;

  Window window;
  int64_t batch = 0;
  int64_t channels = 0;
  int64_t maps = 0;
  int64_t group = 1;
};

/// The number of positions whose columns are computed at a time, given the
/// height of a column: a bound on memory that depends on nothing else.
inline int64_t PiecePositions(int64_t column_height) {
  constexpr int64_t kMaxElements = 1 << 20;
  return std::max<int64_t>(1, kMaxElements / column_height);
}

/// What a tap of the kernel sees: visit(k, n, begin, end, offset) for runs of
/// n positions, `k` counting from `first`. Positions [begin, end) of a run are
/// inside of the plane, at offset, offset + stride...; `stride` is that of the
/// last axis. `positions` and `plane` are the output and input of a
/// convolution, or the input and output of a transposed one.
template <typename Visit>
void VisitTap(const Window& window, const TensorDims& positions,
              const TensorDims& plane, int64_t tap, int64_t first, int64_t last,
              Visit visit) {
  const size_t axes = window.axes();
  std::array<int64_t, Window::kMaxAxes> shift;  // position 0 on the plane
  for (size_t d = axes; d-- > 0;) {
    shift[d] = tap % window.kernel[d] * window.dilations[d] - window.pads[d];
    tap /= window.kernel[d];
  }
  const size_t inner = axes - 1;
  for (int64_t position = first; position < last;) {
    const int64_t column = position % positions[inner];
    const int64_t n = std::min(positions[inner] - column, last - position);
    int64_t row = position / positions[inner];
    int64_t offset = 0;
    int64_t pitch = plane[inner];
    bool inside = true;
    for (size_t d = inner; d-- > 0;) {
      const int64_t at = row % positions[d] * window.strides[d] + shift[d];
      inside = inside && at >= 0 && at < plane[d];
      offset += at * pitch;
      pitch *= plane[d];
      row /= positions[d];
    }
    const int64_t start = column * window.strides[inner] + shift[inner];
    TapRange range = TapsInside(start, n, window.strides[inner], plane[inner]);
    if (!inside || range.begin >= range.end) range = {n, n};
    visit(position - first, n, range.begin, range.end,
          offset + start + range.begin * window.strides[inner]);
    position += n;
  }
}

/// Rows [channel, tap] of the elements that the output positions
/// [first, last) see; zero outside of the input.
template <typename T>
void GatherColumns(const Window& window, const T* x, int64_t channels,
                   int64_t first, int64_t last, T* columns) {
  const int64_t stride = window.strides.back();
  const int64_t taps = window.KernelSize();
  const int64_t plane_size = window.InputSize();
  for (int64_t row = 0; row < channels * taps; ++row) {
    const T* plane = x + row / taps * plane_size;
    T* out = columns + row * (last - first);
    VisitTap(
        window, window.output, window.input, row % taps, first, last,
        [&](int64_t k, int64_t n, int64_t begin, int64_t end, int64_t offset) {
          T* run = out + k;
          std::fill(run, run + begin, T{0});
          const T* source = plane + offset;
          if (stride == 1) {
            std::copy_n(source, end - begin, run + begin);
          } else {
            for (int64_t i = 0; i < end - begin; ++i) {
              run[begin + i] = source[i * stride];
            }
          }
          std::fill(run + end, run + n, T{0});
        });
  }
}

/// y = x * w for all images and groups. y is of ResultDims().
template <typename T>
void Convolve(const ConvShape& shape, const T* x, const T* w, T* y) {
  const Window& window = shape.window;
  const int64_t channels = shape.channels / shape.group;
  const int64_t maps = shape.maps / shape.group;
  const int64_t height = channels * window.KernelSize();
  const int64_t positions = window.OutputSize();
  if (shape.batch == 0 || maps == 0 || positions == 0) return;
  // Columns equal the input itself for kernels of one element.
  const bool direct = window.KernelSize() == 1 &&
                      window.input == window.output &&
                      window.strides == TensorDims(window.axes(), 1);
  const int64_t piece = std::min(
      positions,
      direct ? positions : PiecePositions(std::max<int64_t>(height, 1)));
  const int64_t pieces = (positions + piece - 1) / piece;
  const double products =
      static_cast<double>(maps * piece) * static_cast<double>(height + 1);
  ParallelFor(shape.batch * shape.group * pieces,
              static_cast<int64_t>(1 + kProductsPerThread / products),
              [&](int64_t begin, int64_t end) {
                std::vector<T> columns(direct ? 0 : height * piece);
                for (int64_t unit = begin; unit < end; ++unit) {
                  const int64_t i = unit / pieces;
                  const int64_t first = unit % pieces * piece;
                  const int64_t n = std::min(piece, positions - first);
                  const T* image = x + i * channels * window.InputSize();
                  MatrixView<T> seen{image, positions, 1};
                  if (!direct) {
                    GatherColumns(window, image, channels, first, first + n,
                                  columns.data());
                    seen = {columns.data(), n, 1};
                  }
                  const T* weights = w + i % shape.group * maps * height;
                  MultiplyMatrices(maps, n, height, {weights, height, 1}, seen,
                                   y + i * maps * positions + first, positions);
                }
              });
}

/// y += x, spread by w: the transposed convolution. y is of ResultDims().
template <typename T>
void ConvolveTransposed(const ConvShape& shape, const T* x, const T* w, T* y) {
  const Window& window = shape.window;
  const int64_t channels = shape.channels / shape.group;
  const int64_t maps = shape.maps / shape.group;
  const int64_t taps = window.KernelSize();
  const int64_t height = maps * taps;
  const int64_t positions = window.InputSize();
  const int64_t plane_size = window.OutputSize();
  const int64_t stride = window.strides.back();
  if (shape.batch == 0 || maps == 0 || plane_size == 0) return;
  const int64_t piece = std::min(positions, PiecePositions(height));
  std::vector<T> columns(height * piece);
  for (int64_t i = 0; i < shape.batch * shape.group; ++i) {
    T* image = y + i * maps * plane_size;
    const MatrixView<T> weights{w + i % shape.group * channels * height, 1,
                                height};
    for (int64_t first = 0; first < positions; first += piece) {
      const int64_t n = std::min(piece, positions - first);
      MultiplyMatrices(height, n, channels, weights,
                       {x + i * channels * positions + first, positions, 1},
                       columns.data(), n);
      for (int64_t row = 0; row < height; ++row) {
        T* plane = image + row / taps * plane_size;
        const T* in = columns.data() + row * n;
        VisitTap(window, window.input, window.output, row % taps, first,
                 first + n,
                 [&](int64_t k, int64_t, int64_t begin, int64_t end,
                     int64_t offset) {
                   for (int64_t j = begin; j < end; ++j) {
                     plane[offset + (j - begin) * stride] += in[k + j];
                   }
                 });
      }
    }
  }
}

}  // namespace onnxopt::eval

#endif  // ONNXOPT_EVAL_CONVOLVE_H_
