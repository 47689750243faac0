// SPDX-License-Identifier: Apache-2.0
// Facts: ONNX's operator changelog, opset 1 to 27.
#include <algorithm>
#include <iterator>

#include "passes/opset/steps.h"

namespace onnxopt::opset {
namespace {

using Kind = AttributeToInput::Kind;

constexpr AttributeToInput kInputs[] = {
    {"Clip"_op, 11, "min", 1, Kind::kElement},
    {"Clip"_op, 11, "max", 2, Kind::kElement},
    {"DFT"_op, 20, "axis", 2, Kind::kInt0D},
    {"Dropout"_op, 12, "ratio", 1, Kind::kFloat},
    {"Pad"_op, 11, "pads", 1, Kind::kInts},
    {"Pad"_op, 11, "value", 2, Kind::kElement},
    {"ReduceL1"_op, 18, "axes", 1, Kind::kInts},
    {"ReduceL2"_op, 18, "axes", 1, Kind::kInts},
    {"ReduceLogSum"_op, 18, "axes", 1, Kind::kInts},
    {"ReduceLogSumExp"_op, 18, "axes", 1, Kind::kInts},
    {"ReduceMax"_op, 18, "axes", 1, Kind::kInts},
    {"ReduceMean"_op, 18, "axes", 1, Kind::kInts},
    {"ReduceMin"_op, 18, "axes", 1, Kind::kInts},
    {"ReduceProd"_op, 18, "axes", 1, Kind::kInts},
    {"ReduceSum"_op, 13, "axes", 1, Kind::kInts},
    {"ReduceSumSquare"_op, 18, "axes", 1, Kind::kInts},
    {"Reshape"_op, 5, "shape", 1, Kind::kInts},
    {"Slice"_op, 10, "starts", 1, Kind::kInts},
    {"Slice"_op, 10, "ends", 2, Kind::kInts},
    {"Slice"_op, 10, "axes", 3, Kind::kInts},
    {"Split"_op, 13, "split", 1, Kind::kInts},
    {"Squeeze"_op, 13, "axes", 1, Kind::kInts},
    {"TopK"_op, 10, "k", 1, Kind::kInt},
    {"Unsqueeze"_op, 13, "axes", 1, Kind::kInts},
    {"Upsample"_op, 9, "scales", 1, Kind::kFloats},
};

constexpr OldBehaviour kBehaviours[] = {
    {"Resize"_op, 11, "coordinate_transformation_mode", "asymmetric"},
    {"RoiAlign"_op, 16, "coordinate_transformation_mode", "output_half_pixel"},
};

constexpr RemovedAttribute kRemoved[] = {
    {"BatchNormalization"_op, 7, "is_test", 1},
    {"BatchNormalization"_op, 9, "spatial", 1},
    {"Dropout"_op, 7, "is_test", 1},
};

constexpr ValueChange kValues[] = {
    {"GRU"_op, 3, "direction", "foward", "forward"},
    {"GridSample"_op, 20, "mode", "bicubic", "cubic"},
    {"GridSample"_op, 20, "mode", "bilinear", "linear"},
    {"Pad"_op, 19, "mode", "", "wrap"},
    {"Resize"_op, 11, "mode", "", "cubic"},
    {"Resize"_op, 19, "coordinate_transformation_mode", "",
     "half_pixel_symmetric"},
    {"ScatterElements"_op, 18, "reduction", "", "max"},
    {"ScatterElements"_op, 18, "reduction", "", "min"},
    {"ScatterND"_op, 18, "reduction", "", "max"},
    {"ScatterND"_op, 18, "reduction", "", "min"},
    {"Upsample"_op, 7, "mode", "bilinear", "linear"},
};

constexpr int64_t kFirstWithNegativeAxes = 11;
constexpr NegativeAxes kNegativeAxes[] = {
    {"ArgMax"_op, "axis"},       {"ArgMin"_op, "axis"},
    {"Compress"_op, "axis"},     {"Concat"_op, "axis"},
    {"Flatten"_op, "axis"},      {"Gather"_op, "axis"},
    {"Hardmax"_op, "axis"},      {"LogSoftmax"_op, "axis"},
    {"ReduceL1"_op, "axes"},     {"ReduceL2"_op, "axes"},
    {"ReduceLogSum"_op, "axes"}, {"ReduceLogSumExp"_op, "axes"},
    {"ReduceMax"_op, "axes"},    {"ReduceMean"_op, "axes"},
    {"ReduceMin"_op, "axes"},    {"ReduceProd"_op, "axes"},
    {"ReduceSum"_op, "axes"},    {"ReduceSumSquare"_op, "axes"},
    {"Softmax"_op, "axis"},      {"Split"_op, "axis"},
    {"Squeeze"_op, "axes"},      {"Unsqueeze"_op, "axes"},
};

constexpr Successor kSuccessors[] = {
    {"Scatter"_op, 11, "ScatterElements"},
    {"Upsample"_op, 10, "Resize"},
};

template <typename Row, size_t n>
std::vector<const Row*> RowsOf(const Row (&table)[n], OpId op,
                               int64_t version) {
  std::vector<const Row*> rows;
  for (const Row& row : table) {
    if (row.op == op && row.version == version) rows.push_back(&row);
  }
  return rows;
}

}  // namespace

void FindRows(Step* step) {
  const OpId op = step->older->id();
  const int64_t version = step->newer->since_version();
  step->inputs = RowsOf(kInputs, op, version);
  step->behaviours = RowsOf(kBehaviours, op, version);
  step->removed = RowsOf(kRemoved, op, version);
  step->values = RowsOf(kValues, op, version);
  step->adapter = FindAdapter(*step->older, *step->newer);
  if (version != kFirstWithNegativeAxes) return;
  const auto* row =
      std::find_if(std::begin(kNegativeAxes), std::end(kNegativeAxes),
                   [op](const NegativeAxes& axes) { return axes.op == op; });
  if (row != std::end(kNegativeAxes)) step->axes = row;
}

const Successor* FindSuccessor(const OpDef& deprecated) {
  for (const Successor& row : kSuccessors) {
    if (row.op == deprecated.id() &&
        row.version == deprecated.since_version()) {
      return &row;
    }
  }
  return nullptr;
}

std::vector<const OpDef*> Predecessors(const OpRegistry& ops, const OpDef& op) {
  std::vector<const OpDef*> all;
  for (const Successor& row : kSuccessors) {
    if (row.name != op.name() || !op.domain().empty()) continue;
    all.push_back(ops.Find("", OpName(row.op), row.version - 1));
  }
  return all;
}

}  // namespace onnxopt::opset
