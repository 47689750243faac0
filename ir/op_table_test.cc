// SPDX-License-Identifier: Apache-2.0
//
// Compares the operator table with what other sources say: the schemas of
// libonnx, and a file of facts about the newest ONNX release where there is
// one ($ONNXOPT_SHARED/facts/op_schemas.json, default ../shared).

#include "ir/ops/op_table.h"

#include <gtest/gtest.h>
#include <onnx/defs/schema.h>

#include <algorithm>
#include <climits>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "fmt/core.h"
#include "fmt/ranges.h"
#include "ir/attr_kind.h"
#include "ir/op_def.h"
#include "ir/op_id.h"
#include "ir/op_registry.h"
#include "nlohmann/json.hpp"

namespace onnxopt {
namespace {

// Everything that is compared about an operator version, in text: "input 0"
// -> "X:T single", "attribute axis" -> "int default 1" and so on.
using Description = std::map<std::string, std::string>;

std::string DescribeArity(int min, int max) {
  return max == INT_MAX ? fmt::format("{}..", min)
                        : fmt::format("{}..{}", min, max);
}

std::string DescribeOperand(std::string_view name, std::string_view type,
                            std::string_view option, bool homogeneous,
                            int min_arity) {
  return fmt::format("{}:{} {}{} {}", name, type, option,
                     homogeneous ? "" : " heterogeneous", min_arity);
}

// An empty default means that there is none.
std::string DescribeAttribute(std::string_view kind, bool required,
                              std::string_view default_text) {
  return fmt::format("{}{} {}", kind, required ? " required" : "",
                     default_text);
}

std::string DescribeTypes(const std::set<std::string>& types) {
  return fmt::format("{}", fmt::join(types, " "));
}

std::string_view OptionName(OperandDef::Option option) {
  switch (option) {
    case OperandDef::kSingle:
      return "single";
    case OperandDef::kOptional:
      return "optional";
    case OperandDef::kVariadic:
      return "variadic";
  }
  return "unknown";
}

// --- Our table --------------------------------------------------------------

std::string DescribeValue(const AttrDef::Value& value) {
  return std::visit(
      [](const auto& v) -> std::string {
        if constexpr (std::is_same_v<decltype(v), const std::monostate&>) {
          return "";
        } else {
          return fmt::format("default {}", v);
        }
      },
      value);
}

Description Describe(const OpDef& op) {
  Description d;
  d["deprecated"] = op.deprecated() ? "yes" : "no";
  d["input arity"] = DescribeArity(op.min_inputs(), op.max_inputs());
  d["output arity"] = DescribeArity(op.min_outputs(), op.max_outputs());
  const auto operands = [&](std::string_view what,
                            std::span<const OperandDef> defs) {
    for (size_t i = 0; i < defs.size(); ++i) {
      d[fmt::format("{} {}", what, i)] = DescribeOperand(
          defs[i].name, defs[i].type, OptionName(defs[i].option),
          defs[i].homogeneous, defs[i].min_arity);
    }
  };
  operands("input", op.inputs());
  operands("output", op.outputs());
  for (const AttrDef& attr : op.attributes()) {
    d[fmt::format("attribute {}", attr.name)] =
        DescribeAttribute(AttrKindName(attr.kind), attr.required,
                          DescribeValue(attr.default_value));
  }
  for (const TypeConstraint& constraint : op.type_constraints()) {
    d[fmt::format("types {}", constraint.name)] =
        DescribeTypes({constraint.types.begin(), constraint.types.end()});
  }
  return d;
}

// --- libonnx ----------------------------------------------------------------

std::string DescribeDefault(const onnx::AttributeProto& value) {
  switch (value.type()) {
    case onnx::AttributeProto::FLOAT:
      return DescribeValue(value.f());
    case onnx::AttributeProto::INT:
      return DescribeValue(int64_t{value.i()});
    case onnx::AttributeProto::STRING:
      return DescribeValue(std::string_view(value.s()));
    case onnx::AttributeProto::FLOATS:
      return DescribeValue(
          std::vector<float>(value.floats().begin(), value.floats().end()));
    case onnx::AttributeProto::INTS:
      return DescribeValue(
          std::vector<int64_t>(value.ints().begin(), value.ints().end()));
    case onnx::AttributeProto::STRINGS:
      return DescribeValue(std::vector<std::string_view>(
          value.strings().begin(), value.strings().end()));
    default:
      return "";
  }
}

Description Describe(const onnx::OpSchema& schema) {
  Description d;
  d["deprecated"] = schema.Deprecated() ? "yes" : "no";
  d["input arity"] = DescribeArity(schema.min_input(), schema.max_input());
  d["output arity"] = DescribeArity(schema.min_output(), schema.max_output());
  const auto operands =
      [&](std::string_view what,
          const std::vector<onnx::OpSchema::FormalParameter>& defs) {
        for (size_t i = 0; i < defs.size(); ++i) {
          d[fmt::format("{} {}", what, i)] = DescribeOperand(
              defs[i].GetName(), defs[i].GetTypeStr(),
              OptionName(static_cast<OperandDef::Option>(defs[i].GetOption())),
              defs[i].GetIsHomogeneous(), defs[i].GetMinArity());
        }
      };
  operands("input", schema.inputs());
  operands("output", schema.outputs());
  for (const auto& [name, attr] : schema.attributes()) {
    d[fmt::format("attribute {}", name)] =
        DescribeAttribute(AttrKindName(static_cast<AttrKind>(attr.type)),
                          attr.required, DescribeDefault(attr.default_value));
  }
  for (const auto& constraint : schema.typeConstraintParams()) {
    d[fmt::format("types {}", constraint.type_param_str)] =
        DescribeTypes({constraint.allowed_type_strs.begin(),
                       constraint.allowed_type_strs.end()});
  }
  return d;
}

// --- Facts in JSON ----------------------------------------------------------

using Json = nlohmann::json;

std::string DescribeDefault(const Json& attr) {
  if (!attr.contains("default")) return "";
  const Json& value = attr["default"];
  if (value.is_number_float()) return DescribeValue(value.get<float>());
  if (value.is_number()) return DescribeValue(value.get<int64_t>());
  if (value.is_string()) {
    return DescribeValue(value.get_ref<const std::string&>());
  }
  const std::string kind = attr["type"];
  if (kind == "INTS") return DescribeValue(value.get<std::vector<int64_t>>());
  if (kind == "FLOATS") return DescribeValue(value.get<std::vector<float>>());
  std::vector<std::string_view> strings;
  for (const Json& s : value)
    strings.push_back(s.get_ref<const std::string&>());
  return DescribeValue(strings);
}

std::string LowerCase(std::string text) {
  for (char& c : text) {
    if (c >= 'A' && c <= 'Z') c += 'a' - 'A';
  }
  return text;
}

Description Describe(const Json& schema) {
  Description d;
  d["deprecated"] = schema["deprecated"].get<bool>() ? "yes" : "no";
  for (const std::string what : {"input", "output"}) {
    const int max = schema["max_" + what];
    d[what + " arity"] =
        DescribeArity(schema["min_" + what], max < 0 ? INT_MAX : max);
    const Json& operands = schema[what + "s"];
    for (size_t i = 0; i < operands.size(); ++i) {
      const Json& operand = operands[i];
      d[fmt::format("{} {}", what, i)] =
          DescribeOperand(operand["name"].get<std::string>(),
                          operand["type_str"].get<std::string>(),
                          operand["option"].get<std::string>(),
                          operand["is_homogeneous"], operand["min_arity"]);
    }
  }
  for (const Json& attr : schema["attributes"]) {
    d["attribute " + attr["name"].get<std::string>()] = DescribeAttribute(
        LowerCase(attr["type"]), attr["required"], DescribeDefault(attr));
  }
  for (const auto& [name, types] : schema["type_constraints"].items()) {
    d["types " + name] = DescribeTypes({types.begin(), types.end()});
  }
  return d;
}

// --- Comparison -------------------------------------------------------------

// What the two descriptions disagree about.
std::set<std::string> Differences(const Description& a, const Description& b) {
  std::set<std::string> keys;
  for (const auto& [key, value] : a) {
    const auto it = b.find(key);
    if (it == b.end() || it->second != value) keys.insert(key);
  }
  for (const auto& [key, value] : b) {
    if (!a.contains(key)) keys.insert(key);
  }
  return keys;
}

std::string ValueOf(const Description& d, const std::string& key) {
  const auto it = d.find(key);
  return it == d.end() ? "(absent)" : it->second;
}

// Full name, since_version, and the key of a Description.
using Difference = std::tuple<std::string, int64_t, std::string>;

// Fails for every difference that is not in `expected`, and removes from
// `expected` those that are.
void Compare(const OpDef& op, const Description& theirs,
             std::set<Difference>& expected) {
  const Description ours = Describe(op);
  for (const std::string& key : Differences(ours, theirs)) {
    if (expected.erase({std::string(op.FullName()), op.since_version(), key}) >
        0) {
      continue;
    }
    ADD_FAILURE() << op.FullName() << "-" << op.since_version() << ", " << key
                  << "\n  ours:   " << ValueOf(ours, key)
                  << "\n  theirs: " << ValueOf(theirs, key);
  }
}

TEST(OpTableTest, EveryRowIsWellFormed) {
  std::pair<std::string_view, int64_t> previous;
  for (const OpRow& row : OpTable()) {
    const auto op = OpDef::Parse(row, /*is_newest=*/false);
    EXPECT_TRUE(op.ok()) << op.status();
    const std::pair key(row.full_name, row.since_version);
    EXPECT_LT(previous, key) << "out of order: " << row.full_name;
    previous = key;
  }
}

TEST(OpTableTest, EveryConstraintIsUsed) {
  for (const OpDef* op : OpRegistry::Builtin()->All()) {
    std::set<std::string_view> used;
    for (const OperandDef& operand : op->inputs()) used.insert(operand.type);
    for (const OperandDef& operand : op->outputs()) used.insert(operand.type);
    for (const TypeConstraint& constraint : op->type_constraints()) {
      // Tile-1 declares T1 and gives its inputs the type T.
      if (op->id() == "Tile"_op && op->since_version() == 1) continue;
      EXPECT_TRUE(used.contains(constraint.name))
          << op->FullName() << "-" << op->since_version() << ": "
          << constraint.name;
    }
  }
}

TEST(OpTableTest, AgreesWithLibonnx) {
  // Schemas that ONNX corrected in place after release 1.12.
  std::set<Difference> expected = {
      // Integer types were withdrawn.
      {"Erf", 13, "types T"},
      // The types of the grid and of the output were exchanged.
      {"GridSample", 16, "input 1"},
      {"GridSample", 16, "output 0"},
  };
  const auto registry = OpRegistry::Builtin();
  int count = 0;
  for (const onnx::OpSchema& schema :
       onnx::OpSchemaRegistry::get_all_schemas_with_history()) {
    const OpDef* op = registry->FindExact(schema.domain(), schema.Name(),
                                          schema.since_version());
    if (op == nullptr) {
      ADD_FAILURE() << "we lack " << schema.domain() << "." << schema.Name()
                    << "-" << schema.since_version();
      continue;
    }
    Compare(*op, Describe(schema), expected);
    ++count;
  }
  for (const auto& [name, version, key] : expected) {
    ADD_FAILURE() << "no difference in " << name << "-" << version << ", "
                  << key;
  }
  std::cout << "compared " << count << " schemas with libonnx\n";
  EXPECT_GE(count, 400);
}

// The facts, or null where there are none.
Json ReadFacts() {
  namespace fs = std::filesystem;
  const char* shared = std::getenv("ONNXOPT_SHARED");
  const fs::path folder = shared != nullptr ? fs::path(shared)
                                            : fs::path(__FILE__).parent_path() /
                                                  ".." / ".." / "shared";
  std::ifstream file(folder / "facts" / "op_schemas.json");
  return file ? Json::parse(file) : Json();
}

// Checks the traits that say whether `op` is random.
void CompareDeterminism(const OpDef& op, const Json& schema) {
  // Dropout-7 and -10 lost the attribute that chose training, and AffineGrid
  // has nothing random: the facts are wrong about these.
  static constexpr std::pair<OpId, int64_t> kDeterministic[] = {
      {"AffineGrid"_op, 20}, {"Dropout"_op, 7}, {"Dropout"_op, 10}};
  const std::pair key(op.id(), op.since_version());
  const bool random = schema["node_determinism"] == "non_deterministic" &&
                      std::ranges::count(kDeterministic, key) == 0;
  EXPECT_EQ(random && !op.Has(Trait::kHasBody),
            op.Has(Trait::kNonDeterministic))
      << op.FullName() << "-" << op.since_version();
  EXPECT_FALSE(random && op.Has(Trait::kPure))
      << op.FullName() << "-" << op.since_version();
}

TEST(OpTableTest, AgreesWithTheFacts) {
  const Json facts = ReadFacts();
  if (facts.is_null()) {
    GTEST_SKIP() << "SKIPPED: no facts/op_schemas.json (set ONNXOPT_SHARED)";
  }
  std::set<Difference> expected;  // none
  const auto registry = OpRegistry::Builtin();
  std::set<const OpDef*> compared;
  for (const Json& schema : facts["schemas"]) {
    const std::string domain = schema["domain"];
    const std::string name = schema["name"];
    const int64_t version = schema["since_version"];
    if (version > registry->max_version(domain)) continue;
    const OpDef* op = registry->FindExact(domain, name, version);
    if (op == nullptr) {
      ADD_FAILURE() << "we lack " << domain << "." << name << "-" << version;
      continue;
    }
    Compare(*op, Describe(schema), expected);
    CompareDeterminism(*op, schema);
    compared.insert(op);
  }
  for (const OpDef* op : registry->All()) {
    EXPECT_TRUE(compared.contains(op))
        << "the facts lack " << op->FullName() << "-" << op->since_version();
  }
  std::cout << "compared " << compared.size() << " schemas with the facts\n";
  EXPECT_GE(compared.size(), 640u);
}

}  // namespace
}  // namespace onnxopt
