// SPDX-License-Identifier: Apache-2.0
#include "tools/flag_parser.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "fmt/format.h"
#include "support/parallel.h"
#include "support/suggest.h"
#include "support/text_escape.h"

namespace onnxopt {
namespace {

absl::Status UnknownFlag(std::string_view name,
                         std::span<const FlagInfo> flags) {
  std::vector<std::string_view> names;
  for (const FlagInfo& flag : flags) names.push_back(flag.name);
  // One letter is not mistyped for another.
  const std::string_view nearest =
      name.starts_with("--") ? NearestName(name, names) : "";
  return absl::InvalidArgumentError(fmt::format(
      "unknown flag {}; {}", QuoteForMessage(name),
      nearest.empty() ? "--help lists all flags"
                      : fmt::format("did you mean '{}'?", nearest)));
}

}  // namespace

absl::Status ParseArguments(
    std::span<char* const> arguments, std::span<const FlagInfo> flags,
    absl::FunctionRef<absl::Status(size_t, std::string_view)> set,
    absl::FunctionRef<absl::Status(std::string_view)> add_input) {
  bool flags_ended = false;
  while (!arguments.empty()) {
    const std::string_view argument = arguments.front();
    arguments = arguments.subspan(1);
    if (flags_ended || argument == "-" || !argument.starts_with('-')) {
      if (argument.empty()) {
        return absl::InvalidArgumentError("the name of the input is empty");
      }
      RETURN_IF_ERROR(add_input(argument));
      continue;
    }
    if (argument == "--") {
      flags_ended = true;
      continue;
    }
    std::string_view name = argument;
    std::optional<std::string_view> value;
    if (!argument.starts_with("--")) {
      name = argument.substr(0, 2);
      if (argument.size() > 2) value = argument.substr(2);
    } else if (const size_t equals = argument.find('=');
               equals != std::string_view::npos) {
      name = argument.substr(0, equals);
      value = argument.substr(equals + 1);
    }
    const auto flag =
        std::find_if(flags.begin(), flags.end(),
                     [name](const FlagInfo& f) { return f.name == name; });
    if (flag == flags.end() ||
        (name.size() == 2 && value && flag->takes == Takes::kNothing)) {
      return UnknownFlag(name.size() == 2 ? argument : name, flags);
    }
    if (flag->takes == Takes::kNothing && value) {
      return absl::InvalidArgumentError(fmt::format("{} takes no value", name));
    }
    if (flag->takes == Takes::kValue && !value) {
      if (arguments.empty()) {
        return absl::InvalidArgumentError(
            fmt::format("{} needs a value: {}", name, flag->value));
      }
      value = arguments.front();
      arguments = arguments.subspan(1);
    }
    RETURN_IF_ERROR(Annotate(
        set(static_cast<size_t>(flag - flags.begin()), value.value_or("")),
        name));
  }
  return absl::OkStatus();
}

std::string FlagsHelp(std::span<const FlagInfo> flags) {
  constexpr size_t kHelpColumn = 26;
  constexpr size_t kLineLength = 79;
  std::string text;
  for (const FlagInfo& flag : flags) {
    std::string left(flag.name);
    const bool is_short = flag.name.size() == 2;
    if (flag.takes == Takes::kOptionalValue) {
      left += fmt::format("[={}]", flag.value);
    } else if (flag.takes == Takes::kValue) {
      left += fmt::format("{}{}",
                          !is_short           ? "="
                          : flag.name == "-O" ? ""
                                              : " ",
                          flag.value);
    }
    text += fmt::format("  {:<{}}", left, kHelpColumn - 3);
    // Words of the help, wrapped.
    size_t column = kHelpColumn;
    for (std::string_view word : Split(flag.help, ' ')) {
      if (column + word.size() > kLineLength) {
        text += fmt::format("\n{:{}}", "", kHelpColumn - 1);
        column = kHelpColumn;
      }
      text += fmt::format(" {}", word);
      column += word.size() + 1;
    }
    text += '\n';
  }
  return text;
}

std::vector<std::string_view> Split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  while (true) {
    const size_t end = std::min(text.find(separator), text.size());
    parts.push_back(text.substr(0, end));
    if (end == text.size()) return parts;
    text.remove_prefix(end + 1);
  }
}

absl::StatusOr<int64_t> ParseNumber(std::string_view text, int64_t max) {
  int64_t number = 0;
  const char* end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, number);
  if (error == std::errc() && rest == end && number >= 0 && number <= max) {
    return number;
  }
  return absl::InvalidArgumentError(
      max == INT64_MAX
          ? fmt::format("{} is not a number", QuoteForMessage(text))
          : fmt::format("{} is not one of 0 to {}", QuoteForMessage(text),
                        max));
}

absl::StatusOr<double> ParseTolerance(std::string_view text) {
  double number = 0;
  const char* end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, number);
  if (error == std::errc() && rest == end && number >= 0) return number;
  return absl::InvalidArgumentError(
      fmt::format("{} is not a tolerance", QuoteForMessage(text)));
}

absl::Status SetThreads(std::string_view value) {
  constexpr int64_t kMaxThreads = 1024;
  ASSIGN_OR_RETURN(const int64_t count, ParseNumber(value, kMaxThreads));
  if (count == 0) return absl::InvalidArgumentError("0 threads do nothing");
  SetNumThreads(static_cast<int>(count));
  return absl::OkStatus();
}

}  // namespace onnxopt
