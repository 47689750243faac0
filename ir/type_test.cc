// SPDX-License-Identifier: Apache-2.0
#include "ir/type.h"

#include "gtest/gtest.h"
#include "ir/dim.h"
#include "ir/element_type.h"

namespace onnxopt {
namespace {

TEST(ElementTypeTest, NamesAndNumbersAreOneToOne) {
  for (int number = 1; number < kNumElementTypes; ++number) {
    const auto type = ElementTypeFromNumber(number);
    ASSERT_TRUE(type);
    EXPECT_EQ(ElementTypeFromName(ElementTypeName(*type)), type);
  }
  EXPECT_FALSE(ElementTypeFromNumber(kNumElementTypes));
  EXPECT_FALSE(ElementTypeFromNumber(-1));
  EXPECT_FALSE(ElementTypeFromName("flaot"));
}

TEST(ElementTypeTest, ByteSizes) {
  EXPECT_EQ(ByteSize(ElementType::kFloat, 3), 12);
  EXPECT_EQ(ByteSize(ElementType::kBool, 3), 3);
  EXPECT_EQ(ByteSize(ElementType::kComplex128, 2), 32);
  EXPECT_EQ(ByteSize(ElementType::kInt4, 3), 2);
  EXPECT_EQ(ByteSize(ElementType::kUint2, 5), 2);
  EXPECT_EQ(ByteSize(ElementType::kString, 5), 0);
  EXPECT_FALSE(ByteSize(ElementType::kFloat, int64_t{1} << 60));
  EXPECT_FALSE(ByteSize(ElementType::kFloat, -1));
}

TEST(DimTest, ArithmeticIsCanonical) {
  const Dim n = Dim::Named("N");
  const Dim m = Dim::Named("M");
  EXPECT_EQ(n + m, m + n);
  EXPECT_EQ((n + m) * (n - m), n * n - m * m);
  EXPECT_EQ(n - n, Dim(0));
  EXPECT_TRUE((n * Dim(0)).IsInteger());
  EXPECT_EQ((n + Dim(1)) * Dim(2), n + n + Dim(2));
  EXPECT_EQ((n + Dim(1)).name(), "");
  EXPECT_EQ((n + Dim(1) - Dim(1)).name(), "N");
  EXPECT_EQ((n * n + m + Dim(3)).ToString(), "N*N + M + 3");
}

TEST(DimTest, UnknownAndOverflowAbsorb) {
  EXPECT_TRUE((Dim() + Dim(1)).IsUnknown());
  const Dim large(int64_t{1} << 62);
  EXPECT_TRUE((large * Dim(4)).IsUnknown());
  EXPECT_TRUE((large + large).IsUnknown());
  EXPECT_TRUE((Dim::Named("N") * Dim()).IsUnknown());
}

TEST(DimTest, CompareDecidesOnlyWhatHoldsForEveryRun) {
  const Dim n = Dim::Named("N");
  EXPECT_EQ(Compare(n, n), DimRelation::kEqual);
  EXPECT_EQ(Compare(n + Dim(1), n), DimRelation::kDifferent);
  EXPECT_EQ(Compare(n, Dim(3)), DimRelation::kUndecided);
  EXPECT_EQ(Compare(n, Dim::Named("M")), DimRelation::kUndecided);
  EXPECT_EQ(Compare(Dim(2), Dim(3)), DimRelation::kDifferent);
  EXPECT_EQ(Compare(Dim(), Dim()), DimRelation::kUndecided);
}

TEST(TypeTest, ToString) {
  const TypeRef tensor =
      Type::Tensor(ElementType::kFloat, Shape{Dim::Named("N"), Dim(3), Dim()});
  EXPECT_EQ(tensor->ToString(), "float[N,3,?]");
  EXPECT_EQ(Type::Tensor(ElementType::kInt4, Shape{})->ToString(), "int4");
  EXPECT_EQ(Type::Tensor(ElementType::kInt4, {})->ToString(), "int4[]");
  EXPECT_EQ(Type::Sequence(tensor)->ToString(), "seq(float[N,3,?])");
  EXPECT_EQ(Type::Map(ElementType::kString, tensor)->ToString(),
            "map(string,float[N,3,?])");
  EXPECT_EQ(Type::Optional(nullptr)->ToString(), "optional(?)");
}

TEST(TypeTest, SameTypeIsStructural) {
  const auto make = [](int64_t dim) {
    return Type::Sequence(Type::Tensor(ElementType::kFloat, Shape{Dim(dim)}));
  };
  EXPECT_TRUE(SameType(make(3), make(3)));
  EXPECT_FALSE(SameType(make(3), make(4)));
  EXPECT_FALSE(SameType(make(3), nullptr));
  EXPECT_TRUE(SameType(nullptr, nullptr));
  EXPECT_FALSE(SameType(Type::Tensor(ElementType::kFloat, {}),
                        Type::Tensor(ElementType::kFloat, Shape{})));
  // The message it was read from is not part of a type.
  EXPECT_TRUE(SameType(Type::WithMessage(make(3), "abc"), make(3)));
}

}  // namespace
}  // namespace onnxopt
