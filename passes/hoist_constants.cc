// SPDX-License-Identifier: Apache-2.0
#include <string_view>

#include "absl/container/flat_hash_map.h"
#include "fmt/core.h"
#include "ir/walk.h"
#include "passes/passes.h"
#include "passes/replace.h"

namespace onnxopt {
namespace {

/// From this IR version on, initializers need not be inputs.
constexpr int64_t kMinIrVersion = 4;

class ConstantHoister {
 public:
  ConstantHoister(Model& model, PassContext& context)
      : model_(model), context_(context) {}

  void Run() {
    ForEachGraph(*model_.graph(), [this](Graph& graph) { Visit(graph); });
  }

 private:
  void Visit(Graph& graph) {
    const bool is_main = &graph == model_.graph();
    for (Value& constant : graph.constants().SafeRange()) {
      if (constant.IsInput() || constant.listed_as_input()) continue;
      const bool is_node = constant.constant_form() == ConstantForm::kNode;
      if (is_main && !is_node) continue;
      const std::string_view why = WhyNot(constant);
      if (!why.empty()) {
        context_.Decline(why, [&] { return Describe(constant); });
      } else if (is_main) {
        MakeInitializer(constant);
      } else {
        Move(constant);
      }
    }
  }

  std::string_view WhyNot(const Value& constant) {
    const Graph& graph = *constant.graph();
    if (model_.ir_version() < kMinIrVersion) {
      return "before IR version 4 initializers have to be inputs";
    }
    if (constant.pinned()) return "it has a name to keep";
    if (constant.IsReturned()) return "its graph returns it as it is";
    if (constant.constant_form() == ConstantForm::kNode &&
        constant.tensor()->IsSpeltSparse()) {
      return "few runtimes take sparse initializers";
    }
    if (!SeesValuesOf(*model_.graph(), graph)) {
      return "it is in a body of an unknown operator";
    }
    return {};
  }

  void MakeInitializer(Value& constant) {
    if (!context_.Allow("made initializers", [&] {
          return Describe(constant) + " made an initializer";
        })) {
      return;
    }
    constant.graph()->MakeInitializer(&constant);
  }

  void Move(Value& constant) {
    Graph& graph = *constant.graph();
    if (!context_.Allow("moved", [&] {
          return fmt::format("{} moved from graph '{}' to the main graph",
                             Describe(constant), graph.name());
        })) {
      return;
    }
    const std::string_view name = IsUnique(constant.name())
                                      ? std::string_view()
                                      : model_.UniqueName(constant.name());
    graph.MoveConstantTo(&constant, model_.graph(), name);
  }

  // Whether one value of the model has that name, and no other output.
  bool IsUnique(std::string_view name) {
    if (counts_.empty()) CountNames();
    return counts_[name] == 1;
  }

  void CountNames() {
    ForEachGraph(model_, [this](const Graph& graph) {
      ForEachValue(graph, [this](const Value& v) { ++counts_[v.name()]; });
      for (size_t i = 0; i < graph.outputs().size(); ++i) {
        const std::string_view promised = graph.output_infos()[i].name;
        if (graph.outputs()[i]->name() != promised) ++counts_[promised];
      }
    });
  }

  Model& model_;
  PassContext& context_;
  // Filled when first asked; look-up only.
  absl::flat_hash_map<std::string_view, int> counts_;
};

}  // namespace

absl::Status HoistConstants(Model& model, PassContext& context) {
  ConstantHoister(model, context).Run();
  return absl::OkStatus();
}

}  // namespace onnxopt
