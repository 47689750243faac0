// SPDX-License-Identifier: Apache-2.0
#include "passes/registry.h"

#include <algorithm>
#include <numeric>

#include "fmt/core.h"
#include "support/status.h"
#include "support/text_escape.h"

namespace onnxopt {
namespace {

/// Pipeline syntax, hence no name of a pass.
constexpr std::string_view kFixpoint = "fixpoint";

bool IsKebabCase(std::string_view name) {
  if (name.empty() || name.front() == '-' || name.back() == '-') return false;
  return std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
  });
}

std::string ToKebabCase(std::string_view name) {
  std::string kebab(name);
  std::replace(kebab.begin(), kebab.end(), '_', '-');
  return kebab;
}

// Insertions, deletions and replacements that make `a` into `b`.
size_t EditDistance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), 0);
  for (size_t i = 0; i < a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i + 1;
    for (size_t j = 0; j < b.size(); ++j) {
      const size_t replaced = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, row[j] + 1, row[j + 1] + 1});
    }
  }
  return row[b.size()];
}

template <typename Map>
auto FindOrNull(const Map& map, std::string_view name) {
  const auto it = map.find(ToKebabCase(name));
  return it == map.end() ? nullptr : &it->second;
}

template <typename T>
std::vector<const T*> Values(const std::map<std::string, T, std::less<>>& map) {
  std::vector<const T*> values;
  for (const auto& [name, value] : map) values.push_back(&value);
  return values;
}

}  // namespace

absl::Status PassRegistry::CheckNewName(std::string_view name) const {
  if (!IsKebabCase(name) || name == kFixpoint) {
    return absl::InvalidArgumentError(
        fmt::format("{} cannot be the name of a pass: use lower-case words "
                    "joined by '-', and not '{}'",
                    QuoteForMessage(name), kFixpoint));
  }
  if (Find(name) != nullptr || FindGroup(name) != nullptr) {
    return absl::AlreadyExistsError(
        fmt::format("there is already a pass or group named '{}'", name));
  }
  return absl::OkStatus();
}

absl::Status PassRegistry::Add(PassInfo pass) {
  RETURN_IF_ERROR(CheckNewName(pass.name));
  if (!pass.run) {
    return absl::InvalidArgumentError(
        fmt::format("pass '{}' has no function to run", pass.name));
  }
  passes_.emplace(pass.name, std::move(pass));
  return absl::OkStatus();
}

absl::Status PassRegistry::AddGroup(PassGroup group) {
  RETURN_IF_ERROR(CheckNewName(group.name));
  if (group.members.empty()) {
    return absl::InvalidArgumentError(
        fmt::format("group '{}' has no members", group.name));
  }
  for (const std::string& member : group.members) {
    if (Find(member) != nullptr) continue;
    return Annotate(UnknownName(member), fmt::format("group '{}'", group.name));
  }
  groups_.emplace(group.name, std::move(group));
  return absl::OkStatus();
}

const PassInfo* PassRegistry::Find(std::string_view name) const {
  return FindOrNull(passes_, name);
}

const PassGroup* PassRegistry::FindGroup(std::string_view name) const {
  return FindOrNull(groups_, name);
}

std::vector<const PassInfo*> PassRegistry::all() const {
  return Values(passes_);
}

std::vector<const PassGroup*> PassRegistry::groups() const {
  return Values(groups_);
}

absl::Status PassRegistry::UnknownName(std::string_view name) const {
  const std::string wanted = ToKebabCase(name);
  // Beyond this many typing errors a suggestion would be a guess.
  size_t best = wanted.size() / 3 + 2;
  std::string_view nearest;
  const auto consider = [&](std::string_view candidate) {
    const size_t length_difference = wanted.size() > candidate.size()
                                         ? wanted.size() - candidate.size()
                                         : candidate.size() - wanted.size();
    if (length_difference >= best) return;
    const size_t distance = EditDistance(wanted, candidate);
    if (distance >= best) return;
    best = distance;
    nearest = candidate;
  };
  for (const auto& [candidate, pass] : passes_) consider(candidate);
  for (const auto& [candidate, group] : groups_) consider(candidate);
  return absl::InvalidArgumentError(fmt::format(
      "there is no pass or group named {}; {}", QuoteForMessage(name),
      nearest.empty() ? "--list-passes lists them"
                      : fmt::format("did you mean '{}'?", nearest)));
}

}  // namespace onnxopt
