// SPDX-License-Identifier: Apache-2.0
// Whether operands have the types that a version of an operator asks for.
#include <algorithm>
#include <array>
#include <string>

#include "fmt/core.h"
#include "passes/opset/steps.h"
#include "passes/shape/inference.h"

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

// Checks operands one by one: their own type, and that those of one type
// variable agree.
class TypeChecker {
 public:
  explicit TypeChecker(const OpDef& op) : op_(op) {}

  bool Accepts(std::span<const OperandDef> operands, int i, const Type& type) {
    if (operands.empty()) return true;
    const OperandDef& operand =
        operands[std::min<size_t>(i, operands.size() - 1)];
    if (!Allows(op_, operand, type)) return false;
    if (!operand.homogeneous || type.kind() != Type::Kind::kTensor ||
        op_.FindTypeConstraint(operand.type) == nullptr) {
      return true;
    }
    for (const auto& [variable, element] : bound_) {
      if (variable == operand.type) return element == type.element();
    }
    bound_.emplace_back(operand.type, type.element());
    return true;
  }

 private:
  const OpDef& op_;
  std::vector<std::pair<std::string_view, ElementType>> bound_;
};

std::string Describe(std::span<const OperandDef> operands, size_t i,
                     const Type& type, std::string_view what) {
  return fmt::format("{} as {} '{}'",
                     type.IsTensor()
                         ? std::string(ElementTypeName(type.element()))
                         : type.ToString(),
                     what, operands[std::min(i, operands.size() - 1)].name);
}

std::string WrongOutput(const Node& node, const OpDef& op,
                        TypeChecker& checker) {
  for (int i = 0; i < node.num_outputs(); ++i) {
    const Value* output = node.output(i);
    if (output == nullptr || output->type() == nullptr) continue;
    if (!checker.Accepts(op.outputs(), i, *output->type())) {
      return Describe(op.outputs(), i, *output->type(), "output");
    }
  }
  return "";
}

}  // namespace

bool Allows(const OpDef& op, const OperandDef& operand, const Type& type) {
  const TypeConstraint* constraint = op.FindTypeConstraint(operand.type);
  const auto allowed = [&](std::string_view name) {
    return constraint == nullptr
               ? name == operand.type
               : std::binary_search(constraint->types.begin(),
                                    constraint->types.end(), name);
  };
  if (type.IsTensor()) return allowed(TensorTypeName(type.element()));
  const std::string name = ConstraintName(type);
  return name.empty() || allowed(name);
}

std::string WrongType(const Form& form) {
  TypeChecker checker(form.op());
  for (int i = 0; i < form.num_inputs(); ++i) {
    const TypeRef type = form.type(i);
    if (type != nullptr && !checker.Accepts(form.op().inputs(), i, *type)) {
      return Describe(form.op().inputs(), i, *type, "input");
    }
  }
  return WrongOutput(form.node(), form.op(), checker);
}

std::string WrongType(const Node& node, const OpDef& op) {
  TypeChecker checker(op);
  for (int i = 0; i < node.num_inputs(); ++i) {
    if (node.input(i) == nullptr) continue;
    const TypeRef type = KnownType(*node.input(i));
    if (type != nullptr && !checker.Accepts(op.inputs(), i, *type)) {
      return Describe(op.inputs(), i, *type, "input");
    }
  }
  return WrongOutput(node, op, checker);
}

}  // namespace onnxopt::opset
