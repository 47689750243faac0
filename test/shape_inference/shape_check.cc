// SPDX-License-Identifier: Apache-2.0
// shape_check MODEL...: what inference says about each model, a line each,
// fields separated by tabs:
//
//   model PATH          begins a model
//   error TEXT          it cannot be read
//   old OPERATOR        a node that is not in canonical form
//   invalid TEXT        a node that cannot be, says its inference function
//   contradicted NAME INFERRED DECLARED
//   output INDEX TYPE DECLARED     of a graph output; "?" is unknown
#include <cstdio>
#include <string>
#include <string_view>

#include "fmt/core.h"
#include "frontend/reader.h"
#include "ir/walk.h"
#include "passes/shape/graph_inference.h"
#include "passes/shape/inference.h"

namespace onnxopt {
namespace {

std::string Text(const TypeRef& type) {
  return type == nullptr ? "?" : type->ToString();
}

void ReportOldNodes(const Model& model) {
  ForEachGraph(model, [](Graph& graph) {
    for (const Node& node : graph.nodes()) {
      if (node.function() != nullptr || node.op().is_canonical()) continue;
      fmt::print("old\t{}\n", node.op().FullName());
    }
  });
}

void Check(const std::string& path) {
  fmt::print("model\t{}\n", path);
  Diagnostics diagnostics;
  const auto read = ReadModel(path, {}, &diagnostics);
  if (!read.ok()) {
    fmt::print("error\t{}\n", std::string(read.status().message()));
    return;
  }
  Model& model = **read;
  ReportOldNodes(model);
  const InferenceReport report = InferModel(model);
  for (const auto& [node, status] : report.invalid) {
    fmt::print("invalid\t{}\n", std::string(status.message()));
  }
  for (const Value* value : report.contradicted) {
    fmt::print("contradicted\t{}\t{}\t{}\n", value->name(), Text(value->type()),
               Text(value->declared_type()));
  }
  const uint64_t epoch = model.epoch();
  InferModel(model);
  if (model.epoch() != epoch) fmt::print("error\tnot stable\n");
  const Graph& graph = *model.graph();
  for (size_t i = 0; i < graph.outputs().size(); ++i) {
    const TypeRef type = KnownType(*graph.outputs()[i]);
    const TypeRef& declared = graph.output_infos()[i].type;
    fmt::print("output\t{}\t{}\t{}\n", i, Text(type), Text(declared));
    if (Contradict(type, declared)) {
      fmt::print("contradicted\t{}\t{}\t{}\n", graph.output_infos()[i].name,
                 Text(type), Text(declared));
    }
  }
}

}  // namespace
}  // namespace onnxopt

int main(int argc, char** argv) {
  for (int i = 1; i < argc; ++i) onnxopt::Check(argv[i]);
  return 0;
}
