// SPDX-License-Identifier: Apache-2.0
// The shapes of MatMul's operands, and stacks of matrix products.
#ifndef ONNXOPT_EVAL_MATRIX_SHAPES_H_
#define ONNXOPT_EVAL_MATRIX_SHAPES_H_

#include <cstdint>

#include "absl/status/statusor.h"
#include "eval/dense.h"
#include "eval/gemm.h"
#include "ir/tensor.h"
#include "support/parallel.h"

namespace onnxopt::eval {

/// NumPy's matmul of row-major A and B.
struct MatMulShape {
  static absl::StatusOr<MatMulShape> Of(const TensorDims& a,
                                        const TensorDims& b);

  int64_t m = 1;
  int64_t n = 1;
  int64_t k = 1;
  TensorDims batch;   // of the result
  Strides a_strides;  // along the batch, in elements
  Strides b_strides;
  TensorDims result;
};

/// C = A * B for every matrix of the batch.
template <typename T>
void MultiplyStacks(const MatMulShape& shape, const T* a, const T* b, T* c) {
  const MatrixView<T> all_a{a, shape.k, 1};
  const MatrixView<T> all_b{b, shape.n, 1};
  Strides c_strides = RowMajorStrides(shape.batch);
  for (int64_t& stride : c_strides) stride *= shape.m * shape.n;
  const double products = static_cast<double>(shape.m) *
                          static_cast<double>(shape.n) *
                          static_cast<double>(shape.k + 1);
  const auto min_piece =
      static_cast<int64_t>(1 + kProductsPerThread / (products + 1));
  ForEachRun<3>(
      shape.batch, {shape.a_strides, shape.b_strides, c_strides},
      [&](int64_t count, const std::array<int64_t, 3>& offsets,
          const std::array<int64_t, 3>& steps) {
        ParallelFor(count, min_piece, [&](int64_t begin, int64_t end) {
          for (int64_t i = begin; i < end; ++i) {
            MatrixView<T> left = all_a;
            MatrixView<T> right = all_b;
            left.data += offsets[0] + i * steps[0];
            right.data += offsets[1] + i * steps[1];
            MultiplyMatrices(shape.m, shape.n, shape.k, left, right,
                             c + offsets[2] + i * steps[2], shape.n);
          }
        });
      });
}

}  // namespace onnxopt::eval

#endif  // ONNXOPT_EVAL_MATRIX_SHAPES_H_
