// SPDX-License-Identifier: Apache-2.0
#include "test/rules/instantiate.h"

#include <algorithm>
#include <map>
#include <utility>
#include <vector>

#include "eval/kernel.h"
#include "fmt/core.h"
#include "test/random_graphs/samplers.h"

namespace onnxopt::rule_check {
namespace {

using random_graphs::AllowedTypes;
using random_graphs::DrawableTypes;
using random_graphs::FindSampler;
using random_graphs::GraphBuilder;
using random_graphs::kAbsent;
using random_graphs::Numbers;
using random_graphs::RandomGraph;
using random_graphs::RandomNode;
using random_graphs::Rng;
using random_graphs::Sampler;
using random_graphs::Slot;
using random_graphs::Taste;
using random_graphs::ValueId;
using Data = Pattern::Data;

const OpDef* Canonical(OpId op) {
  return OpRegistry::Builtin()->Find("", OpName(op), kCanonicalOpset);
}

// Operators that can be drawn for AnyOp.
std::vector<const OpDef*> OperatorsWith(Trait traits) {
  std::vector<const OpDef*> found;
  for (const OpDef* op : OpRegistry::Builtin()->All()) {
    if (op->is_canonical() && op->Has(traits) && FindSampler(*op) != nullptr &&
        FindKernel(*op) != nullptr) {
      found.push_back(op);
    }
  }
  return found;
}

void Collect(const Data& pattern, std::vector<const Data*>* nodes) {
  if (pattern.kind != Data::Kind::kNode) return;
  nodes->push_back(&pattern);
  for (const Pattern& input : pattern.inputs) Collect(input.data(), nodes);
}

// What suits all operators of the pattern.
Taste TasteFor(const Rule& rule, const std::vector<const Data*>& nodes,
               Rng& rng) {
  std::vector<ElementType> types = DrawableTypes();
  int64_t min_rank = 0;
  int64_t max_rank = 4;
  for (const Data* node : nodes) {
    if (node->op == kOpaqueOp) continue;
    const OpDef& op = *Canonical(node->op);
    const std::vector<ElementType> allowed = AllowedTypes(op, 0);
    std::erase_if(types, [&](ElementType type) {
      return types.size() > 1 &&
             std::find(allowed.begin(), allowed.end(), type) == allowed.end();
    });
    const Sampler* sampler = FindSampler(op);
    if (sampler == nullptr) continue;
    min_rank = std::max<int64_t>(min_rank, sampler->min_rank);
    max_rank = std::min<int64_t>(max_rank, sampler->max_rank);
  }
  Taste taste;
  const bool has_float =
      std::find(types.begin(), types.end(), ElementType::kFloat) != types.end();
  taste.element =
      has_float && rng.Percent(30) ? ElementType::kFloat : rng.Of(types);
  taste.dims.assign(
      rng.Between(std::min(min_rank, max_rank), std::max(min_rank, max_rank)),
      1);
  for (int64_t& dim : taste.dims) {
    dim = rng.Percent(2) ? 0 : rng.Of({1, 1, 2, 2, 3, 3, 4});
  }
  const bool exact = rule.numeric == NumericClass::kExact;
  taste.numbers =
      exact && rng.Percent(75) ? Numbers::kSpecial : Numbers::kModerate;
  taste.extreme = !exact && rng.Percent(10);
  return taste;
}

class Instantiator {
 public:
  Instantiator(const Rule& rule, Rng& rng)
      : rule_(rule),
        rng_(rng),
        nodes_([&] {
          std::vector<const Data*> nodes;
          Collect(rule.pattern.data(), &nodes);
          return nodes;
        }()),
        builder_(rng, TasteFor(rule, nodes_, rng)) {
    for (const Data* node : nodes_) {
      if (!node->value_name.empty()) named_.emplace(node->value_name, node);
    }
  }

  std::optional<RandomGraph> Run(std::string* why_not) {
    if (Build(rule_.pattern.data()) == kAbsent) {
      *why_not = why_not_;
      return std::nullopt;
    }
    AddOutputs();
    return std::move(builder_).Finish();
  }

 private:
  // The value of a node pattern; kAbsent on failure.
  ValueId Build(const Data& pattern) {
    const auto old = built_.find(&pattern);
    if (old != built_.end()) return old->second;
    if (!pattern.value_name.empty()) {
      const auto bound = bound_.find(pattern.value_name);
      if (bound != bound_.end()) return bound->second;
    }
    const OpDef* op = OperatorFor(pattern);
    std::vector<Slot> slots;
    if (op == nullptr || !MakeSlots(pattern, *op, &slots)) return kAbsent;
    const bool open_ended =
        !pattern.inputs.empty() &&
        pattern.inputs.back().data().kind == Data::Kind::kRest;
    const bool swapped = op->Has(Trait::kCommutative) && slots.size() == 2 &&
                         !open_ended && rng_.Percent(50);
    if (swapped && slots[1].kind != Slot::kSame) std::swap(slots[0], slots[1]);
    const RandomNode* node =
        builder_.AddNode(*op, slots, open_ended, pattern.output + 1);
    if (node == nullptr) {
      why_not_ = fmt::format("{}: {}", op->FullName(), builder_.why_not());
      return kAbsent;
    }
    for (size_t i = 0; i < slots.size(); ++i) {
      const Data& input = pattern.inputs[swapped ? 1 - i : i].data();
      if (!input.value_name.empty() && i < node->inputs.size() &&
          node->inputs[i] != kAbsent) {
        bound_.emplace(input.value_name, node->inputs[i]);
      }
    }
    const ValueId value = node->outputs[pattern.output];
    if (!pattern.value_name.empty()) bound_.emplace(pattern.value_name, value);
    built_.emplace(&pattern, value);
    return value;
  }

  const OpDef* OperatorFor(const Data& pattern) {
    if (pattern.op != kOpaqueOp) return Canonical(pattern.op);
    // A pattern with the same traits twice often means the same operator.
    const auto before = drawn_.find(pattern.traits);
    if (before != drawn_.end() && rng_.Percent(75)) return before->second;
    const std::vector<const OpDef*> candidates = OperatorsWith(pattern.traits);
    if (candidates.empty()) {
      why_not_ = "no operator has the traits";
      return nullptr;
    }
    return drawn_[pattern.traits] = rng_.Of(candidates);
  }

  // Nodes first: what they fix restricts the choice of leaves.
  bool MakeSlots(const Data& pattern, const OpDef& op,
                 std::vector<Slot>* slots) {
    for (const Pattern& input : pattern.inputs) {
      const Data& data = input.data();
      if (data.kind == Data::Kind::kRest) break;
      Slot slot;
      const auto named = named_.find(data.value_name);
      const Data* node = data.kind == Data::Kind::kNode ? &data
                         : named != named_.end()        ? named->second
                                                        : nullptr;
      if (data.optional && rng_.Percent(50)) {
        slot.kind = Slot::kAbsent;
      } else if (node != nullptr) {
        slot = {Slot::kSettled, Build(*node)};
        if (slot.value == kAbsent) return false;
      } else if (data.kind == Data::Kind::kConstant) {
        slot.kind = Slot::kConstant;
      }
      slots->push_back(slot);
    }
    for (size_t i = 0; i < slots->size(); ++i) {
      Slot& slot = (*slots)[i];
      const std::string_view name = pattern.inputs[i].data().value_name;
      if (slot.kind == Slot::kAbsent || name.empty()) continue;
      const auto bound = bound_.find(name);
      if (bound != bound_.end()) slot = {Slot::kSettled, bound->second};
      for (size_t k = 0; k < i && slot.kind != Slot::kSettled; ++k) {
        const bool same = pattern.inputs[k].data().value_name == name;
        if (same && (*slots)[k].kind != Slot::kAbsent) {
          slot = {Slot::kSame, static_cast<ValueId>(k)};
        }
      }
    }
    return static_cast<int>(slots->size()) <= op.max_inputs();
  }

  // The outputs of the root, and now and then another value. A value that the
  // graph returns itself cannot be replaced by one of its inputs.
  void AddOutputs() {
    const RandomNode root = builder_.graph().nodes.back();
    const auto count = static_cast<ValueId>(builder_.graph().values.size());
    const auto add = [&](ValueId value) {
      if (rng_.Percent(25)) return builder_.AddOutput(value);
      const RandomNode* identity = builder_.AddNode(
          *Canonical("Identity"_op), {{Slot::kSettled, value}}, false);
      builder_.AddOutput(identity != nullptr ? identity->outputs[0] : value);
    };
    for (const ValueId output : root.outputs) {
      if (output == root.outputs[0] || rng_.Percent(70)) add(output);
    }
    for (ValueId value = 0; value < count; ++value) {
      const auto& from = builder_.graph().values[value];
      const bool is_root = std::find(root.outputs.begin(), root.outputs.end(),
                                     value) != root.outputs.end();
      if (from.producer >= 0 && !is_root && rng_.Percent(5)) add(value);
    }
  }

  const Rule& rule_;
  Rng& rng_;
  const std::vector<const Data*> nodes_;
  GraphBuilder builder_;
  std::map<std::string_view, const Data*> named_;
  std::map<std::string_view, ValueId> bound_;
  std::map<const Data*, ValueId> built_;
  std::map<Trait, const OpDef*> drawn_;
  std::string why_not_;
};

}  // namespace

std::optional<RandomGraph> Instantiate(const Rule& rule, uint64_t seed,
                                       std::string* why_not) {
  Rng rng(rule.name, seed);
  return Instantiator(rule, rng).Run(why_not);
}

}  // namespace onnxopt::rule_check
