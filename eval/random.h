// SPDX-License-Identifier: Apache-2.0
// Random numbers that are the same on every machine.
#ifndef ONNXOPT_EVAL_RANDOM_H_
#define ONNXOPT_EVAL_RANDOM_H_

#include <cstdint>

namespace onnxopt::eval {

/// SplitMix64: the standard library's distributions differ between platforms.
class Random {
 public:
  Random(uint64_t seed, uint64_t stream) : state_(seed) {
    state_ = Next() ^ (stream * 0x9e3779b97f4a7c15);
  }
  uint64_t Next() {
    uint64_t z = (state_ += 0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }
  /// In [0, n).
  int64_t Below(int64_t n) {
    return static_cast<int64_t>(Next() % static_cast<uint64_t>(n));
  }
  int64_t Between(int64_t min, int64_t max) {
    return min + Below(max - min + 1);
  }
  /// In [0, 1).
  double Unit() { return static_cast<double>(Next() >> 11) * 0x1p-53; }

 private:
  uint64_t state_;
};

}  // namespace onnxopt::eval

#endif  // ONNXOPT_EVAL_RANDOM_H_
