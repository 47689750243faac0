// SPDX-License-Identifier: Apache-2.0
// MatMul, Gemm, MatMulInteger, QLinearMatMul, Det.
#include <algorithm>
#include <cmath>
#include <optional>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "eval/families.h"
#include "eval/gemm.h"
#include "eval/matrix_shapes.h"
#include "eval/numbers.h"
#include "eval/requantize.h"
#include "support/status.h"

namespace onnxopt::eval {

absl::StatusOr<MatMulShape> MatMulShape::Of(const TensorDims& a,
                                            const TensorDims& b) {
  if (a.empty() || b.empty()) {
    return absl::InvalidArgumentError("a scalar cannot be multiplied");
  }
  MatMulShape shape;
  const bool a_is_vector = a.size() == 1;
  const bool b_is_vector = b.size() == 1;
  const TensorDims a_batch(a.begin(), a.end() - (a_is_vector ? 1 : 2));
  const TensorDims b_batch(b.begin(), b.end() - (b_is_vector ? 1 : 2));
  shape.m = a_is_vector ? 1 : a[a.size() - 2];
  shape.k = a.back();
  shape.n = b_is_vector ? 1 : b.back();
  const std::optional<TensorDims> batch = BroadcastDims(a_batch, b_batch);
  if (shape.k != (b_is_vector ? b[0] : b[b.size() - 2]) || !batch) {
    return absl::InvalidArgumentError(
        absl::StrCat("[", absl::StrJoin(a, ","), "] and [",
                     absl::StrJoin(b, ","), "] cannot be multiplied"));
  }
  shape.result = *batch;
  if (!a_is_vector) shape.result.push_back(shape.m);
  if (!b_is_vector) shape.result.push_back(shape.n);
  if (b_batch.empty()) {  // one taller matrix instead of many
    shape.m *= ProductOf(a_batch, 0, a_batch.size());
    return shape;
  }
  shape.batch = *batch;
  shape.a_strides = BroadcastStrides(a_batch, *batch);
  shape.b_strides = BroadcastStrides(b_batch, *batch);
  for (int64_t& stride : shape.a_strides) stride *= shape.m * shape.k;
  for (int64_t& stride : shape.b_strides) stride *= shape.k * shape.n;
  return shape;
}

namespace {

using Outputs = absl::StatusOr<std::vector<TensorRef>>;

Outputs MatMul(const KernelArgs& args) {
  const Tensor& a = *args.input(0);
  const Tensor& b = *args.input(1);
  ASSIGN_OR_RETURN(const MatMulShape shape,
                   MatMulShape::Of(a.dims(), b.dims()));
  return WithNumberType(a.type(), [&]<typename T>(T) -> Outputs {
    ASSIGN_OR_RETURN(Result<T> result,
                     Result<T>::Create(a.type(), shape.result));
    ASSIGN_OR_RETURN(const Numbers<T> left, Numbers<T>::Of(a));
    ASSIGN_OR_RETURN(const Numbers<T> right, Numbers<T>::Of(b));
    MultiplyStacks(shape, left.data(), right.data(), result.data());
    return Single(std::move(result));
  });
}

// alpha and beta as T. For integers they must be integers too: the
// specification does not say how else to round.
template <typename T>
absl::StatusOr<T> Factor(float value) {
  if constexpr (std::is_floating_point_v<T>) {
    return static_cast<T>(value);
  } else {
    if (value != std::trunc(value) || std::fabs(value) >= 0x1p62f) {
      return absl::UnimplementedError(
          absl::StrCat("integers cannot be scaled by ", value));
    }
    return static_cast<T>(static_cast<int64_t>(value));
  }
}

// y = alpha * y + beta * c, c broadcast.
template <typename T>
absl::Status ScaleAndAdd(T alpha, T beta, const Tensor* c, Result<T>* result) {
  T* y = result->data();
  if (alpha != T{1}) {
    for (T& value : result->span()) value *= alpha;
  }
  if (c == nullptr || beta == T{0}) return absl::OkStatus();
  const TensorDims& dims = result->dims();
  if (BroadcastDims(c->dims(), dims) != dims) {
    return absl::InvalidArgumentError(
        absl::StrCat("C ", c->TypeString(), " does not broadcast to the ",
                     "product of A and B"));
  }
  ASSIGN_OR_RETURN(const Numbers<T> addend, Numbers<T>::Of(*c));
  const T* added = addend.data();
  ForEachRun<2>(
      dims, {RowMajorStrides(dims), BroadcastStrides(c->dims(), dims)},
      [&](int64_t n, const std::array<int64_t, 2>& offsets,
          const std::array<int64_t, 2>& steps) {
        for (int64_t i = 0; i < n; ++i) {
          y[offsets[0] + i] += beta * added[offsets[1] + i * steps[1]];
        }
      });
  return absl::OkStatus();
}

Outputs Gemm(const KernelArgs& args) {
  const Tensor& a = *args.input(0);
  const Tensor& b = *args.input(1);
  if (a.dims().size() != 2 || b.dims().size() != 2) {
    return absl::InvalidArgumentError("A and B must be matrices");
  }
  const bool trans_a = args.attributes().Int("transA", 0) != 0;
  const bool trans_b = args.attributes().Int("transB", 0) != 0;
  const int64_t m = a.dims()[trans_a ? 1 : 0];
  const int64_t k = a.dims()[trans_a ? 0 : 1];
  const int64_t n = b.dims()[trans_b ? 0 : 1];
  if (b.dims()[trans_b ? 1 : 0] != k) {
    return absl::InvalidArgumentError(absl::StrCat("A ", a.TypeString(),
                                                   " and B ", b.TypeString(),
                                                   " cannot be multiplied"));
  }
  return WithNumberType(a.type(), [&]<typename T>(T) -> Outputs {
    ASSIGN_OR_RETURN(const T alpha,
                     Factor<T>(args.attributes().Float("alpha", 1)));
    ASSIGN_OR_RETURN(const T beta,
                     Factor<T>(args.attributes().Float("beta", 1)));
    ASSIGN_OR_RETURN(Result<T> result, Result<T>::Create(a.type(), {m, n}));
    ASSIGN_OR_RETURN(const Numbers<T> left, Numbers<T>::Of(a));
    ASSIGN_OR_RETURN(const Numbers<T> right, Numbers<T>::Of(b));
    MatrixView<T> left_view{left.data(), k, 1};
    if (trans_a) left_view = {left.data(), 1, m};
    MatrixView<T> right_view{right.data(), n, 1};
    if (trans_b) right_view = {right.data(), 1, k};
    MultiplyMatrices(m, n, k, left_view, right_view, result.data(), n);
    RETURN_IF_ERROR(ScaleAndAdd(alpha, beta, args.input(2), &result));
    return Single(std::move(result));
  });
}

// The dims with which a scale or zero point, one per matrix, per row (a vector
// of them) or per column, broadcasts to a matrix.
TensorDims ParameterDims(const Tensor& parameter, bool per_row) {
  if (parameter.num_elements() == 1) return {};
  TensorDims dims = parameter.dims();
  if (per_row && dims.size() == 1) dims.push_back(1);
  return dims;
}

absl::StatusOr<Strides> ParameterStrides(const Tensor& parameter, bool per_row,
                                         const TensorDims& dims) {
  const TensorDims own = ParameterDims(parameter, per_row);
  if (BroadcastDims(own, dims) != dims) {
    return absl::InvalidArgumentError(
        absl::StrCat("a scale or zero point ", parameter.TypeString(),
                     " does not fit its operand"));
  }
  return BroadcastStrides(own, dims);
}

// All elements minus their zero points.
template <typename T>
absl::StatusOr<Result<T>> Centered(const Tensor& tensor,
                                   const Tensor* zero_point, bool per_row) {
  ASSIGN_OR_RETURN(const Numbers<T> numbers, Numbers<T>::Of(tensor));
  ASSIGN_OR_RETURN(Result<T> centered,
                   Result<T>::Create(NativeType<T>(), tensor.dims()));
  std::ranges::copy(numbers.span(), centered.data());
  if (zero_point == nullptr) return centered;
  ASSIGN_OR_RETURN(const Numbers<T> zeros, Numbers<T>::Of(*zero_point));
  const TensorDims& dims = tensor.dims();
  ASSIGN_OR_RETURN(Strides strides,
                   ParameterStrides(*zero_point, per_row, dims));
  const T* zero = zeros.data();
  ForEachRun<2>(dims, {RowMajorStrides(dims), std::move(strides)},
                [&](int64_t n, const std::array<int64_t, 2>& offsets,
                    const std::array<int64_t, 2>& steps) {
                  for (int64_t i = 0; i < n; ++i) {
                    centered.data()[offsets[0] + i] -=
                        zero[offsets[1] + i * steps[1]];
                  }
                });
  return centered;
}

Outputs MatMulInteger(const KernelArgs& args) {
  ASSIGN_OR_RETURN(
      const MatMulShape shape,
      MatMulShape::Of(args.input(0)->dims(), args.input(1)->dims()));
  ASSIGN_OR_RETURN(Result<uint32_t> result,
                   Result<uint32_t>::Create(ElementType::kInt32, shape.result));
  ASSIGN_OR_RETURN(
      const Result<uint32_t> a,
      Centered<uint32_t>(*args.input(0), args.input(2), /*per_row=*/true));
  ASSIGN_OR_RETURN(
      const Result<uint32_t> b,
      Centered<uint32_t>(*args.input(1), args.input(3), /*per_row=*/false));
  MultiplyStacks(shape, a.data(), b.data(), result.data());
  return Single(std::move(result));
}

// The product in T (uint32_t holding int32, or float for float8), times the
// scales, as elements of y's type.
template <typename T>
Outputs QuantizedMatMul(const KernelArgs& args) {
  const Tensor& a = *args.input(0);
  const Tensor& b = *args.input(3);
  const Tensor& y_zero = *args.input(7);
  ASSIGN_OR_RETURN(const MatMulShape shape,
                   MatMulShape::Of(a.dims(), b.dims()));
  const TensorDims& dims = shape.result;
  ASSIGN_OR_RETURN(Result<T> products,
                   Result<T>::Create(NativeType<T>(), dims));
  ASSIGN_OR_RETURN(Result<float> result,
                   Result<float>::Create(ElementType::kFloat, dims));
  ASSIGN_OR_RETURN(const Result<T> left,
                   Centered<T>(a, args.input(2), /*per_row=*/true));
  ASSIGN_OR_RETURN(const Result<T> right,
                   Centered<T>(b, args.input(5), /*per_row=*/false));
  MultiplyStacks(shape, left.data(), right.data(), products.data());
  ASSIGN_OR_RETURN(const Numbers<float> a_scale,
                   Numbers<float>::Of(*args.input(1)));
  ASSIGN_OR_RETURN(const Numbers<float> b_scale,
                   Numbers<float>::Of(*args.input(4)));
  ASSIGN_OR_RETURN(const Numbers<float> y_scale,
                   Numbers<float>::Of(*args.input(6)));
  std::array<Strides, 4> strides;
  strides[0] = RowMajorStrides(dims);
  ASSIGN_OR_RETURN(strides[1], ParameterStrides(*args.input(1), true, dims));
  ASSIGN_OR_RETURN(strides[2], ParameterStrides(*args.input(4), false, dims));
  ASSIGN_OR_RETURN(strides[3], ParameterStrides(*args.input(6), true, dims));
  const auto product = [&](int64_t i) {
    if constexpr (std::is_same_v<T, float>) return products.data()[i];
    return static_cast<float>(static_cast<int32_t>(products.data()[i]));
  };
  ForEachRun<4>(dims, strides,
                [&](int64_t n, const std::array<int64_t, 4>& at,
                    const std::array<int64_t, 4>& steps) {
                  for (int64_t i = 0; i < n; ++i) {
                    const float scale = a_scale.data()[at[1] + i * steps[1]] *
                                        b_scale.data()[at[2] + i * steps[2]] /
                                        y_scale.data()[at[3] + i * steps[3]];
                    result.data()[at[0] + i] = product(at[0] + i) * scale;
                  }
                });
  ASSIGN_OR_RETURN(const Strides zero_strides,
                   ParameterStrides(y_zero, true, dims));
  ASSIGN_OR_RETURN(TensorRef y,
                   Requantize(result.span(), dims, y_zero, zero_strides));
  return std::vector{std::move(y)};
}

Outputs QLinearMatMul(const KernelArgs& args) {
  const bool integers = IsInteger(args.input(0)->type());
  if (integers != IsInteger(args.input(3)->type()) ||
      integers != IsInteger(args.input(7)->type())) {
    return absl::UnimplementedError(
        "integers and floating-point numbers cannot be multiplied");
  }
  return integers ? QuantizedMatMul<uint32_t>(args)
                  : QuantizedMatMul<float>(args);
}

// By elimination with row pivots.
double Determinant(std::vector<double> a, int64_t n) {
  double determinant = 1;
  for (int64_t column = 0; column < n; ++column) {
    int64_t pivot = column;
    for (int64_t row = column + 1; row < n; ++row) {
      if (std::fabs(a[row * n + column]) > std::fabs(a[pivot * n + column])) {
        pivot = row;
      }
    }
    if (a[pivot * n + column] == 0) return 0;
    if (pivot != column) {
      std::swap_ranges(a.begin() + pivot * n, a.begin() + (pivot + 1) * n,
                       a.begin() + column * n);
      determinant = -determinant;
    }
    determinant *= a[column * n + column];
    for (int64_t row = column + 1; row < n; ++row) {
      const double factor = a[row * n + column] / a[column * n + column];
      for (int64_t j = column; j < n; ++j) {
        a[row * n + j] -= factor * a[column * n + j];
      }
    }
  }
  return determinant;
}

Outputs Det(const KernelArgs& args) {
  const Tensor& x = *args.input(0);
  const TensorDims& dims = x.dims();
  const size_t rank = dims.size();
  if (rank < 2 || dims[rank - 1] != dims[rank - 2]) {
    return absl::InvalidArgumentError(
        absl::StrCat("square matrices are needed, not ", x.TypeString()));
  }
  const int64_t n = dims.back();
  ASSIGN_OR_RETURN(Result<double> result,
                   Result<double>::Create(
                       x.type(), TensorDims(dims.begin(), dims.end() - 2)));
  ASSIGN_OR_RETURN(const Numbers<double> numbers, Numbers<double>::Of(x));
  const double* matrix = numbers.data();
  for (double& determinant : result.span()) {
    determinant = Determinant({matrix, matrix + n * n}, n);
    matrix += n * n;
  }
  return Single(std::move(result));
}

}  // namespace

KernelList MatMulKernels() {
  return {{"Det"_op, Det},
          {"Gemm"_op, Gemm},
          {"MatMul"_op, MatMul},
          {"MatMulInteger"_op, MatMulInteger},
          {"QLinearMatMul"_op, QLinearMatMul}};
}

}  // namespace onnxopt::eval
