// SPDX-License-Identifier: Apache-2.0
#include "ir/verifier.h"

#include <algorithm>
#include <cstdint>
#include <string>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "fmt/core.h"
#include "ir/walk.h"
#include "support/status.h"

namespace onnxopt {
namespace {

std::string Quoted(std::string_view text) { return fmt::format("'{}'", text); }

template <typename... Args>
absl::Status Violation(const Args&... args) {
  return absl::InvalidArgumentError(absl::StrCat(args...));
}

// One pass over a function body or the main graph and what is nested in it.
class GraphVerifier {
 public:
  explicit GraphVerifier(const Model& model) : model_(model) {}

  absl::Status Visit(const Graph& graph, const Node* parent,
                     const Function* function) {
    if (&graph.model() != &model_ || graph.parent() != parent ||
        graph.function() != function) {
      return Violation("V3: graph ", Quoted(graph.name()),
                       " has a wrong parent, function or model");
    }
    RETURN_IF_ERROR(VisitDefinitions(graph));
    for (const Node& node : graph.nodes()) {
      RETURN_IF_ERROR(VisitNode(graph, node));
    }
    RETURN_IF_ERROR(VisitInputs(graph, *graph.terminator()));
    return VisitOutputs(graph);
  }

  // V1, the other direction: nothing is in a use list that no node has.
  absl::Status CheckUseCounts() const {
    for (const auto& [value, count] : uses_) {
      if (value->num_uses() != count) {
        return Violation("V1: value ", Quoted(value->name()), " counts ",
                         value->num_uses(), " uses, but has ", count);
      }
    }
    return absl::OkStatus();
  }

 private:
  absl::Status Define(const Value& value, const Graph& graph) {
    if (value.graph() != &graph) {
      return Violation("V3: value ", Quoted(value.name()),
                       " does not know its graph");
    }
    if (value.name().empty()) {
      return Violation("V4: a value of graph ", Quoted(graph.name()),
                       " has no name");
    }
    int uses = 0;
    bool returned = false;
    for (const Use& use : value.uses()) {
      ++uses;
      returned |= use.user() == graph.terminator();
      if (use.value() != &value) {
        return Violation("V1: a use of ", Quoted(value.name()),
                         " belongs to another value");
      }
    }
    if (uses != value.num_uses()) {
      return Violation("V1: value ", Quoted(value.name()), " counts ",
                       value.num_uses(), " uses, but lists ", uses);
    }
    if (returned != value.IsReturned()) {
      return Violation("V1: value ", Quoted(value.name()),
                       " does not know whether it is returned");
    }
    uses_.emplace(&value, 0);
    return absl::OkStatus();
  }

  // Inputs and constants, and the names of everything the graph defines.
  absl::Status VisitDefinitions(const Graph& graph) {
    int index = 0;
    for (const Value* input : graph.inputs()) {
      if (input->index() != index++ ||
          !(input->IsInput() || input->listed_as_input())) {
        return Violation("V3: input ", Quoted(input->name()),
                         " does not know its position");
      }
      RETURN_IF_ERROR(Define(*input, graph));
    }
    for (const Value& constant : graph.constants()) {
      if (constant.tensor() == nullptr) {
        return Violation("V5: constant ", Quoted(constant.name()),
                         " has no tensor");
      }
      if (constant.IsInput() && graph.parent() != nullptr) {
        return Violation("V5: input ", Quoted(constant.name()),
                         " of a nested graph has a default");
      }
      const bool listed = constant.IsInput() || constant.listed_as_input();
      if (!listed) RETURN_IF_ERROR(Define(constant, graph));
    }
    absl::flat_hash_set<std::string_view> names;
    absl::Status status;
    ForEachValue(graph, [&](const Value& value) {
      if (names.insert(value.name()).second || !status.ok()) return;
      status = Violation("V4: graph ", Quoted(graph.name()),
                         " defines two values named ", Quoted(value.name()));
    });
    return status;
  }

  absl::Status VisitInputs(const Graph& graph, const Node& node) {
    if (node.graph() != &graph) {
      return Violation("V3: ", node.Describe(), " does not know its graph");
    }
    for (const Use& use : node.uses()) {
      const Value* value = node.input(use.index());
      if (use.user() != &node || use.value() != value) {
        return Violation("V1: input ", use.index(), " of ", node.Describe(),
                         " is not the use that it should be");
      }
      if (value == nullptr) continue;
      const auto it = uses_.find(value);
      if (it == uses_.end()) {
        return Violation("V2: ", node.Describe(), " uses ",
                         Quoted(value->name()), " before it is defined");
      }
      if (!IsNestedIn(graph, *value->graph())) {
        return Violation("V2: ", node.Describe(), " uses ",
                         Quoted(value->name()),
                         " of a graph that does not enclose it");
      }
      ++it->second;
    }
    return absl::OkStatus();
  }

  absl::Status VisitNode(const Graph& graph, const Node& node) {
    RETURN_IF_ERROR(VisitInputs(graph, node));
    RETURN_IF_ERROR(VisitAttributes(node));
    for (const Graph* nested : node.graphs()) {
      RETURN_IF_ERROR(Visit(*nested, &node, graph.function()));
    }
    if (const Function* callee = node.function()) {
      const Graph& body = *callee->body();
      if (node.inputs().size() > body.inputs().size() ||
          node.outputs().size() > body.outputs().size()) {
        return Violation("V9: ", node.Describe(),
                         " gives more inputs or outputs than the function has");
      }
    }
    int index = 0;
    for (const Value* output : node.outputs()) {
      const int position = index++;
      if (output == nullptr) continue;
      if (output->producer() != &node || output->index() != position) {
        return Violation("V3: output ", Quoted(output->name()), " of ",
                         node.Describe(), " does not know its producer");
      }
      if (output->tensor() != nullptr) {
        return Violation("V5: output ", Quoted(output->name()),
                         " has a tensor");
      }
      RETURN_IF_ERROR(Define(*output, graph));
    }
    return absl::OkStatus();
  }

  absl::Status VisitAttributes(const Node& node) {
    const Function* function = node.graph()->function();
    for (const Attribute& attribute : node.attributes()) {
      if (attribute.name.empty()) {
        return Violation("V7: an attribute of ", node.Describe(),
                         " has no name");
      }
      if (node.FindAttribute(attribute.name) != &attribute) {
        return Violation("V7: ", node.Describe(), " has two attributes named ",
                         Quoted(attribute.name));
      }
      if (attribute.IsReference() && function == nullptr) {
        return Violation("V7: attribute ", Quoted(attribute.name), " of ",
                         node.Describe(), " refers to ",
                         Quoted(attribute.reference),
                         ", but is not inside a function");
      }
      const bool has_value = attribute.value.index() != 0;
      if (has_value == attribute.IsReference()) {
        return Violation("V7: attribute ", Quoted(attribute.name), " of ",
                         node.Describe(), " needs a value or a reference");
      }
    }
    return absl::OkStatus();
  }

  absl::Status VisitOutputs(const Graph& graph) {
    if (graph.outputs().size() != graph.output_infos().size()) {
      return Violation("V6: graph ", Quoted(graph.name()), " returns ",
                       graph.outputs().size(), " values, but declares ",
                       graph.output_infos().size());
    }
    absl::flat_hash_map<std::string_view, const Value*> names;
    for (size_t i = 0; i < graph.outputs().size(); ++i) {
      const std::string_view name = graph.output_infos()[i].name;
      const Value* value = graph.outputs()[i];
      if (value == nullptr || name.empty()) {
        return Violation("V6: output ", i, " of graph ", Quoted(graph.name()),
                         " is absent or has no name");
      }
      if (names.emplace(name, value).first->second != value) {
        return Violation("V6: graph ", Quoted(graph.name()),
                         " has two outputs named ", Quoted(name));
      }
    }
    return absl::OkStatus();
  }

  const Model& model_;
  absl::flat_hash_map<const Value*, int> uses_;
};

// V9: calls between functions form no cycle and no endless chain.
class CallVerifier {
 public:
  absl::Status Visit(const Function& function) {
    return Visit(function, /*depth=*/0);
  }

 private:
  // Longest chain of calls. Whatever follows calls recurses, and a file may
  // hold more functions than the stack has room for.
  static constexpr int kMaxCalls = 500;
  static constexpr int kVisiting = -1;

  absl::Status Visit(const Function& function, int depth) {
    const auto [it, is_new] = calls_.emplace(&function, kVisiting);
    if (!is_new && it->second == kVisiting) {
      return Violation("V9: function ", Quoted(function.name()),
                       " calls itself, directly or through others");
    }
    if (!is_new) return absl::OkStatus();
    int calls = 0;
    absl::Status status;
    ForEachGraph(*function.body(), [&](const Graph& graph) {
      for (const Node& node : graph.nodes()) {
        if (node.function() == nullptr || !status.ok()) continue;
        status = depth < kMaxCalls ? Visit(*node.function(), depth + 1)
                                   : TooMany(function);
        if (status.ok()) calls = std::max(calls, calls_[node.function()] + 1);
      }
    });
    RETURN_IF_ERROR(status);
    calls_[&function] = calls;
    return calls <= kMaxCalls ? absl::OkStatus() : TooMany(function);
  }

  static absl::Status TooMany(const Function& function) {
    return Violation("V9: function ", Quoted(function.name()),
                     " is in a chain of more than ", kMaxCalls, " calls");
  }

  // The longest chain that begins at a function, or kVisiting.
  absl::flat_hash_map<const Function*, int> calls_;
};

void CheckOperands(const Node& node, std::string_view what,
                   std::span<Value* const> actual,
                   std::span<const OperandDef> formal, int min, int max,
                   std::vector<std::string>* errors) {
  const int count = static_cast<int>(actual.size());
  if (count < min || count > max) {
    errors->push_back(absl::StrCat(
        "V8: ", node.Describe(), " has ", count, " ",
        absl::string_view(what.data(), what.size()), "s, its schema allows ",
        min, " to ", max == INT32_MAX ? "any number" : absl::StrCat(max)));
  }
  for (int i = 0; i < count && i < static_cast<int>(formal.size()); ++i) {
    if (actual[i] != nullptr || formal[i].option == OperandDef::kOptional) {
      continue;
    }
    errors->push_back(absl::StrCat(
        "V8: ", node.Describe(), " lacks its ",
        absl::string_view(what.data(), what.size()), " '",
        absl::string_view(formal[i].name.data(), formal[i].name.size()), "'"));
  }
}

void CheckNodeSchema(const Node& node, std::vector<std::string>* errors) {
  const OpDef& op = node.op();
  if (op.is_opaque() || node.function() != nullptr) return;
  CheckOperands(node, "input", node.inputs(), op.inputs(), op.min_inputs(),
                op.max_inputs(), errors);
  CheckOperands(node, "output", node.outputs(), op.outputs(), op.min_outputs(),
                op.max_outputs(), errors);
  for (const Attribute& attribute : node.attributes()) {
    const AttrDef* def = op.FindAttr(attribute.name);
    if (def == nullptr) {
      errors->push_back("V8: " + node.Describe() + " has no attribute named " +
                        Quoted(attribute.name) + " at version " +
                        std::to_string(op.since_version()));
    } else if (def->kind != attribute.kind) {
      errors->push_back("V8: attribute " + Quoted(attribute.name) + " of " +
                        node.Describe() + " is of kind " +
                        std::string(AttrKindName(attribute.kind)) + ", not " +
                        std::string(AttrKindName(def->kind)));
    }
  }
  for (const AttrDef& def : op.attributes()) {
    if (def.required && node.FindAttribute(def.name) == nullptr) {
      errors->push_back("V8: " + node.Describe() + " lacks its attribute " +
                        Quoted(def.name));
    }
  }
}

void CheckVersion(const Model& model, const Node& node,
                  std::vector<std::string>* errors) {
  const OpDef& op = node.op();
  if (op.is_opaque() || node.function() != nullptr) return;
  if (model.state() == ModelState::kCanonical) {
    if (op.domain().empty() && op.since_version() > kCanonicalOpset) {
      errors->push_back("V10: " + node.Describe() +
                        " is newer than the canonical opset");
    }
    return;
  }
  for (const OpsetImport& import : model.ImportsOf(*node.graph())) {
    if (import.domain == op.domain() && import.version >= op.since_version()) {
      return;
    }
  }
  errors->push_back("V10: no opset import covers " + node.Describe() +
                    " of version " + std::to_string(op.since_version()));
}

}  // namespace

absl::Status Verify(const Model& model) {
  GraphVerifier main(model);
  RETURN_IF_ERROR(main.Visit(*model.graph(), nullptr, nullptr));
  RETURN_IF_ERROR(main.CheckUseCounts());
  CallVerifier calls;
  for (const Function* function : model.functions()) {
    GraphVerifier body(model);
    const std::string where = "function " + Quoted(function->name());
    RETURN_IF_ERROR(
        Annotate(body.Visit(*function->body(), nullptr, function), where));
    RETURN_IF_ERROR(Annotate(body.CheckUseCounts(), where));
    RETURN_IF_ERROR(calls.Visit(*function));
  }
  return absl::OkStatus();
}

std::vector<std::string> CheckSchemas(const Model& model, size_t limit) {
  std::vector<std::string> errors;
  ForEachGraph(model, [&](const Graph& graph) {
    for (const Node& node : graph.nodes()) {
      if (errors.size() >= limit) return;
      CheckNodeSchema(node, &errors);
      CheckVersion(model, node, &errors);
    }
  });
  return errors;
}

}  // namespace onnxopt
