// SPDX-License-Identifier: Apache-2.0
#include <string>
#include <vector>

#include "frontend/wire_reader.h"
#include "frontend/wire_writer.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "support/status_matchers.h"

namespace onnxopt {
namespace {

using ::testing::ElementsAre;
using ::testing::SizeIs;

TEST(WireTest, WhatIsWrittenIsRead) {
  WireWriter out;
  out.Varint(1, 300);
  out.Int(2, -1);
  out.Float(3, 1.5f);
  out.Bytes(4, "text");
  const size_t outer = out.Begin(5);
  const size_t inner = out.Begin(6);
  out.Bytes(7, std::string(200, 'x'));  // a length of two bytes
  out.End(inner);
  out.End(outer);
  EXPECT_EQ(out.size(), out.small().size());

  WireReader reader(out.small());
  ASSERT_TRUE(reader.Next());
  EXPECT_EQ(reader.varint(), 300u);
  ASSERT_TRUE(reader.Next());
  EXPECT_EQ(reader.int64(), -1);
  ASSERT_TRUE(reader.Next());
  EXPECT_EQ(reader.float32(), 1.5f);
  ASSERT_TRUE(reader.Next());
  EXPECT_EQ(reader.bytes(), "text");
  ASSERT_TRUE(reader.Next());
  EXPECT_TRUE(reader.Is(5, WireType::kBytes));
  WireReader outer_reader(reader.bytes());
  ASSERT_TRUE(outer_reader.Next());
  WireReader inner_reader(outer_reader.bytes());
  ASSERT_TRUE(inner_reader.Next());
  EXPECT_EQ(inner_reader.bytes().size(), 200u);
  EXPECT_FALSE(reader.Next());
  EXPECT_OK(reader.status());
}

TEST(WireTest, SplicesCountButAreNotCopied) {
  const std::string large(WireWriter::kMinSpliceBytes, 'x');
  const auto buffer = OwnBytes(large);
  WireWriter out;
  const size_t message = out.Begin(1);
  out.Bytes(2, "before");
  out.Raw(buffer->bytes(), buffer);
  out.Bytes(2, "after");
  out.End(message);
  ASSERT_THAT(out.splices(), SizeIs(1));
  const WireWriter::Splice& splice = out.splices()[0];
  EXPECT_EQ(splice.bytes.data(), buffer->bytes().data());
  std::string all = out.small();
  all.insert(splice.at, splice.bytes);
  EXPECT_EQ(all.size(), out.size());
  WireReader reader(all);
  ASSERT_TRUE(reader.Next());
  EXPECT_EQ(reader.raw().size(), all.size());
  EXPECT_TRUE(reader.bytes().ends_with("after"));
}

TEST(WireTest, MalformedMessagesEndTheWalk) {
  for (const std::string& message : {
           std::string("\x08"),  // no value
           std::string("\x0a\x05"
                       "ab"),            // shorter than it says
           std::string("\x0d\x01"),      // fixed32 cut off
           std::string("\x00\x01", 2),   // field number 0
           std::string("\x0f"),          // wire type 7
           std::string("\x0b\x08\x01"),  // group without end
           std::string("\x0b\x14"),      // group ended by another
           std::string("\x0c"),          // end without group
           std::string(11, '\xff'),      // endless varint
       }) {
    WireReader reader(message);
    EXPECT_FALSE(reader.Next()) << testing::PrintToString(message);
    EXPECT_FALSE(reader.status().ok());
  }
}

TEST(WireTest, GroupsAreOneField) {
  // field 1: group { field 2: 7; field 1: group {} }, then field 3: 5
  const std::string message("\x0b\x10\x07\x0b\x0c\x0c\x18\x05");
  WireReader reader(message);
  ASSERT_TRUE(reader.Next());
  EXPECT_TRUE(reader.Is(1, WireType::kGroupStart));
  EXPECT_EQ(reader.raw().size(), 6u);
  ASSERT_TRUE(reader.Next());
  EXPECT_TRUE(reader.Is(3, WireType::kVarint));
  EXPECT_FALSE(reader.Next());
  EXPECT_OK(reader.status());
}

TEST(WireTest, RepeatedNumbersPackedAndUnpacked) {
  WireWriter out;
  std::string packed;
  for (int64_t number : {1, -1, 300}) {
    AppendVarint(static_cast<uint64_t>(number), &packed);
  }
  out.Bytes(1, packed);
  out.Int(1, 4);
  std::vector<int64_t> numbers;
  int64_t count = 0;
  WireReader reader(out.small());
  while (reader.Next()) {
    ASSERT_OK(AppendInts(reader, &numbers));
    count += *CountInts(reader);
  }
  EXPECT_THAT(numbers, ElementsAre(1, -1, 300, 4));
  EXPECT_EQ(count, 4);
}

TEST(WireTest, RawFieldsJoin) {
  const std::string message = "abcdef";
  const std::string_view view = message;
  RawFields fields;
  fields.Add(view.substr(0, 2));
  fields.Add(view.substr(2, 1));
  EXPECT_FALSE(fields.copied());
  EXPECT_EQ(fields.fields(), "abc");
  fields.Add(view.substr(5));
  EXPECT_TRUE(fields.copied());
  EXPECT_EQ(fields.fields(), "abcf");
}

}  // namespace
}  // namespace onnxopt
