// SPDX-License-Identifier: Apache-2.0

#include "ir/op_registry.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <climits>
#include <cstdint>
#include <iterator>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "fmt/core.h"
#include "ir/attr_kind.h"
#include "ir/op_def.h"
#include "ir/op_id.h"
#include "ir/ops/op_table.h"

namespace onnxopt {
namespace {

static_assert("Conv"_op != kOpaqueOp);
static_assert("Conv"_op != "ConvTranspose"_op);
static_assert(OpName("ai.onnx.ml.Scaler"_op) == "ai.onnx.ml.Scaler");
static_assert(FindOpId("Convolution") == kOpaqueOp);
static_assert(OpName(kOpaqueOp).empty() && OpName(UINT16_MAX).empty());
static_assert(AttrKindName(AttrKind::kTypeProtos) == "type_protos");
static_assert(AttrKindName(static_cast<AttrKind>(99)) == "undefined");

std::shared_ptr<const OpRegistry> Builtin() { return OpRegistry::Builtin(); }

CustomOp MakeCustomOp(std::string name, int64_t since_version) {
  CustomOp op;
  op.domain = "com.acme";
  op.name = std::move(name);
  op.since_version = since_version;
  op.inputs = "X:T extra*~:U";
  op.outputs = "Y:T";
  op.types = "T=fp; U=all";
  return op;
}

TEST(OpIdTest, NamesAreAscendingAndMatchTheTable) {
  EXPECT_TRUE(std::is_sorted(std::begin(kOpNames), std::end(kOpNames)));
  std::set<std::string_view> names;
  for (const OpRow& row : OpTable()) names.insert(row.full_name);
  EXPECT_TRUE(std::equal(names.begin(), names.end(), std::begin(kOpNames),
                         std::end(kOpNames)));
}

TEST(OpIdTest, EveryNameFindsItself) {
  for (const std::string_view name : kOpNames) {
    EXPECT_EQ(OpName(FindOpId(name)), name);
  }
}

TEST(OpRegistryTest, FindsTheVersionInForce) {
  EXPECT_EQ(Builtin()->Find("", "Relu", 1)->since_version(), 1);
  EXPECT_EQ(Builtin()->Find("", "Relu", 5)->since_version(), 1);
  EXPECT_EQ(Builtin()->Find("", "Relu", 6)->since_version(), 6);
  EXPECT_EQ(Builtin()->Find("", "Relu", 13)->since_version(), 13);
  EXPECT_EQ(Builtin()->Find("", "Relu", kCanonicalOpset)->since_version(), 14);
  EXPECT_EQ(Builtin()->Find("", "Relu", INT64_MAX)->since_version(), 14);
  EXPECT_EQ(Builtin()->Find("", "Relu", 0), nullptr);
  EXPECT_EQ(Builtin()->Find("", "Where", 8), nullptr);
  EXPECT_EQ(Builtin()->Find("", "Rleu", kCanonicalOpset), nullptr);
  EXPECT_EQ(Builtin()->Find("com.acme", "Relu", 1), nullptr);
}

TEST(OpRegistryTest, FindsAnExactVersion) {
  EXPECT_EQ(Builtin()->FindExact("", "Relu", 13)->since_version(), 13);
  EXPECT_EQ(Builtin()->FindExact("", "Relu", 12), nullptr);
}

TEST(OpRegistryTest, AiOnnxIsTheEmptyDomain) {
  const OpDef* relu = Builtin()->Find("", "Relu", 14);
  EXPECT_EQ(Builtin()->Find("ai.onnx", "Relu", 14), relu);
  EXPECT_EQ(Builtin()->FindExact("ai.onnx", "Relu", 14), relu);
  EXPECT_EQ(relu->domain(), "");
  EXPECT_EQ(relu->FullName(), "Relu");
  EXPECT_EQ(Builtin()->max_version("ai.onnx"), kCanonicalOpset);
}

TEST(OpRegistryTest, OtherDomainsHaveFullNames) {
  const OpDef* scaler = Builtin()->Find("ai.onnx.ml", "Scaler", 3);
  ASSERT_NE(scaler, nullptr);
  EXPECT_EQ(scaler->domain(), "ai.onnx.ml");
  EXPECT_EQ(scaler->name(), "Scaler");
  EXPECT_EQ(scaler->FullName(), "ai.onnx.ml.Scaler");
  EXPECT_EQ(scaler->id(), "ai.onnx.ml.Scaler"_op);
  const OpDef* adam = Builtin()->Find("ai.onnx.preview.training", "Adam", 1);
  ASSERT_NE(adam, nullptr);
  EXPECT_EQ(adam->domain(), "ai.onnx.preview.training");
  EXPECT_EQ(Builtin()->Find("", "Scaler", 3), nullptr);
}

TEST(OpRegistryTest, NewestVersions) {
  EXPECT_EQ(Builtin()->max_version(""), 27);
  EXPECT_EQ(Builtin()->max_version("ai.onnx.ml"), 5);
  EXPECT_EQ(Builtin()->max_version("ai.onnx.preview"), 1);
  EXPECT_EQ(Builtin()->max_version("ai.onnx.preview.training"), 1);
  EXPECT_EQ(Builtin()->max_version("ai.onnx.training"), 1);
  EXPECT_EQ(Builtin()->max_version("com.acme"), 0);
  for (const OpDef* op : Builtin()->All()) {
    EXPECT_LE(op->since_version(), Builtin()->max_version(op->domain()))
        << op->FullName();
  }
}

TEST(OpRegistryTest, IdsBelongToTheNameNotTheVersion) {
  EXPECT_EQ(Builtin()->Find("", "Conv", 1)->id(), "Conv"_op);
  EXPECT_EQ(Builtin()->Find("", "Conv", 22)->id(), "Conv"_op);
}

TEST(OpRegistryTest, DescribesConv) {
  const OpDef& conv = *Builtin()->Find("", "Conv", 11);
  ASSERT_EQ(conv.inputs().size(), 3u);
  EXPECT_EQ(conv.inputs()[2].name, "B");
  EXPECT_EQ(conv.inputs()[2].type, "T");
  EXPECT_EQ(conv.inputs()[2].option, OperandDef::kOptional);
  EXPECT_EQ(conv.min_inputs(), 2);
  EXPECT_EQ(conv.max_inputs(), 3);
  EXPECT_EQ(conv.min_outputs(), 1);
  EXPECT_EQ(conv.max_outputs(), 1);
  const AttrDef* group = conv.FindAttr("group");
  ASSERT_NE(group, nullptr);
  EXPECT_EQ(group->kind, AttrKind::kInt);
  EXPECT_FALSE(group->required);
  EXPECT_EQ(std::get<int64_t>(group->default_value), 1);
  EXPECT_FALSE(conv.FindAttr("pads")->has_default());
  EXPECT_EQ(
      std::get<std::string_view>(conv.FindAttr("auto_pad")->default_value),
      "NOTSET");
  EXPECT_EQ(conv.FindAttr("padding"), nullptr);
  EXPECT_EQ(conv.FindTypeConstraint("T")->types,
            (std::vector<std::string_view>{"tensor(double)", "tensor(float)",
                                           "tensor(float16)"}));
  EXPECT_FALSE(conv.deprecated());
  EXPECT_FALSE(conv.is_opaque());
}

TEST(OpRegistryTest, DescribesVariadicOperators) {
  const OpDef& concat = *Builtin()->Find("", "Concat", 13);
  EXPECT_EQ(concat.min_inputs(), 1);
  EXPECT_EQ(concat.max_inputs(), INT_MAX);
  EXPECT_TRUE(concat.FindAttr("axis")->required);
  const OpDef& loop = *Builtin()->Find("", "Loop", 11);
  EXPECT_EQ(loop.inputs()[2].min_arity, 0);
  EXPECT_FALSE(loop.inputs()[2].homogeneous);
  EXPECT_EQ(loop.min_inputs(), 2);
}

TEST(OpRegistryTest, DeprecatedVersionsAreFound) {
  EXPECT_FALSE(Builtin()->Find("", "Upsample", 9)->deprecated());
  EXPECT_TRUE(Builtin()->Find("", "Upsample", 10)->deprecated());
  EXPECT_TRUE(Builtin()->Find("", "Scatter", 27)->deprecated());
}

TEST(OpRegistryTest, AllIsInAscendingOrder) {
  const std::vector<const OpDef*> all = Builtin()->All();
  EXPECT_EQ(all.size(), OpTable().size());
  EXPECT_TRUE(std::is_sorted(all.begin(), all.end(), [](auto* a, auto* b) {
    return std::pair(a->FullName(), a->since_version()) <
           std::pair(b->FullName(), b->since_version());
  }));
}

TEST(OpRegistryTest, ThreadsSeeTheSameDefinition) {
  std::vector<const OpDef*> found(8);
  std::vector<std::thread> threads;
  for (const OpDef*& op : found) {
    threads.emplace_back([&op] { op = Builtin()->Find("", "LSTM", 22); });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(std::set(found.begin(), found.end()).size(), 1u);
}

TEST(CustomOpTest, IsFoundBesideTheStandardOperators) {
  const auto registry =
      Builtin()->With({MakeCustomOp("Op", 3), MakeCustomOp("Op", 1)});
  ASSERT_TRUE(registry.ok()) << registry.status();
  const OpDef* op = (*registry)->Find("com.acme", "Op", 2);
  ASSERT_NE(op, nullptr);
  EXPECT_EQ(op->since_version(), 1);
  EXPECT_EQ((*registry)->Find("com.acme", "Op", 3)->since_version(), 3);
  EXPECT_EQ(op->id(), kOpaqueOp);
  EXPECT_FALSE(op->is_opaque());
  EXPECT_EQ(op->FullName(), "com.acme.Op");
  EXPECT_EQ(op->min_inputs(), 1);
  EXPECT_EQ(op->max_inputs(), INT_MAX);
  EXPECT_EQ((*registry)->max_version("com.acme"), 3);
  EXPECT_EQ((*registry)->Find("", "Relu", 14), Builtin()->Find("", "Relu", 14));
  EXPECT_EQ((*registry)->All().size(), Builtin()->All().size() + 2);
  EXPECT_EQ(Builtin()->Find("com.acme", "Op", 3), nullptr);
}

TEST(CustomOpTest, RegistriesShareDefinitions) {
  std::shared_ptr<const OpRegistry> second;
  const OpDef* op = nullptr;
  {
    const auto first = Builtin()->With({MakeCustomOp("First", 1)});
    ASSERT_TRUE(first.ok());
    op = (*first)->Find("com.acme", "First", 1);
    const auto both = (*first)->With({MakeCustomOp("Second", 1)});
    ASSERT_TRUE(both.ok());
    second = *both;
  }
  EXPECT_EQ(second->Find("com.acme", "First", 1), op);
  EXPECT_EQ(op->name(), "First");
  EXPECT_NE(second->Find("com.acme", "Second", 1), nullptr);
}

TEST(CustomOpTest, MayExtendAStandardDomain) {
  CustomOp op = MakeCustomOp("SimplifiedLayerNormalization", 1);
  op.domain = "ai.onnx";
  const auto registry = Builtin()->With({op});
  ASSERT_TRUE(registry.ok()) << registry.status();
  EXPECT_EQ((*registry)->Find("", op.name, 17)->FullName(), op.name);
}

TEST(CustomOpTest, AttributesAndTraits) {
  CustomOp op = MakeCustomOp("Op", 1);
  op.attributes =
      "to!:int  scale:float=-1.5e-3 mode:string='a b' names:strings=[x,'y,z'] "
      "pads:ints=[] weights:floats=[1,2.5] body:graph quote:string=\"it's\"";
  op.types = "T=map(int64, float)|optional(seq(float8)); U=int2";
  op.traits = Trait::kPure | Trait::kElementwise;
  const absl::StatusOr<OpDef> def = OpDef::Parse(op);
  ASSERT_TRUE(def.ok()) << def.status();
  const auto value = [&](std::string_view name) {
    return def->FindAttr(name)->default_value;
  };
  EXPECT_TRUE(def->FindAttr("to")->required);
  EXPECT_EQ(value("scale"), AttrDef::Value(-1.5e-3f));
  EXPECT_EQ(value("mode"), AttrDef::Value("a b"));
  EXPECT_EQ(value("names"),
            AttrDef::Value(std::vector<std::string_view>{"x", "y,z"}));
  EXPECT_EQ(value("pads"), AttrDef::Value(std::vector<int64_t>{}));
  EXPECT_EQ(value("weights"), AttrDef::Value(std::vector<float>{1, 2.5f}));
  EXPECT_EQ(value("quote"), AttrDef::Value("it's"));
  EXPECT_FALSE(def->FindAttr("body")->has_default());
  EXPECT_EQ(def->FindTypeConstraint("T")->types,
            (std::vector<std::string_view>{
                "map(int64, float)", "optional(seq(tensor(float8e4m3fn)))",
                "optional(seq(tensor(float8e4m3fnuz)))",
                "optional(seq(tensor(float8e5m2)))",
                "optional(seq(tensor(float8e5m2fnuz)))"}));
  EXPECT_TRUE(def->Has(Trait::kPure | Trait::kElementwise));
  EXPECT_FALSE(def->Has(Trait::kPure | Trait::kCommutative));
}

TEST(CustomOpTest, MovedDefinitionsKeepTheirText) {
  absl::StatusOr<OpDef> def = OpDef::Parse(MakeCustomOp("Op", 1));
  ASSERT_TRUE(def.ok());
  const OpDef moved = *std::move(def);
  EXPECT_EQ(moved.name(), "Op");
  EXPECT_EQ(moved.inputs()[0].name, "X");
}

void ExpectRejected(std::vector<CustomOp> ops, std::string_view message) {
  const auto registry = Builtin()->With(std::move(ops));
  ASSERT_FALSE(registry.ok()) << message;
  EXPECT_EQ(std::string(registry.status().message()), message);
}

TEST(CustomOpTest, DuplicatesAreRejected) {
  ExpectRejected({MakeCustomOp("Op", 1), MakeCustomOp("Op", 1)},
                 "operator com.acme.Op-1: is registered twice");
  const auto registry = Builtin()->With({MakeCustomOp("Op", 1)});
  ASSERT_TRUE(registry.ok());
  EXPECT_EQ((*registry)->With({MakeCustomOp("Op", 1)}).status().code(),
            absl::StatusCode::kAlreadyExists);
}

TEST(CustomOpTest, StandardOperatorsCannotBeRedefined) {
  CustomOp op = MakeCustomOp("Relu", 40);
  op.domain = "";
  ExpectRejected(
      {op}, "operator Relu-40: is a standard operator and cannot be redefined");
}

TEST(CustomOpTest, BadNamesAndVersionsAreRejected) {
  ExpectRejected({MakeCustomOp("", 1)}, "operator com.acme.-1: has no name");
  ExpectRejected({MakeCustomOp("Op", 0)},
                 "operator com.acme.Op-0: versions start at 1");
}

void ExpectMalformed(std::string CustomOp::*field, std::string text,
                     std::string_view problem) {
  CustomOp op = MakeCustomOp("Op", 1);
  op.*field = std::move(text);
  ExpectRejected({op}, fmt::format("operator com.acme.Op-1: {}", problem));
}

TEST(CustomOpTest, MalformedOperandsAreRejected) {
  const auto field = &CustomOp::inputs;
  ExpectMalformed(field, "X", "operand 'X': expected 'name:type'");
  ExpectMalformed(field, "?:T", "operand '?:T': no name");
  ExpectMalformed(field, "X~:T",
                  "operand 'X~:T': '~' is for variadic operands");
  ExpectMalformed(field, "X+:T Y:T",
                  "operand 'Y:T': follows a variadic operand");
  for (const char* type : {"S", "tensor(flot)", "float", ""}) {
    const std::string operand = fmt::format("X:{}", type);
    ExpectMalformed(field, operand,
                    fmt::format("operand '{}': its type is neither a type "
                                "constraint of the operator "
                                "nor a concrete type such as tensor(float)",
                                operand));
  }
}

TEST(CustomOpTest, MalformedAttributesAreRejected) {
  const auto field = &CustomOp::attributes;
  ExpectMalformed(field, "a", "attribute 'a': expected 'name:kind'");
  ExpectMalformed(field, "!:int", "attribute '!:int': no name");
  ExpectMalformed(field, "a:integer", "attribute 'a:integer': unknown kind");
  ExpectMalformed(field, "a:undefined",
                  "attribute 'a:undefined': unknown kind");
  ExpectMalformed(field, "a:int a:float", "attribute 'a': is given twice");
  ExpectMalformed(field, "a!:int=1",
                  "attribute 'a!:int=1': required, but has a default");
  for (const char* attr :
       {"a:int=", "a:int=1.5", "a:float=x", "a:string=", "a:string='",
        "a:string='b'c'", "a:ints=1", "a:ints=[1,x]", "a:ints=[1", "a:graph=g",
        "a:int=99999999999999999999"}) {
    ExpectMalformed(
        field, attr,
        fmt::format("attribute '{}': the default is not a value of this kind",
                    attr));
  }
}

TEST(CustomOpTest, MalformedTypesAreRejected) {
  const auto field = &CustomOp::types;
  ExpectMalformed(field, "T=fp; T=all", "type constraint 'T': is given twice");
  ExpectMalformed(field, "T", "type constraint 'T': expected 'name=types'");
  ExpectMalformed(field, "=fp", "type constraint '=fp': expected 'name=types'");
  for (const char* type :
       {"flot", "seq(flot)", "seq(fp", "tensor(float)", ""}) {
    ExpectMalformed(
        field, fmt::format("T=fp|{}", type),
        fmt::format(
            "type constraint 'T=fp|{0}': unknown type or set of types '{0}'",
            type));
  }
}

TEST(OpaqueOpTest, NothingIsKnown) {
  const OpDef op = OpDef::Opaque("com.acme", "Op", 7);
  EXPECT_TRUE(op.is_opaque());
  EXPECT_EQ(op.id(), kOpaqueOp);
  EXPECT_EQ(op.FullName(), "com.acme.Op");
  EXPECT_EQ(op.since_version(), 7);
  EXPECT_EQ(op.min_inputs(), 0);
  EXPECT_EQ(op.max_inputs(), INT_MAX);
  EXPECT_EQ(op.min_outputs(), 0);
  EXPECT_EQ(op.max_outputs(), INT_MAX);
  EXPECT_FALSE(op.Has(Trait::kPure));
}

TEST(TraitsTest, EveryOperatorIsStated) {
  std::set<std::pair<std::string_view, int64_t>> versions;
  for (const OpRow& row : OpTable()) {
    versions.emplace(row.full_name, row.since_version);
  }
  std::set<std::string_view> stated;
  std::pair<std::string_view, int64_t> previous;
  for (const TraitStatement& statement : TraitStatements()) {
    const std::pair key(statement.full_name, statement.from_version);
    EXPECT_LT(previous, key) << "out of order: " << statement.full_name;
    previous = key;
    if (stated.insert(statement.full_name).second) {
      EXPECT_EQ(statement.from_version, 1) << statement.full_name;
    } else {
      EXPECT_TRUE(versions.contains(key))
          << statement.full_name << " has no version "
          << statement.from_version;
    }
  }
  EXPECT_TRUE(std::equal(stated.begin(), stated.end(), std::begin(kOpNames),
                         std::end(kOpNames)))
      << "ir/ops/traits.inc must state the traits of exactly the operators "
         "of the table: "
      << stated.size() << " stated, " << std::size(kOpNames) << " known";
}

TEST(TraitsTest, AgreeWithTheSignatures) {
  for (const OpDef* op : Builtin()->All()) {
    SCOPED_TRACE(std::string(op->FullName()));
    const auto is_graph = [](const AttrDef& attr) {
      return attr.kind == AttrKind::kGraph || attr.kind == AttrKind::kGraphs;
    };
    EXPECT_EQ(op->Has(Trait::kHasBody),
              std::any_of(op->attributes().begin(), op->attributes().end(),
                          is_graph));
    if (op->Has(Trait::kHasBody) || op->Has(Trait::kNonDeterministic)) {
      EXPECT_FALSE(op->Has(Trait::kPure));
    }
    if (op->Has(Trait::kCommutative) || op->Has(Trait::kAssociative)) {
      EXPECT_GE(op->max_inputs(), 2);
    }
    if (op->Has(Trait::kForwardsSingleInput)) {
      EXPECT_EQ(op->min_inputs(), 1);
      EXPECT_EQ(op->max_inputs(), INT_MAX);
    }
  }
}

// The operators with `trait`, each with the versions that have it.
std::string OpsWith(Trait trait) {
  std::string text;
  std::string_view previous;
  for (const OpDef* op : Builtin()->All()) {
    if (!op->Has(trait)) continue;
    if (op->FullName() != previous) {
      if (!text.empty()) text += "; ";
      text += op->FullName();
      previous = op->FullName();
    }
    text += fmt::format(" {}", op->since_version());
  }
  return text;
}

TEST(TraitsTest, ForwardingOperators) {
  EXPECT_EQ(OpsWith(Trait::kForwardsInput),
            "Dropout 7 10; Identity 1 13 14 16 19 21 23 24 25");
  EXPECT_EQ(OpsWith(Trait::kForwardsSingleInput),
            "Concat 1 4 11 13; Max 1 6 8 12 13; Mean 1 6 8 13; "
            "Min 1 6 8 12 13; Sum 1 6 8 13");
}

TEST(TraitsTest, RandomOperators) {
  EXPECT_EQ(OpsWith(Trait::kNonDeterministic),
            "Bernoulli 15 22; Dropout 1 6 12 13 22; Multinomial 7 22; "
            "RandomNormal 1 22; RandomNormalLike 1 22; RandomUniform 1 22; "
            "RandomUniformLike 1 22");
}

TEST(TraitsTest, LegacyBroadcastingIsNotElementwise) {
  EXPECT_FALSE(Builtin()->Find("", "Add", 6)->Has(Trait::kElementwise));
  EXPECT_TRUE(Builtin()
                  ->Find("", "Add", 7)
                  ->Has(Trait::kElementwise | Trait::kCommutative |
                        Trait::kAssociative));
  EXPECT_FALSE(Builtin()->Find("", "Sub", 7)->Has(Trait::kCommutative));
}

TEST(IrVersionTest, IsThatOfTheFirstReleaseWithTheOpset) {
  const int64_t expected[] = {3, 3, 3, 3, 3, 3, 3,  3,  4,  5,  6,  7,  7, 7,
                              8, 8, 8, 8, 9, 9, 10, 10, 11, 12, 13, 13, 13};
  static_assert(std::size(expected) == kCanonicalOpset);
  for (int64_t opset = 1; opset <= kCanonicalOpset; ++opset) {
    EXPECT_EQ(MinIrVersion(opset), expected[opset - 1]) << opset;
  }
  EXPECT_EQ(MinIrVersion(kCanonicalOpset), kMaxIrVersion);
}

}  // namespace
}  // namespace onnxopt
