// SPDX-License-Identifier: Apache-2.0
#include "passes/opset/steps.h"

#include <algorithm>
#include <utility>

#include "fmt/core.h"
#include "passes/shape/families.h"

namespace onnxopt::opset {
namespace {

using Kind = AttributeToInput::Kind;

// A hint of opsets before 6 about which memory may be used again.
constexpr std::string_view kConsumedInputs = "consumed_inputs";

// --- The way of an operator

// The next version of `op`, under another name if that one is deprecated; null
// at the end.
const OpDef* NextVersion(const OpRegistry& ops, const OpDef& op) {
  const int64_t newest = ops.max_version(op.domain());
  for (int64_t v = op.since_version() + 1; v <= newest; ++v) {
    const OpDef* next = ops.FindExact(op.domain(), op.name(), v);
    if (next == nullptr) continue;
    if (!next->deprecated()) return next;
    if (const Successor* row = FindSuccessor(*next)) {
      return ops.Find(op.domain(), row->name, v);
    }
  }
  return nullptr;
}

bool SameDefault(const AttrDef& a, const AttrDef& b) {
  return a.default_value == b.default_value;
}

bool LosesAttributes(const Step& step) {
  return std::any_of(step.older->attributes().begin(),
                     step.older->attributes().end(), [&](const AttrDef& old) {
                       const AttrDef* now = step.newer->FindAttr(old.name);
                       return now == nullptr || !SameDefault(old, *now);
                     });
}

bool GainsAttributes(const Step& step) {
  return std::any_of(step.newer->attributes().begin(),
                     step.newer->attributes().end(), [&](const AttrDef& now) {
                       return step.older->FindAttr(now.name) == nullptr;
                     });
}

bool SameArity(const OpDef& a, const OpDef& b) {
  return a.min_inputs() == b.min_inputs() && a.max_inputs() == b.max_inputs() &&
         a.min_outputs() == b.min_outputs() &&
         a.max_outputs() == b.max_outputs();
}

bool HasRows(const Step& step) {
  return !step.inputs.empty() || !step.behaviours.empty() ||
         !step.removed.empty() || !step.values.empty() ||
         step.axes != nullptr || step.adapter != nullptr;
}

const OperandDef* OperandAt(std::span<const OperandDef> operands, int i) {
  const auto last = static_cast<int>(operands.size()) - 1;
  if (i <= last) return &operands[i];
  return last >= 0 && operands[last].option == OperandDef::kVariadic
             ? &operands[last]
             : nullptr;
}

std::vector<std::string_view> TypesOf(const OpDef& op,
                                      const OperandDef& operand) {
  const TypeConstraint* constraint = op.FindTypeConstraint(operand.type);
  if (constraint != nullptr) return constraint->types;
  return {operand.type};
}

// Whether an operand that both have allows less in `to`.
bool Narrows(const OpDef& from, std::span<const OperandDef> operands,
             const OpDef& to, std::span<const OperandDef> others) {
  const size_t common = std::min(operands.size(), others.size());
  for (size_t i = 0; i < common; ++i) {
    const auto before = TypesOf(from, operands[i]);
    const auto after = TypesOf(to, others[i]);
    if (!std::includes(after.begin(), after.end(), before.begin(),
                       before.end())) {
      return true;
    }
  }
  return false;
}

// Of the inputs: the types of outputs follow.
bool NarrowsInputs(const OpDef& older, const OpDef& newer) {
  return Narrows(older, older.inputs(), newer, newer.inputs());
}

// --- Up

Attribute FromDefault(const AttrDef& def) {
  Attribute attribute;
  attribute.name = def.name;
  attribute.kind = def.kind;
  std::visit([&](const auto& value) { attribute.value = value; },
             def.default_value);
  return attribute;
}

TensorRef AttributeTensor(const Form& form, const AttributeToInput& row) {
  const AttributeView view = form.view();
  switch (row.kind) {
    case Kind::kInts:
      if (const auto* ints = view.Ints(row.attribute)) return Int64s(*ints);
      return nullptr;
    case Kind::kInt:
      if (const auto value = view.Int(row.attribute)) return Int64s({*value});
      return nullptr;
    case Kind::kInt0D:
      if (const auto value = view.Int(row.attribute)) return Int64(*value);
      return nullptr;
    case Kind::kFloats:
      if (const auto* all = view.Floats(row.attribute)) return Floats(*all);
      return nullptr;
    case Kind::kFloat:
    case Kind::kElement:
      if (const auto value = view.Float(row.attribute)) {
        return Scalar(
            row.kind == Kind::kFloat ? ElementType::kFloat : form.element(0),
            *value);
      }
      return nullptr;
  }
  return nullptr;
}

std::string LiftInputs(const Step& step, Form& form) {
  for (const AttributeToInput* row : step.inputs) {
    const Attribute* attribute = form.Find(row->attribute);
    if (attribute == nullptr) continue;
    if (attribute->IsReference()) {
      return fmt::format(
          "its attribute '{}' depends on the call of the function",
          row->attribute);
    }
    TensorRef tensor = AttributeTensor(form, *row);
    if (tensor == nullptr) {
      return fmt::format("the element type of its attribute '{}' is not known",
                         row->attribute);
    }
    form.Remove(row->attribute);
    form.SetInput(row->input, std::move(tensor), row->attribute);
  }
  return "";
}

std::string LiftAttributes(const Step& step, Form& form) {
  for (const AttrDef& old : step.older->attributes()) {
    const AttrDef* now = step.newer->FindAttr(old.name);
    if (now != nullptr && old.has_default() && !SameDefault(old, *now) &&
        form.Find(old.name) == nullptr) {
      form.Set(FromDefault(old));
    }
  }
  for (const OldBehaviour* row : step.behaviours) {
    form.SetString(row->attribute, row->value);
  }
  for (const ValueChange* row : step.values) {
    const Attribute* attribute = form.Find(row->attribute);
    if (attribute == nullptr || row->older.empty()) continue;
    if (attribute->IsReference()) {
      return fmt::format(
          "its attribute '{}' depends on the call of the function",
          row->attribute);
    }
    if (form.view().String(row->attribute) == row->older) {
      form.SetString(row->attribute, row->newer);
    }
  }
  form.Remove(kConsumedInputs);
  for (const RemovedAttribute* row : step.removed) {
    if (form.view().Int(row->attribute) != row->value) {
      return fmt::format("its attribute '{}' is not {}", row->attribute,
                         row->value);
    }
    form.Remove(row->attribute);
  }
  for (const AttrDef& old : step.older->attributes()) {
    if (step.newer->FindAttr(old.name) == nullptr &&
        form.Find(old.name) != nullptr) {
      return fmt::format("its attribute '{}' has no successor", old.name);
    }
  }
  return "";
}

std::string Up(const Step& step, Form& form) {
  if (step.adapter != nullptr && step.adapter->up != nullptr) {
    std::string reason = step.adapter->up(form);
    if (!reason.empty()) return reason;
  }
  std::string reason = LiftInputs(step, form);
  if (reason.empty()) reason = LiftAttributes(step, form);
  form.set_op(step.newer);
  return reason;
}

// Whether the node is what its own version allows.
std::string CheckOwnVersion(const Path& path, const Form& form) {
  const OpDef& op = form.op();
  if (form.num_inputs() < op.min_inputs() ||
      form.num_inputs() > op.max_inputs() ||
      form.node().num_outputs() > op.max_outputs()) {
    return "it has a number of inputs or outputs that its version lacks";
  }
  for (const Attribute& attribute : form.attributes()) {
    if (op.FindAttr(attribute.name) == nullptr &&
        path.canonical->FindAttr(attribute.name) != nullptr) {
      return fmt::format("its attribute '{}' is newer than its version",
                         attribute.name);
    }
  }
  return "";
}

// --- Down

// "axes" of Squeeze, for messages.
std::string_view InputName(const OpDef& op, int i) {
  const OperandDef* operand = OperandAt(op.inputs(), i);
  return operand == nullptr ? "more inputs" : operand->name;
}

Attribute Named(std::string_view name, AttrKind kind, AttributeValue value) {
  Attribute attribute;
  attribute.name = name;
  attribute.kind = kind;
  attribute.value = std::move(value);
  return attribute;
}

// The attribute that says what the constant input of `row` does.
std::optional<Attribute> InputAttribute(const Form& form,
                                        const AttributeToInput& row) {
  if (row.kind == Kind::kInts || row.kind == Kind::kInt ||
      row.kind == Kind::kInt0D) {
    std::optional<std::vector<int64_t>> ints = form.ints(row.input);
    if (!ints) return std::nullopt;
    if (row.kind == Kind::kInts) {
      return Named(row.attribute, AttrKind::kInts, *std::move(ints));
    }
    if (ints->size() != 1) return std::nullopt;
    return Named(row.attribute, AttrKind::kInt, ints->front());
  }
  std::optional<std::vector<float>> floats = form.floats(row.input);
  if (!floats) return std::nullopt;
  if (row.kind == Kind::kFloats) {
    return Named(row.attribute, AttrKind::kFloats, *std::move(floats));
  }
  if (floats->size() != 1) return std::nullopt;
  return Named(row.attribute, AttrKind::kFloat, floats->front());
}

std::string LowerInputs(const Step& step, Form& form) {
  for (const AttributeToInput* row : step.inputs) {
    const AttrDef* old = step.older->FindAttr(row->attribute);
    if (!form.HasInput(row->input)) {
      if (old != nullptr && old->required) {
        return fmt::format("without {}", row->attribute);
      }
      continue;
    }
    std::optional<Attribute> attribute = InputAttribute(form, *row);
    if (!attribute) {
      return fmt::format("with {} that {} not a suitable constant",
                         row->attribute,
                         row->attribute.ends_with('s') ? "are" : "is");
    }
    form.Set(*std::move(attribute));
  }
  for (const AttributeToInput* row : step.inputs) form.ClearInput(row->input);
  return "";
}

bool SameAsDefault(const Attribute& attribute, const AttrDef& def) {
  if (def.has_default()) {
    const absl::StatusOr<bool> same =
        SameAttribute(attribute, FromDefault(def));
    return same.ok() && *same;
  }
  // The one attribute without a default in the schema whose neutral value
  // exporters write out.
  const auto* ints = std::get_if<std::vector<int64_t>>(&attribute.value);
  return def.name == "dilations" && ints != nullptr &&
         std::all_of(ints->begin(), ints->end(),
                     [](int64_t dilation) { return dilation == 1; });
}

std::string LowerValues(const Step& step, Form& form) {
  for (const AttrDef& old : step.older->attributes()) {
    const AttrDef* now = step.newer->FindAttr(old.name);
    // The default limits of Clip-6 are none, as in version 1 are absent ones.
    if (now != nullptr && now->has_default() && !SameDefault(old, *now) &&
        form.Find(old.name) == nullptr && form.op().id() != "Clip"_op) {
      form.Set(FromDefault(*now));
    }
  }
  for (const ValueChange* row : step.values) {
    const Attribute* attribute = form.Find(row->attribute);
    if (attribute == nullptr) continue;
    if (attribute->IsReference()) {
      return fmt::format("with '{}' of a function", row->attribute);
    }
    if (form.view().String(row->attribute) != row->newer) continue;
    if (row->older.empty()) {
      return fmt::format("with {} '{}'", row->attribute, row->newer);
    }
    form.SetString(row->attribute, row->older);
  }
  for (const RemovedAttribute* row : step.removed) {
    const AttrDef* old = step.older->FindAttr(row->attribute);
    if (old->default_value != AttrDef::Value(row->value)) {
      form.SetInt(row->attribute, row->value);
    }
  }
  for (const OldBehaviour* row : step.behaviours) {
    if (form.view().String(row->attribute) != row->value) {
      return fmt::format("with {} other than '{}'", row->attribute, row->value);
    }
    form.Remove(row->attribute);
  }
  return "";
}

std::string DropNewAttributes(const Step& step, Form& form) {
  for (const AttrDef& now : step.newer->attributes()) {
    if (step.older->FindAttr(now.name) != nullptr) continue;
    const Attribute* attribute = form.Find(now.name);
    if (attribute == nullptr) continue;
    if (attribute->IsReference() || !SameAsDefault(*attribute, now)) {
      return fmt::format("with {}", now.name);
    }
    form.Remove(now.name);
  }
  return "";
}

std::string LowerAxes(const Step& step, Form& form) {
  if (step.axes == nullptr) return "";
  const Attribute* attribute = form.Find(step.axes->attribute);
  if (attribute == nullptr) return "";
  if (attribute->IsReference()) {
    return form.is_conversion() ? "with an axis of the function's call" : "";
  }
  std::vector<int64_t> axes;
  if (const auto* one = std::get_if<int64_t>(&attribute->value)) {
    axes = {*one};
  } else if (const auto* all =
                 std::get_if<std::vector<int64_t>>(&attribute->value)) {
    axes = *all;
  }
  if (std::all_of(axes.begin(), axes.end(),
                  [](int64_t axis) { return axis >= 0; })) {
    return "";
  }
  std::optional<int64_t> rank = form.rank(0);
  if (rank && form.op().id() == "Unsqueeze"_op) {
    *rank += static_cast<int64_t>(axes.size());
  }
  for (int64_t& axis : axes) {
    const auto positive = rank ? shape::Normalize(axis, *rank) : std::nullopt;
    if (!positive) {
      return form.is_conversion() ? "with a negative axis of an unknown rank"
                                  : "";
    }
    axis = *positive;
  }
  if (attribute->kind == AttrKind::kInt) {
    form.SetInt(step.axes->attribute, axes.front());
  } else {
    form.Set(Named(step.axes->attribute, AttrKind::kInts, std::move(axes)));
  }
  return "";
}

std::string CheckOperands(const Step& step, Form& form) {
  form.TrimInputs(step.older->max_inputs());
  if (form.num_inputs() > step.older->max_inputs()) {
    return fmt::format("with {}",
                       InputName(*step.newer, step.older->max_inputs()));
  }
  for (int i = 0; i < step.older->min_inputs(); ++i) {
    const OperandDef* operand = OperandAt(step.older->inputs(), i);
    const bool absent =
        i >= form.num_inputs() || (!form.HasInput(i) && operand != nullptr &&
                                   operand->option == OperandDef::kSingle);
    if (absent) return fmt::format("without {}", InputName(*step.older, i));
  }
  const auto outputs = form.node().outputs();
  for (size_t i = step.older->max_outputs(); i < outputs.size(); ++i) {
    if (outputs[i] != nullptr) {
      return fmt::format("with output {}",
                         OperandAt(step.newer->outputs(), i)->name);
    }
  }
  return "";
}

std::string Down(const Step& step, Form& form) {
  if (step.adapter != nullptr && step.adapter->down != nullptr) {
    std::string reason = step.adapter->down(form);
    if (!reason.empty()) return reason;
  }
  for (const auto part : {LowerValues, LowerInputs, DropNewAttributes,
                          LowerAxes, CheckOperands}) {
    std::string reason = part(step, form);
    if (!reason.empty()) return reason;
  }
  form.set_op(step.older);
  return "";
}

}  // namespace

bool AllowsAllTypesOf(const OpDef& to, const OpDef& from) {
  return !Narrows(from, from.inputs(), to, to.inputs()) &&
         !Narrows(from, from.outputs(), to, to.outputs());
}

bool IsVersioned(const OpDef& op) {
  return op.domain().empty() || op.domain() == kMlDomain;
}

Path PathBetween(const OpRegistry& ops, const OpDef& older,
                 const OpDef& newer) {
  Path path = PathFrom(ops, older);
  size_t length = 0;
  while (length < path.steps.size() && path.steps[length].newer != &newer) {
    ++length;
  }
  if (length == path.steps.size()) return {};
  path.steps.resize(length + 1);
  path.canonical = &newer;
  path.plain_up = path.plain_down = false;
  path.narrows = NarrowsInputs(older, newer);
  return path;
}

Path PathFrom(const OpRegistry& ops, const OpDef& op) {
  Path path;
  const OpDef* older = &op;
  for (const OpDef* newer = NextVersion(ops, op); newer != nullptr;
       newer = NextVersion(ops, *older)) {
    Step step{older, newer, {}, {}, {}, {}, nullptr, nullptr};
    FindRows(&step);
    const bool rows = HasRows(step);
    const bool same_arity = SameArity(*older, *newer);
    path.has_rows |= rows;
    path.plain_up &= !rows && !LosesAttributes(step);
    path.plain_down &=
        !rows && !LosesAttributes(step) && !GainsAttributes(step) && same_arity;
    older = newer;
    path.steps.push_back(std::move(step));
  }
  if (!older->is_canonical()) return path;
  path.canonical = older;
  path.narrows = NarrowsInputs(op, *older);
  return path;
}

std::string Lift(const Path& path, Form& form) {
  std::string reason = CheckOwnVersion(path, form);
  if (!reason.empty()) return reason;
  if (path.plain_up) {
    form.set_op(path.canonical);
  } else {
    for (const Step& step : path.steps) {
      reason = Up(step, form);
      if (!reason.empty()) return reason;
    }
  }
  if (form.node().num_outputs() > path.canonical->max_outputs()) {
    return "some of its outputs are gone";
  }
  if (!path.narrows) return "";
  for (int i = 0; i < form.num_inputs(); ++i) {
    if (form.HasInput(i) && form.type(i) == nullptr) {
      return "the type of an input is not known";
    }
  }
  reason = WrongType(form);
  return reason.empty() ? ""
                        : fmt::format("it may not have {} any more", reason);
}

std::string Lower(const Path& path, Form& form) {
  if (path.plain_down) {
    if (!path.steps.empty()) form.set_op(path.steps.front().older);
    return "";
  }
  for (auto step = path.steps.rbegin(); step != path.steps.rend(); ++step) {
    const std::string reason = Down(*step, form);
    if (!reason.empty()) {
      return fmt::format("{} {}", step->newer->name(), reason);
    }
  }
  return "";
}

}  // namespace onnxopt::opset
