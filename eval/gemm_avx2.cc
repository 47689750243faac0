// SPDX-License-Identifier: Apache-2.0
// Compiled with -mavx2 where the compiler knows it, and never with FMA: the
// same bits as everywhere.
#include "eval/gemm_tile.h"

namespace onnxopt::eval {

#ifdef __AVX2__
namespace {

template <typename T>
void Add(long depth, const T* a, const T* b, T* c, long c_stride) {
  AddTile<T, 32>(depth, a, b, c, c_stride);
}

}  // namespace

template <typename T>
const TileKernel<T>* TileKernelForAvx2() {
  static constexpr TileKernel<T> kKernel = {64 / sizeof(T), Add<T>};
  return &kKernel;
}
#else
template <typename T>
const TileKernel<T>* TileKernelForAvx2() {
  return nullptr;
}
#endif

template const TileKernel<float>* TileKernelForAvx2();
template const TileKernel<double>* TileKernelForAvx2();
template const TileKernel<unsigned int>* TileKernelForAvx2();
template const TileKernel<unsigned long>* TileKernelForAvx2();

}  // namespace onnxopt::eval
