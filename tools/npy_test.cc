// SPDX-License-Identifier: Apache-2.0
#include "tools/npy.h"

#include <cstring>
#include <string_view>
#include <vector>

#include "eval/dense.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "support/status_matchers.h"

namespace onnxopt {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// A file as numpy.lib.format describes it.
std::string File(std::string_view header, std::string_view data,
                 int version = 1) {
  std::string file = "\x93NUMPY";
  file += static_cast<char>(version);
  file += '\0';
  const int size_bytes = version == 1 ? 2 : 4;
  for (int i = 0; i < size_bytes; ++i) {
    file += static_cast<char>(header.size() >> (8 * i));
  }
  return file + std::string(header) + std::string(data);
}

std::string Dict(std::string_view descr, std::string_view shape,
                 bool fortran = false) {
  return "{'descr': '" + std::string(descr) +
         "', 'fortran_order': " + (fortran ? "True" : "False") +
         ", 'shape': " + std::string(shape) + ", }      \n";
}

template <typename T>
std::string Bytes(std::vector<T> values) {
  return std::string(reinterpret_cast<const char*>(values.data()),
                     values.size() * sizeof(T));
}

absl::StatusOr<TensorRef> Read(std::string file) {
  return ReadNpy(OwnBytes(std::move(file)));
}

std::string ErrorOf(std::string file) {
  return std::string(Read(std::move(file)).status().message());
}

TEST(NpyTest, AllVersions) {
  for (const int version : {1, 2, 3}) {
    const auto tensor = Read(
        File(Dict("<i4", "(3,)"), Bytes<int32_t>({7, -1, 1 << 30}), version));
    ASSERT_OK(tensor);
    EXPECT_EQ((*tensor)->TypeString(), "int32[3]");
    const auto values = eval::IntegersOf(**tensor);
    ASSERT_OK(values);
    EXPECT_THAT(*values, ElementsAre(7, -1, 1 << 30));
  }
  EXPECT_THAT(ErrorOf(File(Dict("<i4", "()"), "abcd", 4)),
              HasSubstr("version 4.0"));
}

TEST(NpyTest, ScalarsAndEmptyArrays) {
  const auto scalar = Read(File(Dict("|u1", "()"), "\x7"));
  ASSERT_OK(scalar);
  EXPECT_EQ((*scalar)->TypeString(), "uint8[]");
  const auto empty = Read(File(Dict("<f8", "(2, 0, 3)"), ""));
  ASSERT_OK(empty);
  EXPECT_EQ((*empty)->TypeString(), "double[2,0,3]");
}

TEST(NpyTest, ColumnMajorOrder) {
  // Element [i,j,k] is 100 i + 10 j + k; the first index runs fastest.
  std::vector<int16_t> data;
  for (int k = 0; k < 4; ++k) {
    for (int j = 0; j < 3; ++j) {
      for (int i = 0; i < 2; ++i) {
        data.push_back(static_cast<int16_t>(100 * i + 10 * j + k));
      }
    }
  }
  const auto tensor =
      Read(File(Dict("<i2", "(2, 3, 4)", true), Bytes<int16_t>(data)));
  ASSERT_OK(tensor);
  const auto values = eval::IntegersOf(**tensor);
  ASSERT_OK(values);
  EXPECT_THAT(*values,
              ElementsAre(0, 1, 2, 3, 10, 11, 12, 13, 20, 21, 22, 23, 100, 101,
                          102, 103, 110, 111, 112, 113, 120, 121, 122, 123));
}

TEST(NpyTest, KeysInAnyOrderAndStyle) {
  const auto tensor = Read(
      File("{\"shape\":(2L,),'fortran_order':False,'descr':'<u2'}", "abcd"));
  ASSERT_OK(tensor);
  EXPECT_EQ((*tensor)->TypeString(), "uint16[2]");
}

TEST(NpyTest, Strings) {
  const auto unicode = Read(
      File(Dict("<U2", "(3,)"),
           Bytes<char32_t>({U'a', 0, U'\u00f6', U'\u20ac', U'\U0001f600', 0})));
  ASSERT_OK(unicode);
  EXPECT_THAT((*unicode)->strings(),
              ElementsAre("a", "\xc3\xb6\xe2\x82\xac", "\xf0\x9f\x98\x80"));
  const auto bytes =
      Read(File(Dict("|S3", "(2,)"), std::string_view("abcd\0\0", 6)));
  ASSERT_OK(bytes);
  EXPECT_THAT((*bytes)->strings(), ElementsAre("abc", "d"));
  EXPECT_THAT(ErrorOf(File(Dict("<U1", "(1,)"), Bytes<uint32_t>({0xd800}))),
              HasSubstr("no valid Unicode"));
  EXPECT_THAT(ErrorOf(File(Dict("<U1", "(1,)"), Bytes<uint32_t>({0x110000}))),
              HasSubstr("no valid Unicode"));
}

TEST(NpyTest, BadFiles) {
  EXPECT_THAT(ErrorOf(""), HasSubstr("no .npy file"));
  EXPECT_THAT(ErrorOf("PK\3\4"), HasSubstr("no .npy file"));
  const std::string good = File(Dict("<f4", "(2,)"), "abcdefgh");
  ASSERT_OK(Read(good));
  for (size_t size = 0; size < good.size(); ++size) {
    EXPECT_FALSE(Read(good.substr(0, size)).ok()) << size;
  }
  EXPECT_THAT(ErrorOf(good + "i"),
              HasSubstr("needs 8 bytes of data, but the file holds 9"));
  for (const char* header :
       {"", "{", "[]", "{'descr': '<f4'}", "{'descr': '<f4', 'shape': (2,)}",
        "{'descr': '<f4', 'fortran_order': None, 'shape': (2,)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (-2,)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (2}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': 2}",
        "{'descr': '<f4, 'fortran_order': False, 'shape': (2,)}",
        "{'descr': '<f4' 'fortran_order': False, 'shape': (2,)}",
        "{'descr': '<f4', 'fortran_order': False, 'size': (2,)}"}) {
    EXPECT_THAT(ErrorOf(File(header, "abcdefgh")), HasSubstr("malformed"))
        << header;
  }
  EXPECT_THAT(
      ErrorOf(File(Dict("<f4", "(4611686018427387904, 4)"), "abcdefgh")),
      HasSubstr("too large"));
  EXPECT_THAT(ErrorOf(File(Dict("<U0", "(4611686018427387904,)"), "")),
              HasSubstr("too large"));
}

TEST(NpyTest, TypesThatAreNotRead) {
  EXPECT_THAT(ErrorOf(File(Dict("|O", "(1,)"), "abcdefgh")),
              HasSubstr("Python objects"));
  EXPECT_THAT(ErrorOf(File(Dict(">f4", "(2,)"), "abcdefgh")),
              HasSubstr("big-endian"));
  EXPECT_THAT(ErrorOf(File(Dict("|V2", "(4,)"), "abcdefgh")),
              HasSubstr("arrays of type '|V2'"));
  EXPECT_THAT(ErrorOf(File(Dict("<M8[ns]", "(1,)"), "abcdefgh")),
              HasSubstr("arrays of type '<M8[ns]'"));
  EXPECT_THAT(ErrorOf(File(Dict("", "(1,)"), "abcdefgh")),
              HasSubstr("arrays of type ''"));
  EXPECT_THAT(ErrorOf(File("{'descr': [('a', '<f4')], 'fortran_order': False, "
                           "'shape': (1,)}",
                           "abcd")),
              HasSubstr("structured"));
}

TEST(NpyTest, HeadersAreAlignedAndReadBack) {
  EXPECT_FALSE(NpyCanHold(ElementType::kBfloat16));
  EXPECT_FALSE(NpyCanHold(ElementType::kInt4));
  EXPECT_FALSE(NpyCanHold(ElementType::kString));
  const TensorDims many(30000, 1);
  const std::vector<TensorDims> shapes = {{}, {3}, {2, 0, 5}, many};
  for (const TensorDims& dims : shapes) {
    const std::string header = NpyHeader(ElementType::kFloat, dims);
    EXPECT_EQ(header.size() % 64, 0U);
    EXPECT_EQ(header.back(), '\n');
    const std::string data(4 * NumElements(dims).value(), '\1');
    const auto tensor = Read(header + data);
    ASSERT_OK(tensor);
    EXPECT_EQ((*tensor)->type(), ElementType::kFloat);
    EXPECT_EQ((*tensor)->dims(), dims);
  }
  EXPECT_THAT(NpyHeader(ElementType::kBool, {3}),
              HasSubstr("{'descr': '|b1', 'fortran_order': False, "
                        "'shape': (3,), }"));
}

}  // namespace
}  // namespace onnxopt
