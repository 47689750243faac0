// SPDX-License-Identifier: Apache-2.0
// The usual scheme: panels of A and B are copied so that the innermost loop
// reads both in order, and a small tile of C stays in registers over a block
// of k. Tiles go back to C between blocks, which does not change a bit.
#include "eval/gemm.h"

#include <algorithm>
#include <cstring>
#include <vector>

namespace onnxopt::eval {
namespace {

constexpr int64_t kBlockRows = 96;
constexpr int64_t kBlockDepth = 256;
constexpr int64_t kBlockColumns = 512;
constexpr int64_t kTileRows = 4;

template <typename T>
struct VectorOf {
  typedef T type __attribute__((vector_size(16)));
};

// Two vectors of 16 bytes: with four rows, half of the registers of SSE2.
template <typename T>
constexpr int64_t kTileColumns = 32 / sizeof(T);

// `width` elements of B's row p, then those of row p + 1...; missing columns
// of the last panel are zero and never stored.
template <typename T>
void PackColumns(MatrixView<T> b, int64_t depth, int64_t columns, T* packed) {
  constexpr int64_t kWidth = kTileColumns<T>;
  for (int64_t j0 = 0; j0 < columns; j0 += kWidth) {
    const int64_t width = std::min(kWidth, columns - j0);
    const T* source = b.data + j0 * b.column_stride;
    if (width < kWidth) std::fill_n(packed, depth * kWidth, T{0});
    if (b.column_stride == 1) {
      for (int64_t p = 0; p < depth; ++p) {
        for (int64_t j = 0; j < width; ++j) {
          packed[p * kWidth + j] = source[p * b.row_stride + j];
        }
      }
    } else {
      for (int64_t j = 0; j < width; ++j) {
        for (int64_t p = 0; p < depth; ++p) {
          packed[p * kWidth + j] =
              source[p * b.row_stride + j * b.column_stride];
        }
      }
    }
    packed += depth * kWidth;
  }
}

template <typename T>
void PackRows(MatrixView<T> a, int64_t rows, int64_t depth, T* packed) {
  for (int64_t i0 = 0; i0 < rows; i0 += kTileRows) {
    const int64_t height = std::min(kTileRows, rows - i0);
    const T* source = a.data + i0 * a.row_stride;
    if (height < kTileRows) std::fill_n(packed, depth * kTileRows, T{0});
    for (int64_t i = 0; i < height; ++i) {
      for (int64_t p = 0; p < depth; ++p) {
        packed[p * kTileRows + i] =
            source[i * a.row_stride + p * a.column_stride];
      }
    }
    packed += depth * kTileRows;
  }
}

// Adds the products of one panel of A and one of B to a whole tile of C.
template <typename T>
void AddTile(int64_t depth, const T* a, const T* b, T* c, int64_t c_stride) {
  using Vector = typename VectorOf<T>::type;
  constexpr int64_t kLanes = kTileColumns<T> / 2;
  Vector sums[kTileRows][2];
  for (int64_t i = 0; i < kTileRows; ++i) {
    std::memcpy(&sums[i][0], c + i * c_stride, sizeof(Vector));
    std::memcpy(&sums[i][1], c + i * c_stride + kLanes, sizeof(Vector));
  }
  for (int64_t p = 0; p < depth; ++p) {
    Vector left;
    Vector right;
    std::memcpy(&left, b, sizeof(Vector));
    std::memcpy(&right, b + kLanes, sizeof(Vector));
    for (int64_t i = 0; i < kTileRows; ++i) {
      sums[i][0] += a[i] * left;
      sums[i][1] += a[i] * right;
    }
    a += kTileRows;
    b += 2 * kLanes;
  }
  for (int64_t i = 0; i < kTileRows; ++i) {
    std::memcpy(c + i * c_stride, &sums[i][0], sizeof(Vector));
    std::memcpy(c + i * c_stride + kLanes, &sums[i][1], sizeof(Vector));
  }
}

// The same for a tile at the edge of C, by way of a whole one.
template <typename T>
void AddEdgeTile(int64_t rows, int64_t columns, int64_t depth, const T* a,
                 const T* b, T* c, int64_t c_stride) {
  constexpr int64_t kWidth = kTileColumns<T>;
  T tile[kTileRows * kWidth] = {};
  for (int64_t i = 0; i < rows; ++i) {
    std::copy_n(c + i * c_stride, columns, tile + i * kWidth);
  }
  AddTile(depth, a, b, tile, kWidth);
  for (int64_t i = 0; i < rows; ++i) {
    std::copy_n(tile + i * kWidth, columns, c + i * c_stride);
  }
}

// A and B packed.
template <typename T>
void AddBlock(int64_t rows, int64_t columns, int64_t depth, const T* a,
              const T* b, T* c, int64_t c_stride) {
  constexpr int64_t kWidth = kTileColumns<T>;
  for (int64_t j = 0; j < columns; j += kWidth) {
    for (int64_t i = 0; i < rows; i += kTileRows) {
      const T* rows_of_a = a + i * depth;
      const T* columns_of_b = b + j * depth;
      T* tile = c + i * c_stride + j;
      const int64_t height = std::min(kTileRows, rows - i);
      const int64_t width = std::min(kWidth, columns - j);
      if (height == kTileRows && width == kWidth) {
        AddTile(depth, rows_of_a, columns_of_b, tile, c_stride);
      } else {
        AddEdgeTile(height, width, depth, rows_of_a, columns_of_b, tile,
                    c_stride);
      }
    }
  }
}

// For few rows: copying B would cost more than it saves.
template <typename T>
void AddRows(int64_t m, int64_t n, int64_t k, MatrixView<T> a, MatrixView<T> b,
             T* c, int64_t c_stride) {
  for (int64_t j0 = 0; j0 < n; j0 += kBlockColumns) {
    const int64_t width = std::min(kBlockColumns, n - j0);
    for (int64_t i = 0; i < m; ++i) {
      T* __restrict sums = c + i * c_stride + j0;
      for (int64_t p = 0; p < k; ++p) {
        const T factor = a.data[i * a.row_stride + p * a.column_stride];
        const T* __restrict row = b.data + p * b.row_stride + j0;
        for (int64_t j = 0; j < width; ++j) sums[j] += factor * row[j];
      }
    }
  }
}

constexpr int64_t RoundUp(int64_t value, int64_t multiple) {
  return (value + multiple - 1) / multiple * multiple;
}

}  // namespace

template <typename T>
void MultiplyMatrices(int64_t m, int64_t n, int64_t k, MatrixView<T> a,
                      MatrixView<T> b, T* c, int64_t c_stride,
                      bool accumulate) {
  if (m == 0 || n == 0) return;
  if (!accumulate) {
    for (int64_t i = 0; i < m; ++i) std::fill_n(c + i * c_stride, n, T{0});
  }
  if (m < kTileRows && b.column_stride == 1) {
    return AddRows(m, n, k, a, b, c, c_stride);
  }
  const int64_t depth_limit = std::min(k, kBlockDepth);
  std::vector<T> packed_a(RoundUp(std::min(m, kBlockRows), kTileRows) *
                          depth_limit);
  std::vector<T> packed_b(RoundUp(std::min(n, kBlockColumns), kTileColumns<T>) *
                          depth_limit);
  for (int64_t j = 0; j < n; j += kBlockColumns) {
    const int64_t columns = std::min(kBlockColumns, n - j);
    for (int64_t p = 0; p < k; p += kBlockDepth) {
      const int64_t depth = std::min(kBlockDepth, k - p);
      MatrixView<T> part_of_b = b;
      part_of_b.data += p * b.row_stride + j * b.column_stride;
      PackColumns(part_of_b, depth, columns, packed_b.data());
      for (int64_t i = 0; i < m; i += kBlockRows) {
        const int64_t rows = std::min(kBlockRows, m - i);
        MatrixView<T> part_of_a = a;
        part_of_a.data += i * a.row_stride + p * a.column_stride;
        PackRows(part_of_a, rows, depth, packed_a.data());
        AddBlock(rows, columns, depth, packed_a.data(), packed_b.data(),
                 c + i * c_stride + j, c_stride);
      }
    }
  }
}

template void MultiplyMatrices(int64_t, int64_t, int64_t, MatrixView<float>,
                               MatrixView<float>, float*, int64_t, bool);
template void MultiplyMatrices(int64_t, int64_t, int64_t, MatrixView<double>,
                               MatrixView<double>, double*, int64_t, bool);
template void MultiplyMatrices(int64_t, int64_t, int64_t, MatrixView<uint32_t>,
                               MatrixView<uint32_t>, uint32_t*, int64_t, bool);
template void MultiplyMatrices(int64_t, int64_t, int64_t, MatrixView<uint64_t>,
                               MatrixView<uint64_t>, uint64_t*, int64_t, bool);

}  // namespace onnxopt::eval
