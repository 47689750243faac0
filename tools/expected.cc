// SPDX-License-Identifier: Apache-2.0
#include "tools/expected.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "fmt/format.h"

namespace onnxopt {
namespace {

struct Expected {
  Severity severity;
  int at;                   // line of the comment
  std::optional<int> line;  // that the message has to name
  std::string_view text;
};

constexpr std::pair<Severity, std::string_view> kSeverities[] = {
    {Severity::kError, "error"},
    {Severity::kWarning, "warning"},
    {Severity::kRemark, "remark"},
};

std::string_view NameOf(Severity severity) {
  for (const auto& [candidate, name] : kSeverities) {
    if (candidate == severity) return name;
  }
  return "";
}

// Parses "error@+1 {{...}}".
std::optional<Expected> ParseExpected(std::string_view comment, int at) {
  for (const auto& [severity, name] : kSeverities) {
    if (!comment.starts_with(name)) continue;
    comment.remove_prefix(name.size());
    Expected expected = {severity, at, std::nullopt, {}};
    const size_t open = comment.find("{{");
    const size_t close = comment.rfind("}}");
    if (open == std::string_view::npos || close == std::string_view::npos ||
        close < open + 2) {
      return std::nullopt;
    }
    expected.text = comment.substr(open + 2, close - open - 2);
    if (comment.starts_with('@')) {
      comment.remove_prefix(comment.starts_with("@+") ? 2 : 1);
      int offset = 0;
      std::from_chars(comment.data(), comment.data() + open, offset);
      expected.line = at + offset;
    }
    return expected;
  }
  return std::nullopt;
}

std::vector<Expected> FindExpected(std::string_view text, int line,
                                   std::vector<std::string>* problems) {
  constexpr std::string_view kComment = "# expected-";
  std::vector<Expected> all;
  for (; !text.empty(); ++line) {
    const size_t end = std::min(text.find('\n'), text.size());
    const std::string_view current = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    const size_t comment = current.find(kComment);
    if (comment == std::string_view::npos) continue;
    if (const auto expected =
            ParseExpected(current.substr(comment + kComment.size()), line)) {
      all.push_back(*expected);
    } else {
      problems->push_back(fmt::format(
          "line {}: not of the form 'expected-error@+1 {{{{text}}}}'", line));
    }
  }
  return all;
}

bool Matches(const Expected& expected, const Diagnostic& reported) {
  return expected.severity == reported.severity &&
         reported.message.find(expected.text) != std::string::npos &&
         (!expected.line ||
          reported.message.starts_with(fmt::format("{}:", *expected.line)));
}

}  // namespace

std::vector<std::string> CompareWithExpected(
    std::string_view text, int first_line,
    std::span<const Diagnostic> reported) {
  std::vector<std::string> problems;
  std::vector<Expected> expected = FindExpected(text, first_line, &problems);
  for (const Diagnostic& diagnostic : reported) {
    const auto match =
        std::find_if(expected.begin(), expected.end(),
                     [&](const Expected& e) { return Matches(e, diagnostic); });
    if (match != expected.end()) {
      expected.erase(match);
    } else {
      problems.push_back(fmt::format("model at line {}: unexpected {}: {}",
                                     first_line, NameOf(diagnostic.severity),
                                     diagnostic.message));
    }
  }
  for (const Expected& missing : expected) {
    problems.push_back(fmt::format("line {}: expected {} was not reported: {}",
                                   missing.at, NameOf(missing.severity),
                                   missing.text));
  }
  return problems;
}

}  // namespace onnxopt
