// SPDX-License-Identifier: Apache-2.0
// Conv, ConvTranspose, ConvInteger, QLinearConv, CausalConvWithState.
#include <cmath>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "eval/convolve.h"
#include "eval/families.h"
#include "eval/numbers.h"
#include "eval/requantize.h"
#include "support/status.h"

namespace onnxopt::eval {

absl::StatusOr<ConvShape> ConvShape::Of(const AttributeView& attributes,
                                        const Tensor& x, const Tensor& w,
                                        bool transposed) {
  if (x.dims().size() < 3 || w.dims().size() != x.dims().size()) {
    return absl::InvalidArgumentError(
        absl::StrCat("input ", x.TypeString(), " and weights ", w.TypeString(),
                     " must have the same rank, of at least 3"));
  }
  ConvShape shape;
  shape.batch = x.dims()[0];
  shape.channels = x.dims()[1];
  shape.group = attributes.Int("group", 1);
  const int64_t outer = w.dims()[0];
  const int64_t inner = w.dims()[1];
  const int64_t divided = transposed ? shape.channels : outer;
  if (shape.group < 1 || divided % shape.group != 0 ||
      shape.channels % shape.group != 0 ||
      (transposed ? outer : inner) !=
          (transposed ? shape.channels : shape.channels / shape.group) ||
      (transposed && inner > (int64_t{1} << 40) / shape.group)) {
    return absl::InvalidArgumentError(
        absl::StrCat("input ", x.TypeString(), ", weights ", w.TypeString(),
                     " and ", shape.group, " groups do not fit"));
  }
  shape.maps = transposed ? inner * shape.group : outer;
  const TensorDims kernel(w.dims().begin() + 2, w.dims().end());
  const std::vector<int64_t>* given = attributes.Ints("kernel_shape");
  if (given != nullptr && *given != kernel) {
    return absl::InvalidArgumentError(absl::StrCat(
        "kernel_shape is not that of the weights ", w.TypeString()));
  }
  const TensorDims input(x.dims().begin() + 2, x.dims().end());
  if (transposed) {
    ASSIGN_OR_RETURN(shape.window,
                     Window::ReadTransposed(attributes, input, kernel));
  } else {
    ASSIGN_OR_RETURN(shape.window, Window::Read(attributes, input, kernel));
  }
  return shape;
}

TensorDims ConvShape::ResultDims() const {
  TensorDims dims = {batch, maps};
  dims.insert(dims.end(), window.output.begin(), window.output.end());
  return dims;
}

namespace {

using Outputs = absl::StatusOr<std::vector<TensorRef>>;

// The elements of a parameter with one element per map, or one for all.
template <typename T>
absl::StatusOr<std::vector<T>> PerMap(const Tensor& parameter, int64_t maps,
                                      bool one_for_all) {
  ASSIGN_OR_RETURN(const Numbers<T> numbers, Numbers<T>::Of(parameter));
  if (one_for_all && numbers.size() == 1) {
    return std::vector<T>(maps, numbers.span()[0]);
  }
  if (parameter.dims() != TensorDims{maps}) {
    return absl::InvalidArgumentError(
        absl::StrCat(parameter.TypeString(), " must have ", maps, " elements"));
  }
  return std::vector<T>(numbers.span().begin(), numbers.span().end());
}

template <typename T>
absl::Status AddBias(const ConvShape& shape, const Tensor* bias, T* y) {
  if (bias == nullptr) return absl::OkStatus();
  ASSIGN_OR_RETURN(const std::vector<T> addends,
                   PerMap<T>(*bias, shape.maps, /*one_for_all=*/false));
  const int64_t plane_size = shape.window.OutputSize();
  for (int64_t i = 0; i < shape.batch * shape.maps; ++i) {
    const T addend = addends[i % shape.maps];
    T* plane = y + i * plane_size;
    for (int64_t j = 0; j < plane_size; ++j) plane[j] += addend;
  }
  return absl::OkStatus();
}

Outputs AnyConv(const KernelArgs& args, bool transposed) {
  const Tensor& x = *args.input(0);
  const Tensor& w = *args.input(1);
  ASSIGN_OR_RETURN(const ConvShape shape,
                   ConvShape::Of(args.attributes(), x, w, transposed));
  return WithFloatType(x.type(), [&]<typename T>(T) -> Outputs {
    ASSIGN_OR_RETURN(Result<T> y,
                     Result<T>::Create(x.type(), shape.ResultDims()));
    ASSIGN_OR_RETURN(const Numbers<T> image, Numbers<T>::Of(x));
    ASSIGN_OR_RETURN(const Numbers<T> weights, Numbers<T>::Of(w));
    if (transposed) {
      ConvolveTransposed(shape, image.data(), weights.data(), y.data());
    } else {
      Convolve(shape, image.data(), weights.data(), y.data());
    }
    RETURN_IF_ERROR(AddBias(shape, args.input(2), y.data()));
    return Single(std::move(y));
  });
}

Outputs Conv(const KernelArgs& args) { return AnyConv(args, false); }
Outputs ConvTranspose(const KernelArgs& args) { return AnyConv(args, true); }

// The int32 convolution of x and w minus their zero points (or null).
absl::StatusOr<Result<uint32_t>> ConvolveIntegers(const ConvShape& shape,
                                                  const Tensor& x,
                                                  const Tensor& w,
                                                  const Tensor* x_zero_point,
                                                  const Tensor* w_zero_point) {
  ASSIGN_OR_RETURN(
      Result<uint32_t> y,
      Result<uint32_t>::Create(ElementType::kInt32, shape.ResultDims()));
  ASSIGN_OR_RETURN(Result<uint32_t> image,
                   Result<uint32_t>::Create(ElementType::kInt32, x.dims()));
  ASSIGN_OR_RETURN(Result<uint32_t> weights,
                   Result<uint32_t>::Create(ElementType::kInt32, w.dims()));
  ASSIGN_OR_RETURN(std::string_view bytes, x.bytes());
  LoadNumbers(x.type(), bytes, 0, image.span());
  ASSIGN_OR_RETURN(bytes, w.bytes());
  LoadNumbers(w.type(), bytes, 0, weights.span());
  if (x_zero_point != nullptr) {
    ASSIGN_OR_RETURN(const Numbers<uint32_t> zero,
                     Numbers<uint32_t>::Of(*x_zero_point));
    if (zero.size() != 1) {
      return absl::InvalidArgumentError("x_zero_point must be a scalar");
    }
    for (uint32_t& value : image.span()) value -= zero.span()[0];
  }
  if (w_zero_point != nullptr) {
    ASSIGN_OR_RETURN(const std::vector<uint32_t> zeros,
                     PerMap<uint32_t>(*w_zero_point, shape.maps, true));
    const int64_t per_map = ProductOf(w.dims(), 1, w.dims().size());
    for (int64_t map = 0; map < shape.maps; ++map) {
      for (uint32_t& value : weights.span().subspan(map * per_map, per_map)) {
        value -= zeros[map];
      }
    }
  }
  Convolve<uint32_t>(shape, image.data(), weights.data(), y.data());
  return y;
}

Outputs ConvInteger(const KernelArgs& args) {
  const Tensor& x = *args.input(0);
  const Tensor& w = *args.input(1);
  ASSIGN_OR_RETURN(const ConvShape shape,
                   ConvShape::Of(args.attributes(), x, w));
  ASSIGN_OR_RETURN(Result<uint32_t> y,
                   ConvolveIntegers(shape, x, w, args.input(2), args.input(3)));
  return Single(std::move(y));
}

absl::StatusOr<float> Scalar(const Tensor& tensor) {
  ASSIGN_OR_RETURN(const Numbers<float> numbers, Numbers<float>::Of(tensor));
  if (numbers.size() != 1) {
    return absl::InvalidArgumentError(
        absl::StrCat("a scalar is needed, not ", tensor.TypeString()));
  }
  return numbers.span()[0];
}

Outputs QLinearConv(const KernelArgs& args) {
  const Tensor& x = *args.input(0);
  const Tensor& w = *args.input(3);
  const Tensor& y_zero_point = *args.input(7);
  ASSIGN_OR_RETURN(const ConvShape shape,
                   ConvShape::Of(args.attributes(), x, w));
  ASSIGN_OR_RETURN(const float x_scale, Scalar(*args.input(1)));
  ASSIGN_OR_RETURN(const float y_scale, Scalar(*args.input(6)));
  ASSIGN_OR_RETURN(const std::vector<float> w_scales,
                   PerMap<float>(*args.input(4), shape.maps, true));
  if (y_zero_point.num_elements() != 1) {
    return absl::InvalidArgumentError("y_zero_point must be a scalar");
  }
  ASSIGN_OR_RETURN(const Result<uint32_t> sums,
                   ConvolveIntegers(shape, x, w, args.input(2), args.input(5)));
  RETURN_IF_ERROR(AddBias(shape, args.input(8), sums.data()));
  const TensorDims dims = shape.ResultDims();
  ASSIGN_OR_RETURN(Result<float> scaled,
                   Result<float>::Create(ElementType::kFloat, dims));
  const int64_t plane_size = shape.window.OutputSize();
  for (int64_t i = 0; i < shape.batch * shape.maps; ++i) {
    const float scale = x_scale * w_scales[i % shape.maps] / y_scale;
    for (int64_t j = i * plane_size; j < (i + 1) * plane_size; ++j) {
      scaled.data()[j] =
          static_cast<float>(static_cast<int32_t>(sums.data()[j])) * scale;
    }
  }
  ASSIGN_OR_RETURN(TensorRef y, Requantize(scaled.span(), dims, y_zero_point,
                                           Strides(dims.size(), 0)));
  return std::vector{std::move(y)};
}

absl::Status CheckCausalShapes(const Tensor& x, const Tensor& w,
                               const Tensor* bias, const Tensor* past) {
  const TensorDims& dims = x.dims();
  if (dims.size() != 3 || w.dims().size() != 3 || w.dims()[0] != dims[1] ||
      w.dims()[1] != 1 || w.dims()[2] < 1) {
    return absl::InvalidArgumentError(
        absl::StrCat("input ", x.TypeString(), " and weight ", w.TypeString(),
                     " must be [batch,channels,length] and [channels,1,k]"));
  }
  if ((bias != nullptr && bias->dims() != TensorDims{dims[1]}) ||
      (past != nullptr &&
       past->dims() != TensorDims{dims[0], dims[1], w.dims()[2] - 1})) {
    return absl::InvalidArgumentError("bias or past_state has the wrong shape");
  }
  return absl::OkStatus();
}

Outputs CausalConvWithState(const KernelArgs& args) {
  const Tensor& x = *args.input(0);
  const Tensor& w = *args.input(1);
  RETURN_IF_ERROR(CheckCausalShapes(x, w, args.input(2), args.input(3)));
  const std::string_view activation =
      args.attributes().String("activation", "none");
  const bool silu = activation == "silu" || activation == "swish";
  if (!silu && activation != "none") {
    return absl::InvalidArgumentError(
        absl::StrCat("unknown activation '", std::string(activation), "'"));
  }
  const int64_t channels = x.dims()[1];
  const int64_t length = x.dims()[2];
  const int64_t taps = w.dims()[2];
  ASSIGN_OR_RETURN(Result<float> y, Result<float>::Create(x.type(), x.dims()));
  ASSIGN_OR_RETURN(
      Result<float> state,
      Result<float>::Create(x.type(), {x.dims()[0], channels, taps - 1}));
  ASSIGN_OR_RETURN(const Numbers<float> input, Numbers<float>::Of(x));
  ASSIGN_OR_RETURN(const Numbers<float> weights, Numbers<float>::Of(w));
  std::vector<float> bias(channels, 0);
  if (args.input(2) != nullptr) {
    ASSIGN_OR_RETURN(bias, PerMap<float>(*args.input(2), channels, false));
  }
  std::vector<float> past(state.span().size(), 0);
  if (args.input(3) != nullptr) {
    ASSIGN_OR_RETURN(const Numbers<float> given,
                     Numbers<float>::Of(*args.input(3)));
    past.assign(given.span().begin(), given.span().end());
  }
  std::vector<float> padded(taps - 1 + length);
  for (int64_t i = 0; i < x.dims()[0] * channels; ++i) {
    std::copy_n(past.begin() + i * (taps - 1), taps - 1, padded.begin());
    std::copy_n(input.data() + i * length, length, padded.begin() + taps - 1);
    std::copy_n(padded.begin() + length, taps - 1,
                state.data() + i * (taps - 1));
    const MatrixView<float> kernel{weights.data() + i % channels * taps, taps,
                                   1};
    float* out = y.data() + i * length;
    MultiplyMatrices(1, length, taps, kernel, {padded.data(), 1, 1}, out,
                     length);
    for (int64_t j = 0; j < length; ++j) {
      out[j] += bias[i % channels];
      if (silu) out[j] /= 1 + static_cast<float>(std::exp(-double{out[j]}));
    }
  }
  ASSIGN_OR_RETURN(TensorRef output, std::move(y).Finish());
  ASSIGN_OR_RETURN(TensorRef present, std::move(state).Finish());
  return std::vector{std::move(output), std::move(present)};
}

}  // namespace

KernelList ConvolutionKernels() {
  return {{"CausalConvWithState"_op, CausalConvWithState},
          {"Conv"_op, Conv},
          {"ConvInteger"_op, ConvInteger},
          {"ConvTranspose"_op, ConvTranspose},
          {"QLinearConv"_op, QLinearConv}};
}

}  // namespace onnxopt::eval
