// SPDX-License-Identifier: Apache-2.0
#include "tools/test_data.h"

#include <filesystem>
#include <utility>

#include "eval/interpreter.h"
#include "fmt/format.h"
#include "support/status.h"
#include "support/text_escape.h"
#include "tools/datum_file.h"

namespace onnxopt {
namespace {

std::string FileOf(const std::string& folder, const char* kind, size_t i) {
  return (std::filesystem::path(folder) / fmt::format("{}_{}.pb", kind, i))
      .string();
}

bool Exists(const std::string& path) {
  std::error_code ignored;
  return std::filesystem::exists(path, ignored);
}

// KIND_0.pb and on, without gaps.
size_t CountFiles(const std::string& folder, const char* kind) {
  size_t count = 0;
  while (Exists(FileOf(folder, kind, count))) ++count;
  return count;
}

}  // namespace

absl::Status ReadTestInputs(const std::string& folder, Model& model,
                            std::map<std::string, Datum>* given) {
  const size_t count = CountFiles(folder, "input");
  std::vector<Value*> inputs = RunInputs(model);
  std::vector<Value*> required;
  for (Value* input : inputs) {
    if (input->tensor() == nullptr) required.push_back(input);
  }
  if (count <= required.size()) inputs = required;
  if (count > inputs.size()) {
    return absl::InvalidArgumentError(
        fmt::format("{} has {} inputs, but the model has {}",
                    QuoteForMessage(folder), count, inputs.size()));
  }
  for (size_t i = 0; i < count; ++i) {
    ASSIGN_OR_RETURN(Datum datum, ReadDatumFile(FileOf(folder, "input", i),
                                                inputs[i]->type(), model));
    if (given->emplace(inputs[i]->name(), std::move(datum)).second) continue;
    return absl::InvalidArgumentError(
        fmt::format("{} is given twice", QuoteForMessage(inputs[i]->name())));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<Datum>> ReadTestOutputs(const std::string& folder,
                                                   Model& model) {
  const auto outputs = model.graph()->output_infos();
  std::vector<Datum> expected(outputs.size());
  size_t count = 0;
  for (size_t i = 0; i < outputs.size(); ++i) {
    const std::string path = FileOf(folder, "output", i);
    if (!Exists(path)) continue;
    ++count;
    ASSIGN_OR_RETURN(expected[i], ReadDatumFile(path, outputs[i].type, model));
  }
  if (Exists(FileOf(folder, "output", outputs.size()))) {
    return absl::InvalidArgumentError(
        fmt::format("{} has more outputs than the model, which has {}",
                    QuoteForMessage(folder), outputs.size()));
  }
  if (count > 0) return expected;
  return absl::NotFoundError(
      fmt::format("{} holds no output_0.pb: nothing could be compared",
                  QuoteForMessage(folder)));
}

absl::StatusOr<std::string> CompareOutputs(const Model& model,
                                           const std::vector<Datum>& expected,
                                           const std::vector<Datum>& actual,
                                           const CompareOptions& options,
                                           bool* agree) {
  std::string text;
  *agree = true;
  for (size_t i = 0; i < expected.size(); ++i) {
    const std::string name(model.graph()->output_infos()[i].name);
    if (expected[i].IsAbsent()) {
      text +=
          fmt::format("{}: not compared, there is no output_{}.pb\n", name, i);
      continue;
    }
    ASSIGN_OR_RETURN(const Comparison comparison,
                     Compare(expected[i], actual[i], options));
    *agree &= comparison.equal;
    text += fmt::format(
        "{}: {} {}", name, actual[i].Describe(),
        comparison.equal ? "as expected" : "DIFFERS, " + comparison.difference);
    if (comparison.first_index >= 0) {
      text += fmt::format(", {} of {} elements differ",
                          comparison.num_different, comparison.num_elements);
    }
    text += fmt::format(
        "; {}\n", ErrorsText(comparison.max_abs_error, comparison.max_rel_error,
                             comparison.max_ulp_error));
  }
  return text;
}

}  // namespace onnxopt
