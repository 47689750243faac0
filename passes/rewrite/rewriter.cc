// SPDX-License-Identifier: Apache-2.0
#include "passes/rewrite/rewriter.h"

#include <algorithm>
#include <utility>

#include "eval/computed.h"
#include "eval/kernel.h"
#include "fmt/core.h"
#include "ir/graph_editor.h"
#include "ir/model.h"
#include "passes/opset/target.h"
#include "passes/replace.h"
#include "passes/shape/inference.h"

namespace onnxopt {
namespace {

/// A constant made by a rule may be larger than the constants it is made from
/// by at most this much: a fused scale or bias is far below it, a broadcast
/// that would blow up the file above.
constexpr int64_t kMaxConstantGrowth = 1 << 20;
/// Constants up to this are evaluated with the rewrite that makes them.
constexpr int64_t kSmallConstant = 1 << 12;

Attribute NewAttribute(std::string_view name, AttrKind kind,
                       AttributeValue value) {
  Attribute attribute;
  attribute.name = name;
  attribute.kind = kind;
  attribute.value = std::move(value);
  return attribute;
}

}  // namespace

Rewriter::Rewriter(const Rule& rule, const Match& match, const Target* target,
                   const RewriteHooks* hooks)
    : rule_(rule),
      match_(match),
      target_(target),
      hooks_(hooks),
      graph_(*match.root->graph()),
      epoch_(graph_.epoch()) {}

Rewriter::~Rewriter() {
  if (!committed_) Discard();
}

// --- Guards

bool Rewriter::Guard(GuardKind kind, bool condition, std::string_view reason) {
  if (hooks_ != nullptr && hooks_->asked) hooks_->asked(rule_, kind, reason);
  if (condition) return true;
  if (hooks_ != nullptr) {
    const bool checked =
        kind == GuardKind::kSafety || kind == GuardKind::kMatch;
    if (checked && hooks_->ignored_guard == reason) return true;
    if (hooks_->declined) hooks_->declined(rule_, kind, reason);
  }
  if (why_not_.empty()) {
    why_not_ = reason;
    why_not_kind_ = kind;
  }
  return false;
}

bool Rewriter::PreferOneUse(const Node& node) {
  const Value* output = node.output(0);
  return Prefer(output->num_uses() == 1,
                "an intermediate value has other uses") &&
         Prefer(!output->pinned(), "an intermediate value has a name to keep");
}

bool Rewriter::RequireSameElement(const Value* a, const Value* b) {
  return Known(ElementOf(a) != ElementType::kUndefined &&
                   ElementOf(b) != ElementType::kUndefined,
               "an element type is not known") &&
         Require(ElementOf(a) == ElementOf(b), "the element types differ");
}

Value* Rewriter::Fail(std::string why) {
  if (why_not_.empty()) why_not_ = std::move(why);
  return nullptr;
}

// --- Building

Value* Rewriter::Make(OpId op, std::vector<Value*> inputs,
                      std::vector<Attribute> attributes) {
  const OpDef* def = graph_.model().ops().Find("", OpName(op), kCanonicalOpset);
  ONNXOPT_CHECK(def != nullptr);
  return Stage(def, std::move(inputs), std::move(attributes), nullptr);
}

Value* Rewriter::Clone(const Node& node, std::vector<Value*> inputs,
                       std::vector<Attribute> attributes) {
  std::vector<Attribute> all(node.attributes().begin(),
                             node.attributes().end());
  for (Attribute& attribute : attributes) {
    const auto old = std::find_if(
        all.begin(), all.end(),
        [&](const Attribute& a) { return a.name == attribute.name; });
    if (old != all.end()) {
      *old = std::move(attribute);
    } else {
      all.push_back(std::move(attribute));
    }
  }
  return Stage(&node.op(), std::move(inputs), std::move(all), &node);
}

std::vector<Value*> Rewriter::MakeOutputs(OpId op, std::vector<Value*> inputs,
                                          std::vector<Attribute> attributes,
                                          int num_outputs) {
  const OpDef* def = graph_.model().ops().Find("", OpName(op), kCanonicalOpset);
  ONNXOPT_CHECK(def != nullptr);
  Node* node = AddStaged(def, std::move(inputs), std::move(attributes),
                         num_outputs, nullptr);
  if (node == nullptr || !CanExpress(*node)) {
    return std::vector<Value*>(num_outputs, nullptr);
  }
  return {node->outputs().begin(), node->outputs().end()};
}

Value* Rewriter::Stage(const OpDef* op, std::vector<Value*> inputs,
                       std::vector<Attribute> attributes, const Node* like) {
  Node* node = AddStaged(op, std::move(inputs), std::move(attributes),
                         /*num_outputs=*/1, like);
  if (node == nullptr) return nullptr;
  Value* output = node->output(0);
  if (Value* constant = FoldedConstant(*node, output->type())) {
    nodes_.pop_back();
    graph_.EraseNode(node);
    return constant;
  }
  return CanExpress(*node) ? output : nullptr;
}

bool Rewriter::CanExpress(const Node& node) {
  std::string why = target_ == nullptr ? "" : target_->WhyNot(node);
  if (!why.empty()) Fail(std::move(why));
  return why_not_.empty();
}

Node* Rewriter::AddStaged(const OpDef* op, std::vector<Value*> inputs,
                          std::vector<Attribute> attributes, int num_outputs,
                          const Node* like) {
  const auto fail = [this](std::string why) -> Node* {
    Fail(std::move(why));
    return nullptr;
  };
  if (!why_not_.empty()) return nullptr;
  while (!inputs.empty() && inputs.back() == nullptr) inputs.pop_back();
  for (int i = 0; i < op->min_inputs(); ++i) {
    if (i >= static_cast<int>(inputs.size()) || inputs[i] == nullptr) {
      return fail("a part of the replacement could not be made");
    }
  }
  // Until Commit, all values made share the name of the root's output: most
  // attempts fail, and names would be used up.
  const std::vector<std::string_view> names(num_outputs,
                                            root().output(0)->name());
  Node* node = graph_.AddNode(op, inputs, names,
                              like != nullptr ? like->name() : "", &root());
  nodes_.push_back(node);
  for (Attribute& attribute : attributes) {
    attribute.name = graph_.model().Intern(attribute.name);
    graph_.SetAttribute(node, std::move(attribute));
  }
  if (like != nullptr) GraphEditor::SetAnnotations(node, like->annotations());
  absl::StatusOr<std::vector<TypeRef>> types = InferTypes(*node);
  if (!types.ok()) {
    return fail(fmt::format("the replacement would not be valid: {}",
                            std::string(types.status().message())));
  }
  for (int i = 0; i < num_outputs; ++i) {
    if ((*types)[i] != nullptr) graph_.SetType(node->output(i), (*types)[i]);
  }
  return node;
}

Value* Rewriter::FoldedConstant(const Node& node, const TypeRef& type) {
  const OpDef& op = node.op();
  if (!op.Has(Trait::kPure) || FindKernel(op) == nullptr || type == nullptr ||
      !type->IsTensor() || !type->shape() || BitWidth(type->element()) == 0) {
    return nullptr;
  }
  TensorDims dims;
  for (const Dim& dim : *type->shape()) {
    if (!dim.IsInteger()) return nullptr;
    dims.push_back(dim.value());
  }
  std::vector<TensorRef> inputs;
  int64_t source_bytes = 0;
  for (const Value* input : node.inputs()) {
    if (input != nullptr && !input->IsConstant()) return nullptr;
    inputs.push_back(input != nullptr ? input->tensor() : nullptr);
    if (input != nullptr) source_bytes += input->tensor()->byte_size();
  }
  absl::StatusOr<TensorRef> tensor =
      MakeComputed(op, {node.attributes().begin(), node.attributes().end()},
                   std::move(inputs), type->element(), std::move(dims));
  if (!tensor.ok() ||
      (*tensor)->byte_size() > source_bytes + kMaxConstantGrowth) {
    return nullptr;
  }
  return Constant(*std::move(tensor));
}

Value* Rewriter::Constant(TensorRef tensor) {
  if (!why_not_.empty()) return nullptr;
  if (target_ != nullptr && !target_->CanHold(graph_, tensor->type())) {
    return Fail(fmt::format("functions have constants of {} since opset 9",
                            ElementTypeName(tensor->type())));
  }
  TypeRef type = TypeOf(*tensor);
  Value* constant =
      graph_.AddConstant(root().output(0)->name(), std::move(tensor));
  graph_.SetType(constant, std::move(type));
  constants_.push_back(constant);
  return constant;
}

Value* Rewriter::Ints(const std::vector<int64_t>& values) {
  return Constant(IntsTensor(values));
}

Value* Rewriter::Scalar(double value, const Value* like) {
  absl::StatusOr<TensorRef> tensor = ScalarTensor(ElementOf(like), value);
  if (!tensor.ok()) return Fail("no scalar of this element type can be made");
  return Constant(*std::move(tensor));
}

Value* Rewriter::Reshape(Value* x, const std::vector<int64_t>& dims) {
  if (x != nullptr && StaticDims(x) == dims) return x;
  return Make("Reshape"_op, {x, Ints(dims)});
}

Value* Rewriter::Transpose(Value* x, std::vector<int64_t> perm) {
  return Make("Transpose"_op, {x}, {Ints("perm", std::move(perm))});
}

Value* Rewriter::CastTo(ElementType type, Value* x) {
  if (x == nullptr || ElementOf(x) == type) return x;
  return Make("Cast"_op, {x}, {Int("to", static_cast<int64_t>(type))});
}

void Rewriter::ReplaceOutput(int index, Value* replacement) {
  Value* output = root().output(index);
  if (output == nullptr) return;
  if (replacement == nullptr) {
    Fail("a part of the replacement could not be made");
    return;
  }
  replacements_.emplace_back(output, replacement);
}

Attribute Rewriter::Int(std::string_view name, int64_t value) {
  return NewAttribute(name, AttrKind::kInt, value);
}
Attribute Rewriter::Float(std::string_view name, float value) {
  return NewAttribute(name, AttrKind::kFloat, value);
}
Attribute Rewriter::Floats(std::string_view name, std::vector<float> values) {
  return NewAttribute(name, AttrKind::kFloats, std::move(values));
}
Attribute Rewriter::Ints(std::string_view name, std::vector<int64_t> values) {
  return NewAttribute(name, AttrKind::kInts, std::move(values));
}
Attribute Rewriter::String(std::string_view name, std::string_view value) {
  return NewAttribute(name, AttrKind::kString, value);
}

// --- Commit

std::string Rewriter::WhyNotReplaceable(const Value& output,
                                        const Value& replacement) {
  if (output.pinned()) return "its output has a name to keep";
  if (Contradict(replacement.type(), output.type())) {
    return "the replacement would have another type";
  }
  if (output.type() == nullptr && replacement.type() == nullptr) {
    return "the type of its output is not known";
  }
  return std::string(WhyNotReturnable(output, replacement));
}

std::string Rewriter::WhyNotReplaceableTogether() const {
  for (const Value* output : root().outputs()) {
    if (output == nullptr || (!output->HasUses() && !output->pinned())) {
      continue;
    }
    if (std::none_of(replacements_.begin(), replacements_.end(),
                     [&](const Replacement& r) { return r.first == output; })) {
      return "another output is used";
    }
  }
  // One value cannot take two promised names.
  for (size_t i = 0; i < replacements_.size(); ++i) {
    for (size_t k = 0; k < i; ++k) {
      if (replacements_[i].second == replacements_[k].second &&
          replacements_[i].first->IsReturned() &&
          replacements_[k].first->IsReturned()) {
        return "its graph would return one value under two names";
      }
    }
  }
  return {};
}

bool Rewriter::IsNew(const Value& value) const {
  return value.IsConstant()
             ? std::find(constants_.begin(), constants_.end(), &value) !=
                   constants_.end()
             : std::find(nodes_.begin(), nodes_.end(), value.producer()) !=
                   nodes_.end();
}

void Rewriter::Replace(Value* output, Value* replacement) {
  // What holds for the one holds for the other.
  if (!replacement->IsConstant() && !replacement->IsInput()) {
    TypeRef merged = MergeTypes(replacement->type(), output->type());
    if (!SameType(merged, replacement->type())) {
      graph_.SetType(replacement, std::move(merged));
    }
  }
  for (const Use& use : output->uses()) readers_.push_back(use.user());
  graph_.ReplaceAllUses(output, replacement);
  if (!IsNew(*replacement) || named_.contains(replacement)) return;
  graph_.Rename(replacement, output->name());
  named_.insert(replacement);
  graph_.Rename(output, graph_.model().UniqueName(output->name()));
}

bool Rewriter::Commit(Value* replacement, absl::FunctionRef<bool()> allow) {
  if (replacement == nullptr || !why_not_.empty()) {
    if (why_not_.empty()) why_not_kind_ = GuardKind::kKnowledge;
    return false;
  }
  replacements_.insert(replacements_.begin(), {root().output(0), replacement});
  why_not_ = WhyNotReplaceableTogether();
  for (const auto& [output, by] : replacements_) {
    if (why_not_.empty()) why_not_ = WhyNotReplaceable(*output, *by);
  }
  if (!why_not_.empty() || !EvaluateSmallConstants() || !allow()) return false;
  committed_ = true;
  MergeAnnotations();
  for (const auto& [output, by] : replacements_) Replace(output, by);
  NameTheRest();
  return true;
}

// Cheap, and what comes next will ask for them anyway.
bool Rewriter::EvaluateSmallConstants() {
  for (const Value* constant : constants_) {
    const Tensor& tensor = *constant->tensor();
    const bool is_part =
        constant->HasUses() ||
        std::any_of(replacements_.begin(), replacements_.end(),
                    [&](const Replacement& r) { return r.second == constant; });
    if (!is_part || tensor.form() != Tensor::Form::kComputed ||
        tensor.byte_size() > kSmallConstant) {
      continue;
    }
    const absl::Status status = tensor.bytes().status();
    if (!status.ok()) {
      Fail(fmt::format("a constant could not be evaluated: {}",
                       std::string(status.message())));
      return false;
    }
  }
  return true;
}

// Nodes and constants that are part of the replacement but not what replaces an
// output; constants that only served as steps to others go.
void Rewriter::NameTheRest() {
  Model& model = graph_.model();
  const std::string_view base = replacements_.front().second->name();
  std::erase_if(constants_, [&](Value* constant) {
    if (constant->HasUses()) return false;
    graph_.RemoveConstant(constant);
    return true;
  });
  for (Value* constant : constants_) {
    if (!named_.contains(constant)) {
      graph_.Rename(constant, model.UniqueName(base));
    }
  }
  for (Node* node : nodes_) {
    for (Value* output : node->outputs()) {
      if (output != nullptr && !named_.contains(output)) {
        graph_.Rename(output, model.UniqueName(base));
      }
    }
  }
}

// The node that makes the result goes by the name of the root, and has the
// metadata of all that it replaces; where they differ, the root's.
void Rewriter::MergeAnnotations() {
  Node* result = replacements_.front().second->producer();
  if (result == nullptr || !IsNew(*replacements_.front().second)) return;
  Annotations merged = root().annotations();
  for (const Node* node : match_.all) {
    for (const auto& [key, value] : node->annotations().metadata) {
      const bool has_key = std::any_of(
          merged.metadata.begin(), merged.metadata.end(),
          [&, k = key](const auto& entry) { return entry.first == k; });
      if (!has_key) merged.metadata.emplace_back(key, value);
    }
    if (merged.doc_string.empty()) {
      merged.doc_string = node->annotations().doc_string;
    }
  }
  if (!merged.empty()) GraphEditor::SetAnnotations(result, std::move(merged));
  if (result->name().empty()) GraphEditor::SetName(result, root().name());
}

void Rewriter::Discard() {
  for (auto node = nodes_.rbegin(); node != nodes_.rend(); ++node) {
    graph_.EraseNode(*node);
  }
  for (Value* constant : constants_) graph_.RemoveConstant(constant);
  GraphEditor::RestoreEpoch(&graph_.model(), epoch_);
}

}  // namespace onnxopt
