// SPDX-License-Identifier: Apache-2.0
#include "passes/opset/describe.h"

#include <algorithm>
#include <map>
#include <utility>
#include <vector>

#include "absl/strings/str_join.h"
#include "fmt/format.h"
#include "passes/opset/expansion.h"
#include "passes/opset/steps.h"

namespace onnxopt {
namespace {

using opset::Step;

// What came with the newer version of `step`, a clause each.
std::vector<std::string> ChangesOf(const Step& step) {
  std::vector<std::string> changes;
  const auto add = [&]<typename... Args>(fmt::format_string<Args...> text,
                                         Args&&... args) {
    changes.push_back(fmt::format(text, std::forward<Args>(args)...));
  };
  if (step.older->name() != step.newer->name()) {
    add("it is called {}", step.newer->name());
  }
  for (const auto* row : step.inputs) {
    add("`{}` is an input, no attribute", row->attribute);
  }
  for (const auto* row : step.behaviours) {
    add("`{}` is new, and was '{}'", row->attribute, row->value);
  }
  for (const auto* row : step.removed) {
    add("`{}` is gone, and has to be {}", row->attribute, row->value);
  }
  for (const auto* row : step.values) {
    if (row->older.empty()) {
      add("`{}` may be '{}'", row->attribute, row->newer);
    } else {
      add("`{}` says '{}' for '{}'", row->attribute, row->newer, row->older);
    }
  }
  for (const AttrDef& now : step.newer->attributes()) {
    const bool told = std::any_of(
        step.behaviours.begin(), step.behaviours.end(),
        [&](const auto* row) { return row->attribute == now.name; });
    if (!told && step.older->FindAttr(now.name) == nullptr) {
      add("`{}` is new", now.name);
    }
  }
  if (step.axes != nullptr) add("axes may be negative");
  if (step.adapter != nullptr) changes.emplace_back(step.adapter->note);
  return changes;
}

bool IsTakenApart(const OpDef& op) {
  for (const opset::Expansion& expansion : opset::UpwardExpansions()) {
    if (expansion.op == op.id() &&
        op.since_version() <= expansion.last_version) {
      return true;
    }
  }
  return false;
}

bool HasOlderSpelling(const OpDef& op) {
  for (const opset::Expansion& expansion : opset::DownwardExpansions()) {
    if (expansion.op == op.id()) return true;
  }
  return false;
}

void AppendOperator(const OpRegistry& ops, const OpDef& oldest,
                    std::string* text) {
  const opset::Path path = opset::PathFrom(ops, oldest);
  std::vector<std::string> versions = {std::to_string(oldest.since_version())};
  std::string lines;
  for (const Step& step : path.steps) {
    versions.push_back(std::to_string(step.newer->since_version()));
    for (const std::string& change : ChangesOf(step)) {
      lines += fmt::format("    {}: {}\n", step.newer->since_version(), change);
    }
  }
  *text +=
      fmt::format("{} {}\n", oldest.FullName(), absl::StrJoin(versions, " "));
  *text += lines;
  if (path.canonical == nullptr) *text += "    it has no later form\n";
  if (IsTakenApart(oldest)) {
    *text += "    an old node becomes several nodes where one cannot say it\n";
  }
  if (path.canonical != nullptr && HasOlderSpelling(*path.canonical)) {
    *text += "    a new node becomes several nodes for older opsets\n";
  }
}

}  // namespace

std::string OpsetStepsText(const OpRegistry& ops) {
  // The first version of each.
  std::map<std::string, const OpDef*> oldest;
  for (const OpDef* op : ops.All()) {
    if (!opset::IsVersioned(*op)) continue;
    const OpDef*& slot = oldest[std::string(op->FullName())];
    if (slot == nullptr || op->since_version() < slot->since_version()) {
      slot = op;
    }
  }
  std::string text;
  for (const auto& [name, op] : oldest) AppendOperator(ops, *op, &text);
  return text;
}

}  // namespace onnxopt
