// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "eval/elements.h"
#include "eval/interpreter.h"
#include "eval/kernel.h"
#include "fmt/core.h"
#include "ir/walk.h"
#include "passes/opset/target.h"
#include "passes/passes.h"
#include "passes/replace.h"
#include "passes/rewrite/constants.h"
#include "passes/shape/inference.h"
#include "support/status.h"

namespace onnxopt {
namespace {

/// All folding together may make a model grow by this much and an eighth of its
/// constants: shape arithmetic, masks and position tables are below it, weights
/// that a model computes from nothing (ConstantOfShape, Tile) above.
constexpr int64_t kMaxTotalGrowth = 16 << 20;

/// A loop that takes longer is not worth the time, or never ends; a step with
/// more data than this could take seconds.
RunOptions RunLimits() {
  RunOptions limits;
  limits.max_steps = 10'000;
  limits.max_bytes = 16 << 20;
  return limits;
}

bool AllInputsConstant(const Node& node) {
  return std::all_of(
      node.inputs().begin(), node.inputs().end(),
      [](const Value* v) { return v == nullptr || v->IsConstant(); });
}

bool RefersToFunctionAttributes(const Node& node) {
  return std::any_of(node.attributes().begin(), node.attributes().end(),
                     [](const Attribute& a) { return a.IsReference(); });
}

// The bytes of all outputs; nullopt when a type is not known.
std::optional<int64_t> OutputBytes(const Node& node) {
  int64_t total = 0;
  for (const Value* output : node.outputs()) {
    if (output == nullptr || !output->HasUses()) continue;
    const auto dims = StaticDims(output);
    if (!dims) return std::nullopt;
    const auto count = NumElements(*dims);
    const auto bytes =
        count ? ByteSize(ElementOf(output), *count) : std::nullopt;
    if (!bytes || *bytes > Tensor::kMaxMaterializedBytes) return std::nullopt;
    total += *bytes;
  }
  return total;
}

// The bytes of the constants that only this node reads.
int64_t BytesSetFree(const Node& node) {
  int64_t total = 0;
  for (const Value* input : node.inputs()) {
    if (input != nullptr && input->IsConstant() && input->num_uses() == 1) {
      total += input->tensor()->byte_size();
    }
  }
  return total;
}

// Whether every conforming runtime computes the same bits: it moves data, or
// computes with integers only, or converts.
bool IsExact(const Node& node) {
  if (node.Has(Trait::kDataMovement) || node.Is("Cast"_op) ||
      node.Is("ConstantOfShape"_op)) {
    return true;
  }
  const auto is_floating = [](const Value* value) {
    return value != nullptr && eval::IsFloating(ElementOf(value));
  };
  return std::none_of(node.inputs().begin(), node.inputs().end(),
                      is_floating) &&
         std::none_of(node.outputs().begin(), node.outputs().end(),
                      is_floating);
}

class Folder {
 public:
  Folder(Model& model, PassContext& context, int64_t max_growth)
      : context_(context),
        exact_(context.Option("exact") == "true"),
        max_growth_(max_growth) {
    int64_t bytes = 0;
    ForEachGraph(model, [&](Graph& graph) {
      for (const Value& constant : graph.constants()) {
        bytes += constant.tensor()->byte_size();
      }
    });
    growth_left_ = kMaxTotalGrowth + bytes / 8;
  }

  void Visit(Graph& graph) {
    for (Node& node : graph.nodes().SafeRange()) {
      for (Graph* nested : node.graphs()) Visit(*nested);
      if (!node.op().is_canonical() || node.function() != nullptr) continue;
      // What became constant upstream may tell more about the types.
      InferOutputs(node);
      if (node.outputs().empty()) continue;
      if (node.Is("If"_op)) {
        InlineBranch(node);
      } else if (node.Has(Trait::kPure) && FindKernel(node.op()) != nullptr) {
        Fold(node);
      } else if (IsSelfContained(node)) {
        FoldData(node);
      }
    }
  }

 private:
  bool IsKnown(const Value* value) const {
    return value == nullptr || value->IsConstant() || known_.contains(value);
  }

  // Whether the node, with its bodies, reads nothing but what is known, and
  // always gives the same results.
  bool IsSelfContained(const Node& node) const {
    return IsPure(node) && ReadsOnlyKnown(node, node);
  }

  bool IsPure(const Node& node) const {
    if (node.function() != nullptr || RefersToFunctionAttributes(node) ||
        !(node.Has(Trait::kPure) || node.Has(Trait::kHasBody)) ||
        (exact_ && !IsExact(node))) {
      return false;
    }
    for (const Graph* body : node.graphs()) {
      for (const Node& inner : body->nodes()) {
        if (!IsPure(inner)) return false;
      }
    }
    return true;
  }

  // Of `inner`, which is `outer` or nested in it.
  bool ReadsOnlyKnown(const Node& inner, const Node& outer) const {
    const auto is_inside = [&outer](const Value& value) {
      const auto bodies = outer.graphs();
      return std::any_of(bodies.begin(), bodies.end(), [&](const Graph* body) {
        return IsNestedIn(*value.graph(), *body);
      });
    };
    for (const Value* input : inner.inputs()) {
      if (!IsKnown(input) && !is_inside(*input)) return false;
    }
    for (const Graph* body : inner.graphs()) {
      for (const Value* output : body->outputs()) {
        if (!IsKnown(output) && !is_inside(*output)) return false;
      }
      for (const Node& node : body->nodes()) {
        if (!ReadsOnlyKnown(node, outer)) return false;
      }
    }
    return true;
  }

  // Sequences cannot be constants: they are remembered for their readers.
  void FoldData(Node& node) {
    const absl::StatusOr<std::vector<Datum>> data =
        EvaluateNode(node, known_, RunLimits());
    if (!data.ok()) return DeclineFailed(node, data.status());
    std::vector<TensorRef> tensors;
    int64_t bytes = -BytesSetFree(node);
    for (int i = 0; i < node.num_outputs(); ++i) {
      if (node.output(i) == nullptr) continue;
      if (!(*data)[i].IsTensor()) {
        known_[node.output(i)] = (*data)[i];
        continue;
      }
      if (node.output(i)->HasUses()) bytes += (*data)[i].byte_size();
    }
    for (const Datum& datum : *data) tensors.push_back(datum.tensor());
    const auto is_tensor = [](const TensorRef& t) { return t != nullptr; };
    if (!std::all_of(tensors.begin(), tensors.end(), is_tensor)) return;
    if (!MayGrowBy(bytes)) {
      Decline(node, "the result would make the file too large");
      return;
    }
    growth_left_ -= std::max<int64_t>(bytes, 0);
    Replace(node, tensors);
  }

  void Fold(Node& node) {
    std::vector<TensorRef> tensors;
    if (node.Has(Trait::kShapeOnly) && !AllInputsConstant(node)) {
      if (!EvaluateShape(node, &tensors)) return;
    } else {
      if (!AllInputsConstant(node) || !EvaluateTensors(node, &tensors)) return;
    }
    Replace(node, tensors);
  }

  bool Decline(const Node& node, std::string_view why) {
    context_.Decline(why, [&] { return node.Describe(); });
    return false;
  }

  void DeclineFailed(const Node& node, const absl::Status& status) {
    context_.Remark([&] {
      return fmt::format("{}: not done: {}", node.Describe(),
                         std::string(status.message()));
    });
    context_.Count("declined: the evaluation failed");
  }

  bool EvaluateTensors(const Node& node, std::vector<TensorRef>* tensors) {
    if (exact_ && !IsExact(node)) {
      return Decline(node, "runtimes may round its result differently");
    }
    if (node.Is("DequantizeLinear"_op)) {
      return Decline(node, "it tells runtimes that its input is quantized");
    }
    const int64_t set_free = BytesSetFree(node);
    std::optional<int64_t> bytes = OutputBytes(node);
    if (bytes && !MayGrowBy(*bytes - set_free)) {
      return Decline(node, "the result would make the file too large");
    }
    std::vector<TensorRef> inputs;
    for (const Value* input : node.inputs()) {
      inputs.push_back(input != nullptr ? input->tensor() : nullptr);
    }
    absl::StatusOr<std::vector<TensorRef>> results =
        Evaluate(node.op(), node.attributes(), inputs, node.num_outputs());
    if (!results.ok()) {
      DeclineFailed(node, results.status());
      return false;
    }
    if (!bytes) {
      bytes = 0;
      for (const TensorRef& tensor : *results) *bytes += tensor->byte_size();
      if (!MayGrowBy(*bytes - set_free)) {
        return Decline(node, "the result would make the file too large");
      }
    }
    growth_left_ -= std::max<int64_t>(*bytes - set_free, 0);
    *tensors = *std::move(results);
    return true;
  }

  bool MayGrowBy(int64_t bytes) const {
    return bytes <= max_growth_ && bytes <= growth_left_;
  }

  // Shape and Size need no more than a type.
  static bool EvaluateShape(const Node& node, std::vector<TensorRef>* tensors) {
    const TypeRef& type = node.input(0)->type();
    const AttributeView attributes(node);
    if (type == nullptr || !type->IsTensor() || !type->shape() ||
        attributes.HasReferences()) {
      return false;
    }
    if (node.Is("Shape"_op)) {
      const Shape& shape = *type->shape();
      const auto rank = static_cast<int64_t>(shape.size());
      const auto clamp = [rank](int64_t axis) {
        return std::clamp<int64_t>(axis < 0 ? axis + rank : axis, 0, rank);
      };
      const int64_t start = clamp(attributes.Int("start", 0));
      const int64_t end = clamp(attributes.Int("end", rank));
      std::vector<int64_t> part;
      for (int64_t i = start; i < end; ++i) {
        if (!shape[i].IsInteger()) return false;
        part.push_back(shape[i].value());
      }
      tensors->push_back(IntsTensor(part));
      return true;
    }
    const auto dims = StaticDims(node.input(0));
    if (!dims) return false;
    const std::optional<int64_t> count = NumElements(*dims);
    if (!node.Is("Size"_op) || !count) return false;
    auto scalar = Tensor::Owned(
        ElementType::kInt64, {},
        {reinterpret_cast<const char*>(&*count), sizeof(int64_t)});
    if (!scalar.ok()) return false;
    tensors->push_back(*std::move(scalar));
    return true;
  }

  void Replace(Node& node, const std::vector<TensorRef>& tensors) {
    Graph& graph = *node.graph();
    const Target* target = context_.target();
    for (const TensorRef& tensor : tensors) {
      if (target != nullptr && !target->CanHold(graph, tensor->type())) {
        Decline(node, "at its opset a function has constants of floats only");
        return;
      }
    }
    for (const Value* output : node.outputs()) {
      if (output != nullptr && output->pinned()) {
        Decline(node, "an output has a name to keep");
        return;
      }
    }
    if (!context_.Allow("folded",
                        [&] { return node.Describe() + " folded"; })) {
      return;
    }
    for (int i = 0; i < node.num_outputs(); ++i) {
      Value* output = node.output(i);
      if (output == nullptr || !output->HasUses()) continue;
      Value* constant = graph.AddConstant(output->name(), Dense(tensors[i]));
      graph.SetType(constant, TypeOf(*tensors[i]));
      graph.ReplaceAllUses(output, constant);
    }
    Erase(node);
  }

  // Operators that hand on their input hand on a sparse tensor too, but what
  // they return is dense.
  static TensorRef Dense(const TensorRef& tensor) {
    if (!tensor->IsSpeltSparse()) return tensor;
    absl::StatusOr<TensorRef> dense = Tensor::WithDims(tensor, tensor->dims());
    ONNXOPT_CHECK(dense.ok());
    return *std::move(dense);
  }

  static void Erase(Node& node) {
    std::vector<Value*> inputs(node.inputs().begin(), node.inputs().end());
    std::sort(inputs.begin(), inputs.end());
    inputs.erase(std::unique(inputs.begin(), inputs.end()), inputs.end());
    node.graph()->EraseNode(&node);
    for (Value* input : inputs) {
      if (input != nullptr) RemoveIfUnused(input);
    }
  }

  // An If whose condition is constant is the branch that it takes.
  void InlineBranch(Node& node) {
    const auto condition = ConstantNumbers(node.input(0), 1);
    if (!condition || condition->size() != 1) return;
    Graph* branch = AttributeView(node).Body(
        (*condition)[0] != 0 ? "then_branch" : "else_branch");
    if (branch == nullptr) return;
    const std::string_view why = WhyNotInlinable(node, *branch);
    if (!why.empty()) {
      Decline(node, why);
      return;
    }
    if (!context_.Allow("branches inlined", [&] {
          return fmt::format("{} replaced by the branch it takes",
                             node.Describe());
        })) {
      return;
    }
    Graph& graph = *node.graph();
    const std::vector<Value*> values = graph.InlineBody(&node, branch);
    for (int i = 0; i < node.num_outputs(); ++i) {
      if (node.output(i) != nullptr) ReplaceWith(node.output(i), values[i]);
    }
    Erase(node);
    known_.clear();  // it may speak of the other branch, which is gone
  }

  static std::string_view WhyNotInlinable(const Node& node,
                                          const Graph& branch) {
    if (!branch.inputs().empty() ||
        static_cast<int>(branch.outputs().size()) < node.num_outputs()) {
      return "the branch does not fit the node";
    }
    if (!branch.quantization_annotations().empty()) {
      return "the branch has quantization annotations";
    }
    for (int i = 0; i < node.num_outputs(); ++i) {
      const Value* output = node.output(i);
      const Value* value = branch.outputs()[i];
      if (output == nullptr) continue;
      if (output->pinned()) return "an output has a name to keep";
      const bool moves = value->graph() == &branch;
      if (!moves) {
        const std::string_view why = WhyNotReturnable(*output, *value);
        if (!why.empty()) return why;
      }
      for (int k = 0; k < i; ++k) {
        if (branch.outputs()[k] == value && output->IsReturned()) {
          return "its graph would return one value under two names";
        }
      }
    }
    return {};
  }

  PassContext& context_;
  const bool exact_;
  const int64_t max_growth_;
  int64_t growth_left_ = 0;
  KnownData known_;
};

// "1MiB", "64KiB", "100".
std::optional<int64_t> ParseBytes(std::string_view text) {
  int64_t unit = 1;
  for (const auto& [suffix, size] :
       {std::pair<std::string_view, int64_t>{"KiB", 1 << 10},
        {"MiB", 1 << 20},
        {"GiB", 1 << 30}}) {
    if (!text.ends_with(suffix)) continue;
    text.remove_suffix(suffix.size());
    unit = size;
    break;
  }
  int64_t number;
  if (!absl::SimpleAtoi(std::string(text), &number) || number < 0 ||
      number > INT64_MAX / unit) {
    return std::nullopt;
  }
  return number * unit;
}

}  // namespace

absl::Status FoldConstants(Model& model, PassContext& context) {
  const std::optional<int64_t> max_growth =
      ParseBytes(context.Option("max-growth"));
  if (!max_growth) {
    return absl::InvalidArgumentError(
        fmt::format("max-growth={} is not a number of bytes, such as 1MiB",
                    context.Option("max-growth")));
  }
  Folder folder(model, context, *max_growth);
  for (const Function* function : model.functions()) {
    folder.Visit(*function->body());
  }
  folder.Visit(*model.graph());
  return absl::OkStatus();
}

}  // namespace onnxopt
