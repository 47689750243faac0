// SPDX-License-Identifier: Apache-2.0
// Products of matrices, with the same bits on every machine.
#ifndef ONNXOPT_EVAL_GEMM_H_
#define ONNXOPT_EVAL_GEMM_H_

#include <cstdint>

namespace onnxopt::eval {

/// With fewer products than this, another thread costs more than it saves.
inline constexpr int64_t kProductsPerThread = 1 << 20;

/// Element (i, j) is at data[i * row_stride + j * column_stride].
template <typename T>
struct MatrixView {
  const T* data = nullptr;
  int64_t row_stride = 0;
  int64_t column_stride = 0;

  /// The part from this row and column on.
  MatrixView From(int64_t row, int64_t column) const {
    return {data + row * row_stride + column * column_stride, row_stride,
            column_stride};
  }
};

/// C[m,n] = A[m,k] * B[k,n], added to what is in C if `accumulate`. C has rows
/// of adjacent elements, c_stride apart. Every element is the sum of its k
/// products in order, each product and each sum rounded by itself, however the
/// work is divided (see ParallelFor) and whatever instructions the processor
/// has. T: float, double, uint32_t, uint64_t.
template <typename T>
void MultiplyMatrices(int64_t m, int64_t n, int64_t k, MatrixView<T> a,
                      MatrixView<T> b, T* c, int64_t c_stride,
                      bool accumulate = false);

}  // namespace onnxopt::eval

#endif  // ONNXOPT_EVAL_GEMM_H_
