// SPDX-License-Identifier: Apache-2.0
#ifndef ONNXOPT_IR_FREE_NAME_H_
#define ONNXOPT_IR_FREE_NAME_H_

#include <string>
#include <string_view>

#include "absl/functional/function_ref.h"

namespace onnxopt {

/// `base_1`, or with a higher number: a name that is not taken, while the name
/// with the number before it is. Asks a logarithmic number of times, so that
/// making many names from one base is not quadratic.
inline std::string FreeName(std::string_view base,
                            absl::FunctionRef<bool(std::string_view)> taken) {
  const auto name = [base](int64_t i) {
    return std::string(base) + "_" + std::to_string(i);
  };
  int64_t last_taken = 0;
  int64_t free = 1;
  while (taken(name(free))) {
    last_taken = free;
    free *= 2;
  }
  while (free - last_taken > 1) {
    const int64_t middle = last_taken + (free - last_taken) / 2;
    (taken(name(middle)) ? last_taken : free) = middle;
  }
  return name(free);
}

}  // namespace onnxopt

#endif  // ONNXOPT_IR_FREE_NAME_H_
