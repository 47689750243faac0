// SPDX-License-Identifier: Apache-2.0
// The innermost loop of matrix products, compiled for several instruction sets.
// Includes and calls nothing: inline functions compiled for one set could be
// linked into code for another.
#ifndef ONNXOPT_EVAL_GEMM_TILE_H_
#define ONNXOPT_EVAL_GEMM_TILE_H_

namespace onnxopt::eval {

inline constexpr long kTileRows = 4;

/// Adds the products of a panel of A (`depth` columns of kTileRows elements)
/// and one of B (`depth` rows of `columns` elements) to a tile of C, in order
/// of depth.
template <typename T>
struct TileKernel {
  long columns;
  void (*add)(long depth, const T* a, const T* b, T* c, long c_stride);
};

/// Null when it is not compiled for this processor. Only processors that have
/// AVX2 can run it.
template <typename T>
const TileKernel<T>* TileKernelForAvx2();

// Two vectors of C per row: with four rows, half of the 16 registers.
template <typename T, int kVectorBytes>
[[gnu::always_inline]] inline void AddTile(long depth, const T* a, const T* b,
                                           T* c, long c_stride) {
  typedef T Vector __attribute__((vector_size(kVectorBytes)));
  constexpr long kLanes = kVectorBytes / sizeof(T);
  Vector sums[kTileRows][2];
  for (long i = 0; i < kTileRows; ++i) {
    __builtin_memcpy(&sums[i][0], c + i * c_stride, sizeof(Vector));
    __builtin_memcpy(&sums[i][1], c + i * c_stride + kLanes, sizeof(Vector));
  }
  for (long p = 0; p < depth; ++p) {
    Vector left;
    Vector right;
    __builtin_memcpy(&left, b, sizeof(Vector));
    __builtin_memcpy(&right, b + kLanes, sizeof(Vector));
    for (long i = 0; i < kTileRows; ++i) {
      sums[i][0] += a[i] * left;
      sums[i][1] += a[i] * right;
    }
    a += kTileRows;
    b += 2 * kLanes;
  }
  for (long i = 0; i < kTileRows; ++i) {
    __builtin_memcpy(c + i * c_stride, &sums[i][0], sizeof(Vector));
    __builtin_memcpy(c + i * c_stride + kLanes, &sums[i][1], sizeof(Vector));
  }
}

}  // namespace onnxopt::eval

#endif  // ONNXOPT_EVAL_GEMM_TILE_H_
