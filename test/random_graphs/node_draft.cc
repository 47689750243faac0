// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <limits>
#include <string>
#include <utility>

#include "eval/dense.h"
#include "support/status.h"
#include "test/random_graphs/samplers.h"

namespace onnxopt::random_graphs {
namespace {

// Rarely, so that rules with constants of all kinds fire often enough.
constexpr int kNotFinitePercent = 8;

TensorRef SplatConstant(Rng& rng, ElementType element, const TensorDims& dims,
                        Numbers numbers) {
  const double infinity = std::numeric_limits<double>::infinity();
  const double nan = std::numeric_limits<double>::quiet_NaN();
  if (numbers == Numbers::kPositive) {
    return SplatOf(element, dims, rng.Of({1.0, 1.0, 2.0, 3.0}));
  }
  const bool finite = numbers == Numbers::kFinite;
  if (IsFloat(element) && !finite && rng.Percent(kNotFinitePercent)) {
    return SplatOf(element, dims, rng.Of({infinity, -infinity, nan}));
  }
  if (numbers == Numbers::kNonzero || numbers == Numbers::kSpecialNonzero) {
    return SplatOf(element, dims, rng.Of({1.0, 1.0, -1.0, 2.0, 0.5, 3.0}));
  }
  return SplatOf(element, dims, rng.Of({0.0, -0.0, 1.0, 1.0, -1.0, 2.0, 0.5}));
}

TensorRef ExtremeConstant(Rng& rng, ElementType element,
                          const TensorDims& dims) {
  const double large = element == ElementType::kDouble ? 1e200 : 1e30;
  return SplatOf(element, dims, rng.Of({large, -large, 1 / large}));
}

}  // namespace

const OperandDef* FormalInput(const OpDef& op, int i) {
  const std::span<const OperandDef> formals = op.inputs();
  if (i < static_cast<int>(formals.size())) return &formals[i];
  if (formals.empty() || formals.back().option != OperandDef::kVariadic) {
    return nullptr;
  }
  return &formals.back();
}

bool Allows(const OpDef& op, int i, ElementType element) {
  const OperandDef* formal = FormalInput(op, i);
  if (formal == nullptr) return false;
  const std::string type =
      "tensor(" + std::string(ElementTypeName(element)) + ")";
  const TypeConstraint* constraint = op.FindTypeConstraint(formal->type);
  if (constraint == nullptr) return formal->type == type;
  return std::find(constraint->types.begin(), constraint->types.end(), type) !=
         constraint->types.end();
}

std::vector<ElementType> AllowedTypes(const OpDef& op, int i) {
  std::vector<ElementType> allowed;
  for (const ElementType element : DrawableTypes()) {
    if (Allows(op, i, element)) allowed.push_back(element);
  }
  return allowed;
}

NodeDraft::NodeDraft(GraphBuilder& builder, const OpDef& op,
                     std::vector<Slot> slots, bool open_ended)
    : builder_(builder),
      op_(op),
      slots_(std::move(slots)),
      ids_(slots_.size(), kAbsent),
      open_ended_(open_ended) {
  for (size_t i = 0; i < slots_.size(); ++i) {
    if (slots_[i].kind == Slot::kSettled) ids_[i] = slots_[i].value;
  }
}

// --- Operands

int NodeDraft::Leader(int i) const {
  return i < static_cast<int>(slots_.size()) && slots_[i].kind == Slot::kSame
             ? slots_[i].value
             : i;
}

Slot::Kind NodeDraft::KindOf(int i) const {
  i = Leader(i);
  if (i < static_cast<int>(slots_.size())) return slots_[i].kind;
  return open_ended_ && FormalInput(op_, i) != nullptr ? Slot::kFree
                                                       : Slot::kAbsent;
}

bool NodeDraft::IsSettled(int i) const { return Has(i); }

bool NodeDraft::May(int i) const {
  return !Has(i) && KindOf(i) != Slot::kAbsent &&
         !(imitates_ && KindOf(i) == Slot::kFree);
}

bool NodeDraft::MayBeAbsent(int i) const {
  return KindOf(i) == Slot::kFree || KindOf(i) == Slot::kAbsent;
}

bool NodeDraft::Wants(int i, int percent) {
  if (!May(i)) return false;
  return KindOf(i) != Slot::kFree || rng().Percent(percent);
}

const Tensor& NodeDraft::tensor(int i) const {
  ONNXOPT_CHECK(Has(i));
  return *builder_.graph_.values[ids_[i]].tensor;
}

const RandomNode* NodeDraft::Producer(int i) const {
  const int producer = Has(i) ? builder_.graph_.values[ids_[i]].producer : -1;
  return producer < 0 ? nullptr : &builder_.graph_.nodes[producer];
}

std::vector<int64_t> NodeDraft::IntsOf(ValueId value) const {
  if (value == kAbsent) return {};
  auto values = eval::IntegersOf(*builder_.graph_.values[value].tensor);
  return values.ok() ? *std::move(values) : std::vector<int64_t>();
}

ElementType NodeDraft::ElementFor(int i) {
  const OperandDef* formal = FormalInput(op_, i);
  if (formal == nullptr) {
    Fail();
    return ElementType::kFloat;
  }
  if (formal->homogeneous) {
    for (int k = 0; k < size(); ++k) {
      if (Has(k) && FormalInput(op_, k)->type == formal->type) {
        return element(k);
      }
    }
  }
  const std::vector<ElementType> allowed = AllowedTypes(op_, i);
  if (allowed.empty()) {
    Fail();
    return ElementType::kFloat;
  }
  const bool fits = std::find(allowed.begin(), allowed.end(),
                              taste().element) != allowed.end();
  return fits && rng().Percent(85) ? taste().element : rng().Of(allowed);
}

void NodeDraft::Put(int i, ValueId value) {
  if (i >= size()) ids_.resize(i + 1, kAbsent);
  for (int k = 0; k < size(); ++k) {
    if (Leader(k) == Leader(i)) ids_[k] = value;
  }
}

bool NodeDraft::DrawConstant(int i, int percent) {
  return KindOf(i) == Slot::kConstant || rng().Percent(percent);
}

void NodeDraft::PutLeaf(int i, TensorRef tensor, std::optional<Numbers> numbers,
                        bool constant) {
  if (KindOf(i) == Slot::kAbsent) return Fail();
  RandomValue leaf;
  leaf.kind = constant ? RandomValue::kConstant : RandomValue::kInput;
  leaf.tensor = std::move(tensor);
  leaf.numbers = numbers;
  const bool copied = !constant && rng().Percent(20);
  RandomValue copy = leaf;
  const ValueId id = builder_.AddLeaf(std::move(leaf));
  if (!copied) return Put(i, id);
  RandomNode identity;
  identity.op = OpRegistry::Builtin()->Find("", "Identity", kCanonicalOpset);
  identity.inputs = {id};
  copy.kind = RandomValue::kNodeOutput;
  copy.numbers = std::nullopt;
  copy.producer = static_cast<int>(builder_.graph_.nodes.size());
  identity.outputs = {builder_.AddLeaf(std::move(copy))};
  Put(i, identity.outputs[0]);
  builder_.graph_.nodes.push_back(std::move(identity));
}

void NodeDraft::Choose(int i, const TensorDims& dims,
                       std::optional<Numbers> numbers, ElementType element) {
  if (Has(i)) return;
  if (element == ElementType::kUndefined) element = ElementFor(i);
  const auto count = NumElements(dims);
  if (failed_ || !count || *count > (1 << 14)) return Fail();
  const bool constant = DrawConstant(i, 15);
  const Numbers how = numbers.value_or(taste().numbers);
  const bool extreme =
      constant && taste().extreme && how == Numbers::kModerate &&
      (element == ElementType::kFloat || element == ElementType::kDouble);
  PutLeaf(i,
          extreme ? ExtremeConstant(rng(), element, dims)
          : constant && rng().Percent(40)
              ? SplatConstant(rng(), element, dims, how)
              : RandomTensor(rng(), element, dims, how),
          how, constant);
}

void NodeDraft::ChooseInts(int i, const std::vector<int64_t>& values,
                           ElementType element) {
  if (Has(i)) return;
  if (element == ElementType::kInt64) {
    return ChooseParameter(i, TensorOfInts(values));
  }
  ChooseParameter(i, TensorOf(element, {static_cast<int64_t>(values.size())},
                              {values.begin(), values.end()}));
}

void NodeDraft::ChooseParameter(int i, TensorRef tensor) {
  if (Has(i)) return;
  PutLeaf(i, std::move(tensor), std::nullopt, DrawConstant(i, 88));
}

void NodeDraft::ChooseData(int i, TensorRef tensor) {
  if (Has(i)) return;
  PutLeaf(i, std::move(tensor), std::nullopt, DrawConstant(i, 15));
}

void NodeDraft::ChooseValue(int i, ValueId value) {
  if (May(i)) Put(i, value);
}

void NodeDraft::ChooseMade(int i, const OpDef& op, const TensorDims& dims) {
  Choose(i, dims);
  if (failed_ || KindOf(i) == Slot::kConstant) return;
  const RandomNode* node = builder_.AddNode(op, {{Slot::kSettled, ids_[i]}},
                                            /*open_ended=*/true);
  if (node == nullptr) return Fail();
  Put(i, node->outputs[0]);
}

bool NodeDraft::Imitate(const RandomNode& node) {
  for (int i = 0; i < size(); ++i) {
    const bool has =
        i < static_cast<int>(node.inputs.size()) && node.inputs[i] != kAbsent;
    if (KindOf(i) == Slot::kAbsent && has && i > 0) return false;
  }
  for (int i = 1; i < static_cast<int>(node.inputs.size()); ++i) {
    const ValueId id = node.inputs[i];
    if (id == kAbsent || Has(i)) continue;
    const Slot::Kind kind = KindOf(i);
    if (kind == Slot::kAbsent) return false;
    if (kind == Slot::kConstant &&
        builder_.graph_.values[id].kind != RandomValue::kConstant) {
      continue;
    }
    Put(i, id);
  }
  attributes_ = node.attributes;
  imitates_ = true;
  return true;
}

std::vector<ValueId> NodeDraft::operands() const {
  std::vector<ValueId> ids = ids_;
  while (!ids.empty() && ids.back() == kAbsent) ids.pop_back();
  return ids;
}

// --- Shapes

int64_t NodeDraft::SomeDim() {
  if (rng().Percent(2)) return 0;
  return rng().Of({1, 1, 1, 2, 2, 2, 3, 3, 3, 4, 4, 5, 6});
}

TensorDims NodeDraft::SomeDims(int min_rank, int max_rank) {
  TensorDims dims = taste().dims;
  if (rng().Percent(15)) {
    dims.assign(rng().Between(min_rank, std::min(max_rank, 4)), 0);
    for (int64_t& dim : dims) dim = SomeDim();
  } else if (!dims.empty() && rng().Percent(30)) {
    dims[rng().Between(0, static_cast<int64_t>(dims.size()) - 1)] = SomeDim();
  }
  while (static_cast<int>(dims.size()) < min_rank) dims.push_back(SomeDim());
  if (static_cast<int>(dims.size()) > max_rank) dims.resize(max_rank);
  return dims;
}

TensorDims NodeDraft::BroadcastableWith(const TensorDims& dims) {
  if (rng().Percent(15)) return {};
  if (rng().Percent(25)) return dims;
  const auto rank = static_cast<int64_t>(dims.size());
  const int64_t dropped = rng().Percent(50) ? rng().Between(0, rank) : 0;
  TensorDims result(dims.begin() + dropped, dims.end());
  const bool enlarge = rng().Percent(15);
  const int ones = rng().Of({0, 30, 60, 100});
  for (int64_t& dim : result) {
    if (dim == 1 && enlarge) {
      dim = SomeDim();
    } else if (rng().Percent(ones)) {
      dim = 1;
    }
  }
  if (rng().Percent(8) && rank < 5 && dropped == 0) {
    result.insert(result.begin(), rng().Percent(70) ? 1 : SomeDim());
  }
  return result;
}

int64_t NodeDraft::Signed(int64_t axis, int64_t rank) {
  return rng().Percent(25) ? axis - rank : axis;
}

int64_t NodeDraft::SomeAxis(int64_t rank) {
  return rank == 0 ? 0 : Signed(rng().Between(0, rank - 1), rank);
}

// --- Attributes

void NodeDraft::Set(std::string_view name, AttrKind kind,
                    AttributeValue value) {
  if (imitates_) return;
  Attribute attribute;
  attribute.name = name;
  attribute.kind = kind;
  attribute.value = std::move(value);
  attributes_.push_back(std::move(attribute));
}

void NodeDraft::SetInt(std::string_view name, int64_t value) {
  Set(name, AttrKind::kInt, value);
}
void NodeDraft::SetFloat(std::string_view name, float value) {
  Set(name, AttrKind::kFloat, value);
}
void NodeDraft::SetInts(std::string_view name, std::vector<int64_t> values) {
  Set(name, AttrKind::kInts, std::move(values));
}
void NodeDraft::SetString(std::string_view name, std::string_view value) {
  Set(name, AttrKind::kString, value);
}
void NodeDraft::SetFloats(std::string_view name, std::vector<float> values) {
  Set(name, AttrKind::kFloats, std::move(values));
}
void NodeDraft::SetStrings(std::string_view name,
                           std::vector<std::string_view> values) {
  Set(name, AttrKind::kStrings, std::move(values));
}
void NodeDraft::SetTensor(std::string_view name, TensorRef tensor) {
  Set(name, AttrKind::kTensor, std::move(tensor));
}

}  // namespace onnxopt::random_graphs
