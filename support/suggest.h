// SPDX-License-Identifier: Apache-2.0
#ifndef ONNXOPT_SUPPORT_SUGGEST_H_
#define ONNXOPT_SUPPORT_SUGGEST_H_

#include <span>
#include <string_view>

namespace onnxopt {

// The candidate that `wanted` most likely is, mistyped; the first of equally
// near ones. Empty if none is near enough for that to be more than a guess.
std::string_view NearestName(std::string_view wanted,
                             std::span<const std::string_view> candidates);

}  // namespace onnxopt

#endif  // ONNXOPT_SUPPORT_SUGGEST_H_
