// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <utility>
#include <vector>

#include "eval/kernel.h"
#include "fmt/core.h"
#include "ir/walk.h"
#include "passes/passes.h"
#include "passes/replace.h"
#include "passes/rewrite/constants.h"
#include "passes/shape/inference.h"
#include "support/status.h"

namespace onnxopt {
namespace {

/// Folding may grow a file by this much for each node: shape arithmetic and
/// masks are far below it, dequantized or expanded weights above.
constexpr int64_t kMaxGrowth = 1 << 20;

bool AllInputsConstant(const Node& node) {
  for (const Value* input : node.inputs()) {
    if (input != nullptr && !input->IsConstant()) return false;
  }
  return true;
}

// The bytes of all outputs; nullopt when a type is not known.
std::optional<int64_t> OutputBytes(const Node& node) {
  int64_t total = 0;
  for (const Value* output : node.outputs()) {
    if (output == nullptr) continue;
    const auto dims = StaticDims(output);
    if (!dims) return std::nullopt;
    const auto count = NumElements(*dims);
    const auto bytes =
        count ? ByteSize(ElementOf(output), *count) : std::nullopt;
    if (!bytes) return std::nullopt;
    total += *bytes;
  }
  return total;
}

int64_t InputBytes(const Node& node) {
  int64_t total = 0;
  for (const Value* input : node.inputs()) {
    if (input != nullptr && input->IsConstant()) {
      total += input->tensor()->byte_size();
    }
  }
  return total;
}

bool IsFloating(ElementType type) {
  return type == ElementType::kFloat || type == ElementType::kDouble ||
         type == ElementType::kFloat16 || type == ElementType::kBfloat16;
}

// Whether every conforming runtime computes the same bits: it moves data, or
// computes with integers only, or converts.
bool IsExact(const Node& node) {
  if (node.Has(Trait::kDataMovement) || node.Is("Cast"_op) ||
      node.Is("ConstantOfShape"_op)) {
    return true;
  }
  const auto is_floating = [](const Value* value) {
    return value != nullptr && IsFloating(ElementOf(value));
  };
  return std::none_of(node.inputs().begin(), node.inputs().end(),
                      is_floating) &&
         std::none_of(node.outputs().begin(), node.outputs().end(),
                      is_floating);
}

class Folder {
 public:
  explicit Folder(PassContext& context)
      : context_(context), exact_(context.Option("exact") == "true") {}

  absl::Status Visit(Graph& graph) {
    for (Node& node : graph.nodes().SafeRange()) {
      for (Graph* nested : node.graphs()) RETURN_IF_ERROR(Visit(*nested));
      if (!node.op().is_canonical() || node.function() != nullptr) continue;
      // What became constant upstream may tell more about the types.
      InferOutputs(node);
      if (!node.Has(Trait::kPure) || node.Has(Trait::kNonDeterministic) ||
          node.Has(Trait::kHasBody) || node.outputs().empty()) {
        continue;
      }
      Fold(node);
    }
    return absl::OkStatus();
  }

 private:
  void Fold(Node& node) {
    std::vector<TensorRef> tensors;
    if (node.Has(Trait::kShapeOnly)) {
      if (!EvaluateShape(node, &tensors)) return;
    } else {
      if (!AllInputsConstant(node)) return;
      if (!EvaluateNode(node, &tensors)) return;
    }
    Replace(node, tensors);
  }

  bool Decline(const Node& node, std::string_view why) {
    context_.Decline(why, [&] { return node.Describe(); });
    return false;
  }

  bool EvaluateNode(const Node& node, std::vector<TensorRef>* tensors) {
    if (exact_ && !IsExact(node)) {
      return Decline(node, "runtimes may round its result differently");
    }
    if (FindKernel(node.op()) == nullptr) {
      return Decline(node, "the operator cannot be evaluated yet");
    }
    const std::optional<int64_t> bytes = OutputBytes(node);
    if (!bytes) return Decline(node, "the size of the result is not known");
    if (*bytes > InputBytes(node) + kMaxGrowth) {
      return Decline(node, "the result would make the file too large");
    }
    std::vector<TensorRef> inputs;
    for (const Value* input : node.inputs()) {
      inputs.push_back(input != nullptr ? input->tensor() : nullptr);
    }
    absl::StatusOr<std::vector<TensorRef>> results =
        Evaluate(node.op(), node.attributes(), inputs, node.num_outputs());
    if (!results.ok()) {
      context_.Remark([&] {
        return fmt::format("{}: not done: {}", node.Describe(),
                           std::string(results.status().message()));
      });
      context_.Count("declined: the evaluation failed");
      return false;
    }
    *tensors = *std::move(results);
    return true;
  }

  // Shape and Size need no more than a type.
  static bool EvaluateShape(const Node& node, std::vector<TensorRef>* tensors) {
    const auto dims = StaticDims(node.input(0));
    if (!dims) return false;
    if (node.Is("Shape"_op)) {
      const auto rank = static_cast<int64_t>(dims->size());
      const AttributeView attributes(node);
      const auto clamp = [rank](int64_t axis) {
        if (axis < 0) axis += rank;
        return std::clamp<int64_t>(axis, 0, rank);
      };
      const int64_t start = clamp(attributes.Int("start", 0));
      const int64_t end = clamp(attributes.Int("end", rank));
      if (attributes.HasReferences()) return false;
      std::vector<int64_t> part;
      for (int64_t i = start; i < end; ++i) part.push_back((*dims)[i]);
      tensors->push_back(IntsTensor(part));
      return true;
    }
    if (!node.Is("Size"_op)) return false;
    const std::optional<int64_t> count = NumElements(*dims);
    if (!count) return false;
    auto scalar =
        ScalarTensor(ElementType::kInt64, static_cast<double>(*count));
    if (!scalar.ok() || *count > (int64_t{1} << 53)) return false;
    tensors->push_back(*std::move(scalar));
    return true;
  }

  void Replace(Node& node, const std::vector<TensorRef>& tensors) {
    Graph& graph = *node.graph();
    for (const Value* output : node.outputs()) {
      if (output == nullptr) continue;
      if (output->pinned()) {
        Decline(node, "an output has a name to keep");
        return;
      }
    }
    if (!context_.Allow("folded", [&] {
          return fmt::format("{} folded", node.Describe());
        })) {
      return;
    }
    for (int i = 0; i < node.num_outputs(); ++i) {
      Value* output = node.output(i);
      if (output == nullptr || !output->HasUses()) continue;
      const std::string_view name = output->name();
      graph.Rename(output, graph.model().UniqueName(name));
      Value* constant = graph.AddConstant(name, tensors[i]);
      graph.SetType(constant, TypeOf(*tensors[i]));
      graph.ReplaceAllUses(output, constant);
    }
    graph.EraseNode(&node);
  }

  PassContext& context_;
  const bool exact_;
};

}  // namespace

absl::Status FoldConstants(Model& model, PassContext& context) {
  return Folder(context).Visit(*model.graph());
}

}  // namespace onnxopt
