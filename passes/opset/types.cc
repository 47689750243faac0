// SPDX-License-Identifier: Apache-2.0
// Whether operands have the types that a version of an operator asks for.
#include <algorithm>
#include <array>
#include <string>

#include "fmt/core.h"
#include "passes/opset/steps.h"

namespace onnxopt::opset {
namespace {

// "tensor(float)"
std::string_view TensorTypeName(ElementType element) {
  static const auto& names = *[] {
    auto* all = new std::array<std::string, kNumElementTypes>;
    for (int i = 0; i < kNumElementTypes; ++i) {
      (*all)[i] = fmt::format("tensor({})",
                              ElementTypeName(static_cast<ElementType>(i)));
    }
    return all;
  }();
  return names[static_cast<size_t>(element)];
}

// As in type constraints; empty where something is not known.
std::string ConstraintName(const Type& type) {
  const auto around = [&](std::string_view outer) {
    if (type.inner() == nullptr) return std::string();
    const std::string inner = ConstraintName(*type.inner());
    return inner.empty() ? inner : fmt::format("{}({})", outer, inner);
  };
  switch (type.kind()) {
    case Type::Kind::kTensor:
      return std::string(TensorTypeName(type.element()));
    case Type::Kind::kSequence:
      return around("seq");
    case Type::Kind::kOptional:
      return around("optional");
    default:
      return "";
  }
}

// What is known about an operand: nothing, that it is a tensor, or its type.
struct Known {
  ElementType element = ElementType::kUndefined;
  const Type* type = nullptr;

  static Known Of(const Value* value, const Tensor* tensor) {
    if (value != nullptr && value->IsConstant()) tensor = value->tensor().get();
    if (tensor != nullptr) return {tensor->type(), nullptr};
    if (value == nullptr || value->type() == nullptr) return {};
    const Type* type = value->type().get();
    return type->IsTensor() ? Known{type->element(), nullptr}
                            : Known{ElementType::kUndefined, type};
  }
  std::string ToString() const {
    return type == nullptr ? std::string(ElementTypeName(element))
                           : type->ToString();
  }
};

bool AllowsName(const OpDef& op, const OperandDef& operand,
                std::string_view name) {
  const TypeConstraint* constraint = op.FindTypeConstraint(operand.type);
  return constraint == nullptr
             ? name == operand.type
             : std::binary_search(constraint->types.begin(),
                                  constraint->types.end(), name);
}

bool AllowsKnown(const OpDef& op, const OperandDef& operand,
                 const Known& known) {
  if (known.element != ElementType::kUndefined) {
    return AllowsName(op, operand, TensorTypeName(known.element));
  }
  if (known.type == nullptr) return true;
  const std::string name = ConstraintName(*known.type);
  return name.empty() || AllowsName(op, operand, name);
}

// Checks operands one by one: their own type, and that those of one type
// variable agree.
class TypeChecker {
 public:
  explicit TypeChecker(const OpDef& op) : op_(op) {}

  /// Describes the operand if it is wrong.
  std::string Check(std::span<const OperandDef> operands, size_t i,
                    const Known& known, std::string_view what) {
    if (operands.empty()) return "";
    const OperandDef& operand = operands[std::min(i, operands.size() - 1)];
    if (AllowsKnown(op_, operand, known) && Agrees(operand, known.element)) {
      return "";
    }
    return fmt::format("{} as {} '{}'", known.ToString(), what, operand.name);
  }

 private:
  bool Agrees(const OperandDef& operand, ElementType element) {
    if (!operand.homogeneous || element == ElementType::kUndefined ||
        op_.FindTypeConstraint(operand.type) == nullptr) {
      return true;
    }
    for (const auto& [variable, bound] : bound_) {
      if (variable == operand.type) return bound == element;
    }
    bound_.emplace_back(operand.type, element);
    return true;
  }

  const OpDef& op_;
  std::vector<std::pair<std::string_view, ElementType>> bound_;
};

std::string WrongOutput(const Node& node, const OpDef& op,
                        TypeChecker& checker) {
  for (int i = 0; i < node.num_outputs(); ++i) {
    // One that nobody asks for does not matter.
    if (node.output(i) == nullptr || !node.output(i)->HasUses()) continue;
    std::string wrong = checker.Check(
        op.outputs(), i, Known::Of(node.output(i), nullptr), "output");
    if (!wrong.empty()) return wrong;
  }
  return "";
}

}  // namespace

bool Allows(const OpDef& op, const OperandDef& operand, ElementType element) {
  return AllowsName(op, operand, TensorTypeName(element));
}

std::string WrongType(const Form& form) {
  TypeChecker checker(form.op());
  for (int i = 0; i < form.num_inputs(); ++i) {
    const Operand& operand = form.inputs()[i];
    std::string wrong =
        checker.Check(form.op().inputs(), i,
                      Known::Of(operand.value, operand.tensor.get()), "input");
    if (!wrong.empty()) return wrong;
  }
  return WrongOutput(form.node(), form.op(), checker);
}

std::string WrongType(const Node& node, const OpDef& op) {
  TypeChecker checker(op);
  for (int i = 0; i < node.num_inputs(); ++i) {
    std::string wrong = checker.Check(
        op.inputs(), i, Known::Of(node.input(i), nullptr), "input");
    if (!wrong.empty()) return wrong;
  }
  return WrongOutput(node, op, checker);
}

}  // namespace onnxopt::opset
