// SPDX-License-Identifier: Apache-2.0
// Transposing a matrix of elements of any size, near the speed of memory.
#ifndef ONNXOPT_EVAL_TRANSPOSE_H_
#define ONNXOPT_EVAL_TRANSPOSE_H_

#include <cstdint>

namespace onnxopt::eval {

/// out[i * out_stride + j] = in[i + j * in_stride] for i < rows, j < columns.
/// Instantiated for the types of MoveElements.
template <typename T>
void TransposeMatrix(const T* in, int64_t in_stride, T* out, int64_t out_stride,
                     int64_t rows, int64_t columns);

}  // namespace onnxopt::eval

#endif  // ONNXOPT_EVAL_TRANSPOSE_H_
