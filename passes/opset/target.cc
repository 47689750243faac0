// SPDX-License-Identifier: Apache-2.0
#include "passes/opset/target.h"

#include <string_view>

#include "fmt/core.h"
#include "ir/model.h"

namespace onnxopt {
namespace {

int64_t Imported(const Graph& graph, std::string_view domain) {
  for (const OpsetImport& import : graph.model().ImportsOf(graph)) {
    if (import.domain == domain) return import.version;
  }
  return 0;
}

// Null for a deprecated operator: nothing new is written with it.
const OpDef* FindLive(const OpRegistry& ops, std::string_view name,
                      int64_t opset) {
  const OpDef* def = ops.Find("", name, opset);
  return def == nullptr || def->deprecated() ? nullptr : def;
}

const OpDef* FindAtOpset(const OpRegistry& ops, const OpDef& op,
                         int64_t opset) {
  if (const OpDef* def = FindLive(ops, op.name(), opset)) return def;
  for (const OpDef* older : opset::Predecessors(ops, op)) {
    if (const OpDef* def = FindLive(ops, older->name(), opset)) return def;
  }
  return nullptr;
}

// The lowest opset for which `test` holds of the definition there; the
// canonical one if there is none.
template <typename Test>
int64_t LowestOpset(const OpRegistry& ops, std::string_view name, Test test) {
  for (int64_t opset = 1; opset < kCanonicalOpset; ++opset) {
    const OpDef* def = FindLive(ops, name, opset);
    if (def != nullptr && test(*def)) return opset;
  }
  return kCanonicalOpset;
}

}  // namespace

int64_t Target::OpsetOf(const Graph& graph) const {
  return override_ ? *override_ : Imported(graph, "");
}

bool Target::IsOther(const Graph& graph) const {
  return override_ && *override_ != Imported(graph, "");
}

const Target::Entry& Target::Find(const Graph& graph, const OpDef& op) const {
  const bool standard = op.domain().empty();
  const int64_t version =
      standard ? OpsetOf(graph) : Imported(graph, op.domain());
  std::unique_ptr<const Entry>& slot = entries_[{&op, version}];
  if (slot != nullptr) return *slot;
  const OpRegistry& ops = graph.model().ops();
  auto entry = std::make_unique<Entry>();
  entry->def = standard ? FindAtOpset(ops, op, version)
                        : ops.Find(op.domain(), op.name(), version);
  if (standard && op.is_canonical() && entry->def != nullptr) {
    auto path =
        std::make_unique<opset::Path>(opset::PathFrom(ops, *entry->def));
    if (path->canonical == &op) entry->path = std::move(path);
  }
  slot = std::move(entry);
  return *slot;
}

const OpDef* Target::DefOf(const Graph& graph, const OpDef& op) const {
  return op.is_opaque() ? &op : Find(graph, op).def;
}

const opset::Path* Target::PathTo(const Graph& graph, const OpDef& op) const {
  return op.is_opaque() ? nullptr : Find(graph, op).path.get();
}

std::string Target::WhyNot(const Node& node) const {
  const OpDef& op = node.op();
  if (node.function() != nullptr || node.IsTerminator() || op.is_opaque() ||
      (op.domain().empty() && !op.is_canonical())) {
    return "";
  }
  const Entry& entry = Find(*node.graph(), op);
  if (entry.def == nullptr || (op.domain().empty() && entry.path == nullptr)) {
    if (!op.domain().empty()) {
      return fmt::format("{} is not imported", op.FullName());
    }
    return fmt::format("opset {} is needed for {}",
                       LowestOpset(node.graph()->model().ops(), op.name(),
                                   [](const OpDef&) { return true; }),
                       op.name());
  }
  if (!op.domain().empty()) return "";
  if (entry.path->plain_down) {
    if (entry.def == &op) return "";
    const std::string wrong = opset::WrongType(node, *entry.def);
    if (wrong.empty()) return "";
    const int64_t lowest = LowestOpset(
        node.graph()->model().ops(), op.name(),
        [&](const OpDef& def) { return opset::WrongType(node, def).empty(); });
    return fmt::format("opset {} is needed for {} of {}", lowest, op.name(),
                       wrong);
  }
  opset::Form form(node);
  std::string reason = opset::Lower(*entry.path, form);
  if (!reason.empty()) return reason;
  const std::string wrong = opset::WrongType(form);
  if (wrong.empty()) return "";
  return fmt::format("{}-{} may not have {}", form.op().name(),
                     form.op().since_version(), wrong);
}

}  // namespace onnxopt
