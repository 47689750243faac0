// SPDX-License-Identifier: Apache-2.0
#include "ir/export_names.h"

#include <string>

#include "ir/free_name.h"
#include "ir/walk.h"

namespace onnxopt {
namespace {

// The output of `graph` after which a returned value is named: the one that
// already has its name, else the first. Requires a use by the terminator.
int NamingOutput(const Value& value, const Graph& graph) {
  int first = -1;
  for (const Use& use : value.uses()) {
    if (use.user() != graph.terminator()) continue;
    if (graph.output_infos()[use.index()].name == value.name()) {
      return use.index();
    }
    if (first < 0 || use.index() < first) first = use.index();
  }
  return first;
}

// Names that callers or messages kept as read refer to.
bool IsInterface(const Value& value) {
  const Graph& graph = *value.graph();
  if (value.pinned()) return true;
  if (graph.parent() != nullptr) return false;
  return value.IsInput() || value.listed_as_input() || value.IsReturned();
}

}  // namespace

bool CanTakeOutputName(const Value& value, const Graph& graph, int output) {
  if (value.graph() != &graph) return false;
  const std::string_view name = graph.output_infos()[output].name;
  if (value.name() == name) return true;
  if (value.IsInput() || value.listed_as_input() || value.pinned()) {
    return false;
  }
  // A runtime would return it as a sparse tensor.
  if (value.IsConstant() && value.tensor()->IsSpeltSparse()) return false;
  const int naming = NamingOutput(value, graph);
  return graph.output_infos()[naming].name == name;
}

ExportNames::ExportNames(Model& model) : model_(model) {
  ForEachGraph(model, [this](Graph& graph) {
    SettleOutputs(graph);
    SettleClashes(graph);
  });
  ForEachGraph(model, [this](Graph& graph) {
    if (graph.parent() != nullptr) SettleCaptures(graph);
  });
}

std::string_view ExportNames::OfOutput(const Graph& graph, int index) const {
  const std::string_view promised = graph.output_infos()[index].name;
  if (graph.parent() == nullptr) return promised;
  // Outputs of nested graphs are positional: they may have been renamed.
  for (const Forward& forward : ForwardsOf(graph)) {
    if (forward.index == index) return forward.output;
  }
  return Of(*graph.outputs()[index]);
}

std::span<const ExportNames::Forward> ExportNames::ForwardsOf(
    const Graph& graph) const {
  const auto it = forwards_.find(&graph);
  if (it == forwards_.end()) return {};
  return it->second;
}

void ExportNames::SettleOutputs(const Graph& graph) {
  // A file may list one output twice.
  absl::flat_hash_set<std::string_view> promises;
  for (size_t i = 0; i < graph.outputs().size(); ++i) {
    const Value& value = *graph.outputs()[i];
    const std::string_view promised = graph.output_infos()[i].name;
    if (CanTakeOutputName(value, graph, static_cast<int>(i))) {
      if (value.name() != promised) renamed_[&value] = promised;
    } else if (value.name() != promised && promises.insert(promised).second) {
      forwards_[&graph].push_back(
          {&value, static_cast<int>(i), promised, NewName(promised)});
    }
  }
}

// A value that still has a name now promised to another one gives way.
void ExportNames::SettleClashes(const Graph& graph) {
  absl::flat_hash_set<std::string_view> promised;
  for (const Forward& forward : ForwardsOf(graph)) {
    promised.insert(forward.output);
  }
  if (!renamed_.empty()) {
    for (const Value* value : graph.outputs()) {
      const auto it = renamed_.find(value);
      if (it != renamed_.end()) promised.insert(it->second);
    }
  }
  if (promised.empty()) return;
  ForEachValue(graph, [&](const Value& value) {
    if (!renamed_.contains(&value) && promised.contains(value.name())) {
      Rename(value);
    }
  });
}

// Values of enclosing graphs used here must be found under their names.
void ExportNames::SettleCaptures(const Graph& graph) {
  const auto settle = [&](const Node& node) {
    for (const Value* value : node.inputs()) {
      if (value != nullptr && value->graph() != &graph) {
        SettleCapture(*value, graph);
      }
    }
  };
  for (const Node& node : graph.nodes()) settle(node);
  settle(*graph.terminator());
}

void ExportNames::SettleCapture(const Value& value, const Graph& user) {
  for (const Graph* graph = &user; graph != value.graph();
       graph = graph->enclosing()) {
    const NameMap& names = NamesIn(*graph);
    const auto it = names.find(Of(value));
    if (it == names.end()) continue;
    if (!IsInterface(value)) {
      Rename(value);
      return SettleCapture(value, user);
    }
    if (it->second != nullptr) {
      Rename(*it->second);
    } else {
      RenameForward(*graph, it->first);
    }
  }
}

const ExportNames::NameMap& ExportNames::NamesIn(const Graph& graph) {
  const auto [it, is_new] = names_.try_emplace(&graph);
  if (is_new) {
    NameMap& names = it->second;
    ForEachValue(graph, [&](const Value& v) { names.emplace(Of(v), &v); });
    for (const Forward& forward : ForwardsOf(graph)) {
      names.emplace(forward.output, nullptr);
    }
  }
  return it->second;
}

void ExportNames::Rename(const Value& value) {
  const std::string_view old_name = Of(value);
  const std::string_view new_name = NewName(value.name());
  renamed_[&value] = new_name;
  const auto it = names_.find(value.graph());
  if (it == names_.end()) return;
  it->second.erase(old_name);
  it->second.emplace(new_name, &value);
}

void ExportNames::RenameForward(const Graph& graph, std::string_view output) {
  for (Forward& forward : forwards_[&graph]) {
    if (forward.output == output) forward.output = NewName(output);
  }
  names_.erase(&graph);
}

std::string_view ExportNames::NewName(std::string_view base) {
  const std::string_view name =
      model_.Intern(FreeName(base, [this](std::string_view candidate) {
        return model_.HasName(candidate) || made_up_.contains(candidate);
      }));
  made_up_.insert(name);
  return name;
}

}  // namespace onnxopt
