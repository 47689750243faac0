// SPDX-License-Identifier: Apache-2.0
// MaxPool, AveragePool, LpPool, their global forms, and MaxUnpool.
#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "eval/families.h"
#include "eval/numbers.h"
#include "eval/window.h"
#include "support/status.h"

namespace onnxopt::eval {
namespace {

using Outputs = absl::StatusOr<std::vector<TensorRef>>;

struct PoolShape {
  TensorDims ResultDims(const Tensor& x) const {
    TensorDims dims = {x.dims()[0], x.dims()[1]};
    dims.insert(dims.end(), window.output.begin(), window.output.end());
    return dims;
  }
  Window window;
  int64_t planes = 0;
};

absl::StatusOr<PoolShape> ReadPool(const KernelArgs& args, const Tensor& x) {
  if (x.dims().size() < 3) {
    return absl::InvalidArgumentError(absl::StrCat(
        "the rank must be at least 3, not that of ", x.TypeString()));
  }
  const std::vector<int64_t>* kernel = args.attributes().Ints("kernel_shape");
  if (kernel == nullptr) {
    return absl::InvalidArgumentError("kernel_shape is missing");
  }
  PoolShape shape;
  ASSIGN_OR_RETURN(
      shape.window,
      Window::Read(args.attributes(), {x.dims().begin() + 2, x.dims().end()},
                   *kernel));
  shape.planes = x.dims()[0] * x.dims()[1];
  return shape;
}

// out[i] = pool(plane, index) for every output element of every plane.
template <typename T, typename Pool>
void PoolPlanes(const PoolShape& shape, const T* x, T* y, Pool pool) {
  const int64_t in_size = shape.window.InputSize();
  const int64_t out_size = shape.window.OutputSize();
  for (int64_t plane = 0; plane < shape.planes; ++plane) {
    const T* in = x + plane * in_size;
    T* out = y + plane * out_size;
    ForEachOutput(shape.window.output,
                  [&](int64_t i, std::span<const int64_t> index) {
                    out[i] = pool(in, index);
                  });
  }
}

// NaN is greater than everything.
template <typename T>
bool IsGreater(T value, T best) {
  return value > best || (value != value && best == best);
}

// What no element is less than.
template <typename T>
T LeastValue() {
  if constexpr (std::is_floating_point_v<T>) {
    return -std::numeric_limits<T>::infinity();
  }
  return std::numeric_limits<T>::lowest();
}

// The index of an element of a plane if the first axis is the one that changes
// fastest.
int64_t ColumnMajorIndex(const TensorDims& dims, int64_t offset) {
  int64_t index = 0;
  for (size_t d = dims.size(); d-- > 0;) {
    index += offset % dims[d] * ProductOf(dims, 0, d);
    offset /= dims[d];
  }
  return index;
}

template <typename T>
Outputs MaxPoolOf(const KernelArgs& args) {
  const Tensor& x = *args.input(0);
  ASSIGN_OR_RETURN(const PoolShape shape, ReadPool(args, x));
  const Window& window = shape.window;
  const bool column_major = args.attributes().Int("storage_order", 0) != 0;
  const TensorDims dims = shape.ResultDims(x);
  std::optional<TensorBuilder> indices;
  int64_t* next_index = nullptr;
  if (args.num_outputs() > 1) {
    ASSIGN_OR_RETURN(indices, TensorBuilder::Create(ElementType::kInt64, dims));
    next_index = indices->As<int64_t>().data();
  }
  ASSIGN_OR_RETURN(Result<T> y, Result<T>::Create(x.type(), dims));
  ASSIGN_OR_RETURN(const Numbers<T> values, Numbers<T>::Of(x));
  const T* first = values.data();
  PoolPlanes(
      shape, first, y.data(), [&](const T* in, std::span<const int64_t> index) {
        int64_t best = -1;
        VisitWindow(window, index, [&](int64_t offset) {
          if (best < 0 || IsGreater(in[offset], in[best])) best = offset;
        });
        if (next_index != nullptr) {
          const int64_t within = best >= 0 && column_major
                                     ? ColumnMajorIndex(window.input, best)
                                     : best;
          *next_index++ = best < 0 ? -1 : in - first + within;
        }
        return best < 0 ? LeastValue<T>() : in[best];
      });
  std::vector<TensorRef> outputs(1);
  ASSIGN_OR_RETURN(outputs[0], std::move(y).Finish());
  if (indices) {
    ASSIGN_OR_RETURN(outputs.emplace_back(), std::move(*indices).Finish());
  }
  return outputs;
}

Outputs MaxPool(const KernelArgs& args) {
  const ElementType type = args.input(0)->type();
  if (type == ElementType::kInt8) return MaxPoolOf<int8_t>(args);
  if (type == ElementType::kUint8) return MaxPoolOf<uint8_t>(args);
  return WithFloatType(
      type, [&]<typename T>(T) -> Outputs { return MaxPoolOf<T>(args); });
}

// How many elements of the padded input a window covers: with ceil_mode it can
// reach beyond.
int64_t PaddedTaps(const Window& window, std::span<const int64_t> index) {
  int64_t taps = 1;
  for (size_t d = 0; d < window.axes(); ++d) {
    const int64_t padded =
        window.pads[d] + window.input[d] + window.end_pads[d];
    taps *= TapsInside(index[d] * window.strides[d], window.kernel[d],
                       window.dilations[d], padded)
                .end;
  }
  return taps;
}

Outputs AveragePool(const KernelArgs& args) {
  const Tensor& x = *args.input(0);
  ASSIGN_OR_RETURN(const PoolShape shape, ReadPool(args, x));
  const Window& window = shape.window;
  const bool with_padding = args.attributes().Int("count_include_pad", 0) != 0;
  return WithFloatType(x.type(), [&]<typename T>(T) -> Outputs {
    ASSIGN_OR_RETURN(Result<T> y,
                     Result<T>::Create(x.type(), shape.ResultDims(x)));
    ASSIGN_OR_RETURN(const Numbers<T> values, Numbers<T>::Of(x));
    PoolPlanes(shape, values.data(), y.data(),
               [&](const T* in, std::span<const int64_t> index) {
                 double sum = 0;
                 int64_t count = 0;
                 VisitWindow(window, index, [&](int64_t offset) {
                   sum += in[offset];
                   ++count;
                 });
                 if (with_padding) count = PaddedTaps(window, index);
                 return static_cast<T>(count == 0 ? 0.0 : sum / count);
               });
    return Single(std::move(y));
  });
}

// Sums of powers, and their roots.
class Norm {
 public:
  static absl::StatusOr<Norm> Of(const AttributeView& attributes) {
    const int64_t p = attributes.Int("p", 2);
    if (p < 1) {
      return absl::InvalidArgumentError(absl::StrCat("p cannot be ", p));
    }
    return Norm(p);
  }
  double Power(double value) const {
    if (p_ == 1) return std::fabs(value);
    if (p_ == 2) return value * value;
    return std::pow(std::fabs(value), static_cast<double>(p_));
  }
  double Root(double sum) const {
    if (p_ == 1) return sum;
    if (p_ == 2) return std::sqrt(sum);
    return std::pow(sum, 1 / static_cast<double>(p_));
  }

 private:
  explicit Norm(int64_t p) : p_(p) {}
  int64_t p_;
};

Outputs LpPool(const KernelArgs& args) {
  const Tensor& x = *args.input(0);
  ASSIGN_OR_RETURN(const PoolShape shape, ReadPool(args, x));
  ASSIGN_OR_RETURN(const Norm norm, Norm::Of(args.attributes()));
  return WithFloatType(x.type(), [&]<typename T>(T) -> Outputs {
    ASSIGN_OR_RETURN(Result<T> y,
                     Result<T>::Create(x.type(), shape.ResultDims(x)));
    ASSIGN_OR_RETURN(const Numbers<T> values, Numbers<T>::Of(x));
    PoolPlanes(shape, values.data(), y.data(),
               [&](const T* in, std::span<const int64_t> index) {
                 double sum = 0;
                 VisitWindow(shape.window, index, [&](int64_t offset) {
                   sum += norm.Power(in[offset]);
                 });
                 return static_cast<T>(norm.Root(sum));
               });
    return Single(std::move(y));
  });
}

// pool(plane as a span) for all planes.
template <typename Pool>
Outputs GlobalPool(const KernelArgs& args, Pool pool) {
  const Tensor& x = *args.input(0);
  if (x.dims().size() < 2) {
    return absl::InvalidArgumentError(absl::StrCat(
        "the rank must be at least 2, not that of ", x.TypeString()));
  }
  TensorDims dims(x.dims().size(), 1);
  dims[0] = x.dims()[0];
  dims[1] = x.dims()[1];
  const int64_t plane_size = ProductOf(x.dims(), 2, x.dims().size());
  if (plane_size == 0) return absl::InvalidArgumentError("an empty plane");
  return WithFloatType(x.type(), [&]<typename T>(T) -> Outputs {
    ASSIGN_OR_RETURN(Result<T> y, Result<T>::Create(x.type(), dims));
    ASSIGN_OR_RETURN(const Numbers<T> values, Numbers<T>::Of(x));
    const std::span<T> out = y.span();
    for (size_t i = 0; i < out.size(); ++i) {
      out[i] = static_cast<T>(
          pool(values.span().subspan(i * plane_size, plane_size)));
    }
    return Single(std::move(y));
  });
}

Outputs GlobalAveragePool(const KernelArgs& args) {
  return GlobalPool(args, [](auto plane) {
    double sum = 0;
    for (const auto value : plane) sum += value;
    return sum / static_cast<double>(plane.size());
  });
}

Outputs GlobalMaxPool(const KernelArgs& args) {
  return GlobalPool(args, [](auto plane) {
    auto best = plane[0];
    for (const auto value : plane) {
      if (IsGreater(value, best)) best = value;
    }
    return best;
  });
}

Outputs GlobalLpPool(const KernelArgs& args) {
  ASSIGN_OR_RETURN(const Norm norm, Norm::Of(args.attributes()));
  return GlobalPool(args, [&](auto plane) {
    double sum = 0;
    for (const auto value : plane) sum += norm.Power(value);
    return norm.Root(sum);
  });
}

// The dims that the pool whose inverse is asked for had as its input.
absl::StatusOr<TensorDims> UnpooledDims(const KernelArgs& args,
                                        const TensorDims& x) {
  constexpr int64_t kMax = int64_t{1} << 30;
  const size_t axes = x.size() - 2;
  const auto read = [&](std::string_view name, size_t count,
                        int64_t otherwise) -> absl::StatusOr<TensorDims> {
    const std::vector<int64_t>* sizes = args.attributes().Ints(name);
    if (sizes == nullptr) return TensorDims(count, otherwise);
    if (sizes->size() != count ||
        std::ranges::any_of(*sizes, [&](int64_t size) {
          return size < otherwise || size > kMax;
        })) {
      return absl::InvalidArgumentError(
          absl::StrCat(std::string(name), " does not fit the input"));
    }
    return *sizes;
  };
  ASSIGN_OR_RETURN(const TensorDims kernel, read("kernel_shape", axes, 1));
  ASSIGN_OR_RETURN(const TensorDims strides, read("strides", axes, 1));
  ASSIGN_OR_RETURN(const TensorDims pads, read("pads", 2 * axes, 0));
  TensorDims dims = x;
  for (size_t d = 0; d < axes; ++d) {
    if (x[d + 2] > kMax) return absl::InvalidArgumentError("X is too large");
    dims[d + 2] = std::max<int64_t>(
        0, (x[d + 2] - 1) * strides[d] - pads[d] - pads[axes + d] + kernel[d]);
  }
  return dims;
}

Outputs MaxUnpool(const KernelArgs& args) {
  const Tensor& x = *args.input(0);
  const Tensor& indices = *args.input(1);
  if (x.dims().size() < 3 || indices.dims() != x.dims()) {
    return absl::InvalidArgumentError(
        absl::StrCat("X ", x.TypeString(), " and I ", indices.TypeString(),
                     " must have the same shape, of rank 3 or more"));
  }
  ASSIGN_OR_RETURN(const TensorDims inner, UnpooledDims(args, x.dims()));
  TensorDims dims = inner;
  if (args.input(2) != nullptr) {
    ASSIGN_OR_RETURN(dims, IntegersOf(*args.input(2)));
    bool fits = dims.size() == inner.size();
    for (size_t d = 0; fits && d < dims.size(); ++d) fits = dims[d] >= inner[d];
    if (!fits) {
      return absl::InvalidArgumentError("output_shape is too small");
    }
  }
  const std::optional<int64_t> limit = NumElements(inner);
  if (!limit) return absl::InvalidArgumentError("the output is too large");
  ASSIGN_OR_RETURN(const Elements<int64_t> index,
                   Elements<int64_t>::Of(indices));
  return WithFloatType(x.type(), [&]<typename T>(T) -> Outputs {
    ASSIGN_OR_RETURN(Result<T> y, Result<T>::Create(x.type(), dims));
    ASSIGN_OR_RETURN(const Numbers<T> values, Numbers<T>::Of(x));
    const Strides outer = RowMajorStrides(dims);
    for (size_t i = 0; i < index.size(); ++i) {
      if (index[i] < 0 || index[i] >= *limit) {
        return absl::InvalidArgumentError(
            absl::StrCat("index ", index[i], " is out of range"));
      }
      int64_t rest = index[i];
      int64_t offset = 0;
      for (size_t d = dims.size(); d-- > 0;) {
        offset += rest % inner[d] * outer[d];
        rest /= inner[d];
      }
      y.data()[offset] = values.data()[i];
    }
    return Single(std::move(y));
  });
}

}  // namespace

KernelList PoolingKernels() {
  return {{"AveragePool"_op, AveragePool},
          {"GlobalAveragePool"_op, GlobalAveragePool},
          {"GlobalLpPool"_op, GlobalLpPool},
          {"GlobalMaxPool"_op, GlobalMaxPool},
          {"LpPool"_op, LpPool},
          {"MaxPool"_op, MaxPool},
          {"MaxUnpool"_op, MaxUnpool}};
}

}  // namespace onnxopt::eval
