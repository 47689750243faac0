// SPDX-License-Identifier: Apache-2.0
// Reading and writing, where it is more than the round trips of whole models
// in test/roundtrip can show.
#include "frontend/reader.h"

#include <filesystem>
#include <fstream>
#include <string>

#include "frontend/proto_fields.h"
#include "frontend/text_parser.h"
#include "frontend/wire_reader.h"
#include "frontend/writer.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ir/verifier.h"
#include "support/status_matchers.h"
#include "support/test_files.h"

namespace onnxopt {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

absl::StatusOr<std::unique_ptr<Model>> Parse(
    const std::string& text, ReadOptions options = {},
    Diagnostics* diagnostics = nullptr) {
  Diagnostics ignored;
  ASSIGN_OR_RETURN(std::string proto, ParseModelText(text));
  return ReadModelProto(OwnBytes(std::move(proto)), options,
                        diagnostics ? diagnostics : &ignored);
}

std::string ErrorOf(const std::string& text) {
  return std::string(Parse(text).status().message());
}

constexpr char kHeader[] = "<ir_version: 8, opset_import: [\"\" : 17]>\n";

TEST(ReaderTest, InitializersThatAreInputsAreDefaults) {
  const std::string body =
      "g (float[2] x, float[2] w = {1, 2}) => (float[2] y)"
      " { y = Add (x, w) }";
  ASSERT_OK_AND_ASSIGN(const auto newer, Parse(kHeader + body));
  ASSERT_EQ(newer->graph()->inputs().size(), 2u);
  EXPECT_FALSE(newer->graph()->inputs()[1]->IsConstant());
  EXPECT_NE(newer->graph()->inputs()[1]->tensor(), nullptr);

  // In IR version 3 every initializer has to be an input.
  ASSERT_OK_AND_ASSIGN(
      const auto older,
      Parse("<ir_version: 3, opset_import: [\"\" : 7]>\n" + body));
  ASSERT_EQ(older->graph()->inputs().size(), 2u);
  EXPECT_TRUE(older->graph()->inputs()[1]->IsConstant());

  ReadOptions freeze;
  freeze.freeze_initializers = true;
  ASSERT_OK_AND_ASSIGN(const auto frozen, Parse(kHeader + body, freeze));
  EXPECT_EQ(frozen->graph()->inputs().size(), 1u);
  EXPECT_TRUE(frozen->graph()->constants().front().IsConstant());
}

TEST(ReaderTest, ConstantNodesBecomeConstants) {
  ASSERT_OK_AND_ASSIGN(const auto model, Parse(std::string(kHeader) + R"(
    g (float[2] x) => (float[2] y) {
      k = Constant <value_floats: floats = [1, 2]> ()
      y = Add (x, k)
    })"));
  EXPECT_EQ(model->graph()->nodes().size(), 1u);
  const Value& k = model->graph()->constants().front();
  EXPECT_EQ(k.constant_form(), ConstantForm::kNode);
  EXPECT_EQ(k.tensor()->TypeString(), "float[2]");
}

TEST(ReaderTest, AFunctionWinsOverAStandardOperator) {
  ASSERT_OK_AND_ASSIGN(const auto model, Parse(std::string(kHeader) + R"(
    g (float[2] x) => (float[2] y) { y = Identity (x) }
    <domain: "", opset_import: ["" : 17]>
    Identity (a) => (b) { b = Neg (a) })"));
  const Node& node = model->graph()->nodes().front();
  ASSERT_NE(node.function(), nullptr);
  EXPECT_FALSE(node.Has(Trait::kForwardsInput));
}

TEST(ReaderTest, NewerOpsetsAreOpaque) {
  Diagnostics diagnostics;
  ASSERT_OK_AND_ASSIGN(
      const auto model,
      Parse("<ir_version: 13, opset_import: [\"\" : 99]>\n"
            "g (float[2] x) => (float[2] y) { y = Identity (x) }",
            {}, &diagnostics));
  EXPECT_TRUE(model->graph()->nodes().front().op().is_opaque());
  ASSERT_EQ(diagnostics.all().size(), 1u);
  EXPECT_THAT(diagnostics.all()[0].message, HasSubstr("opset 99"));
}

TEST(ReaderTest, ErrorsNameNodeAndValue) {
  EXPECT_THAT(ErrorOf(std::string(kHeader) +
                      "g (float x) => (float y) { [n] y = Add (x, z) }"),
              HasSubstr("node 'n' (Add) uses 'z'"));
  EXPECT_THAT(ErrorOf(std::string(kHeader) +
                      "g (float x) => (float y) { x = Neg (x) y = Neg (x) }"),
              HasSubstr("value 'x' is defined twice"));
  EXPECT_THAT(ErrorOf("<ir_version: 8, opset_import: [\"\" : 17, \"\" : 16]>\n"
                      "g (float x) => (float y) { y = Neg (x) }"),
              HasSubstr("versions 17 and 16"));
}

TEST(ReaderTest, ValuesNamedByQuantizationAnnotationsArePinned) {
  ASSERT_OK_AND_ASSIGN(
      const std::string plain,
      ParseModelText(std::string(kHeader) +
                     "g (float x) => (float y) { a = Neg (x) y = Neg (a) }"));
  WireWriter annotated;
  WireReader reader(plain);
  while (reader.Next()) {
    if (!reader.Is(proto::model::kGraph, WireType::kBytes)) {
      annotated.Raw(reader.raw());
      continue;
    }
    const size_t graph = annotated.Begin(proto::model::kGraph);
    annotated.Raw(reader.bytes());
    const size_t annotation = annotated.Begin(proto::graph::kQuantization);
    annotated.Bytes(proto::annotation::kTensorName, "a");
    annotated.End(annotation);
    annotated.End(graph);
  }
  Diagnostics diagnostics;
  ASSERT_OK_AND_ASSIGN(
      const auto model,
      ReadModelProto(OwnBytes(annotated.small()), {}, &diagnostics));
  EXPECT_TRUE(model->graph()->nodes().front().output(0)->pinned());
  EXPECT_FALSE(model->graph()->nodes().back().output(0)->pinned());
}

// --- External data and files

class FileTest : public ::testing::Test {
 protected:
  std::string Path(std::string_view name) { return dir_ / name; }

  std::unique_ptr<Model> LargeModel() {
    std::string text = std::string(kHeader) +
                       "g (float[1024] x) => (float[1024] y)"
                       " <float[1024] w = {";
    for (int i = 0; i < 1024; ++i) text += (i ? "," : "") + std::to_string(i);
    return *Parse(text + "}> { y = Add (x, w) }");
  }

  TempDir dir_;
  Diagnostics diagnostics_;
};

TEST_F(FileTest, ExternalDataGetsANameFromItsContents) {
  WriteOptions options;
  options.external_data = true;
  for (int run = 0; run < 2; ++run) {
    ASSERT_OK(
        WriteModel(*LargeModel(), Path("m.onnx"), options, &diagnostics_));
    EXPECT_EQ(dir_.List().size(), 2u)
        << "the same contents are not stored twice";
  }
  ASSERT_OK_AND_ASSIGN(const auto model,
                       ReadModel(Path("m.onnx"), {}, &diagnostics_));
  const Tensor& w = *model->graph()->constants().front().tensor();
  ASSERT_NE(w.external(), nullptr);
  EXPECT_EQ(w.external()->offset % WriteOptions::kExternalAlignment, 0u);
  EXPECT_EQ(*w.bytes(),
            *LargeModel()->graph()->constants().front().tensor()->bytes());
}

TEST_F(FileTest, OtherContentsAreNeverOverwritten) {
  WriteOptions options;
  options.external_data = true;
  options.external_file = "w.data";
  WriteTestFile(Path("w.data"), "precious");
  const absl::Status status =
      WriteModel(*LargeModel(), Path("m.onnx"), options, &diagnostics_)
          .status();
  EXPECT_THAT(std::string(status.message()), HasSubstr("not overwritten"));
  EXPECT_EQ(ReadTestFile(Path("w.data")), "precious");
  EXPECT_THAT(dir_.List(), ElementsAre("w.data"));
}

TEST_F(FileTest, ExternalDataComesInOrStays) {
  WriteOptions external;
  external.external_data = true;
  ASSERT_OK(WriteModel(*LargeModel(), Path("m.onnx"), external, &diagnostics_));
  ASSERT_OK_AND_ASSIGN(const auto model,
                       ReadModel(Path("m.onnx"), {}, &diagnostics_));
  ASSERT_OK(WriteModel(*model, Path("one.onnx"), {}, &diagnostics_));
  ASSERT_OK_AND_ASSIGN(const auto one,
                       ReadModel(Path("one.onnx"), {}, &diagnostics_));
  EXPECT_EQ(one->graph()->constants().front().tensor()->external(), nullptr);
  WriteOptions keep;
  keep.keep_external = true;
  ASSERT_OK(WriteModel(*model, Path("kept.onnx"), keep, &diagnostics_));
  EXPECT_EQ(ReadTestFile(Path("kept.onnx")), ReadTestFile(Path("m.onnx")));
  EXPECT_EQ(dir_.List().size(), 4u);
}

TEST_F(FileTest, AnInputThatChangesIsAnError) {
  ASSERT_OK(WriteModel(*LargeModel(), Path("m.onnx"), {}, &diagnostics_));
  ASSERT_OK_AND_ASSIGN(const auto model,
                       ReadModel(Path("m.onnx"), {}, &diagnostics_));
  std::ofstream(Path("m.onnx"), std::ios::app) << "x";
  const absl::Status status =
      WriteModel(*model, Path("out.onnx"), {}, &diagnostics_).status();
  EXPECT_THAT(std::string(status.message()), HasSubstr("m.onnx"));
  EXPECT_THAT(dir_.List(), ElementsAre("m.onnx"));
}

TEST_F(FileTest, AnInvalidResultIsNotWritten) {
  ASSERT_OK(WriteModel(*LargeModel(), Path("m.onnx"), {}, &diagnostics_));
  const std::string before = ReadTestFile(Path("m.onnx"));
  const auto model = LargeModel();
  Node& add = model->graph()->nodes().front();
  model->graph()->AppendInput(&add, add.input(0));
  const absl::Status status =
      WriteModel(*model, Path("m.onnx"), {}, &diagnostics_).status();
  EXPECT_THAT(std::string(status.message()), HasSubstr("(Add) has 3 inputs"));
  EXPECT_EQ(ReadTestFile(Path("m.onnx")), before);
  // What the input had already is only a warning.
  WriteOptions known;
  known.known_complaints = CheckSchemas(*model);
  EXPECT_OK(WriteModel(*model, Path("m.onnx"), known, &diagnostics_));
}

TEST_F(FileTest, SerializedModelsReadBack) {
  const auto model = LargeModel();
  ASSERT_OK_AND_ASSIGN(const std::string bytes, SerializeModel(*model));
  ASSERT_OK_AND_ASSIGN(const auto again,
                       ReadModelProto(OwnBytes(bytes), {}, &diagnostics_));
  ASSERT_OK_AND_ASSIGN(const std::string twice, SerializeModel(*again));
  EXPECT_EQ(bytes, twice);
  EXPECT_THAT(diagnostics_.all(), IsEmpty());
}

}  // namespace
}  // namespace onnxopt
