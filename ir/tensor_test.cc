// SPDX-License-Identifier: Apache-2.0
#include "ir/tensor.h"

#include <cstring>
#include <limits>
#include <memory>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ir/attribute.h"
#include "support/buffer.h"
#include "support/status_matchers.h"

namespace onnxopt {
namespace {

using ::testing::HasSubstr;

template <typename T>
std::string Bytes(std::initializer_list<T> values) {
  std::string bytes(values.size() * sizeof(T), '\0');
  std::memcpy(bytes.data(), std::data(values), bytes.size());
  return bytes;
}

// Sends `count` bytes, one at a time.
class Countdown : public TensorSource {
 public:
  explicit Countdown(int count) : count_(count) {}
  absl::Status Produce(const Tensor&, ByteSink sink) const override {
    for (int i = 0; i < count_; ++i) {
      const char byte = static_cast<char>(i);
      RETURN_IF_ERROR(sink({&byte, 1}));
    }
    return absl::OkStatus();
  }

 private:
  int count_;
};

TEST(TensorTest, NumElements) {
  EXPECT_EQ(NumElements({}), 1);
  EXPECT_EQ(NumElements({2, 3}), 6);
  EXPECT_EQ(NumElements({int64_t{1} << 40, 0, int64_t{1} << 40}), 0);
  EXPECT_EQ(NumElements({int64_t{1} << 40, int64_t{1} << 40}), std::nullopt);
  EXPECT_EQ(NumElements({2, -1}), std::nullopt);
}

TEST(TensorTest, BytesMustFitTypeAndShape) {
  EXPECT_OK(Tensor::Owned(ElementType::kFloat, {2}, Bytes<float>({1, 2})));
  const auto short_of_one =
      Tensor::Owned(ElementType::kFloat, {3}, Bytes<float>({1, 2}));
  EXPECT_THAT(std::string(short_of_one.status().message()),
              HasSubstr("float[3] needs 12 bytes, but its data has 8"));
  EXPECT_FALSE(Tensor::Owned(ElementType::kUndefined, {0}, "").ok());
  // Sub-byte elements are packed: 5 of 4 bits take 3 bytes, of 2 bits 2.
  EXPECT_OK(Tensor::Owned(ElementType::kInt4, {5}, "abc"));
  EXPECT_OK(Tensor::Owned(ElementType::kUint2, {5}, "ab"));
  EXPECT_FALSE(Tensor::Owned(ElementType::kInt4, {5}, "ab").ok());
}

TEST(TensorTest, LargeOwnedBytesLeaveTheHeap) {
  const std::string large(ScratchWriter::kMaxMemory + 1, 'x');
  ASSERT_OK_AND_ASSIGN(
      const TensorRef tensor,
      Tensor::Owned(ElementType::kUint8, {static_cast<int64_t>(large.size())},
                    large));
  EXPECT_GE(tensor->buffer()->fd(), 0);
  EXPECT_EQ(*tensor->bytes(), large);
}

TEST(TensorTest, SplatsRepeatOneElement) {
  ASSERT_OK_AND_ASSIGN(
      const TensorRef splat,
      Tensor::Splat(ElementType::kInt16, {100, 1000}, Bytes<int16_t>({7})));
  EXPECT_EQ(splat->byte_size(), 200000);
  int64_t size = 0;
  int chunks = 0;
  ASSERT_OK(splat->ForEachChunk([&](std::string_view chunk) {
    size += static_cast<int64_t>(chunk.size());
    ++chunks;
    return absl::OkStatus();
  }));
  EXPECT_EQ(size, 200000);
  EXPECT_GT(chunks, 1);
  EXPECT_EQ(*splat->Slice(100, 4), Bytes<int16_t>({7, 7}));
  EXPECT_EQ(splat->bytes()->size(), 200000u);
  ASSERT_OK_AND_ASSIGN(
      const TensorRef none,
      Tensor::Splat(ElementType::kInt16, {0}, Bytes<int16_t>({7})));
  EXPECT_EQ(none->bytes()->size(), 0u);
}

TEST(TensorTest, ComputedTensorsMustSendWhatTheyPromise) {
  const auto make = [](int promised, int sent) {
    return *Tensor::Computed(ElementType::kUint8, {promised},
                             std::make_shared<Countdown>(sent));
  };
  EXPECT_EQ(*make(3, 3)->bytes(), std::string_view("\0\1\2", 3));
  EXPECT_FALSE(make(3, 2)->bytes().ok());
  EXPECT_FALSE(make(3, 4)->bytes().ok());
}

TEST(TensorTest, HugeComputedTensorsAreNotMaterialized) {
  ASSERT_OK_AND_ASSIGN(const TensorRef huge,
                       Tensor::Computed(ElementType::kFloat, {int64_t{1} << 40},
                                        std::make_shared<Countdown>(0)));
  EXPECT_EQ(huge->bytes().status().code(),
            absl::StatusCode::kResourceExhausted);
  EXPECT_OK(Fingerprint(*huge));
}

TEST(TensorTest, EqualityIsBitwise) {
  const auto equal = [](const std::string& a, const std::string& b) {
    const auto x = *Tensor::Owned(ElementType::kFloat, {1}, a);
    const auto y = *Tensor::Owned(ElementType::kFloat, {1}, b);
    return *BitwiseEqual(*x, *y);
  };
  const float nan = std::numeric_limits<float>::quiet_NaN();
  EXPECT_TRUE(equal(Bytes({nan}), Bytes({nan})));
  EXPECT_FALSE(equal(Bytes({nan}), Bytes({-nan})));
  EXPECT_FALSE(equal(Bytes({0.0f}), Bytes({-0.0f})));
}

TEST(TensorTest, EqualityComparesFormsByContent) {
  ASSERT_OK_AND_ASSIGN(const TensorRef splat,
                       Tensor::Splat(ElementType::kUint8, {3}, "a"));
  ASSERT_OK_AND_ASSIGN(const TensorRef owned,
                       Tensor::Owned(ElementType::kUint8, {3}, "aaa"));
  ASSERT_OK_AND_ASSIGN(const TensorRef other_shape,
                       Tensor::Owned(ElementType::kUint8, {1, 3}, "aaa"));
  ASSERT_OK_AND_ASSIGN(const TensorRef other_type,
                       Tensor::Owned(ElementType::kInt8, {3}, "aaa"));
  EXPECT_EQ(*Fingerprint(*splat), *Fingerprint(*owned));
  EXPECT_TRUE(*BitwiseEqual(*splat, *owned));
  EXPECT_FALSE(*BitwiseEqual(*owned, *other_shape));
  EXPECT_FALSE(*BitwiseEqual(*owned, *other_type));
}

TEST(TensorTest, EqualityLooksBetweenTheSamples) {
  std::string a(1 << 20, 'x');
  std::string b = a;
  b[12345] = 'y';
  const TensorDims dims = {1 << 20};
  ASSERT_OK_AND_ASSIGN(const TensorRef x,
                       Tensor::Owned(ElementType::kUint8, dims, a));
  ASSERT_OK_AND_ASSIGN(const TensorRef y,
                       Tensor::Owned(ElementType::kUint8, dims, b));
  EXPECT_EQ(*Fingerprint(*x), *Fingerprint(*y));
  EXPECT_FALSE(*BitwiseEqual(*x, *y));
}

TEST(TensorTest, Strings) {
  ASSERT_OK_AND_ASSIGN(const TensorRef a, Tensor::Strings({2}, {"p", "q"}));
  ASSERT_OK_AND_ASSIGN(const TensorRef b, Tensor::Strings({2}, {"p", "q"}));
  ASSERT_OK_AND_ASSIGN(const TensorRef c, Tensor::Strings({2}, {"p", "r"}));
  EXPECT_TRUE(*BitwiseEqual(*a, *b));
  EXPECT_FALSE(*BitwiseEqual(*a, *c));
  EXPECT_FALSE(a->bytes().ok());
  EXPECT_FALSE(Tensor::Strings({3}, {"p"}).ok());
}

TEST(AttributeTest, SameAttributeIsBitwise) {
  Attribute a;
  a.name = "alpha";
  a.kind = AttrKind::kFloat;
  a.value = 0.0f;
  Attribute b = a;
  b.doc_string = "does not count";
  EXPECT_TRUE(*SameAttribute(a, b));
  b.value = -0.0f;
  EXPECT_FALSE(*SameAttribute(a, b));
  b.kind = AttrKind::kFloats;
  b.value = std::vector<float>{0.0f};
  EXPECT_FALSE(*SameAttribute(a, b));
}

TEST(TensorTest, OtherDimsShareTheData) {
  const auto owned = *Tensor::Owned(ElementType::kInt8, {2, 3},
                                    Bytes<int8_t>({1, 2, 3, 4, 5, 6}));
  const auto flat = Tensor::WithDims(owned, {6});
  ASSERT_OK(flat);
  EXPECT_EQ((*flat)->dims(), TensorDims{6});
  EXPECT_EQ((*flat)->bytes()->data(), owned->bytes()->data());
  const auto splat = *Tensor::Splat(ElementType::kInt8, {4}, "a");
  EXPECT_EQ((*Tensor::WithDims(splat, {2, 2}))->form(), Tensor::Form::kSplat);
  const auto strings = *Tensor::Strings({2}, {"a", "b"});
  EXPECT_EQ(&(*Tensor::WithDims(strings, {1, 2}))->strings(),
            &strings->strings());
  EXPECT_FALSE(Tensor::WithDims(owned, {5}).ok());
  EXPECT_FALSE(Tensor::WithDims(owned, {-2, -3}).ok());
}

// Fails for a tensor of other dims than it was made for, as a source that
// decodes a sparse tensor would.
class OnlyForDims : public TensorSource {
 public:
  explicit OnlyForDims(TensorDims dims) : dims_(std::move(dims)) {}
  absl::Status Produce(const Tensor& tensor, ByteSink sink) const override {
    if (tensor.dims() != dims_) return absl::InternalError("other dims");
    return sink("abcd");
  }

 private:
  TensorDims dims_;
};

TEST(TensorTest, OtherDimsOfAComputedTensor) {
  const auto computed =
      *Tensor::Computed(ElementType::kInt8, {2, 2},
                        std::make_shared<OnlyForDims>(TensorDims{2, 2}));
  TensorSpelling spelling;
  spelling.sparse = true;
  const auto flat = *Tensor::WithDims(
      Tensor::WithSpelling(computed, std::move(spelling), {}), {4});
  EXPECT_FALSE(flat->IsSpeltSparse());
  const auto column = *Tensor::WithDims(flat, {4, 1});
  EXPECT_EQ(*column->bytes(), "abcd");
  EXPECT_EQ(*flat->bytes(), "abcd");
}

}  // namespace
}  // namespace onnxopt
