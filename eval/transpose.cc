// SPDX-License-Identifier: Apache-2.0
// Tiles whose rows are a few cache lines: each line of the source is read once
// and each of the result written once, by way of a tile on the stack, so that
// strides of powers of two do not throw each other out of the cache.
#include "eval/transpose.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <string>
#include <type_traits>
#include <utility>

#include "eval/move_elements.h"

namespace onnxopt::eval {
namespace {

constexpr int64_t kVectorBytes = 16;
// Of a tile; the tile itself takes 32 KiB at most.
template <typename T>
constexpr int64_t kSide = sizeof(T) == 1 ? 128 : 256 / sizeof(T);

// Of elements of `bytes` bytes.
template <size_t bytes>
struct Vector {
  using Lane = std::conditional_t<
      bytes == 1, uint8_t,
      std::conditional_t<bytes == 2, uint16_t,
                         std::conditional_t<bytes == 4, uint32_t, uint64_t>>>;
  typedef Lane type __attribute__((vector_size(kVectorBytes)));
  static constexpr int kSize = kVectorBytes / bytes;

  // a[first], b[first], a[first + 1], b[first + 1]...
  template <int first, int... i>
  static type Interleave(type a, type b, std::integer_sequence<int, i...>) {
    return __builtin_shufflevector(a, b, (first + i / 2 + i % 2 * kSize)...);
  }
};

// A square of kSize vectors: each round interleaves the upper half of the rows
// with the lower half.
template <typename T>
void TransposeSquare(const T* in, int64_t in_stride, T* out,
                     int64_t out_stride) {
  using V = Vector<sizeof(T)>;
  constexpr int kSize = V::kSize;
  constexpr auto kLanes = std::make_integer_sequence<int, kSize>();
  std::array<typename V::type, kSize> rows;
  std::array<typename V::type, kSize> mixed;
  for (int j = 0; j < kSize; ++j) {
    std::memcpy(&rows[j], in + j * in_stride, kVectorBytes);
  }
  for (int round = 1; round < kSize; round *= 2) {
    for (int i = 0; i < kSize / 2; ++i) {
      const auto a = rows[i];
      const auto b = rows[i + kSize / 2];
      mixed[2 * i] = V::template Interleave<0>(a, b, kLanes);
      mixed[2 * i + 1] = V::template Interleave<kSize / 2>(a, b, kLanes);
    }
    rows = mixed;
  }
  for (int i = 0; i < kSize; ++i) {
    std::memcpy(out + i * out_stride, &rows[i], kVectorBytes);
  }
}

template <typename T>
void TransposeTile(const T* in, int64_t in_stride, T* out, int64_t out_stride) {
  constexpr int64_t kSize = Vector<sizeof(T)>::kSize;
  alignas(64) T tile[kSide<T>][kSide<T>];
  for (int64_t j = 0; j < kSide<T>; j += kSize) {
    for (int64_t i = 0; i < kSide<T>; i += kSize) {
      TransposeSquare(in + i + j * in_stride, in_stride, &tile[i][j], kSide<T>);
    }
  }
  for (int64_t i = 0; i < kSide<T>; ++i) {
    std::memcpy(out + i * out_stride, tile[i], sizeof(tile[i]));
  }
}

}  // namespace

template <typename T>
void TransposeMatrix(const T* in, int64_t in_stride, T* out, int64_t out_stride,
                     int64_t rows, int64_t columns) {
  constexpr bool kHasTiles = !std::is_same_v<T, std::string> && sizeof(T) <= 8;
  constexpr int64_t kStep = kHasTiles ? kSide<T> : 16;
  for (int64_t i0 = 0; i0 < rows; i0 += kStep) {
    const int64_t i1 = std::min(rows, i0 + kStep);
    for (int64_t j0 = 0; j0 < columns; j0 += kStep) {
      const int64_t j1 = std::min(columns, j0 + kStep);
      if constexpr (kHasTiles) {
        if (i1 - i0 == kStep && j1 - j0 == kStep) {
          TransposeTile(in + i0 + j0 * in_stride, in_stride,
                        out + i0 * out_stride + j0, out_stride);
          continue;
        }
      }
      for (int64_t i = i0; i < i1; ++i) {
        for (int64_t j = j0; j < j1; ++j) {
          out[i * out_stride + j] = in[i + j * in_stride];
        }
      }
    }
  }
}

template void TransposeMatrix(const uint8_t*, int64_t, uint8_t*, int64_t,
                              int64_t, int64_t);
template void TransposeMatrix(const Element<2>*, int64_t, Element<2>*, int64_t,
                              int64_t, int64_t);
template void TransposeMatrix(const Element<4>*, int64_t, Element<4>*, int64_t,
                              int64_t, int64_t);
template void TransposeMatrix(const Element<8>*, int64_t, Element<8>*, int64_t,
                              int64_t, int64_t);
template void TransposeMatrix(const Element<16>*, int64_t, Element<16>*,
                              int64_t, int64_t, int64_t);
template void TransposeMatrix(const std::string*, int64_t, std::string*,
                              int64_t, int64_t, int64_t);

}  // namespace onnxopt::eval
