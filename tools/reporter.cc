// SPDX-License-Identifier: Apache-2.0
#include "tools/reporter.h"

#include <regex.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

#include "fmt/format.h"
#include "support/text_escape.h"

namespace onnxopt {

struct Regex::State {
  regex_t compiled;
  ~State() { regfree(&compiled); }
};

Regex::Regex(std::unique_ptr<State> state) : state_(std::move(state)) {}
Regex::Regex(Regex&&) noexcept = default;
Regex& Regex::operator=(Regex&&) noexcept = default;
Regex::~Regex() = default;

absl::StatusOr<Regex> Regex::Compile(const std::string& pattern) {
  auto state = std::make_unique<State>();
  const int error =
      regcomp(&state->compiled, pattern.c_str(), REG_EXTENDED | REG_NOSUB);
  if (error == 0) return Regex(std::move(state));
  char reason[200];
  regerror(error, &state->compiled, reason, sizeof(reason));
  // There is nothing to free.
  static_cast<void>(regcomp(&state->compiled, "", REG_EXTENDED));
  return absl::InvalidArgumentError(fmt::format(
      "{} is not a regular expression: {}", QuoteForMessage(pattern), reason));
}

bool Regex::Matches(const std::string& text) const {
  return regexec(&state_->compiled, text.c_str(), 0, nullptr, 0) == 0;
}

bool UseColor() {
  const char* no_color = std::getenv("NO_COLOR");
  return isatty(STDERR_FILENO) != 0 &&
         (no_color == nullptr || *no_color == '\0');
}

namespace {

struct Style {
  std::string_view name;
  std::string_view color;
};

Style StyleOf(Severity severity) {
  switch (severity) {
    case Severity::kError:
      return {"error", "\033[1;31m"};
    case Severity::kWarning:
      return {"warning", "\033[1;35m"};
    case Severity::kRemark:
      return {"remark", "\033[1;34m"};
  }
  return {"note", ""};
}

// One line, whatever names and reasons of other libraries contain.
std::string OneLine(std::string_view text) {
  std::string line;
  for (const char c : text) {
    const auto code = static_cast<unsigned char>(c);
    if (c == '\n') {
      line += ' ';
    } else if (code < 0x20 || code == 0x7f) {
      line += fmt::format("\\x{:02x}", code);
    } else {
      line += c;
    }
  }
  while (line.ends_with(' ')) line.pop_back();
  return line;
}

}  // namespace

void Reporter::Report(std::string_view file, const Diagnostic& diagnostic) {
  std::string message;
  if (!diagnostic.pass.empty()) message = "[" + diagnostic.pass + "] ";
  message += diagnostic.message;
  if (diagnostic.severity == Severity::kRemark && remark_filter_ &&
      !remark_filter_->Matches(message)) {
    return;
  }
  if (capture_) {
    captured_.push_back({diagnostic.severity, std::move(message), ""});
    return;
  }
  if (diagnostic.severity == Severity::kWarning && quiet_) return;
  const Style style = StyleOf(diagnostic.severity);
  const std::string line =
      fmt::format("{}: {}{}:{} {}\n", OneLine(file), color_ ? style.color : "",
                  style.name, color_ ? "\033[0m" : "", OneLine(message));
  // At once, so that lines of concurrent runs do not mix.
  std::fwrite(line.data(), 1, line.size(), stderr);
}

}  // namespace onnxopt
