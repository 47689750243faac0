// SPDX-License-Identifier: Apache-2.0
#include "eval/int_range.h"

#include <algorithm>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/ascii.h"
#include "eval/dense.h"
#include "ir/attribute_view.h"
#include "ir/graph.h"
#include "ir/model.h"

namespace onnxopt::eval {
namespace {

// Values followed from one input, at most; what is beyond does not count.
constexpr size_t kMaxFollowed = 1000;

// The least size of `dims` on axes [begin, end).
int64_t LeastSize(const std::optional<TensorDims>& dims, int64_t begin,
                  int64_t end) {
  int64_t least = dims ? INT64_MAX : 1;
  if (!dims) return least;
  end = std::min(end, static_cast<int64_t>(dims->size()));
  for (int64_t i = begin; i < end; ++i) least = std::min(least, (*dims)[i]);
  return least;
}

// Whether all elements of `value` are that number.
bool IsConstant(const Value* value, double number) {
  if (value == nullptr || !value->IsConstant()) return false;
  const absl::StatusOr<std::vector<double>> elements =
      FloatsOf(*value->tensor());
  if (elements.ok()) {
    return std::all_of(elements->begin(), elements->end(),
                       [&](double element) { return element == number; });
  }
  const absl::StatusOr<std::vector<int64_t>> integers =
      IntegersOf(*value->tensor());
  return integers.ok() &&
         std::all_of(integers->begin(), integers->end(), [&](int64_t element) {
           return static_cast<double>(element) == number;
         });
}

class RangeFinder {
 public:
  explicit RangeFinder(DimsOf dims_of) : dims_of_(dims_of) {}

  IntRange Find(const Value& value) {
    const std::string name =
        absl::AsciiStrToLower({value.name().data(), value.name().size()});
    if (name.find("mask") != name.npos) Narrow(0, 1);
    Follow(value);
    range_.max = std::max(range_.min, range_.max);
    return range_;
  }

 private:
  void Follow(const Value& value) {
    if (seen_.size() >= kMaxFollowed || !seen_.insert(&value).second) return;
    for (const Use& use : value.uses()) Apply(*use.user(), use.index());
  }

  void Narrow(int64_t min, int64_t max) {
    range_.min = std::max(range_.min, min);
    range_.max = std::min(range_.max, max);
  }

  void FollowInto(const Graph& body, int index) {
    if (index >= 0 && index < static_cast<int>(body.inputs().size())) {
      Follow(*body.inputs()[index]);
    }
  }

  void FollowOutputs(const Node& node) {
    for (const Value* output : node.outputs()) {
      if (output != nullptr) Follow(*output);
    }
  }

  std::optional<TensorDims> InputDims(const Node& node, int index) {
    const Value* input = node.input(index);
    return input == nullptr ? std::nullopt : dims_of_(*input);
  }

  void NarrowToAxis(const Node& node) {
    const std::optional<TensorDims> dims = InputDims(node, 0);
    int64_t axis = AttributeView(node).Int("axis", 0);
    if (dims && axis < 0) axis += static_cast<int64_t>(dims->size());
    Narrow(0, LeastSize(dims, axis, axis + 1) - 1);
  }

  void NarrowToAnyAxis(const Node& node) {
    Narrow(0, LeastSize(InputDims(node, 0), 0, INT64_MAX) - 1);
  }

  // The indices of a Gather and the like; whether the node is one.
  bool ApplyIndices(const Node& node, int index) {
    switch (node.op().id()) {
      case "Gather"_op:
      case "GatherElements"_op:
      case "ScatterElements"_op:
        if (index != 1) return false;
        NarrowToAxis(node);
        return true;
      case "GatherND"_op:
      case "ScatterND"_op:
      case "TensorScatter"_op:
        if (index == 0) return false;
        NarrowToAnyAxis(node);
        return true;
      case "OneHot"_op:
        if (index == 1) Narrow(1, 8);
        if (index == 0) Narrow(0, 7);
        return true;
      default:
        return false;
    }
  }

  // Shapes, counts, lengths.
  bool ApplyParameter(const Node& node, int index) {
    switch (node.op().id()) {
      case "Reshape"_op:
        if (index != 1) return false;
        range_.kind = IntRange::Kind::kReshape;
        return true;
      case "Unsqueeze"_op:
      case "Squeeze"_op:
        if (index != 1) return false;
        range_.kind = IntRange::Kind::kAxes;
        return true;
      case "Slice"_op:
        if (index == 3) range_.kind = IntRange::Kind::kAxes;
        if (index == 1) Narrow(0, 1);
        if (index == 2) Narrow(1, 4);
        if (index == 4) Narrow(1, 2);
        return index != 0;
      case "Expand"_op:
      case "Tile"_op:
      case "TopK"_op:
        if (index == 1) Narrow(1, node.Is("TopK"_op) ? 1 : 3);
        return index == 1;
      case "ConstantOfShape"_op:
      case "Range"_op:
      case "RandomUniform"_op:
        Narrow(1, 4);
        return true;
      case "Pad"_op:
        if (index == 1) Narrow(0, 2);
        if (index == 3) range_.kind = IntRange::Kind::kAxes;
        return index == 1 || index == 3;
      case "Resize"_op:
        if (index == 3) Narrow(1, 8);
        return index == 3;
      case "Loop"_op:
      case "NonMaxSuppression"_op:
        if (index > 2 || (node.Is("Loop"_op) && index > 0)) return false;
        Narrow(0, 4);
        return true;
      case "RNN"_op:
      case "GRU"_op:
      case "LSTM"_op:
        if (index != 4) return false;
        Narrow(1, LeastSize(InputDims(node, 0), 0, 1));
        return true;
      case "RoiAlign"_op:
        Narrow(0, LeastSize(InputDims(node, 0), 0, 1) - 1);
        return true;
      case "ReverseSequence"_op:
        if (index != 1) return false;
        Narrow(1, LeastSize(InputDims(node, 0), 0, 2));
        return true;
      case "Div"_op:
      case "Mod"_op:
        if (index == 0) return false;
        Narrow(1, 5);
        return true;
      case "BitShift"_op:
        Narrow(0, index == 1 ? 7 : 100);
        return true;
      case "Pow"_op:
        Narrow(0, 3);
        return true;
      default:
        return false;
    }
  }

  // Masks, whose elements are 0 or 1; whether the node tells so.
  bool ApplyMask(const Node& node, int index) {
    const auto is_bool = static_cast<int64_t>(ElementType::kBool);
    const bool is_mask =
        node.Is("Cast"_op)  ? AttributeView(node).Int("to", 0) == is_bool
        : node.Is("Sub"_op) ? index == 1 && IsConstant(node.input(0), 1)
        : node.Is("Equal"_op) || node.Is("Greater"_op) || node.Is("Less"_op)
            ? IsConstant(node.input(1 - index), 0)
            : false;
    if (is_mask) Narrow(0, 1);
    return is_mask;
  }

  void Apply(const Node& node, int index) {
    if (node.IsTerminator()) return;
    if (node.function() != nullptr) {
      FollowInto(*node.function()->body(), index);
      return;
    }
    if (ApplyIndices(node, index) || ApplyParameter(node, index) ||
        ApplyMask(node, index)) {
      return;
    }
    switch (node.op().id()) {
      case "Loop"_op:
        if (const Graph* body = AttributeView(node).Body("body")) {
          FollowInto(*body, index);
        }
        return;
      case "Add"_op:
      case "Sub"_op:
        // The sum may be an index, of which nothing is known here.
        FollowOutputs(node);
        Narrow(0, 3);
        return;
      case "Equal"_op:
      case "Less"_op:
      case "LessOrEqual"_op:
      case "Greater"_op:
      case "GreaterOrEqual"_op:
        Narrow(0, 3);
        return;
      case "Mul"_op:
      case "Cast"_op:
      case "CastLike"_op:
      case "Where"_op:
      case "Max"_op:
      case "Min"_op:
        FollowOutputs(node);
        return;
      default:
        if (node.Has(Trait::kDataMovement)) FollowOutputs(node);
    }
  }

  DimsOf dims_of_;
  IntRange range_;
  absl::flat_hash_set<const Value*> seen_;
};

}  // namespace

IntRange AcceptedRange(const Value& value, DimsOf dims_of) {
  return RangeFinder(dims_of).Find(value);
}

}  // namespace onnxopt::eval
