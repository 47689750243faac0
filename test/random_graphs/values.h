// SPDX-License-Identifier: Apache-2.0
// Random elements of tensors.
#ifndef ONNXOPT_TEST_RANDOM_GRAPHS_VALUES_H_
#define ONNXOPT_TEST_RANDOM_GRAPHS_VALUES_H_

#include <cstdint>
#include <string_view>
#include <vector>

#include "ir/tensor.h"
#include "test/random_graphs/rng.h"

namespace onnxopt::random_graphs {

/// How elements are drawn.
enum class Numbers : uint8_t {
  kModerate,        // from -4 to 4, some zeros; constants may be infinite
  kFinite,          // the same, but never infinite
  kSpecial,         // NaN, Inf, -0, denormals, extremes of integers, too
  kPositive,        // from 1/4 to 4
  kNonzero,         // as kModerate, without zeros
  kSpecialNonzero,  // as kSpecial, without zeros
};

/// The types that elements can be drawn of: float, double, float16, bfloat16,
/// the integers of 8 to 64 bits, and bool.
const std::vector<ElementType>& DrawableTypes();
bool IsFloat(ElementType type);

TensorRef RandomTensor(Rng& rng, ElementType type, const TensorDims& dims,
                       Numbers numbers);
/// All elements the same; what the type cannot hold is converted as C++ does.
TensorRef SplatOf(ElementType type, const TensorDims& dims, double number);
TensorRef TensorOf(ElementType type, const TensorDims& dims,
                   const std::vector<double>& numbers);
TensorRef TensorOfTexts(const TensorDims& dims,
                        const std::vector<std::string_view>& texts);
TensorRef RandomTexts(Rng& rng, const std::vector<std::string_view>& words,
                      const TensorDims& dims);
/// Moderate, as RandomTensor draws them.
std::vector<float> SomeFloats(Rng& rng, int64_t count);
/// int64, one-dimensional.
TensorRef TensorOfInts(const std::vector<int64_t>& values);

}  // namespace onnxopt::random_graphs

#endif  // ONNXOPT_TEST_RANDOM_GRAPHS_VALUES_H_
