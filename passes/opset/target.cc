// SPDX-License-Identifier: Apache-2.0
#include "passes/opset/target.h"

#include <algorithm>
#include <string_view>

#include "fmt/core.h"
#include "ir/model.h"
#include "ir/source_form.h"
#include "passes/opset/commit.h"
#include "passes/shape/inference.h"

namespace onnxopt {
namespace {

int64_t Imported(const Graph& graph, std::string_view domain) {
  for (const OpsetImport& import : graph.model().ImportsOf(graph)) {
    if (import.domain == domain) return import.version;
  }
  return 0;
}

const OpDef* FindAtOpset(const OpRegistry& ops, const OpDef& op,
                         int64_t opset) {
  // Null for a deprecated operator: nothing new is written with it.
  const auto find = [&](std::string_view name) {
    const OpDef* def = ops.Find(op.domain(), name, opset);
    return def == nullptr || def->deprecated() ? nullptr : def;
  };
  if (const OpDef* def = find(op.name())) return def;
  for (const OpDef* older : opset::Predecessors(ops, op)) {
    if (const OpDef* def = find(older->name())) return def;
  }
  return nullptr;
}

// Empty if `node` can be expressed as `path` begins, else what cannot: "Squeeze
// with axes that are not a suitable constant".
std::string WhyNotAs(const Node& node, const opset::Path& path) {
  const OpDef& def =
      path.steps.empty() ? *path.canonical : *path.steps.front().older;
  std::string wrong;
  if (path.plain_down) {
    if (!path.steps.empty()) wrong = opset::WrongType(node, def);
  } else {
    opset::Form form(node);
    std::string reason = opset::Lower(path, form);
    if (!reason.empty()) return reason;
    wrong = opset::WrongType(form);
  }
  return wrong.empty() ? ""
                       : fmt::format("{} with {}", node.op().name(), wrong);
}

// The lowest opset above `opset` that can express `node`.
int64_t LowestOpset(const OpRegistry& ops, const Node& node, int64_t opset,
                    absl::FunctionRef<bool(int64_t)> can_otherwise) {
  const int64_t newest = ops.max_version(node.op().domain());
  for (int64_t v = opset + 1; v < newest; ++v) {
    if (can_otherwise(v)) return v;
    const OpDef* def = FindAtOpset(ops, node.op(), v);
    if (def == nullptr) continue;
    if (WhyNotAs(node, opset::PathFrom(ops, *def)).empty()) return v;
  }
  return newest;
}

bool HasKnownTypes(const Node& node) {
  const auto known = [](const Value* value) {
    return value == nullptr || KnownType(*value) != nullptr;
  };
  return std::all_of(node.inputs().begin(), node.inputs().end(), known) &&
         std::all_of(node.outputs().begin(), node.outputs().end(), known);
}

}  // namespace

int64_t Target::OpsetOf(const Graph& graph, std::string_view domain) const {
  const int64_t imported = Imported(graph, domain);
  if (domain.empty()) return opsets_.onnx.value_or(imported);
  // What a graph does not import, it does not need.
  return domain == kMlDomain && imported != 0 ? opsets_.ml.value_or(imported)
                                              : imported;
}

bool Target::IsOther(const Graph& graph, std::string_view domain) const {
  return OpsetOf(graph, domain) != Imported(graph, domain);
}

const Target::Entry& Target::Find(const Graph& graph, const OpDef& op) const {
  const bool standard = opset::IsVersioned(op);
  const int64_t version = OpsetOf(graph, op.domain());
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

bool Target::CanHold(const Graph& graph, ElementType type) const {
  if (graph.function() == nullptr) return true;
  const OpDef* def =
      graph.model().ops().Find("", "Constant", OpsetOf(graph, ""));
  return def != nullptr && opset::Allows(*def, def->outputs().front(), type);
}

std::optional<opset::Form> Target::Moved(const Node& node) const {
  const OpDef& op = node.op();
  const OpDef* def = DefOf(*node.graph(), op);
  if (op.is_opaque() || def == nullptr) return std::nullopt;
  if (!opset::AllowsAllTypesOf(*def, op) && !HasKnownTypes(node)) {
    return std::nullopt;
  }
  const OpRegistry& ops = node.graph()->model().ops();
  opset::Form form(node);
  const opset::Path up = opset::PathBetween(ops, op, *def);
  const opset::Path down = opset::PathBetween(ops, *def, op);
  const bool moved =
      up.canonical != nullptr
          ? opset::Lift(up, form).empty()
          : down.canonical != nullptr && opset::Lower(down, form).empty();
  if (!moved || !opset::WrongType(form).empty()) return std::nullopt;
  return form;
}

bool Target::HasVersionOf(const Node& node) const {
  const OpDef& op = node.op();
  return !op.is_opaque() && node.graph()->model().ops().Find(
                                op.domain(), op.name(),
                                OpsetOf(*node.graph(), op.domain())) == &op;
}

bool Target::CanMove(const Node& node) const {
  return HasVersionOf(node) || Moved(node).has_value();
}

bool Target::CanRestore(const Node& node) const {
  const SourceForm* source = node.source_form();
  if (source == nullptr || source->num_inputs != node.num_inputs() ||
      node.graph()->model().ops().Find(
          source->op->domain(), source->op->name(),
          OpsetOf(*node.graph(), source->op->domain())) != source->op) {
    return false;
  }
  for (const auto& [index, tensor] : source->added) {
    const Value* input = node.input(index);
    const bool intact = tensor == nullptr
                            ? input == nullptr
                            : input != nullptr && input->IsConstant() &&
                                  opset::SameTensor(input->tensor(), tensor);
    if (!intact) return false;
  }
  return !opset::DependsOnRank(node.op()) ||
         opset::HasSingleAxis(opset::Form(node));
}

std::string Target::WhyNot(const Node& node) const {
  return WhyNot(node, [](int64_t) { return false; });
}

std::string Target::WhyNot(
    const Node& node, absl::FunctionRef<bool(int64_t)> can_otherwise) const {
  const OpDef& op = node.op();
  if (node.function() != nullptr || node.IsTerminator() || op.is_opaque() ||
      (opset::IsVersioned(op) && !op.is_canonical())) {
    return "";
  }
  const Entry& entry = Find(*node.graph(), op);
  if (!opset::IsVersioned(op)) {
    return entry.def != nullptr
               ? ""
               : fmt::format("{} is not imported", op.FullName());
  }
  if (CanRestore(node)) return "";
  const auto lowest = [&] {
    return LowestOpset(node.graph()->model().ops(), node,
                       OpsetOf(*node.graph(), op.domain()), can_otherwise);
  };
  const OpDef* gone = node.graph()->model().ops().Find(
      op.domain(), op.name(), OpsetOf(*node.graph(), op.domain()));
  if (entry.path == nullptr && gone != nullptr &&
      gone->since_version() > op.since_version()) {
    return fmt::format("{} ended with version {} of {}", op.name(),
                       gone->since_version() - 1,
                       op.domain().empty() ? "ai.onnx" : op.domain());
  }
  if (entry.path == nullptr) {
    return fmt::format("opset {} is needed for {}", lowest(), op.name());
  }
  const std::string what = WhyNotAs(node, *entry.path);
  return what.empty()
             ? ""
             : fmt::format("opset {} is needed for {}", lowest(), what);
}

}  // namespace onnxopt
