// SPDX-License-Identifier: Apache-2.0
// DeformConv: a convolution whose taps are moved by an input.
#include <array>
#include <cmath>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "eval/convolve.h"
#include "eval/families.h"
#include "eval/numbers.h"
#include "support/status.h"

namespace onnxopt::eval {
namespace {

using Outputs = absl::StatusOr<std::vector<TensorRef>>;

absl::Status CheckShapes(const KernelArgs& args, const ConvShape& shape,
                         int64_t offset_groups) {
  const Window& window = shape.window;
  if (window.axes() != 2) {
    return absl::UnimplementedError("only images of two axes are supported");
  }
  if (offset_groups < 1 || shape.channels % offset_groups != 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("offset_group cannot be ", offset_groups));
  }
  const int64_t points = offset_groups * window.KernelSize();
  const TensorDims& out = window.output;
  const Tensor* bias = args.input(3);
  const Tensor* mask = args.input(4);
  if (args.input(2)->dims() !=
          TensorDims{shape.batch, 2 * points, out[0], out[1]} ||
      (mask != nullptr &&
       mask->dims() != TensorDims{shape.batch, points, out[0], out[1]}) ||
      (bias != nullptr && bias->dims() != TensorDims{shape.maps})) {
    return absl::InvalidArgumentError(
        "offset, mask or B does not have the shape that X and W ask for");
  }
  return absl::OkStatus();
}

// Bilinear interpolation between four elements; zero outside of the plane.
template <typename T>
T Sample(const T* plane, const TensorDims& dims, T y, T x) {
  const T top = std::floor(y);
  const T left = std::floor(x);
  // Also false for NaN, and for what does not fit an integer.
  if (!(top >= -1 && top < static_cast<T>(dims[0]) && left >= -1 &&
        left < static_cast<T>(dims[1]))) {
    return 0;
  }
  const auto row = static_cast<int64_t>(top);
  const auto column = static_cast<int64_t>(left);
  const auto at = [&](int64_t i, int64_t j) {
    return i >= 0 && i < dims[0] && j >= 0 && j < dims[1]
               ? plane[i * dims[1] + j]
               : T{0};
  };
  const T down = y - top;
  const T right = x - left;
  return (1 - down) *
             ((1 - right) * at(row, column) + right * at(row, column + 1)) +
         down * ((1 - right) * at(row + 1, column) +
                 right * at(row + 1, column + 1));
}

// Offsets and mask of one image and offset group; the mask may be null.
template <typename T>
struct Deformation {
  const T* offset = nullptr;
  const T* mask = nullptr;
};

// The row of one channel and tap.
template <typename T>
void SampleRow(const Window& window, const T* plane, int64_t tap,
               const Deformation<T>& deformation, T* row) {
  const int64_t positions = window.OutputSize();
  const int64_t i = tap / window.kernel[1];
  const int64_t j = tap % window.kernel[1];
  const T* dy = deformation.offset + 2 * tap * positions;
  const T* dx = dy + positions;
  for (int64_t p = 0; p < positions; ++p) {
    const int64_t y = p / window.output[1] * window.strides[0] -
                      window.pads[0] + i * window.dilations[0];
    const int64_t x = p % window.output[1] * window.strides[1] -
                      window.pads[1] + j * window.dilations[1];
    row[p] = Sample(plane, window.input, static_cast<T>(y) + dy[p],
                    static_cast<T>(x) + dx[p]);
    if (deformation.mask != nullptr) {
      row[p] *= deformation.mask[tap * positions + p];
    }
  }
}

Outputs DeformConv(const KernelArgs& args) {
  const Tensor& x = *args.input(0);
  const Tensor& w = *args.input(1);
  ASSIGN_OR_RETURN(const ConvShape shape,
                   ConvShape::Of(args.attributes(), x, w));
  const int64_t offset_groups = args.attributes().Int("offset_group", 1);
  RETURN_IF_ERROR(CheckShapes(args, shape, offset_groups));
  const Window& window = shape.window;
  const int64_t taps = window.KernelSize();
  const int64_t positions = window.OutputSize();
  const int64_t channels = shape.channels / shape.group;
  const int64_t maps = shape.maps / shape.group;
  const int64_t height = channels * taps;
  return WithFloatType(x.type(), [&]<typename T>(T) -> Outputs {
    ASSIGN_OR_RETURN(Result<T> y,
                     Result<T>::Create(x.type(), shape.ResultDims()));
    if (y.span().empty()) return Single(std::move(y));
    ASSIGN_OR_RETURN(const Result<T> columns,
                     Result<T>::Create(NativeType<T>(), {height, positions}));
    ASSIGN_OR_RETURN(const Numbers<T> image, Numbers<T>::Of(x));
    ASSIGN_OR_RETURN(const Numbers<T> weights, Numbers<T>::Of(w));
    ASSIGN_OR_RETURN(const Numbers<T> offset, Numbers<T>::Of(*args.input(2)));
    std::optional<Numbers<T>> bias;
    if (args.input(3) != nullptr) {
      ASSIGN_OR_RETURN(bias, Numbers<T>::Of(*args.input(3)));
    }
    std::optional<Numbers<T>> mask;
    if (args.input(4) != nullptr) {
      ASSIGN_OR_RETURN(mask, Numbers<T>::Of(*args.input(4)));
    }
    for (int64_t i = 0; i < shape.batch * shape.group; ++i) {
      const int64_t n = i / shape.group;
      const int64_t g = i % shape.group;
      for (int64_t row = 0; row < height; ++row) {
        const int64_t channel = g * channels + row / taps;
        const int64_t deformed =
            (n * offset_groups + channel / (shape.channels / offset_groups)) *
            taps * positions;
        const Deformation<T> deformation{
            offset.data() + 2 * deformed,
            mask ? mask->data() + deformed : nullptr};
        const T* plane =
            image.data() + (n * shape.channels + channel) * window.InputSize();
        SampleRow(window, plane, row % taps, deformation,
                  columns.data() + row * positions);
      }
      T* out = y.data() + i * maps * positions;
      MultiplyMatrices<T>(maps, positions, height,
                          {weights.data() + g * maps * height, height, 1},
                          {columns.data(), positions, 1}, out, positions);
      for (int64_t j = 0; bias && j < maps * positions; ++j) {
        out[j] += bias->data()[g * maps + j / positions];
      }
    }
    return Single(std::move(y));
  });
}

}  // namespace

KernelList DeformConvKernels() { return {{"DeformConv"_op, DeformConv}}; }

}  // namespace onnxopt::eval
