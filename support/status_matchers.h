// SPDX-License-Identifier: Apache-2.0
//
// GoogleTest support for absl::Status and absl::StatusOr. Tests only.
#ifndef ONNXOPT_SUPPORT_STATUS_MATCHERS_H_
#define ONNXOPT_SUPPORT_STATUS_MATCHERS_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "support/status.h"

namespace onnxopt {
namespace internal {
inline const absl::Status& GetStatus(const absl::Status& status) {
  return status;
}
template <typename T>
const absl::Status& GetStatus(const absl::StatusOr<T>& status_or) {
  return status_or.status();
}
}  // namespace internal

MATCHER(IsOk, negation ? "is not OK" : "is OK") {
  *result_listener << internal::GetStatus(arg).ToString();
  return arg.ok();
}

// EXPECT_THAT(F(), StatusIs(absl::StatusCode::kNotFound, HasSubstr("x.onnx")));
// Either argument is a value or a matcher.
MATCHER_P2(StatusIs, code, message,
           "has a code that " +
               testing::DescribeMatcher<absl::StatusCode>(code) +
               " and a message that " +
               testing::DescribeMatcher<std::string>(message)) {
  const absl::Status& status = internal::GetStatus(arg);
  *result_listener << status.ToString();
  return testing::Matches(code)(status.code()) &&
         testing::Matches(message)(std::string(status.message()));
}

}  // namespace onnxopt

#define EXPECT_OK(...) EXPECT_THAT((__VA_ARGS__), ::onnxopt::IsOk())
#define ASSERT_OK(...) ASSERT_THAT((__VA_ARGS__), ::onnxopt::IsOk())

#define ASSERT_OK_AND_ASSIGN(lhs, ...) \
  ONNXOPT_ASSERT_OK_AND_ASSIGN_IMPL(   \
      ONNXOPT_STATUS_CONCAT(onnxopt_status_or_, __LINE__), lhs, __VA_ARGS__)

#define ONNXOPT_ASSERT_OK_AND_ASSIGN_IMPL(status_or, lhs, ...) \
  auto status_or = (__VA_ARGS__);                              \
  ASSERT_THAT(status_or, ::onnxopt::IsOk());                   \
  lhs = *std::move(status_or)

#endif  // ONNXOPT_SUPPORT_STATUS_MATCHERS_H_
