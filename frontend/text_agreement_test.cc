// SPDX-License-Identifier: Apache-2.0
// Our parser and libonnx's give the same ModelProto.
#include <string>

#include "frontend/text_parser.h"
#include "google/protobuf/util/message_differencer.h"
#include "gtest/gtest.h"
#include "onnx/defs/parser.h"
#include "onnx/onnx_pb.h"
#include "support/status_matchers.h"

namespace onnxopt {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

template <typename T, typename Values>
void MoveToRaw(Values* values, std::string* raw) {
  for (const auto value : *values) {
    const T element = static_cast<T>(value);
    raw->append(reinterpret_cast<const char*>(&element), sizeof(element));
  }
  values->Clear();
}

// libonnx keeps elements in the typed fields, we in raw_data.
void UseRawData(onnx::TensorProto* tensor) {
  std::string raw;
  switch (tensor->data_type()) {
    case onnx::TensorProto::FLOAT:
      MoveToRaw<float>(tensor->mutable_float_data(), &raw);
      break;
    case onnx::TensorProto::DOUBLE:
      MoveToRaw<double>(tensor->mutable_double_data(), &raw);
      break;
    case onnx::TensorProto::INT64:
      MoveToRaw<int64_t>(tensor->mutable_int64_data(), &raw);
      break;
    case onnx::TensorProto::INT32:
      MoveToRaw<int32_t>(tensor->mutable_int32_data(), &raw);
      break;
    case onnx::TensorProto::UINT32:
      MoveToRaw<uint32_t>(tensor->mutable_uint64_data(), &raw);
      break;
    case onnx::TensorProto::UINT64:
      MoveToRaw<uint64_t>(tensor->mutable_uint64_data(), &raw);
      break;
    case onnx::TensorProto::UINT16:
    case onnx::TensorProto::INT16:
      MoveToRaw<int16_t>(tensor->mutable_int32_data(), &raw);
      break;
    case onnx::TensorProto::INT8:
    case onnx::TensorProto::UINT8:
    case onnx::TensorProto::BOOL:
      MoveToRaw<int8_t>(tensor->mutable_int32_data(), &raw);
      break;
    default:
      return;
  }
  if (!tensor->has_raw_data()) tensor->set_raw_data(raw);
}

// Also forgets strings that are set, and empty.
void Normalize(Message* message) {
  const auto* reflection = message->GetReflection();
  std::vector<const FieldDescriptor*> fields;
  reflection->ListFields(*message, &fields);
  for (const FieldDescriptor* field : fields) {
    const bool is_message =
        field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE;
    if (field->is_repeated()) {
      if (!is_message) continue;
      for (int i = 0; i < reflection->FieldSize(*message, field); ++i) {
        Normalize(reflection->MutableRepeatedMessage(message, field, i));
      }
    } else if (is_message) {
      Normalize(reflection->MutableMessage(message, field));
    } else if (field->cpp_type() == FieldDescriptor::CPPTYPE_STRING &&
               field->name() != "raw_data" && field->name() != "s" &&
               reflection->GetString(*message, field).empty()) {
      reflection->ClearField(message, field);
    }
  }
  if (auto* tensor = dynamic_cast<onnx::TensorProto*>(message)) {
    UseRawData(tensor);
  }
}

void ExpectAgreement(const std::string& text) {
  onnx::ModelProto theirs;
  const auto status = onnx::OnnxParser::Parse(theirs, text.c_str());
  ASSERT_TRUE(status.IsOK()) << text << "\n" << status.ErrorMessage();
  ASSERT_OK_AND_ASSIGN(const std::string bytes, ParseModelText(text));
  onnx::ModelProto ours;
  ASSERT_TRUE(ours.ParseFromString(bytes));
  Normalize(&theirs);
  Normalize(&ours);
  std::string difference;
  google::protobuf::util::MessageDifferencer differencer;
  differencer.ReportDifferencesToString(&difference);
  EXPECT_TRUE(differencer.Compare(theirs, ours)) << text << "\n" << difference;
}

// `body` as the nodes of a model.
std::string WithNodes(const std::string& body) {
  return "<ir_version: 7, opset_import: [\"\" : 10]>\n"
         "agraph (float[N] X) => (float[N] Z) {\n" +
         body + "\n}";
}

TEST(TextAgreementTest, Models) {
  const std::string models[] = {
      R"(<ir_version: 7, opset_import: [ "" : 10 ]>
         agraph (float[N, 128] X, float[128,10] W, float[10] B)
           => (float[N, 10] C)
         { T = MatMul(X, W) S = Add(T, B) C = Softmax(S) })",
      R"(<ir_version: 7, opset_import: [ "" : 10, "com.microsoft": 1],
          producer_name: "p", producer_version: "1", domain: "d",
          model_version: 12, doc_string: "a doc string",
          metadata_props: ["k1" : "v1", "k2" : "v2"]>
         agraph (float[N] X) => (float[N] Y) { Y = Relu(X) })",
      R"(<ir_version: 7, opset_import: [ "" : 10 ]>
         agraph (float[?, 3] x, float s, float[] u) => (float[N] y)
         <float[2] t, int64[1] k> { y = foo(x, s, u) })",
      R"(<ir_version: 7, opset_import: [ "" : 10 ]>
         agraph (float y = {1.0}, float[N] z) => (float[N] w)
         <float[2] w1 = {1.0, 2.5e-3}, float[3] w2 = {4, 5.0, 6},
          float[N] x>
         { # a comment
           x = foo(y, w1) w = bar(x, w2, z) })",
      R"(<ir_version: 7, opset_import: [ "" : 10, "local" : 1 ]>
         agraph (float[N] x) => (float[N] out)
         { out = local.square<scale=2.0>(x) }
         <opset_import: [ "" : 10 ], domain: "local",
          doc_string: "the square">
         square <scale> (x) => (y) { s = Mul(x, x) y = Foo<k = @scale>(s) })",
  };
  for (const std::string& text : models) ExpectAgreement(text);
}

TEST(TextAgreementTest, Nodes) {
  const std::string bodies[] = {
      "Z = foo(X, X)",
      "Z = foo <a = 100, b = 200.5, c = \"astring\"> (X)",
      "Z = foo <a = [100, 200], b = [1.5, 2e3], c = [\"x\", \"y\"]> (X)",
      "Z = foo <t = float[3] {1.0, 2, -3.5}> (X)",
      "Z = foo <t = int64 {7}, u = bool[2] {1, 0}> (X)",
      "Z = foo <t = uint64[1] {18446744073709551615}> (X)",
      "Z = foo <t = string[2] {\"a\", \"b\"}> (X)",
      "Z = foo <t = uint16[2] {15360, 0}, u = double[1] {1.25}> (X)",
      "Z = foo <t = int16[2] {1, 2}, u = int8[2] {-1, 5}> (X)",
      "Z = somedomain.foo <a = 1> (X)",
      "Z = a.b.c.foo (X)",
      "Y, Q, Z = foo(X)",
      "Z = If <then_branch = g1 () => (float[N] y) { y = foo(X) },"
      " else_branch = g2 () => (float[N] z) <float[1] w = {1}>"
      " { z = bar(X, w) }> (X)",
      "Z = foo (X) <a = 1>",
  };
  for (const std::string& body : bodies) ExpectAgreement(WithNodes(body));
}

}  // namespace
}  // namespace onnxopt
