// SPDX-License-Identifier: Apache-2.0
#include "tools/datum_file.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ir/op_registry.h"
#include "support/status_matchers.h"
#include "support/test_files.h"

namespace onnxopt {
namespace {

using ::testing::UnorderedElementsAre;

Datum Tensor1(ElementType type, std::string_view bytes) {
  auto tensor = Tensor::Owned(
      type, {static_cast<int64_t>(8 * bytes.size()) / BitWidth(type)}, bytes);
  EXPECT_OK(tensor);
  return Datum(*std::move(tensor));
}

TEST(DatumFileTest, NamesAreSafeAndDiffer) {
  const TempDir dir;
  auto folder = DatumFolder::Create(dir / "made/here");
  ASSERT_OK(folder);
  const Datum datum = Tensor1(ElementType::kFloat, "abcd");
  for (const std::string& name :
       {std::string("a"), std::string("../a"), std::string("..:a"),
        std::string("/etc/passwd"), std::string(".hidden"), std::string(),
        std::string("a\nb\0c", 5), std::string(5000, 'x')}) {
    EXPECT_OK(folder->Write(name, datum));
  }
  std::set<std::string> names;
  for (const auto& entry :
       std::filesystem::recursive_directory_iterator(dir.path())) {
    if (entry.is_regular_file()) {
      names.insert(
          std::filesystem::relative(entry.path(), dir.path()).string());
    }
  }
  EXPECT_THAT(names, UnorderedElementsAre(
                         "made/here/a.npy", "made/here/_._a.npy",
                         "made/here/_._a_2.npy", "made/here/_etc_passwd.npy",
                         "made/here/_hidden.npy", "made/here/_.npy",
                         "made/here/a_b_c.npy",
                         "made/here/" + std::string(200, 'x') + ".npy"));
}

TEST(DatumFileTest, ProtoMessages) {
  const TempDir dir;
  auto folder = DatumFolder::Create(dir.path());
  ASSERT_OK(folder);
  // onnx-data.proto: TensorProto {dims: 2, data_type: 16, name: "b", raw_data}.
  EXPECT_OK(folder->Write("b", Tensor1(ElementType::kBfloat16, "abcd")));
  EXPECT_EQ(ReadTestFile(dir / "b.pb"),
            "\x08\x02\x10\x10\x42\x01"
            "b\x4a\x04"
            "abcd");
  // SequenceProto {name: "s", elem_type: TENSOR, tensor_values: {...}}.
  const Datum sequence = Datum::Sequence({Tensor1(ElementType::kUint8, "x")});
  EXPECT_OK(folder->Write("s", sequence));
  EXPECT_EQ(ReadTestFile(dir / "s.pb"),
            "\x0a\x01s\x10\x01\x1a\x07\x08\x01\x10\x02\x4a\x01x");
  // OptionalProto {name: "o", elem_type: SEQUENCE, sequence_value: {...}}.
  EXPECT_OK(folder->Write("o", Datum::Optional(sequence)));
  EXPECT_EQ(ReadTestFile(dir / "o.pb"),
            "\x0a\x01o\x10\x03\x2a\x0b\x10\x01\x1a\x07\x08\x01\x10\x02\x4a\x01"
            "x");
  EXPECT_OK(folder->Write("e", Datum::EmptyOptional()));
  EXPECT_EQ(ReadTestFile(dir / "e.pb"),
            "\x0a\x01"
            "e");

  Model model(OpRegistry::Builtin());
  const TypeRef bytes = Type::Tensor(ElementType::kUint8, std::nullopt);
  const auto again =
      ReadDatumFile(dir / "o.pb", Type::Optional(Type::Sequence(bytes)), model);
  ASSERT_OK(again);
  ASSERT_TRUE(again->IsOptional());
  EXPECT_EQ(again->elements()[0].elements()[0].Describe(), "uint8[1]");
  EXPECT_FALSE(
      ReadDatumFile(dir / "b.pb", Type::Tensor(ElementType::kFloat, {}), model)
          .ok());
}

}  // namespace
}  // namespace onnxopt
