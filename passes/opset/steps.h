// SPDX-License-Identifier: Apache-2.0
// What changed in the operators of ONNX from one version to the next, and how a
// node follows these changes up and down. Wider types, new inputs, and new
// attributes whose default is the old behaviour are read off the operator
// table; the rest is in tables.cc (data) and adapters.cc (code).
#ifndef ONNXOPT_PASSES_OPSET_STEPS_H_
#define ONNXOPT_PASSES_OPSET_STEPS_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "ir/op_registry.h"
#include "passes/opset/form.h"

namespace onnxopt::opset {

/// In all tables `version` is the one that came with the change.

/// An attribute became an input.
struct AttributeToInput {
  enum class Kind {
    kInts,     // ints as 1-D int64
    kInt,      // int as 1-D int64 of one element
    kInt0D,    // int as 0-D int64
    kFloats,   // floats as 1-D float
    kFloat,    // float as 0-D float
    kElement,  // float as 0-D of the type of input 0
  };
  OpId op;
  int64_t version;
  std::string_view attribute;
  int input;
  Kind kind;
};

/// A new attribute whose default is not the old behaviour, which is `value`.
struct OldBehaviour {
  OpId op;
  int64_t version;
  std::string_view attribute;
  std::string_view value;
};

/// An int attribute was removed; only `value` still has a meaning.
struct RemovedAttribute {
  OpId op;
  int64_t version;
  std::string_view attribute;
  int64_t value;
};

/// A string attribute spells `older` as `newer`. With an empty `older`, the
/// value did not exist.
struct ValueChange {
  OpId op;
  int64_t version;
  std::string_view attribute;
  std::string_view older;
  std::string_view newer;
};

/// Since opset 11 an attribute may count axes from the back.
struct NegativeAxes {
  OpId op;
  std::string_view attribute;
};

/// A deprecated operator lives on as another.
struct Successor {
  OpId op;
  int64_t version;
  std::string_view name;
};

/// Anything else. Both return an empty string, or why the node cannot take the
/// step: `up` a clause ("its rank is not known"), `down` what follows "opset N
/// is needed for Resize " ("with sizes"). Either may be null: nothing to do.
/// They run before the tables apply; op() is the version they start from.
/// `note` tells users what changed, and what cannot follow.
struct Adapter {
  OpId op;
  int64_t version;
  std::string (*up)(Form& form);
  std::string (*down)(Form& form);
  std::string_view note;
};

/// All rows of one change. Found once for a pair of versions.
struct Step {
  const OpDef* older;
  const OpDef* newer;
  std::vector<const AttributeToInput*> inputs;
  std::vector<const OldBehaviour*> behaviours;
  std::vector<const RemovedAttribute*> removed;
  std::vector<const ValueChange*> values;
  const NegativeAxes* axes = nullptr;
  const Adapter* adapter = nullptr;
};

/// Fills the rows of `step`, whose versions are set.
void FindRows(Step* step);
/// Null unless `deprecated` is a version at which an operator got another name.
const Successor* FindSuccessor(const OpDef& deprecated);
/// The operators that `op` continues, at the version before they ended.
std::vector<const OpDef*> Predecessors(const OpRegistry& ops, const OpDef& op);
const Adapter* FindAdapter(const OpDef& older, const OpDef& newer);

/// The way from a version of an operator to the canonical one.
struct Path {
  const OpDef* canonical = nullptr;  // null: there is none
  std::vector<Step> steps;           // ascending
  /// Going up changes no more than the operator.
  bool plain_up = true;
  /// Going down does, whatever the node is (types apart).
  bool plain_down = true;
  /// Some rows apply: a node that came up need not be able to go down.
  bool has_rows = false;
  /// Inputs allowed types that the canonical version does not.
  bool narrows = false;
};

Path PathFrom(const OpRegistry& ops, const OpDef& op);
/// The part of that way up to `newer`, which takes the place of the canonical
/// version; of no steps if it does not come by there.
Path PathBetween(const OpRegistry& ops, const OpDef& older, const OpDef& newer);

/// Brings `form` from the start of `path` to its end. Returns why that cannot
/// be done, or an empty string.
std::string Lift(const Path& path, Form& form);
/// The reverse; "Squeeze with axes that are not a suitable constant".
std::string Lower(const Path& path, Form& form);

/// Since opset 13, empty tensors may not stand for inputs of Resize that are
/// not given.
void DropEmptyInputs(Form& form);

/// What keeps `form` from having the types that its operator asks for: "int8 as
/// input 'X'"; empty if nothing. Unknown types are fine.
std::string WrongType(const Form& form);
/// The same of a node as if it were of operator `op`.
std::string WrongType(const Node& node, const OpDef& op);
/// Whether `to` allows every type that `from` does.
bool AllowsAllTypesOf(const OpDef& to, const OpDef& from);
/// Whether `op` allows a tensor of that type.
bool Allows(const OpDef& op, const OperandDef& operand, ElementType element);

/// Whether the versions of `op` are steps of a path: it is of ai.onnx or
/// ai.onnx.ml.
bool IsVersioned(const OpDef& op);

/// Whether a Softmax, LogSoftmax or Hardmax means the same in both readings of
/// its axis: that axis alone, or all from there on.
bool HasSingleAxis(const Form& form);
/// Whether `op` is one of these.
bool DependsOnRank(const OpDef& op);

}  // namespace onnxopt::opset

#endif  // ONNXOPT_PASSES_OPSET_STEPS_H_
