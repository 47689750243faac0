// SPDX-License-Identifier: Apache-2.0
#include "test/operators/draw_case.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

#include "eval/dense.h"
#include "eval/kernel.h"
#include "fmt/core.h"
#include "fmt/format.h"
#include "fmt/ranges.h"
#include "frontend/writer.h"
#include "ir/op_registry.h"
#include "passes/opset/upgrade.h"
#include "support/diagnostics.h"
#include "support/status.h"
#include "test/random_graphs/random_graph.h"
#include "test/random_graphs/samplers.h"

namespace onnxopt::operator_cases {
namespace {

using random_graphs::GraphBuilder;
using random_graphs::kAbsent;
using random_graphs::Numbers;
using random_graphs::RandomGraph;
using random_graphs::RandomNode;
using random_graphs::RandomValue;
using random_graphs::Rng;
using random_graphs::Sampler;
using random_graphs::Slot;
using random_graphs::Taste;
using random_graphs::ValueId;

constexpr int kAttempts = 30;
constexpr int64_t kMaxTextElements = 8;
// What ONNX Runtime 1.30 reads, and the opsets that most models have.
constexpr int64_t kOldestOpset = 7;
constexpr int64_t kUsualOpset = 23;
constexpr int64_t kNewestOpset = 26;

// Whether tensors of the type can be handed to ONNX Runtime and back in
// JavaScript.
bool IsPassable(ElementType type) {
  return type <= ElementType::kUint64 && type != ElementType::kUndefined;
}

Agreement AgreementOf(const OpDef& op) {
  if (op.Has(Trait::kDataMovement)) return Agreement::kExact;
  return op.Has(Trait::kElementwise) ? Agreement::kElementwise
                                     : Agreement::kSums;
}

// Of the operand that may have the most types; what ONNX Runtime has kernels
// for more often than other types.
ElementType DrawElement(const OpDef& op, Rng& rng) {
  std::vector<ElementType> types;
  for (int i = 0; i < static_cast<int>(op.inputs().size()); ++i) {
    std::vector<ElementType> allowed = random_graphs::AllowedTypes(op, i);
    if (allowed.size() > types.size()) types = std::move(allowed);
  }
  const auto has = [&](ElementType type) {
    return std::find(types.begin(), types.end(), type) != types.end();
  };
  if (types.empty()) return ElementType::kFloat;
  const ElementType common =
      rng.Of({ElementType::kFloat, ElementType::kFloat, ElementType::kFloat,
              ElementType::kDouble, ElementType::kFloat16, ElementType::kInt64,
              ElementType::kInt32, ElementType::kInt8, ElementType::kUint8});
  return has(common) && rng.Percent(75) ? common : rng.Of(types);
}

Taste DrawTaste(const OpDef& op, const Sampler& sampler, Rng& rng) {
  Taste taste;
  taste.element = DrawElement(op, rng);
  const int64_t max_rank = std::min(sampler.max_rank, 4);
  taste.dims.resize(
      rng.Between(std::min<int64_t>(sampler.min_rank, max_rank), max_rank));
  for (int64_t& dim : taste.dims) {
    dim = rng.Percent(3) ? 0 : rng.Of({1, 2, 2, 3, 3, 4, 5, 7});
  }
  // What a sum or a comparison makes of NaN and of sums out of range depends on
  // its order, which is nobody's promise.
  if (AgreementOf(op) == Agreement::kSums) {
    taste.numbers = Numbers::kFinite;
  } else if (rng.Percent(40)) {
    taste.numbers = Numbers::kSpecial;
  }
  return taste;
}

struct AttributeText {
  std::string operator()(const TensorRef& v) const {
    const auto elements = eval::FloatsOf(*v);
    return elements.ok() && v->num_elements() <= kMaxTextElements
               ? fmt::format("{}{{{}}}", v->TypeString(),
                             fmt::join(*elements, ","))
               : v->TypeString();
  }
  template <typename T>
  std::string operator()(const std::vector<T>& v) const {
    if constexpr (fmt::is_formattable<T>::value) {
      return fmt::format("[{}]", fmt::join(v, ","));
    } else {
      return "?";
    }
  }
  template <typename T>
  std::string operator()(const T& v) const {
    if constexpr (fmt::is_formattable<T>::value) {
      return fmt::format("{}", v);
    } else {
      return "?";
    }
  }
};

// With the elements of what may be axes, sizes and the like.
std::string OperandText(const RandomValue& value) {
  const Tensor& tensor = *value.tensor;
  std::string text = tensor.TypeString();
  if (value.kind == RandomValue::kConstant) text.insert(0, "const ");
  const auto elements = eval::IntegersOf(tensor);
  if (elements.ok() && tensor.num_elements() <= kMaxTextElements) {
    text += fmt::format("{{{}}}", fmt::join(*elements, ","));
  }
  return text;
}

std::string TextOf(const RandomGraph& graph, const RandomNode& node) {
  std::vector<std::string> operands, attributes;
  for (const ValueId id : node.inputs) {
    if (id == kAbsent) {
      operands.emplace_back("-");
      continue;
    }
    operands.push_back(OperandText(graph.values[id]));
  }
  for (const Attribute& attribute : node.attributes) {
    attributes.push_back(fmt::format(
        "{}={}", attribute.name, std::visit(AttributeText(), attribute.value)));
  }
  return fmt::format("{}({}) {{{}}}", node.op->name(),
                     fmt::join(operands, ", "), fmt::join(attributes, ", "));
}

std::vector<Slot> SlotsOf(const OpDef& op) {
  std::vector<Slot> slots;
  for (const OperandDef& operand : op.inputs()) {
    if (operand.option == OperandDef::kOptional) break;
    for (int i = 0; i < operand.min_arity; ++i) slots.push_back({Slot::kOpen});
  }
  return slots;
}

// A type that holds all numbers of a type that is not passable.
ElementType PassableFor(ElementType type) {
  switch (type) {
    case ElementType::kInt4:
    case ElementType::kUint4:
    case ElementType::kInt2:
    case ElementType::kUint2:
      return ElementType::kInt8;
    default:
      return ElementType::kFloat;
  }
}

// ONNX Runtime wants to know the types of inputs. Those of types that cannot
// be handed over become constants, and such outputs are cast to another type.
absl::Status MakePassable(RandomGraph& graph) {
  for (RandomValue& value : graph.values) {
    if (value.kind != RandomValue::kInput) continue;
    const ElementType element = value.tensor->type();
    if (!IsPassable(element)) value.kind = RandomValue::kConstant;
    if (value.declared == nullptr) {
      value.declared = Type::Tensor(element, std::nullopt);
    }
  }
  const OpDef* cast = OpRegistry::Builtin()->Find("", "Cast", kCanonicalOpset);
  for (ValueId& output : graph.outputs) {
    const TensorRef tensor = graph.values[output].tensor;
    if (IsPassable(tensor->type())) continue;
    RandomNode node;
    node.op = cast;
    node.inputs = {output};
    Attribute to;
    to.name = "to";
    to.kind = AttrKind::kInt;
    to.value = static_cast<int64_t>(PassableFor(tensor->type()));
    node.attributes.push_back(std::move(to));
    ASSIGN_OR_RETURN(std::vector<TensorRef> results,
                     Evaluate(*cast, node.attributes, {&tensor, 1}, 1));
    RandomValue value;
    value.kind = RandomValue::kNodeOutput;
    value.tensor = results[0];
    value.producer = static_cast<int>(graph.nodes.size());
    graph.values.push_back(std::move(value));
    output = static_cast<ValueId>(graph.values.size() - 1);
    node.outputs = {output};
    graph.nodes.push_back(std::move(node));
  }
  return absl::OkStatus();
}

struct Written {
  std::string model;
  int64_t opset = 0;
  bool expanded = false;  // other operators say it
};

// Writes the model for a random opset that has the operator, or others that say
// it.
absl::StatusOr<Written> WriteAt(const RandomGraph& graph, Rng& rng) {
  const int64_t first =
      rng.Between(kOldestOpset, rng.Percent(70) ? kUsualOpset : kNewestOpset);
  for (int64_t opset = first; opset <= kNewestOpset; ++opset) {
    // One that could not be legalized may be partly so.
    ASSIGN_OR_RETURN(const std::unique_ptr<Model> model, ToModel(graph));
    Diagnostics diagnostics;
    if (!Legalize(*model, Target({.onnx = opset}), &diagnostics).ok()) continue;
    Written written;
    written.opset = opset;
    written.expanded = model->graph()->nodes().size() != graph.nodes.size();
    ASSIGN_OR_RETURN(written.model, SerializeModel(*model));
    return written;
  }
  return absl::UnimplementedError("no opset that ONNX Runtime has");
}

}  // namespace

absl::StatusOr<OperatorCase> DrawCase(const OpDef& op, uint64_t number) {
  Rng rng(op.FullName(), number);
  std::string why_not;
  std::optional<GraphBuilder> builder;
  const RandomNode* node = nullptr;
  for (int i = 0; i < kAttempts && node == nullptr; ++i) {
    builder.emplace(rng, DrawTaste(op, *random_graphs::FindSampler(op), rng));
    node = builder->AddNode(op, SlotsOf(op), /*open_ended=*/true);
    if (node == nullptr) why_not = builder->why_not();
  }
  if (node == nullptr) return absl::NotFoundError(why_not);
  const std::vector<ValueId> outputs = node->outputs;
  const std::string text = TextOf(builder->graph(), *node);
  const bool special = builder->taste().numbers == Numbers::kSpecial;
  for (const ValueId output : outputs) builder->AddOutput(output);
  RandomGraph graph = std::move(*builder).Finish();
  RETURN_IF_ERROR(MakePassable(graph));

  OperatorCase result;
  result.agreement = AgreementOf(op);
  ASSIGN_OR_RETURN(Written written, WriteAt(graph, rng));
  const ElementType element = graph.values[outputs.front()].tensor->type();
  if (written.expanded && element == ElementType::kBfloat16 &&
      result.agreement != Agreement::kExact) {
    result.agreement = Agreement::kSteps;
  }
  result.model = std::move(written.model);
  result.text = fmt::format("{} opset {}{}{}", text, written.opset,
                            written.expanded ? " expanded" : "",
                            special ? " special" : "");
  for (size_t i = 0; i < graph.values.size(); ++i) {
    if (graph.values[i].kind != RandomValue::kInput) continue;
    result.inputs.push_back({fmt::format("x{}", i), graph.values[i].tensor});
  }
  for (const ValueId output : graph.outputs) {
    result.outputs.push_back(
        {fmt::format("y{}", output), graph.values[output].tensor});
  }
  return result;
}

}  // namespace onnxopt::operator_cases
