// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <bit>
#include <functional>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/inlined_vector.h"
#include "absl/hash/hash.h"
#include "fmt/core.h"
#include "ir/walk.h"
#include "passes/passes.h"
#include "passes/replace.h"
#include "support/status.h"

namespace onnxopt {
namespace {

using Operands = absl::InlinedVector<const Value*, 4>;

// The inputs, so that calls that mean the same compare equal: without absent
// ones at the end, and the two of a commutative operator in any fixed order.
Operands ComparableInputs(const Node& node) {
  Operands inputs(node.inputs().begin(), node.inputs().end());
  while (!inputs.empty() && inputs.back() == nullptr) inputs.pop_back();
  if (inputs.size() == 2 && node.Has(Trait::kCommutative) &&
      std::less<>()(inputs[1], inputs[0])) {
    std::swap(inputs[0], inputs[1]);
  }
  return inputs;
}

// Bits, because that is what is compared.
size_t HashOf(float value) {
  return absl::HashOf(std::bit_cast<uint32_t>(value));
}

// A tensor that cannot be read is left to the comparison, as types are.
size_t HashOf(const TensorRef& tensor) {
  return Fingerprint(*tensor).value_or(0);
}

template <typename T>
size_t HashOf(const std::vector<T>& values) {
  size_t hash = values.size();
  for (const T& value : values) hash = absl::HashOf(hash, HashOf(value));
  return hash;
}

size_t HashOf(const Attribute& attribute) {
  const size_t hash =
      absl::HashOf(attribute.name, static_cast<int>(attribute.kind));
  return std::visit(
      [hash](const auto& value) {
        using T = std::decay_t<decltype(value)>;
        if constexpr (std::is_same_v<T, int64_t> ||
                      std::is_same_v<T, std::string_view> ||
                      std::is_same_v<T, std::vector<int64_t>> ||
                      std::is_same_v<T, std::vector<std::string_view>>) {
          return absl::HashOf(hash, value);
        } else if constexpr (std::is_same_v<T, float> ||
                             std::is_same_v<T, TensorRef> ||
                             std::is_same_v<T, std::vector<float>> ||
                             std::is_same_v<T, std::vector<TensorRef>>) {
          return absl::HashOf(hash, HashOf(value));
        } else {
          return hash;
        }
      },
      attribute.value);
}

size_t HashOf(const Node& node) {
  size_t attributes = 0;  // a sum, because their order does not count
  for (const Attribute& a : node.attributes()) attributes += HashOf(a);
  return absl::HashOf(&node.op(), node.function(), ComparableInputs(node),
                      attributes);
}

absl::StatusOr<bool> SameAttributes(const Node& a, const Node& b) {
  if (a.attributes().size() != b.attributes().size()) return false;
  for (const Attribute& attribute : a.attributes()) {
    const Attribute* other = b.FindAttribute(attribute.name);
    if (other == nullptr) return false;
    ASSIGN_OR_RETURN(const bool same, SameAttribute(attribute, *other));
    if (!same) return false;
  }
  return true;
}

absl::StatusOr<bool> Equal(const Node& a, const Node& b) {
  if (&a.op() != &b.op() || a.function() != b.function() ||
      ComparableInputs(a) != ComparableInputs(b)) {
    return false;
  }
  return SameAttributes(a, b);
}

int NumGivenOutputs(const Node& node) {
  int count = node.num_outputs();
  while (count > 0 && node.output(count - 1) == nullptr) --count;
  return count;
}

// Why `node` cannot be replaced by the equal `first`; empty if it can.
std::string_view WhyNot(const Node& node, const Node& first) {
  // The number of outputs has a meaning in Split (into how many parts) and old
  // versions of BatchNormalization (training or not).
  if (NumGivenOutputs(node) != NumGivenOutputs(first)) {
    return "an equal node has another number of outputs";
  }
  if (!SeesValuesOf(*first.graph(), *node.graph())) {
    return "it is in a body of an unknown operator";
  }
  for (const Value* output : node.outputs()) {
    if (output == nullptr) continue;
    if (output->pinned()) return "an output has a name to keep";
    const Value* replacement = first.output(output->index());
    if (replacement == nullptr) {
      if (output->HasUses()) return "the equal node lacks an output";
      continue;
    }
    const std::string_view why = WhyNotReturnable(*output, *replacement);
    if (!why.empty()) return why;
  }
  return {};
}

class CommonSubexpressions {
 public:
  explicit CommonSubexpressions(PassContext& context) : context_(context) {}

  absl::Status Visit(Graph& graph) {
    const size_t scope = known_.size();
    for (Node& node : graph.nodes().SafeRange()) {
      for (Graph* nested : node.graphs()) RETURN_IF_ERROR(Visit(*nested));
      if (node.has_graphs() || node.outputs().empty() || !IsPure(node)) {
        continue;
      }
      RETURN_IF_ERROR(ReplaceOrRemember(node));
    }
    // Nobody outside may use what this graph computes.
    for (; known_.size() > scope; known_.pop_back()) {
      table_[known_.back()].pop_back();
    }
    return absl::OkStatus();
  }

 private:
  absl::Status ReplaceOrRemember(Node& node) {
    const size_t hash = HashOf(node);
    auto& candidates = table_[hash];
    for (const Node* first : candidates) {
      ASSIGN_OR_RETURN(const bool equal, Equal(*first, node));
      if (!equal) continue;
      Replace(node, *first);
      return absl::OkStatus();
    }
    candidates.push_back(&node);
    known_.push_back(hash);
    return absl::OkStatus();
  }

  void Replace(Node& node, const Node& first) {
    const std::string_view why = WhyNot(node, first);
    if (!why.empty()) {
      return context_.Decline(why, [&] { return node.Describe(); });
    }
    if (!context_.Allow("replaced", [&] {
          return fmt::format("{} replaced by the equal {}", node.Describe(),
                             first.Describe());
        })) {
      return;
    }
    for (Value* output : node.outputs()) {
      if (output == nullptr || !output->HasUses()) continue;
      ReplaceWith(output, first.output(output->index()));
    }
    node.graph()->EraseNode(&node);
  }

  bool IsPure(const Node& node) {
    if (node.function() != nullptr) return IsPure(*node.function());
    return node.Has(Trait::kPure) && !node.Has(Trait::kNonDeterministic) &&
           !node.op().is_opaque();
  }

  // As pure as the nodes of its body and of the graphs nested there.
  bool IsPure(const Function& function) {
    const auto known = pure_.find(&function);
    if (known != pure_.end()) return known->second;
    bool pure = true;
    ForEachGraph(*function.body(), [&](Graph& graph) {
      for (const Node& node : graph.nodes()) {
        if (!pure) return;
        pure = IsPure(node) || node.Has(Trait::kHasBody);
      }
    });
    pure_.emplace(&function, pure);
    return pure;
  }

  PassContext& context_;
  // Look-up only. The buckets hold nodes of the current graph and the ones
  // around it, innermost last.
  absl::flat_hash_map<size_t, absl::InlinedVector<const Node*, 1>> table_;
  std::vector<size_t> known_;  // the hash of every node in `table_`, in order
  absl::flat_hash_map<const Function*, bool> pure_;
};

}  // namespace

absl::Status EliminateCommonSubexpressions(Model& model, PassContext& context) {
  CommonSubexpressions cse(context);
  RETURN_IF_ERROR(cse.Visit(*model.graph()));
  for (Function* function : model.functions()) {
    RETURN_IF_ERROR(cse.Visit(*function->body()));
  }
  return absl::OkStatus();
}

}  // namespace onnxopt
