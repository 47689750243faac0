// SPDX-License-Identifier: Apache-2.0
#include "eval/run_testing.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "eval/dense.h"
#include "eval/elements.h"
#include "fmt/format.h"
#include "frontend/reader.h"
#include "frontend/text_parser.h"
#include "support/status.h"

namespace onnxopt::eval_testing {
namespace {

template <typename T>
Datum MakeTensor(ElementType type, TensorDims dims,
                 const std::vector<T>& values) {
  absl::StatusOr<TensorRef> tensor =
      Tensor::Owned(type, std::move(dims),
                    {reinterpret_cast<const char*>(values.data()),
                     values.size() * sizeof(T)});
  ONNXOPT_CHECK(tensor.ok());
  return Datum(*std::move(tensor));
}

std::string ElementsText(const Tensor& tensor) {
  std::string text;
  const auto add = [&text](const auto& value) {
    text += fmt::format("{}{}", text.empty() ? "" : ", ", value);
  };
  if (tensor.type() == ElementType::kString) {
    for (const std::string& element : tensor.strings()) add(element);
  } else if (eval::IsFloating(tensor.type())) {
    const auto values = eval::FloatsOf(tensor);
    ONNXOPT_CHECK(values.ok());
    for (const double value : *values) add(value);
  } else {
    const auto values = eval::IntegersOf(tensor);
    ONNXOPT_CHECK(values.ok());
    for (const int64_t value : *values) add(value);
  }
  return text;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Model>> ModelOf(std::string_view graph) {
  ASSIGN_OR_RETURN(
      std::string proto,
      ParseModelText(fmt::format(
          "<ir_version: 10, opset_import: [\"\": {0}, \"f\": 1]>\n{1}",
          kCanonicalOpset, graph)));
  Diagnostics diagnostics;
  return ReadModelProto(OwnBytes(std::move(proto)), ReadOptions(),
                        &diagnostics);
}

Datum Floats(TensorDims dims, std::vector<float> values) {
  return MakeTensor(ElementType::kFloat, std::move(dims), values);
}
Datum Int64s(TensorDims dims, std::vector<int64_t> values) {
  return MakeTensor(ElementType::kInt64, std::move(dims), values);
}
Datum Bool(bool value) {
  return MakeTensor<char>(ElementType::kBool, {}, {value ? '\1' : '\0'});
}
Datum Strings(TensorDims dims, std::vector<std::string> values) {
  absl::StatusOr<TensorRef> tensor =
      Tensor::Strings(std::move(dims), std::move(values));
  ONNXOPT_CHECK(tensor.ok());
  return Datum(*std::move(tensor));
}

std::string ToText(const Datum& datum) {
  switch (datum.kind()) {
    case Datum::Kind::kAbsent:
      return "nothing";
    case Datum::Kind::kTensor:
      return absl::StrCat(datum.tensor()->TypeString(), "{",
                          ElementsText(*datum.tensor()), "}");
    case Datum::Kind::kSequence:
      return absl::StrCat("[", ToText(datum.elements()), "]");
    case Datum::Kind::kOptional:
      return datum.elements().empty()
                 ? "none"
                 : absl::StrCat("some(", ToText(datum.elements()), ")");
    case Datum::Kind::kMap:
      return absl::StrCat("map(", ToText(datum.elements()), ")");
  }
  return "";
}

std::string ToText(const std::vector<Datum>& data) {
  std::string text;
  for (const Datum& datum : data) {
    absl::StrAppend(&text, text.empty() ? "" : ", ", ToText(datum));
  }
  return text;
}

}  // namespace onnxopt::eval_testing
