// SPDX-License-Identifier: Apache-2.0
// The usual scheme: panels of A and B are copied so that the innermost loop
// reads both in order, and a small tile of C stays in registers over a block
// of k. Tiles go back to C between blocks, which does not change a bit.
#include "eval/gemm.h"

#include <algorithm>
#include <cstdlib>
#include <vector>

#include "eval/gemm_tile.h"
#include "support/parallel.h"

namespace onnxopt::eval {
namespace {

constexpr int64_t kBlockRows = 96;
constexpr int64_t kBlockDepth = 256;
constexpr int64_t kBlockColumns = 512;
constexpr int64_t kPieceMultiple = 64;
template <typename T>
constexpr int64_t kMaxTileColumns = 64 / sizeof(T);

template <typename T>
const TileKernel<T>& ChooseTileKernel() {
  static constexpr TileKernel<T> kBaseline = {
      32 / sizeof(T),
      [](long depth, const T* a, const T* b, T* c, long c_stride) {
        AddTile<T, 16>(depth, a, b, c, c_stride);
      }};
#if defined(__x86_64__)
  const char* disabled = std::getenv("ONNXOPT_NO_AVX2");
  if (disabled == nullptr && __builtin_cpu_supports("avx2") &&
      TileKernelForAvx2<T>() != nullptr) {
    return *TileKernelForAvx2<T>();
  }
#endif
  return kBaseline;
}

template <typename T>
const TileKernel<T>& ThisTileKernel() {
  static const TileKernel<T>& kernel = ChooseTileKernel<T>();
  return kernel;
}

// `width` elements of B's row p, then those of row p + 1...; missing columns
// of the last panel are zero and never stored.
template <typename T>
void PackColumns(MatrixView<T> b, int64_t depth, int64_t columns,
                 int64_t full_width, T* packed) {
  for (int64_t j0 = 0; j0 < columns; j0 += full_width) {
    const int64_t width = std::min(full_width, columns - j0);
    const T* source = b.data + j0 * b.column_stride;
    if (width < full_width) std::fill_n(packed, depth * full_width, T{0});
    if (b.column_stride == 1) {
      for (int64_t p = 0; p < depth; ++p) {
        std::copy_n(source + p * b.row_stride, width, packed + p * full_width);
      }
    } else {
      for (int64_t j = 0; j < width; ++j) {
        for (int64_t p = 0; p < depth; ++p) {
          packed[p * full_width + j] =
              source[p * b.row_stride + j * b.column_stride];
        }
      }
    }
    packed += depth * full_width;
  }
}

template <typename T>
void PackRows(MatrixView<T> a, int64_t rows, int64_t depth, T* packed) {
  for (int64_t i0 = 0; i0 < rows; i0 += kTileRows) {
    const int64_t height = std::min<int64_t>(kTileRows, rows - i0);
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

// A tile at the edge of C, by way of a whole one.
template <typename T>
void AddEdgeTile(const TileKernel<T>& kernel, int64_t rows, int64_t columns,
                 int64_t depth, const T* a, const T* b, T* c,
                 int64_t c_stride) {
  T tile[kTileRows * kMaxTileColumns<T>] = {};
  for (int64_t i = 0; i < rows; ++i) {
    std::copy_n(c + i * c_stride, columns, tile + i * kernel.columns);
  }
  kernel.add(depth, a, b, tile, kernel.columns);
  for (int64_t i = 0; i < rows; ++i) {
    std::copy_n(tile + i * kernel.columns, columns, c + i * c_stride);
  }
}

// A and B packed.
template <typename T>
void AddBlock(const TileKernel<T>& kernel, int64_t rows, int64_t columns,
              int64_t depth, const T* a, const T* b, T* c, int64_t c_stride) {
  for (int64_t j = 0; j < columns; j += kernel.columns) {
    for (int64_t i = 0; i < rows; i += kTileRows) {
      const T* rows_of_a = a + i * depth;
      const T* columns_of_b = b + j * depth;
      T* tile = c + i * c_stride + j;
      const int64_t height = std::min<int64_t>(kTileRows, rows - i);
      const int64_t width = std::min<int64_t>(kernel.columns, columns - j);
      if (height == kTileRows && width == kernel.columns) {
        kernel.add(depth, rows_of_a, columns_of_b, tile, c_stride);
      } else {
        AddEdgeTile(kernel, height, width, depth, rows_of_a, columns_of_b, tile,
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

// C += A * B, on one thread.
template <typename T>
void AddProduct(int64_t m, int64_t n, int64_t k, MatrixView<T> a,
                MatrixView<T> b, T* c, int64_t c_stride) {
  if (m < kTileRows && b.column_stride == 1) {
    return AddRows(m, n, k, a, b, c, c_stride);
  }
  const TileKernel<T>& kernel = ThisTileKernel<T>();
  const int64_t depth_limit = std::min(k, kBlockDepth);
  std::vector<T> packed_a(RoundUp(std::min(m, kBlockRows), kTileRows) *
                          depth_limit);
  std::vector<T> packed_b(RoundUp(std::min(n, kBlockColumns), kernel.columns) *
                          depth_limit);
  for (int64_t j = 0; j < n; j += kBlockColumns) {
    const int64_t columns = std::min(kBlockColumns, n - j);
    for (int64_t p = 0; p < k; p += kBlockDepth) {
      const int64_t depth = std::min(kBlockDepth, k - p);
      PackColumns(b.From(p, j), depth, columns, kernel.columns,
                  packed_b.data());
      for (int64_t i = 0; i < m; i += kBlockRows) {
        const int64_t rows = std::min(kBlockRows, m - i);
        PackRows(a.From(i, p), rows, depth, packed_a.data());
        AddBlock(kernel, rows, columns, depth, packed_a.data(), packed_b.data(),
                 c + i * c_stride + j, c_stride);
      }
    }
  }
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
  const bool divide_rows = m > n;
  const int64_t lines = divide_rows ? m : n;
  // In whole tiles; lines longer than any product of two dims need no more.
  const double line_products = static_cast<double>(divide_rows ? n : m) *
                               static_cast<double>(std::max<int64_t>(k, 1));
  const int64_t min_piece = RoundUp(
      std::max<int64_t>(1, kProductsPerThread / line_products), kPieceMultiple);
  ParallelFor(lines, min_piece, [&](int64_t begin, int64_t end) {
    if (divide_rows) {
      AddProduct(end - begin, n, k, a.From(begin, 0), b, c + begin * c_stride,
                 c_stride);
    } else {
      AddProduct(m, end - begin, k, a, b.From(0, begin), c + begin, c_stride);
    }
  });
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
