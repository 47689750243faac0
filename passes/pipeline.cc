// SPDX-License-Identifier: Apache-2.0
#include "passes/pipeline.h"

#include <algorithm>
#include <utility>

#include "fmt/core.h"
#include "support/status.h"
#include "support/text_escape.h"

namespace onnxopt {
namespace {

constexpr std::string_view kFixpoint = "fixpoint";

/// A fixpoint inside another one can make sense; deeper nesting is a mistake,
/// and the parser recurses.
constexpr int kMaxDepth = 16;

class PipelineParser {
 public:
  PipelineParser(std::string_view text, const PassRegistry& registry)
      : text_(text), registry_(registry) {}

  absl::StatusOr<std::vector<PipelineStep>> Parse() {
    std::vector<PipelineStep> steps;
    if (AtEnd()) return steps;
    RETURN_IF_ERROR(ParseSteps(0, &steps));
    if (!AtEnd()) return Unexpected("',' or the end");
    return steps;
  }

 private:
  absl::Status ParseSteps(int depth, std::vector<PipelineStep>* steps) {
    do {
      RETURN_IF_ERROR(ParseStep(depth, steps));
    } while (Consume(','));
    return absl::OkStatus();
  }

  absl::Status ParseStep(int depth, std::vector<PipelineStep>* steps) {
    SkipSpace();
    const size_t start = position_;
    const std::string_view name = Word();
    if (name.empty()) return Unexpected("the name of a pass or group");
    if (name == kFixpoint) return ParseFixpoint(depth, steps);
    if (const PassInfo* pass = registry_.Find(name)) {
      PipelineStep step;
      step.pass = pass;
      if (Consume('<')) RETURN_IF_ERROR(ParseOptions(&step));
      steps->push_back(std::move(step));
      return absl::OkStatus();
    }
    if (const PassGroup* group = registry_.FindGroup(name)) {
      if (Consume('<')) {
        return ErrorAt(start, fmt::format("group '{}' takes no options; give "
                                          "them to its members",
                                          group->name));
      }
      for (const std::string& member : group->members) {
        PipelineStep step;
        step.pass = registry_.Find(member);
        steps->push_back(std::move(step));
      }
      return absl::OkStatus();
    }
    return ErrorAt(start, std::string(registry_.UnknownName(name).message()));
  }

  absl::Status ParseFixpoint(int depth, std::vector<PipelineStep>* steps) {
    if (depth == kMaxDepth) {
      return ErrorAt(position_, "fixpoints are nested too deeply");
    }
    if (!Consume('(')) return Unexpected("'(' after 'fixpoint'");
    PipelineStep step;
    if (!Consume(')')) {
      RETURN_IF_ERROR(ParseSteps(depth + 1, &step.steps));
      if (!Consume(')')) return Unexpected("',' or ')'");
    }
    steps->push_back(std::move(step));
    return absl::OkStatus();
  }

  absl::Status ParseOptions(PipelineStep* step) {
    do {
      SkipSpace();
      const size_t start = position_;
      std::string name(Word());
      if (name.empty()) return Unexpected("the name of an option");
      std::replace(name.begin(), name.end(), '_', '-');
      RETURN_IF_ERROR(CheckOption(*step->pass, name, start));
      std::string value = "true";
      if (Consume('=')) {
        SkipSpace();
        value = Take([](char c) { return c != ',' && c != '>' && c != ' '; });
        if (value.empty()) return Unexpected("a value");
      }
      if (!step->options.emplace(name, std::move(value)).second) {
        return ErrorAt(start, fmt::format("option '{}' is given twice", name));
      }
    } while (Consume(','));
    if (!Consume('>')) return Unexpected("',' or '>'");
    return absl::OkStatus();
  }

  absl::Status CheckOption(const PassInfo& pass, std::string_view name,
                           size_t start) {
    std::string known;
    for (const PassOption& option : pass.options) {
      if (option.name == name) return absl::OkStatus();
      known += fmt::format("{}'{}'", known.empty() ? "" : ", ", option.name);
    }
    return ErrorAt(start, fmt::format("pass '{}' has no option {}; it has {}",
                                      pass.name, QuoteForMessage(name),
                                      known.empty() ? "none" : known));
  }

  absl::Status ErrorAt(size_t position, std::string_view message) {
    return absl::InvalidArgumentError(
        fmt::format("pipeline, character {}: {}", position + 1, message));
  }

  absl::Status Unexpected(std::string_view expected) {
    SkipSpace();
    const std::string found =
        AtEnd() ? "the end" : QuoteForMessage(text_.substr(position_, 1));
    return ErrorAt(position_,
                   fmt::format("expected {}, found {}", expected, found));
  }

  void SkipSpace() {
    while (position_ < text_.size() && text_[position_] == ' ') ++position_;
  }

  bool AtEnd() {
    SkipSpace();
    return position_ == text_.size();
  }

  bool Consume(char c) {
    if (AtEnd() || text_[position_] != c) return false;
    ++position_;
    return true;
  }

  template <typename Predicate>
  std::string_view Take(Predicate accept) {
    const size_t start = position_;
    while (position_ < text_.size() && accept(text_[position_])) ++position_;
    return text_.substr(start, position_ - start);
  }

  // Generous, so that a mistyped name is reported whole.
  std::string_view Word() {
    return Take([](char c) {
      return std::string_view(" ,()<>=").find(c) == std::string_view::npos;
    });
  }

  std::string_view text_;
  const PassRegistry& registry_;
  size_t position_ = 0;
};

}  // namespace

absl::StatusOr<std::vector<PipelineStep>> ParsePipeline(
    std::string_view text, const PassRegistry& registry) {
  return PipelineParser(text, registry).Parse();
}

std::string PipelineStepToString(const PipelineStep& step) {
  if (step.pass == nullptr) {
    return fmt::format("{}({})", kFixpoint, PipelineToString(step.steps));
  }
  std::string options;
  for (const auto& [name, value] : step.options) {
    options += fmt::format("{}{}={}", options.empty() ? "<" : ",", name, value);
  }
  if (!options.empty()) options += ">";
  return step.pass->name + options;
}

std::string PipelineToString(const std::vector<PipelineStep>& steps) {
  std::string text;
  for (const PipelineStep& step : steps) {
    if (!text.empty()) text += ",";
    text += PipelineStepToString(step);
  }
  return text;
}

std::string_view PipelineForLevel(int level) {
  switch (level) {
    case 0:
      return "";
    case 1:
      return "fixpoint(cleanup,fold<exact=true>,simplify)";
    default:
      return "fixpoint(cleanup,fold,fuse)";
  }
}

}  // namespace onnxopt
