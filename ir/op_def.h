// SPDX-License-Identifier: Apache-2.0

#ifndef ONNXOPT_IR_OP_DEF_H_
#define ONNXOPT_IR_OP_DEF_H_

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "absl/status/statusor.h"
#include "ir/attr_kind.h"
#include "ir/op_id.h"

namespace onnxopt {

// What a compiler may assume about every node of an operator, whatever its
// attributes and inputs. A trait that is absent is not known to hold.
enum class Trait : uint32_t {
  kNone = 0,
  // No side effects, and equal inputs and attributes give equal outputs. Not
  // stated for operators with bodies: there it depends on the bodies.
  kPure = 1 << 0,
  // Every output element depends only on the input elements at the same
  // position, after multidirectional (NumPy) broadcasting of all inputs.
  kElementwise = 1 << 1,
  // Exchanging the first two inputs does not change the result.
  kCommutative = 1 << 2,
  // op(op(a, b), c) = op(a, op(b, c)) in real arithmetic, for equal attributes.
  kAssociative = 1 << 3,
  // Every output element is a bit-for-bit copy of an input element, chosen by
  // position, index or condition, never by the copied values.
  kDataMovement = 1 << 4,
  // Two evaluations with equal inputs may differ (random numbers).
  kNonDeterministic = 1 << 5,
  // Reads the shape and element type of input 0, never its elements.
  kShapeOnly = 1 << 6,
  // Takes graphs as attributes.
  kHasBody = 1 << 7,
  // op(op(x, r...), r...) = op(x, r...) bit for bit, for equal attributes.
  kIdempotent = 1 << 8,
  // Output 0 is input 0 bit for bit.
  kForwardsInput = 1 << 9,
  // Variadic; with one input, output 0 is that input bit for bit.
  kForwardsSingleInput = 1 << 10,
  // Output 0 has the elements of input 0 in the same order, maybe in another
  // shape, which other inputs and attributes decide.
  kReshaping = 1 << 11,
};

constexpr Trait operator|(Trait a, Trait b) {
  return static_cast<Trait>(static_cast<uint32_t>(a) |
                            static_cast<uint32_t>(b));
}
constexpr Trait operator&(Trait a, Trait b) {
  return static_cast<Trait>(static_cast<uint32_t>(a) &
                            static_cast<uint32_t>(b));
}

// A formal input or output.
struct OperandDef {
  enum Option : uint8_t { kSingle, kOptional, kVariadic };

  std::string_view name;
  // The name of a type constraint of the operator, or a concrete type such as
  // "tensor(int64)".
  std::string_view type;
  Option option = kSingle;
  // Whether all actual operands of a variadic one have the same type.
  bool homogeneous = true;
  // The least number of actual operands of a variadic one; else 1.
  int min_arity = 1;
};

// A formal attribute.
struct AttrDef {
  using Value = std::variant<std::monostate, float, int64_t, std::string_view,
                             std::vector<float>, std::vector<int64_t>,
                             std::vector<std::string_view>>;

  bool has_default() const { return default_value.index() != 0; }

  std::string_view name;
  AttrKind kind = AttrKind::kUndefined;
  bool required = false;
  // std::monostate if the attribute has no default: an absent one then has a
  // meaning of its own, or is an error if `required`.
  Value default_value;
};

struct TypeConstraint {
  std::string_view name;
  // Concrete types such as "tensor(float)", ascending, without duplicates.
  std::vector<std::string_view> types;
};

// An operator version in text. The built-in table and embedders describe
// operators in the same way:
//
//   CustomOp{.domain = "com.acme", .name = "ScaledSum", .since_version = 1,
//            .inputs = "X+:T scale?:tensor(float)", .outputs = "Y:T",
//            .attributes = "axis!:int mode:string=fast pads:ints=[0,0]",
//            .types = "T=fp|int8; U=seq(numeric)",
//            .traits = Trait::kPure}
//
// `inputs`, `outputs` and `attributes` are separated by spaces.
//   operand    name MARKS : type     type is a constraint or a concrete type
//              marks: none single, ? optional, + variadic with at least one
//              operand, * variadic; then ~ if these may differ in type
//   attribute  name [!] : kind [= default]      ! means required
//              a kind as in AttrKindName; a default is a number, a word, a
//              quoted string ('two words') or a list of these ([1,2])
//   types      constraints `name=types` separated by "; ", types by "|". A
//              type is an element type (`float` means tensor(float)), a set
//              named in ir/ops/type_sets.inc, seq(), optional() or
//              optional(seq()) of one of these, or a map type in full
struct CustomOp {
  std::string domain;
  std::string name;
  int64_t since_version = 1;
  std::string inputs;
  std::string outputs;
  std::string attributes;
  std::string types;
  Trait traits = Trait::kNone;
};

struct OpRow;

// One version of an operator: its signature and traits. Immutable. All views
// handed out live as long as the OpDef.
class OpDef {
 public:
  // An operator described in text; an error names the operator and the part
  // of the text that is wrong.
  static absl::StatusOr<OpDef> Parse(CustomOp op);

  // A line of the built-in table, which must outlive the result.
  // `is_newest`: the table has no later version of the operator that continues
  // this one.
  static absl::StatusOr<OpDef> Parse(const OpRow& row, bool is_newest);

  // Stands for an operator about which nothing is known: any number of
  // operands, no attributes, no traits. `version` is the opset version that
  // the model imports.
  static OpDef Opaque(std::string_view domain, std::string_view name,
                      int64_t version);

  OpDef(OpDef&&) = default;
  OpDef& operator=(OpDef&&) = default;

  // "" for ai.onnx.
  std::string_view domain() const { return domain_; }
  std::string_view name() const { return name_; }
  // "Conv", "ai.onnx.ml.Scaler".
  std::string_view FullName() const { return full_name_; }
  // kOpaqueOp for operators outside the built-in table.
  OpId id() const { return id_; }
  int64_t since_version() const { return since_version_; }
  bool deprecated() const { return deprecated_; }
  // The form that semantic code is written for: the newest version of a
  // standard operator, not deprecated. Node::Is() does not look at versions,
  // so whoever reads the meaning of operands and attributes asks this first.
  bool is_canonical() const { return canonical_; }
  // Nothing is known about the operator (see Opaque).
  bool is_opaque() const { return opaque_; }

  std::span<const OperandDef> inputs() const { return inputs_; }
  std::span<const OperandDef> outputs() const { return outputs_; }
  // Bounds on the number of actual operands, where a missing operand before
  // the last given one counts. INT_MAX: no bound.
  int min_inputs() const { return input_arity_.min; }
  int max_inputs() const { return input_arity_.max; }
  int min_outputs() const { return output_arity_.min; }
  int max_outputs() const { return output_arity_.max; }

  std::span<const AttrDef> attributes() const { return attributes_; }
  // nullptr: there is no such attribute.
  const AttrDef* FindAttr(std::string_view name) const;

  std::span<const TypeConstraint> type_constraints() const {
    return type_constraints_;
  }
  // nullptr: there is no such constraint.
  const TypeConstraint* FindTypeConstraint(std::string_view name) const;

  Trait traits() const { return traits_; }
  // Whether all of `traits` hold.
  bool Has(Trait traits) const { return (traits_ & traits) == traits; }

 private:
  struct Arity {
    int min = 0;
    int max = 0;
  };
  // Owns the text of an operator outside the built-in table.
  struct Storage {
    CustomOp op;
    std::string full_name;
  };

  OpDef() = default;

  static Arity ArityOf(std::span<const OperandDef> operands);
  static OpDef Own(CustomOp op);
  // Parses the four texts of `row` into a definition that has its name.
  absl::Status ParseSignature(const OpRow& row);

  std::unique_ptr<const Storage> storage_;  // null for built-in operators
  std::string_view domain_;
  std::string_view name_;
  std::string_view full_name_;
  int64_t since_version_ = 0;
  OpId id_ = kOpaqueOp;
  bool deprecated_ = false;
  bool canonical_ = false;
  bool opaque_ = false;
  Trait traits_ = Trait::kNone;
  Arity input_arity_;
  Arity output_arity_;
  std::vector<OperandDef> inputs_;
  std::vector<OperandDef> outputs_;
  std::vector<AttrDef> attributes_;
  std::vector<TypeConstraint> type_constraints_;
};

}  // namespace onnxopt

#endif  // ONNXOPT_IR_OP_DEF_H_
