// SPDX-License-Identifier: Apache-2.0
#include "passes/registry.h"

#include <algorithm>

#include "fmt/core.h"
#include "support/status.h"
#include "support/suggest.h"
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

const PassPart* PassRegistry::FindPart(std::string_view name) const {
  const std::string wanted = ToKebabCase(name);
  for (const auto& [pass_name, pass] : passes_) {
    for (const PassPart& part : pass.parts) {
      if (part.name == wanted) return &part;
    }
  }
  return nullptr;
}

std::vector<const PassPart*> PassRegistry::parts() const {
  std::map<std::string_view, const PassPart*> sorted;
  for (const auto& [pass_name, pass] : passes_) {
    for (const PassPart& part : pass.parts) sorted.emplace(part.name, &part);
  }
  std::vector<const PassPart*> all;
  for (const auto& [name, part] : sorted) all.push_back(part);
  return all;
}

absl::Status PassRegistry::UnknownName(std::string_view name) const {
  std::vector<std::string_view> names;
  for (const auto& [candidate, pass] : passes_) names.push_back(candidate);
  for (const auto& [candidate, group] : groups_) names.push_back(candidate);
  for (const PassPart* part : parts()) names.push_back(part->name);
  const std::string wanted = ToKebabCase(name);
  const std::string_view nearest = NearestName(wanted, names);
  return absl::InvalidArgumentError(fmt::format(
      "there is no pass or group named {}; {}", QuoteForMessage(name),
      nearest.empty() ? "--list-passes lists them"
                      : fmt::format("did you mean '{}'?", nearest)));
}

}  // namespace onnxopt
