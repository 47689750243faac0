// SPDX-License-Identifier: Apache-2.0
#include "support/status.h"

#include <memory>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "support/diagnostics.h"
#include "support/status_matchers.h"

namespace onnxopt {
namespace {

using testing::HasSubstr;
using testing::Not;

absl::StatusOr<std::unique_ptr<int>> Parse(int value) {
  if (value < 0) return absl::InvalidArgumentError("negative");
  return std::make_unique<int>(value);
}

absl::StatusOr<int> Sum(int a, int b) {
  ASSIGN_OR_RETURN(std::unique_ptr<int> left, Parse(a));
  ASSIGN_OR_RETURN(auto right, Parse(b));
  return *left + *right;
}

absl::Status CheckSmall(int value) {
  ASSIGN_OR_RETURN(int sum, Sum(value, 0));
  RETURN_IF_ERROR(sum > 9 ? absl::OutOfRangeError("too large")
                          : absl::OkStatus());
  return absl::OkStatus();
}

TEST(StatusTest, MacrosReturnTheFirstError) {
  ASSERT_OK_AND_ASSIGN(int sum, Sum(1, 2));
  EXPECT_EQ(sum, 3);
  EXPECT_THAT(Sum(1, -2),
              StatusIs(absl::StatusCode::kInvalidArgument, "negative"));
  EXPECT_OK(CheckSmall(9));
  EXPECT_THAT(CheckSmall(10),
              StatusIs(absl::StatusCode::kOutOfRange, HasSubstr("large")));
  EXPECT_THAT(CheckSmall(-1), Not(IsOk()));
}

TEST(StatusTest, AnnotatePrefixesTheMessage) {
  EXPECT_THAT(
      Annotate(absl::NotFoundError("no such input"), "model.onnx"),
      StatusIs(absl::StatusCode::kNotFound, "model.onnx: no such input"));
  EXPECT_OK(Annotate(absl::OkStatus(), "model.onnx"));
}

TEST(StatusTest, CheckAbortsWithPlaceAndCondition) {
  ONNXOPT_CHECK(1 + 1 == 2);
  EXPECT_DEATH(ONNXOPT_CHECK(1 + 1 == 3), "status_test.cc:.*1 \\+ 1 == 3");
}

TEST(DiagnosticsTest, CollectsInOrderAndDropsUnwantedRemarks) {
  Diagnostics quiet;
  quiet.Remark("fold", "dropped");
  quiet.Warn("node 'a': odd");
  ASSERT_EQ(quiet.all().size(), 1u);
  EXPECT_EQ(quiet.all()[0].severity, Severity::kWarning);

  Diagnostics verbose(/*wants_remarks=*/true);
  ASSERT_TRUE(verbose.wants_remarks());
  verbose.Remark("fold", "folded");
  verbose.Error("bad");
  ASSERT_EQ(verbose.all().size(), 2u);
  EXPECT_EQ(verbose.all()[0].pass, "fold");
  EXPECT_EQ(verbose.all()[0].message, "folded");
  EXPECT_EQ(verbose.all()[1].severity, Severity::kError);
}

}  // namespace
}  // namespace onnxopt
