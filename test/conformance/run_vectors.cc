// SPDX-License-Identifier: Apache-2.0
// Runs ONNX's operator vectors: reads folders, one a line, from standard input
// and prints for each and each way of computing it
//
//   FOLDER<tab>WAY<tab>OPERATOR<tab>passed|failed|unsupported<tab>MESSAGE
//
// Ways: `run` evaluates the upgraded model on the stored inputs; `fold` makes
// the inputs constants and folds the graph before; `lower` takes the model back
// to its own opset, writes it, reads it and upgrades it again; `to-N`, for
// every argument N, does the same with opset N, and is unsupported if the model
// cannot be converted.
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "eval/compare.h"
#include "eval/interpreter.h"
#include "fmt/format.h"
#include "frontend/reader.h"
#include "frontend/writer.h"
#include "ir/walk.h"
#include "passes/opset/upgrade.h"
#include "passes/pass_manager.h"
#include "passes/pipeline.h"
#include "passes/registry.h"
#include "passes/shape/inference.h"
#include "support/status.h"
#include "tools/datum_proto.h"

namespace onnxopt {
namespace {

namespace fs = std::filesystem;

// Those of ONNX's own runner of these vectors.
constexpr CompareOptions kTolerance = {.rtol = 1e-3, .atol = 1e-7};

struct Vector {
  std::unique_ptr<Model> model;
  std::vector<Datum> inputs;
  std::vector<Datum> expected;
};

absl::StatusOr<std::unique_ptr<Model>> ReadCanonical(
    std::shared_ptr<const Buffer> file, const std::string& folder,
    const Target* target = nullptr) {
  Diagnostics diagnostics;
  ReadOptions read;
  read.folder = folder;
  ASSIGN_OR_RETURN(std::unique_ptr<Model> model,
                   ReadModelProto(std::move(file), read, &diagnostics));
  RETURN_IF_ERROR(Upgrade(*model, target, &diagnostics));
  return model;
}

absl::StatusOr<Vector> ReadVector(const std::string& folder) {
  Vector vector;
  ASSIGN_OR_RETURN(const std::shared_ptr<const Buffer> file,
                   MapFile(folder + "/model.onnx"));
  ASSIGN_OR_RETURN(vector.model, ReadCanonical(file, folder));
  const auto path = [&](const char* kind, size_t i) {
    return fmt::format("{}/test_data_set_0/{}_{}.pb", folder, kind, i);
  };
  for (const Value* input : RunInputs(*vector.model)) {
    const std::string from = path("input", vector.inputs.size());
    // Inputs with a default come last and may be left out.
    if (input->tensor() != nullptr && !fs::exists(from)) break;
    ASSIGN_OR_RETURN(vector.inputs.emplace_back(),
                     ReadDatum(from, input->type(), *vector.model));
  }
  for (const OutputInfo& output : vector.model->graph()->output_infos()) {
    ASSIGN_OR_RETURN(vector.expected.emplace_back(),
                     ReadDatum(path("output", vector.expected.size()),
                               output.type, *vector.model));
  }
  return vector;
}

// An error that says what differs.
absl::Status RunAndCompare(const Model& model, const Vector& vector) {
  ASSIGN_OR_RETURN(const std::vector<Datum> actual,
                   RunGraph(model, vector.inputs));
  if (actual.size() != vector.expected.size()) {
    return absl::InternalError("another number of outputs");
  }
  for (size_t i = 0; i < actual.size(); ++i) {
    ASSIGN_OR_RETURN(const Comparison comparison,
                     Compare(vector.expected[i], actual[i], kTolerance));
    if (!comparison.equal) {
      return absl::InternalError(
          fmt::format("output {}: {}", i, comparison.difference));
    }
  }
  return absl::OkStatus();
}

absl::Status RunFolded(const Vector& vector) {
  Graph& graph = *vector.model->graph();
  const std::vector<Value*> inputs = RunInputs(*vector.model);
  for (size_t i = 0; i < vector.inputs.size(); ++i) {
    if (!vector.inputs[i].IsTensor()) continue;
    graph.ReplaceAllUses(inputs[i],
                         graph.AddConstant("", vector.inputs[i].tensor()));
  }
  ForEachGraph(graph, [](Graph& g) {
    for (Node& node : g.nodes()) InferOutputs(node);
  });
  PassRegistry registry;
  RegisterBuiltin(registry);
  ASSIGN_OR_RETURN(const std::vector<PipelineStep> steps,
                   ParsePipeline("fold", registry));
  PassManagerOptions options;
  options.verify_each = true;
  RETURN_IF_ERROR(
      RunPipeline(*vector.model, steps, registry, options).status());
  return RunAndCompare(*vector.model, vector);
}

absl::Status RunLowered(const Vector& vector, const std::string& folder) {
  Diagnostics diagnostics;
  RETURN_IF_ERROR(Legalize(*vector.model, Target(), &diagnostics));
  ASSIGN_OR_RETURN(std::string bytes, SerializeModel(*vector.model));
  ASSIGN_OR_RETURN(const std::unique_ptr<Model> again,
                   ReadCanonical(OwnBytes(std::move(bytes)), folder));
  return RunAndCompare(*again, vector);
}

absl::Status RunConverted(const Vector& vector, const std::string& folder,
                          int64_t opset) {
  const Target target({.onnx = opset});
  ASSIGN_OR_RETURN(const std::shared_ptr<const Buffer> file,
                   MapFile(folder + "/model.onnx"));
  ASSIGN_OR_RETURN(const std::unique_ptr<Model> model,
                   ReadCanonical(file, folder, &target));
  Diagnostics diagnostics;
  const absl::Status status = Legalize(*model, target, &diagnostics);
  if (!status.ok()) {
    return absl::UnimplementedError(std::string(status.message()));
  }
  ASSIGN_OR_RETURN(std::string bytes, SerializeModel(*model));
  ASSIGN_OR_RETURN(const std::unique_ptr<Model> again,
                   ReadCanonical(OwnBytes(std::move(bytes)), folder));
  return RunAndCompare(*again, vector);
}

// What the vector is about: the operator of its only node. The others are
// functions written out.
std::string OperatorOf(const Model& model) {
  std::set<std::string> names;
  for (const Node& node : model.graph()->nodes()) {
    names.insert(std::string(node.op().FullName()));
  }
  return names.size() == 1 ? *names.begin() : "(several)";
}

void Print(const std::string& folder, const char* way, const std::string& op,
           const absl::Status& status) {
  const char* outcome = status.ok()                     ? "passed"
                        : absl::IsUnimplemented(status) ? "unsupported"
                                                        : "failed";
  std::printf("%s\t%s\t%s\t%s\t%s\n", folder.c_str(), way, op.c_str(), outcome,
              absl::StrReplaceAll(std::string(status.message()),
                                  {{"\n", " "}, {"\t", " "}})
                  .c_str());
}

void RunVector(const std::string& folder, std::span<char* const> opsets) {
  absl::StatusOr<Vector> vector = ReadVector(folder);
  if (!vector.ok()) {
    Print(folder, "run", "(unreadable)", vector.status());
    return;
  }
  const std::string op = OperatorOf(*vector->model);
  const std::vector<std::string> unsupported = Unsupported(*vector->model);
  if (!unsupported.empty()) {
    Print(folder, "run", op, absl::UnimplementedError(unsupported[0]));
    return;
  }
  const absl::Status status = RunAndCompare(*vector->model, *vector);
  Print(folder, "run", op, status);
  if (!status.ok()) return;
  Print(folder, "fold", op, RunFolded(*vector));
  vector = ReadVector(folder);
  Print(folder, "lower", op,
        vector.ok() ? RunLowered(*vector, folder) : vector.status());
  for (const char* opset : opsets) {
    Print(folder, fmt::format("to-{}", opset).c_str(), op,
          RunConverted(*vector, folder, std::atoll(opset)));
  }
}

}  // namespace
}  // namespace onnxopt

int main(int argc, char** argv) {
  const std::span<char* const> arguments(argv, static_cast<size_t>(argc));
  std::string folder;
  while (std::getline(std::cin, folder)) {
    onnxopt::RunVector(folder, arguments.subspan(1));
  }
  return 0;
}
