// SPDX-License-Identifier: Apache-2.0
// Elements of tensors as keys of tables.
#ifndef ONNXOPT_EVAL_ELEMENT_KEYS_H_
#define ONNXOPT_EVAL_ELEMENT_KEYS_H_

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>
#include <span>
#include <string_view>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "eval/arithmetic.h"
#include "eval/elements.h"
#include "ir/tensor.h"
#include "support/status.h"

namespace onnxopt::eval {

/// Calls visit(i, key) for all elements: `key` is an absl::string_view that
/// is the same for equal elements of tensors of one type (all NaN are equal,
/// and both zeros), valid during the call. Integers of all types that are the
/// same number have the same key. Not for complex numbers.
template <typename Visit>
absl::Status ForEachKey(const Tensor& tensor, Visit visit) {
  if (tensor.form() == Tensor::Form::kStrings) {
    for (int64_t i = 0; i < tensor.num_elements(); ++i) {
      visit(i, absl::string_view(tensor.strings()[i]));
    }
    return absl::OkStatus();
  }
  ASSIGN_OR_RETURN(const std::string_view bytes, tensor.bytes());
  const auto run = [&]<typename T>(T) {
    std::array<T, kBlock> block;
    for (int64_t begin = 0; begin < tensor.num_elements(); begin += kBlock) {
      const auto part = std::span<T>(block).first(
          std::min<int64_t>(kBlock, tensor.num_elements() - begin));
      Load<T>(tensor.type(), bytes, begin, part);
      for (size_t i = 0; i < part.size(); ++i) {
        T& value = part[i];
        if (IsNotANumber(value)) value = std::numeric_limits<T>::quiet_NaN();
        if (value == 0) value = 0;  // not -0
        visit(begin + static_cast<int64_t>(i),
              absl::string_view(reinterpret_cast<const char*>(&value),
                                sizeof(T)));
      }
    }
  };
  if (IsFloating(tensor.type())) {
    run(double{});
  } else {
    run(int64_t{});
  }
  return absl::OkStatus();
}

}  // namespace onnxopt::eval

#endif  // ONNXOPT_EVAL_ELEMENT_KEYS_H_
