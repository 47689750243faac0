// SPDX-License-Identifier: Apache-2.0
// Command lines of the tools: tables of flags, and parsing by them.
#ifndef ONNXOPT_TOOLS_FLAG_PARSER_H_
#define ONNXOPT_TOOLS_FLAG_PARSER_H_

#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "support/status.h"

namespace onnxopt {

enum class Takes {
  kNothing,
  kValue,          // --flag=VALUE, --flag VALUE, -fVALUE, -f VALUE
  kOptionalValue,  // --flag, --flag=VALUE
};

/// A flag that changes `Options`.
template <typename Options>
struct Flag {
  std::string_view name;
  Takes takes;
  std::string_view value;  // its name in the help
  std::string_view help;
  absl::Status (*set)(std::string_view value, Options& options);
};

/// A flag without what it does.
struct FlagInfo {
  std::string_view name;
  Takes takes;
  std::string_view value;
  std::string_view help;
};

/// Walks over the arguments, without the program's name, and calls `set` with
/// the index of each flag and its value, and `add_input` with each argument
/// that is none. Flags and inputs may come in any order; a flag's value follows
/// it after "=" or as the next argument; "--" ends the flags.
absl::Status ParseArguments(
    std::span<char* const> arguments, std::span<const FlagInfo> flags,
    absl::FunctionRef<absl::Status(size_t, std::string_view)> set,
    absl::FunctionRef<absl::Status(std::string_view)> add_input);

/// One paragraph per flag, for --help.
std::string FlagsHelp(std::span<const FlagInfo> flags);

template <typename Options>
using FlagTables = std::initializer_list<std::span<const Flag<Options>>>;

template <typename Options>
std::vector<FlagInfo> FlagInfos(FlagTables<Options> tables) {
  std::vector<FlagInfo> infos;
  for (const auto& table : tables) {
    for (const Flag<Options>& flag : table) {
      infos.push_back({flag.name, flag.takes, flag.value, flag.help});
    }
  }
  return infos;
}

/// ParseArguments by tables; the inputs go to `options.*inputs`.
template <typename Options>
absl::StatusOr<Options> ParseFlags(std::span<char* const> arguments,
                                   FlagTables<Options> tables,
                                   std::vector<std::string> Options::*inputs) {
  Options options;
  std::vector<const Flag<Options>*> flags;
  for (const auto& table : tables) {
    for (const Flag<Options>& flag : table) flags.push_back(&flag);
  }
  const auto set = [&](size_t index, std::string_view value) {
    return flags[index]->set(value, options);
  };
  const auto add_input = [&](std::string_view argument) {
    (options.*inputs).emplace_back(argument);
    return absl::OkStatus();
  };
  RETURN_IF_ERROR(
      ParseArguments(arguments, FlagInfos<Options>(tables), set, add_input));
  return options;
}

std::vector<std::string_view> Split(std::string_view text, char separator);
/// In [0, max].
absl::StatusOr<int64_t> ParseNumber(std::string_view text, int64_t max);
/// At least 0.
absl::StatusOr<double> ParseTolerance(std::string_view text);

// What flags do with the member of the options that they name.

template <auto member, typename Options>
absl::Status SetTrue(std::string_view, Options& options) {
  options.*member = true;
  return absl::OkStatus();
}

template <auto member, typename Options>
absl::Status SetText(std::string_view value, Options& options) {
  options.*member = std::string(value);
  return absl::OkStatus();
}

/// Appends the value to a list.
template <auto member, typename Options>
absl::Status AddText(std::string_view value, Options& options) {
  (options.*member).emplace_back(value);
  return absl::OkStatus();
}

/// Appends the parts of the value, which commas separate.
template <auto member, typename Options>
absl::Status AddNames(std::string_view value, Options& options) {
  for (std::string_view name : Split(value, ',')) {
    (options.*member).emplace_back(name);
  }
  return absl::OkStatus();
}

template <auto member, typename Options>
absl::Status SetNumber(std::string_view value, Options& options) {
  ASSIGN_OR_RETURN(options.*member, ParseNumber(value, INT64_MAX));
  return absl::OkStatus();
}

template <auto member, typename Options>
absl::Status SetTolerance(std::string_view value, Options& options) {
  ASSIGN_OR_RETURN(options.*member, ParseTolerance(value));
  return absl::OkStatus();
}

/// Sets the number of threads of the process, which is no option but holds at
/// once.
absl::Status SetThreads(std::string_view value);

/// What all command lines have.
struct CommonOptions {
  bool quiet = false;
  bool version = false;
  bool help = false;
};

/// Flags of options that are derived from CommonOptions.
template <typename O>
inline constexpr Flag<O> kCommonFlags[] = {
    {"--threads", Takes::kValue, "N",
     "how many threads evaluate (by default all cores); results do not depend "
     "on it",
     [](std::string_view value, O&) { return SetThreads(value); }},
    {"--quiet", Takes::kNothing, "", "no warnings and no summary",
     SetTrue<&O::quiet>},
    {"--version", Takes::kNothing, "", "print the version",
     SetTrue<&O::version>},
    {"--help", Takes::kNothing, "", "print this", SetTrue<&O::help>},
};

}  // namespace onnxopt

#endif  // ONNXOPT_TOOLS_FLAG_PARSER_H_
