// SPDX-License-Identifier: Apache-2.0

#include "ir/op_def.h"

#include <algorithm>
#include <charconv>
#include <climits>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "fmt/core.h"
#include "ir/attr_kind.h"
#include "ir/op_id.h"
#include "ir/ops/op_table.h"
#include "ir/ops/type_sets.h"
#include "support/status.h"

namespace onnxopt {
namespace {

absl::Status Malformed(std::string_view what, std::string_view text,
                       std::string_view problem) {
  return absl::InvalidArgumentError(
      fmt::format("{} '{}': {}", what, text, problem));
}

// nullptr if there is none.
template <typename Definitions>
auto FindByName(const Definitions& definitions, std::string_view name) {
  const auto it =
      std::find_if(definitions.begin(), definitions.end(),
                   [&](const auto& item) { return item.name == name; });
  return it == definitions.end() ? nullptr : &*it;
}

// Takes the text up to the next `separator` outside quotes and brackets off
// the front of `rest`. Empty only where two separators meet or at the end.
std::string_view NextToken(std::string_view& rest, char separator) {
  char closing = '\0';
  size_t size = 0;
  for (; size < rest.size(); ++size) {
    const char c = rest[size];
    if (closing != '\0') {
      if (c == closing) closing = '\0';
    } else if (c == '\'' || c == '"') {
      closing = c;
    } else if (c == '[') {
      closing = ']';
    } else if (c == '(') {
      closing = ')';
    } else if (c == separator) {
      break;
    }
  }
  const std::string_view token = rest.substr(0, size);
  rest.remove_prefix(std::min(size + 1, rest.size()));
  return token;
}

// Removes `c` from the end of `text` if it is there.
bool ConsumeLast(std::string_view& text, char c) {
  if (!text.ends_with(c)) return false;
  text.remove_suffix(1);
  return true;
}

absl::StatusOr<OperandDef> ParseOperand(
    std::string_view text, std::span<const TypeConstraint> constraints) {
  const size_t colon = text.find(':');
  if (colon == std::string_view::npos) {
    return Malformed("operand", text, "expected 'name:type'");
  }
  OperandDef operand;
  operand.name = text.substr(0, colon);
  operand.type = text.substr(colon + 1);
  operand.homogeneous = !ConsumeLast(operand.name, '~');
  if (ConsumeLast(operand.name, '?')) {
    operand.option = OperandDef::kOptional;
  } else if (ConsumeLast(operand.name, '+')) {
    operand.option = OperandDef::kVariadic;
  } else if (ConsumeLast(operand.name, '*')) {
    operand.option = OperandDef::kVariadic;
    operand.min_arity = 0;
  }
  if (!operand.homogeneous && operand.option != OperandDef::kVariadic) {
    return Malformed("operand", text, "'~' is for variadic operands");
  }
  if (operand.name.empty()) return Malformed("operand", text, "no name");
  if (FindByName(constraints, operand.type) == nullptr &&
      !IsConcreteType(operand.type)) {
    return Malformed("operand", text,
                     "its type is neither a type constraint of the operator "
                     "nor a concrete type such as tensor(float)");
  }
  return operand;
}

absl::StatusOr<std::vector<OperandDef>> ParseOperands(
    std::string_view text, std::span<const TypeConstraint> constraints) {
  std::vector<OperandDef> operands;
  while (!text.empty()) {
    const std::string_view token = NextToken(text, ' ');
    if (token.empty()) continue;
    if (!operands.empty() && operands.back().option == OperandDef::kVariadic) {
      return Malformed("operand", token, "follows a variadic operand");
    }
    ASSIGN_OR_RETURN(OperandDef operand, ParseOperand(token, constraints));
    operands.push_back(operand);
  }
  return operands;
}

// One value of a default: a whole number, a number, or a word or quoted
// string.
bool ParseValue(std::string_view text, int64_t& value) {
  const char* end = text.data() + text.size();
  const auto result = std::from_chars(text.data(), end, value);
  return result.ec == std::errc() && result.ptr == end;
}

bool ParseValue(std::string_view text, float& value) {
  const char* end = text.data() + text.size();
  const auto result = std::from_chars(text.data(), end, value);
  return result.ec == std::errc() && result.ptr == end;
}

bool ParseValue(std::string_view text, std::string_view& value) {
  if (text.empty()) return false;
  const char quote = text.front();
  if (quote != '\'' && quote != '"') {
    value = text;
    return true;
  }
  if (text.size() < 2 || text.back() != quote) return false;
  value = text.substr(1, text.size() - 2);
  return value.find(quote) == std::string_view::npos;
}

template <typename T>
bool ParseOne(std::string_view text, AttrDef::Value& result) {
  T value{};
  if (!ParseValue(text, value)) return false;
  result = value;
  return true;
}

template <typename T>
bool ParseList(std::string_view text, AttrDef::Value& result) {
  if (!text.starts_with('[') || !text.ends_with(']')) return false;
  text = text.substr(1, text.size() - 2);
  std::vector<T> values;
  while (!text.empty()) {
    T value{};
    if (!ParseValue(NextToken(text, ','), value)) return false;
    values.push_back(value);
  }
  result = std::move(values);
  return true;
}

// Fails for malformed text and for kinds that cannot have defaults.
bool ParseDefault(AttrKind kind, std::string_view text,
                  AttrDef::Value& result) {
  switch (kind) {
    case AttrKind::kFloat:
      return ParseOne<float>(text, result);
    case AttrKind::kInt:
      return ParseOne<int64_t>(text, result);
    case AttrKind::kString:
      return ParseOne<std::string_view>(text, result);
    case AttrKind::kFloats:
      return ParseList<float>(text, result);
    case AttrKind::kInts:
      return ParseList<int64_t>(text, result);
    case AttrKind::kStrings:
      return ParseList<std::string_view>(text, result);
    default:
      return false;
  }
}

// kUndefined if there is no such kind.
AttrKind FindAttrKind(std::string_view name) {
  for (size_t i = 1; i < kAttrKindNames.size(); ++i) {
    if (kAttrKindNames[i] == name) return static_cast<AttrKind>(i);
  }
  return AttrKind::kUndefined;
}

absl::StatusOr<AttrDef> ParseAttribute(std::string_view text) {
  const size_t colon = text.find(':');
  if (colon == std::string_view::npos) {
    return Malformed("attribute", text, "expected 'name:kind'");
  }
  AttrDef attr;
  attr.name = text.substr(0, colon);
  attr.required = ConsumeLast(attr.name, '!');
  if (attr.name.empty()) return Malformed("attribute", text, "no name");
  std::string_view kind = text.substr(colon + 1);
  std::optional<std::string_view> default_text;
  if (const size_t equals = kind.find('='); equals != std::string_view::npos) {
    default_text = kind.substr(equals + 1);
    kind = kind.substr(0, equals);
  }
  attr.kind = FindAttrKind(kind);
  if (attr.kind == AttrKind::kUndefined) {
    return Malformed("attribute", text, "unknown kind");
  }
  if (!default_text) return attr;
  if (attr.required) {
    return Malformed("attribute", text, "required, but has a default");
  }
  if (!ParseDefault(attr.kind, *default_text, attr.default_value)) {
    return Malformed("attribute", text,
                     "the default is not a value of this kind");
  }
  return attr;
}

absl::StatusOr<std::vector<AttrDef>> ParseAttributes(std::string_view text) {
  std::vector<AttrDef> attributes;
  while (!text.empty()) {
    const std::string_view token = NextToken(text, ' ');
    if (token.empty()) continue;
    ASSIGN_OR_RETURN(AttrDef attr, ParseAttribute(token));
    if (FindByName(attributes, attr.name) != nullptr) {
      return Malformed("attribute", attr.name, "is given twice");
    }
    attributes.push_back(std::move(attr));
  }
  return attributes;
}

absl::StatusOr<std::vector<TypeConstraint>> ParseTypeConstraints(
    std::string_view text) {
  std::vector<TypeConstraint> constraints;
  while (!text.empty()) {
    std::string_view token = NextToken(text, ';');
    token.remove_prefix(std::min(token.find_first_not_of(' '), token.size()));
    const size_t equals = token.find('=');
    if (equals == 0 || equals == std::string_view::npos) {
      return Malformed("type constraint", token, "expected 'name=types'");
    }
    TypeConstraint constraint;
    constraint.name = token.substr(0, equals);
    if (FindByName(constraints, constraint.name) != nullptr) {
      return Malformed("type constraint", constraint.name, "is given twice");
    }
    auto types = ExpandTypes(token.substr(equals + 1));
    if (!types.ok()) {
      return Malformed("type constraint", token,
                       std::string(types.status().message()));
    }
    constraint.types = *std::move(types);
    constraints.push_back(std::move(constraint));
  }
  return constraints;
}

}  // namespace

OpDef OpDef::Own(CustomOp op) {
  auto storage = std::make_unique<Storage>();
  storage->op = std::move(op);
  CustomOp& owned = storage->op;
  if (owned.domain == "ai.onnx") owned.domain.clear();
  storage->full_name =
      owned.domain.empty() ? owned.name : owned.domain + "." + owned.name;
  OpDef def;
  def.domain_ = owned.domain;
  def.name_ = owned.name;
  def.full_name_ = storage->full_name;
  def.since_version_ = owned.since_version;
  def.traits_ = owned.traits;
  def.storage_ = std::move(storage);
  return def;
}

absl::StatusOr<OpDef> OpDef::Parse(CustomOp op) {
  OpDef def = Own(std::move(op));
  const CustomOp& owned = def.storage_->op;
  RETURN_IF_ERROR(def.ParseSignature({.full_name = def.full_name_,
                                      .since_version = owned.since_version,
                                      .inputs = owned.inputs,
                                      .outputs = owned.outputs,
                                      .attributes = owned.attributes,
                                      .types = owned.types}));
  return def;
}

absl::StatusOr<OpDef> OpDef::Parse(const OpRow& row, bool is_newest) {
  OpDef def;
  const size_t dot = row.full_name.rfind('.');
  if (dot == std::string_view::npos) {
    def.name_ = row.full_name;
  } else {
    def.domain_ = row.full_name.substr(0, dot);
    def.name_ = row.full_name.substr(dot + 1);
  }
  def.full_name_ = row.full_name;
  def.since_version_ = row.since_version;
  def.id_ = FindOpId(row.full_name);
  def.deprecated_ = row.deprecated;
  def.canonical_ = is_newest && !row.deprecated;
  def.traits_ = StandardTraits(row.full_name, row.since_version);
  RETURN_IF_ERROR(def.ParseSignature(row));
  return def;
}

OpDef OpDef::Opaque(std::string_view domain, std::string_view name,
                    int64_t version) {
  CustomOp op;
  op.domain = domain;
  op.name = name;
  op.since_version = version;
  OpDef def = Own(std::move(op));
  def.opaque_ = true;
  def.input_arity_.max = INT_MAX;
  def.output_arity_.max = INT_MAX;
  return def;
}

absl::Status OpDef::ParseSignature(const OpRow& row) {
  const auto parse = [&]() -> absl::Status {
    ASSIGN_OR_RETURN(type_constraints_, ParseTypeConstraints(row.types));
    ASSIGN_OR_RETURN(inputs_, ParseOperands(row.inputs, type_constraints_));
    ASSIGN_OR_RETURN(outputs_, ParseOperands(row.outputs, type_constraints_));
    ASSIGN_OR_RETURN(attributes_, ParseAttributes(row.attributes));
    return absl::OkStatus();
  };
  RETURN_IF_ERROR(Annotate(parse(), fmt::format("operator {}-{}", row.full_name,
                                                row.since_version)));
  input_arity_ = ArityOf(inputs_);
  output_arity_ = ArityOf(outputs_);
  return absl::OkStatus();
}

OpDef::Arity OpDef::ArityOf(std::span<const OperandDef> operands) {
  Arity arity;
  for (const OperandDef& operand : operands) {
    switch (operand.option) {
      case OperandDef::kSingle:
        arity.min = ++arity.max;
        break;
      case OperandDef::kOptional:
        ++arity.max;
        break;
      case OperandDef::kVariadic:
        // Everything before it counts, as nothing can be left out there
        // without being written as missing.
        arity.min = arity.max + operand.min_arity;
        arity.max = INT_MAX;
        break;
    }
  }
  return arity;
}

const AttrDef* OpDef::FindAttr(std::string_view name) const {
  return FindByName(attributes_, name);
}

const TypeConstraint* OpDef::FindTypeConstraint(std::string_view name) const {
  return FindByName(type_constraints_, name);
}

}  // namespace onnxopt
