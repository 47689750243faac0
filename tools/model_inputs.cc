// SPDX-License-Identifier: Apache-2.0
#include "tools/model_inputs.h"

#include <algorithm>
#include <set>
#include <utility>

#include "absl/strings/str_join.h"
#include "eval/interpreter.h"
#include "fmt/format.h"
#include "frontend/reader.h"
#include "passes/opset/upgrade.h"
#include "support/status.h"
#include "support/suggest.h"
#include "support/text_escape.h"
#include "tools/datum_file.h"

namespace onnxopt {
namespace {

constexpr std::string_view kRandom = "random";

// Of an argument NAME=VALUE. Names may hold "=" and so may files, but sizes may
// not: the name is what comes before the last.
std::pair<std::string, std::string_view> SplitDim(std::string_view text) {
  const size_t equals = text.rfind('=');
  return {std::string(text.substr(0, equals)), text.substr(equals + 1)};
}

// The model has no input or dim (`kind`) called `name`.
absl::Status UnknownName(std::string_view kind, std::string_view name,
                         const std::vector<std::string_view>& known) {
  std::string text =
      fmt::format("the model has no {} {}", kind, QuoteForMessage(name));
  // One letter is not mistyped for another.
  const std::string_view nearest =
      name.size() > 1 ? NearestName(name, known) : "";
  if (!nearest.empty()) {
    text += fmt::format("; did you mean {}?", QuoteForMessage(nearest));
  } else if (!known.empty()) {
    text += fmt::format("; it has {}", fmt::join(known, ", "));
  }
  return absl::InvalidArgumentError(text);
}

void CollectDims(const TypeRef& type, std::set<std::string_view>* names) {
  if (type == nullptr) return;
  CollectDims(type->inner(), names);
  if (!type->shape()) return;
  for (const Dim& dim : *type->shape()) {
    if (!dim.name().empty()) names->insert(dim.name());
  }
}

absl::Status ResolveInput(std::string_view text, Model& model,
                          std::map<std::string, Datum>* given) {
  const Value* found = nullptr;
  std::vector<std::string_view> names;
  for (const Value* input : RunInputs(model)) {
    const std::string_view name = input->name();
    names.push_back(name);
    const bool fits = text.starts_with(name) && text.size() > name.size() &&
                      text[name.size()] == '=';
    if (fits && (found == nullptr || name.size() > found->name().size())) {
      found = input;
    }
  }
  if (found == nullptr) {
    return UnknownName("input", text.substr(0, text.find('=')), names);
  }
  const std::string name(found->name());
  const std::string file(text.substr(name.size() + 1));
  if (file == kRandom) return absl::OkStatus();
  ASSIGN_OR_RETURN(Datum datum, ReadDatumFile(file, found->type(), model));
  if (given->emplace(name, std::move(datum)).second) return absl::OkStatus();
  return absl::InvalidArgumentError(
      fmt::format("{} is given twice", QuoteForMessage(name)));
}

}  // namespace

absl::Status AddInput(std::string_view value, InputOptions& options) {
  const size_t equals = value.find('=');
  if (equals == std::string_view::npos || equals == 0) {
    return absl::InvalidArgumentError(
        fmt::format("{} is not NAME=FILE", QuoteForMessage(value)));
  }
  if (!IsDatumFileName(value) &&
      !value.ends_with(fmt::format("={}", kRandom))) {
    return absl::InvalidArgumentError(
        fmt::format("{} ends neither in .npy nor in .pb, nor is it 'random'",
                    QuoteForMessage(value.substr(equals + 1))));
  }
  options.inputs.emplace_back(value);
  return absl::OkStatus();
}

absl::Status AddDim(std::string_view value, InputOptions& options) {
  const auto [name, size] = SplitDim(value);
  if (name.empty() || name.size() == value.size()) {
    return absl::InvalidArgumentError(
        fmt::format("{} is not NAME=SIZE", QuoteForMessage(value)));
  }
  RETURN_IF_ERROR(ParseNumber(size, INT64_MAX).status());
  options.dims.emplace_back(value);
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<Model>> ReadCanonicalModel(
    const std::string& path, Reporter& reporter) {
  Diagnostics diagnostics;
  absl::StatusOr<std::unique_ptr<Model>> model =
      ReadModel(path, ReadOptions(), &diagnostics);
  for (const Diagnostic& diagnostic : diagnostics.all()) {
    reporter.Report(path, diagnostic);
  }
  if (!model.ok()) return model.status();
  Diagnostics ignored;
  RETURN_IF_ERROR(Upgrade(**model, /*target=*/nullptr, &ignored));
  const std::vector<std::string> unsupported = Unsupported(**model);
  if (unsupported.empty()) return model;
  return absl::UnimplementedError(
      fmt::format("operators that cannot be evaluated: {}",
                  absl::StrJoin(unsupported, ", ")));
}

absl::StatusOr<RandomInputOptions> ResolveInputs(const InputOptions& options,
                                                 Model& model) {
  RandomInputOptions resolved;
  resolved.seed = static_cast<uint64_t>(options.seed);
  for (const std::string& text : options.inputs) {
    RETURN_IF_ERROR(
        Annotate(ResolveInput(text, model, &resolved.given), "--input"));
  }
  std::set<std::string_view> names;
  for (const Value* input : RunInputs(model)) {
    CollectDims(input->type(), &names);
  }
  for (const std::string& text : options.dims) {
    const auto [name, size] = SplitDim(text);
    if (!names.contains(name)) {
      return Annotate(UnknownName("dim", name, {names.begin(), names.end()}),
                      "--set-dim");
    }
    ASSIGN_OR_RETURN(resolved.dims[name], ParseNumber(size, INT64_MAX));
  }
  return resolved;
}

}  // namespace onnxopt
