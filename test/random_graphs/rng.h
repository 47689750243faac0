// SPDX-License-Identifier: Apache-2.0
// Random numbers that are the same on every machine.
#ifndef ONNXOPT_TEST_RANDOM_GRAPHS_RNG_H_
#define ONNXOPT_TEST_RANDOM_GRAPHS_RNG_H_

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string_view>
#include <utility>
#include <vector>

namespace onnxopt::random_graphs {

/// SplitMix64.
class Rng {
 public:
  explicit Rng(uint64_t seed) : state_(seed) {}
  /// Numbered streams for a name: equal arguments, equal numbers.
  Rng(std::string_view name, uint64_t number) : state_(14695981039346656037U) {
    for (const char letter : name) {
      state_ = (state_ ^ static_cast<uint8_t>(letter)) * 1099511628211U;
    }
    state_ ^= Rng(number).Next();
  }

  uint64_t Next() {
    uint64_t z = (state_ += 0x9E3779B97F4A7C15U);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9U;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBU;
    return z ^ (z >> 31);
  }
  /// From `low` to `high`, both included.
  int64_t Between(int64_t low, int64_t high) {
    const auto range = static_cast<uint64_t>(high - low) + 1;
    return low + static_cast<int64_t>(Next() % range);
  }
  bool Percent(int chance) { return Between(0, 99) < chance; }
  template <typename T>
  const T& Of(const std::vector<T>& all) {
    return all[Next() % all.size()];
  }
  template <typename T>
  T Of(std::initializer_list<T> all) {
    return all.begin()[Next() % all.size()];
  }
  template <typename T>
  void Shuffle(std::vector<T>& all) {
    for (size_t i = all.size(); i > 1; --i) {
      std::swap(all[i - 1], all[Next() % i]);
    }
  }

 private:
  uint64_t state_;
};

}  // namespace onnxopt::random_graphs

#endif  // ONNXOPT_TEST_RANDOM_GRAPHS_RNG_H_
