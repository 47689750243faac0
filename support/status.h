// SPDX-License-Identifier: Apache-2.0
//
// Status plumbing. What a user can cause is an absl::Status that names the
// file, node or value and says what to do next; what only our own bug can
// cause is an ONNXOPT_CHECK.
#ifndef ONNXOPT_SUPPORT_STATUS_H_
#define ONNXOPT_SUPPORT_STATUS_H_

#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace onnxopt {

// The same code with "PREFIX: MESSAGE" as its message; OK stays OK.
absl::Status Annotate(absl::Status status, std::string_view prefix);

namespace internal {
[[noreturn]] void CheckFailed(const char* file, int line,
                              const char* condition);
}  // namespace internal
}  // namespace onnxopt

#define ONNXOPT_STATUS_CONCAT_INNER(a, b) a##b
#define ONNXOPT_STATUS_CONCAT(a, b) ONNXOPT_STATUS_CONCAT_INNER(a, b)

// Returns from the current function if `expr` is a status that is not OK.
#define RETURN_IF_ERROR(...)                                                 \
  do {                                                                       \
    if (absl::Status onnxopt_status = (__VA_ARGS__); !onnxopt_status.ok()) { \
      return onnxopt_status;                                                 \
    }                                                                        \
  } while (false)

// ASSIGN_OR_RETURN(auto x, F()): returns the error of the absl::StatusOr, or
// moves its value into `lhs`. Expands to several statements, so it needs
// braces after `if` and `for`.
#define ASSIGN_OR_RETURN(lhs, ...) \
  ONNXOPT_ASSIGN_OR_RETURN_IMPL(   \
      ONNXOPT_STATUS_CONCAT(onnxopt_status_or_, __LINE__), lhs, __VA_ARGS__)

#define ONNXOPT_ASSIGN_OR_RETURN_IMPL(status_or, lhs, ...)   \
  auto status_or = (__VA_ARGS__);                            \
  if (!status_or.ok()) return std::move(status_or).status(); \
  lhs = *std::move(status_or)

// Aborts with file and line when `condition` is false, in every build.
#define ONNXOPT_CHECK(...)    \
  ((__VA_ARGS__)              \
       ? static_cast<void>(0) \
       : ::onnxopt::internal::CheckFailed(__FILE__, __LINE__, #__VA_ARGS__))

#endif  // ONNXOPT_SUPPORT_STATUS_H_
