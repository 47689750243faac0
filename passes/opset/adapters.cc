// SPDX-License-Identifier: Apache-2.0
// Changes of operators that need more than a table row. Facts: ONNX's operator
// changelog; where its text leaves something open, its test data.
#include "passes/opset/adapters.h"

#include <algorithm>
#include <cmath>
#include <span>

#include "fmt/core.h"
#include "ir/graph.h"
#include "passes/shape/families.h"

namespace onnxopt::opset {
namespace {

using shape::Normalize;

// --- Softmax, LogSoftmax, Hardmax: below 13 all dims from `axis` on are one.

std::string SoftmaxUp(Form& form) {
  if (IsReferenced(form, "axis")) return kReferenced;
  return HasSingleAxis(form) ? ""
                             : "it normalizes over several axes at once, or "
                               "its rank is not known";
}

std::string SoftmaxDown(Form& form) {
  return !IsReferenced(form, "axis") && HasSingleAxis(form)
             ? ""
             : "with an axis that is not known to be the last one";
}

// --- Reduce*: no axes and empty axes are the same, but for
// noop_with_empty_axes.

std::string ReduceUp(Form& form) {
  const auto* axes = form.view().Ints("axes");
  if (axes != nullptr && axes->empty()) form.Remove("axes");
  return "";
}

std::string ReduceDown(Form& form) {
  if (IsEmpty(form, 1)) form.ClearInput(1);
  const std::optional<int64_t> noop = form.view().Int("noop_with_empty_axes");
  if (form.HasInput(1) && form.constant(1) != nullptr) {
    form.Remove("noop_with_empty_axes");
  } else if (noop != 0) {
    return "with noop_with_empty_axes";
  }
  return "";
}

// --- Dropout

bool HasMask(const Form& form) {
  const Value* mask = form.node().output(1);
  return mask != nullptr && mask->HasUses();
}

// A mask of the type of the data became one of bool.
std::string DropoutTo10(Form& form) {
  return HasMask(form) ? "its mask has another type" : "";
}

// All ones, if nothing is dropped: but that is the text of 12, and ONNX Runtime
// has zeros before.
std::string DropoutUpTo12(Form& form) {
  return HasMask(form) ? "what its mask holds was not defined" : "";
}

std::string DropoutDownFrom12(Form& form) {
  if (HasMask(form)) return "with a mask";
  if (form.HasInput(2)) {
    const TensorRef training = form.constant(2);
    if (training == nullptr || training->num_elements() != 1) {
      return "with a training_mode that is not constant";
    }
    const absl::StatusOr<std::string_view> bytes = training->bytes();
    if (!bytes.ok() || bytes->front() != 0) return "with training_mode";
    form.ClearInput(2);
  }
  form.Remove("seed");
  return "";
}

// --- BatchNormalization

int GivenOutputs(const Form& form) {
  const auto outputs = form.node().outputs();
  return static_cast<int>(
      std::count_if(outputs.begin(), outputs.end(),
                    [](const Value* output) { return output != nullptr; }));
}

// Before 14 more than one output asks for training, with statistics that were
// never defined precisely.
std::string BatchNormalizationUp(Form& form) {
  return GivenOutputs(form) > 1 ? "it is in training mode" : "";
}

std::string BatchNormalizationDown(Form& form) {
  return form.view().Int("training_mode") == 0 ? "" : "with training_mode";
}

// --- Others

bool MayBeEqual(const Shape& a, const Shape& b) {
  return a.size() == b.size() &&
         std::equal(a.begin(), a.end(), b.begin(),
                    [](const Dim& x, const Dim& y) {
                      return Compare(x, y) != DimRelation::kDifferent;
                    });
}

// Before 11, the branches have the same shapes. Passes may find out about those
// of a model of such an opset, which runtimes were content with.
std::string IfDownFrom11(Form& form) {
  const auto graphs = form.node().graphs();
  if (!form.is_conversion() || graphs.size() != 2) return "";
  const std::span<Value* const> first = graphs[0]->outputs();
  const std::span<Value* const> second = graphs[1]->outputs();
  for (size_t i = 0; i < std::min(first.size(), second.size()); ++i) {
    const TypeRef a = KnownType(*first[i]);
    const TypeRef b = KnownType(*second[i]);
    if (a != nullptr && b != nullptr && a->shape() && b->shape() &&
        !MayBeEqual(*a->shape(), *b->shape())) {
      return "with branches of different shapes";
    }
  }
  return "";
}

// Counts `axes` from the front; false if a rank that this takes is not known.
template <typename RankOf>
bool CountFromFront(std::vector<int64_t>* axes, RankOf rank_of) {
  for (size_t i = 0; i < axes->size(); ++i) {
    int64_t& axis = (*axes)[i];
    if (axis >= 0) continue;
    const std::optional<int64_t> rank = rank_of(i);
    const auto index = rank ? Normalize(axis, *rank) : std::nullopt;
    if (!index) return false;
    axis = *index;
  }
  return true;
}

std::string ScanDownFrom11(Form& form) {
  const Node& scan = form.node();
  const std::optional<int64_t> scanned = form.view().Int("num_scan_inputs");
  const Graph* body = form.view().Body("body");
  if (!scanned || body == nullptr) return "whose body is not known";
  if (*scanned < 1 || *scanned > form.num_inputs()) {
    return "with fewer inputs than it scans";
  }
  const int64_t states = form.num_inputs() - *scanned;
  const auto of_input = [&](size_t i) {
    return form.rank(static_cast<int>(states + i));
  };
  const auto of_output = [&](size_t i) -> std::optional<int64_t> {
    const Value* output = scan.output(static_cast<int>(states + i));
    const TypeRef type = output == nullptr ? nullptr : KnownType(*output);
    if (type == nullptr || !type->shape()) return std::nullopt;
    return static_cast<int64_t>(type->shape()->size());
  };
  const auto count = [&](std::string_view name, auto rank_of) {
    const auto* given = form.view().Ints(name);
    if (given == nullptr) return form.Find(name) == nullptr;
    std::vector<int64_t> axes = *given;
    if (!CountFromFront(&axes, rank_of)) return false;
    if (axes != *given) form.SetInts(name, std::move(axes));
    return true;
  };
  return count("scan_input_axes", of_input) &&
                 count("scan_output_axes", of_output)
             ? ""
             : "with negative axes";
}

std::string SplitUpTo18(Form& form) {
  if (!form.HasInput(1)) {
    form.SetInt("num_outputs", form.node().num_outputs());
  }
  return "";
}

std::string SplitDownFrom18(Form& form) {
  if (form.Find("num_outputs") == nullptr) return "";
  const std::optional<int64_t> parts = form.view().Int("num_outputs");
  const std::optional<int64_t> axis = form.view().Int("axis");
  const std::optional<Shape> shape = form.shape(0);
  if (parts != form.node().num_outputs() || !axis || !shape) {
    return "with num_outputs on a dim that is not known";
  }
  const auto index = Normalize(*axis, shape->size());
  if (!index || !(*shape)[*index].IsInteger()) {
    return "with num_outputs on a dim that is not known";
  }
  const int64_t dim = (*shape)[*index].value();
  form.Remove("num_outputs");
  if (dim % *parts == 0) return "";
  const int64_t part = (dim + *parts - 1) / *parts;
  std::vector<int64_t> lengths(*parts, part);
  lengths.back() = dim - (*parts - 1) * part;
  if (lengths.back() < 0) return "with more parts than fit";
  form.SetInput(1, Int64s(std::move(lengths)), "split");
  return "";
}

// The default axis was 1 and is -2.
std::string DftUpTo20(Form& form) {
  if (form.Find("axis") == nullptr) form.SetInt("axis", 1);
  return "";
}

std::string DftDownFrom20(Form& form) {
  if (!form.HasInput(2)) form.SetInput(2, Int64(-2), "axis");
  return "";
}

// Before 8 the inputs did not broadcast.
std::string BroadcastDownFrom8(Form& form) {
  for (int i = 1; i < form.num_inputs(); ++i) {
    const std::optional<Shape> first = form.shape(0);
    const std::optional<Shape> other = form.shape(i);
    if (!first || !other || !SameDims(*first, *other)) {
      return "of inputs whose shapes are not known to be equal";
    }
  }
  return "";
}

std::string GridSampleDownFrom20(Form& form) {
  return form.rank(0) == 4 ? "" : "of inputs not known to have rank 4";
}

std::string GroupNormalizationUp(Form&) {
  return "its scale and bias are one per group";
}

// What need not be sorted may be.
std::string TopKDownFrom11(Form& form) {
  form.Remove("sorted");
  return "";
}

// Without zeros it does not matter what zeros mean.
std::string ReshapeDownFrom14(Form& form) {
  const std::optional<std::vector<int64_t>> shape = form.ints(1);
  if (shape && std::count(shape->begin(), shape->end(), 0) == 0) {
    form.Remove("allowzero");
  }
  return "";
}

std::string ScanUpTo9(Form&) { return "it has a batch axis"; }
std::string ScanDownFrom9(Form&) { return "without a batch axis"; }

// Until 23 infinity became NaN in these types, with saturate too.
bool SaturatesInfinity(const Form& form) {
  if (form.view().Int("saturate", 1) == 0) return false;
  const ElementType to = form.op().id() == "Cast"_op
                             ? ElementTypeFromNumber(form.view().Int("to", 0))
                                   .value_or(ElementType::kUndefined)
                             : form.element(1);
  return to == ElementType::kUndefined || to == ElementType::kFloat8E4M3FNUZ ||
         to == ElementType::kFloat8E5M2FNUZ;
}

std::string CastUpTo24(Form& form) {
  return form.node().op().since_version() >= 19 && SaturatesInfinity(form)
             ? "what becomes of infinity has changed"
             : "";
}

std::string CastDownFrom24(Form& form) {
  return SaturatesInfinity(form) ? "to a type without infinity" : "";
}

// Before 13 there was one scale for the whole tensor, and it was a scalar.
std::string QuantizeDownFrom13(Form& form) {
  for (int i = 1; form.is_conversion() && i < form.num_inputs(); ++i) {
    if (!form.HasInput(i)) continue;
    const std::optional<Shape> shape = form.shape(i);
    if (!shape) return "with a scale not known to be a scalar";
    if (shape->empty()) continue;
    const bool is_one = shape->size() == 1 && (*shape)[0].IsInteger() &&
                        (*shape)[0].value() == 1;
    if (!is_one) return "with a scale not known to be a scalar";
    form.SqueezeInput(i, {0});
  }
  form.Remove("axis");
  return "";
}

constexpr Adapter kAdapters[] = {
    {"BatchNormalization"_op, 14, BatchNormalizationUp, BatchNormalizationDown,
     "before 14, more than one output means training, whose statistics were "
     "never defined exactly: such a node stays"},
    {"Cast"_op, 24, CastUpTo24, CastDownFrom24,
     "from 19 to 23, infinity saturated to NaN in float8e4m3fnuz and "
     "float8e5m2fnuz: such a node stays"},
    {"CastLike"_op, 24, CastUpTo24, CastDownFrom24,
     "from 19 to 23, infinity saturated to NaN in float8e4m3fnuz and "
     "float8e5m2fnuz: such a node stays"},
    {"DFT"_op, 20, DftUpTo20, DftDownFrom20,
     "the default axis was 1 and is -2"},
    {"DequantizeLinear"_op, 13, nullptr, QuantizeDownFrom13,
     "before 13 the scale is a scalar"},
    {"Dropout"_op, 10, DropoutTo10, DropoutTo10,
     "before 10 the mask is of the type of the data"},
    {"Dropout"_op, 12, DropoutUpTo12, DropoutDownFrom12,
     "before 12, what the mask holds in inference was not defined: a node "
     "whose mask is used stays; no training"},
    {"GridSample"_op, 20, nullptr, GridSampleDownFrom20,
     "before 20 inputs have rank 4"},
    {"GroupNormalization"_op, 21, GroupNormalizationUp, nullptr,
     "before 21 scale and bias are one per group, and all is computed in the "
     "type of the data"},
    {"Hardmax"_op, 13, SoftmaxUp, SoftmaxDown,
     "before 13 all axes from `axis` on are one"},
    {"If"_op, 11, nullptr, IfDownFrom11,
     "before 11 both branches give the same shapes"},
    {"LogSoftmax"_op, 13, SoftmaxUp, SoftmaxDown,
     "before 13 all axes from `axis` on are one"},
    {"Max"_op, 8, nullptr, BroadcastDownFrom8,
     "before 8 all inputs have one shape"},
    {"Mean"_op, 8, nullptr, BroadcastDownFrom8,
     "before 8 all inputs have one shape"},
    {"Min"_op, 8, nullptr, BroadcastDownFrom8,
     "before 8 all inputs have one shape"},
    {"QuantizeLinear"_op, 13, nullptr, QuantizeDownFrom13,
     "before 13 the scale is a scalar"},
    {"ReduceL1"_op, 18, ReduceUp, ReduceDown,
     "no axes and empty axes are the same, but for noop_with_empty_axes"},
    {"ReduceL2"_op, 18, ReduceUp, ReduceDown,
     "no axes and empty axes are the same, but for noop_with_empty_axes"},
    {"ReduceLogSum"_op, 18, ReduceUp, ReduceDown,
     "no axes and empty axes are the same, but for noop_with_empty_axes"},
    {"ReduceLogSumExp"_op, 18, ReduceUp, ReduceDown,
     "no axes and empty axes are the same, but for noop_with_empty_axes"},
    {"ReduceMax"_op, 18, ReduceUp, ReduceDown,
     "no axes and empty axes are the same, but for noop_with_empty_axes"},
    {"ReduceMean"_op, 18, ReduceUp, ReduceDown,
     "no axes and empty axes are the same, but for noop_with_empty_axes"},
    {"ReduceMin"_op, 18, ReduceUp, ReduceDown,
     "no axes and empty axes are the same, but for noop_with_empty_axes"},
    {"ReduceProd"_op, 18, ReduceUp, ReduceDown,
     "no axes and empty axes are the same, but for noop_with_empty_axes"},
    {"ReduceSum"_op, 13, ReduceUp, ReduceDown,
     "no axes and empty axes are the same, but for noop_with_empty_axes"},
    {"ReduceSumSquare"_op, 18, ReduceUp, ReduceDown,
     "no axes and empty axes are the same, but for noop_with_empty_axes"},
    {"Reshape"_op, 14, nullptr, ReshapeDownFrom14,
     "`allowzero` goes where the shape is constant and has no zero"},
    {"Scan"_op, 11, nullptr, ScanDownFrom11, "before 11 axes are not negative"},
    {"Scan"_op, 9, ScanUpTo9, ScanDownFrom9,
     "before 9 there is a batch axis: a batch of one is squeezed, others "
     "become "
     "a Scan of Scans; lengths of sequences stay"},
    {"Softmax"_op, 13, SoftmaxUp, SoftmaxDown,
     "before 13 all axes from `axis` on are one"},
    {"Split"_op, 18, SplitUpTo18, SplitDownFrom18,
     "`num_outputs` is the number of outputs; before 18 parts of different "
     "size need lengths"},
    {"Sum"_op, 8, nullptr, BroadcastDownFrom8,
     "before 8 all inputs have one shape"},
    {"TopK"_op, 11, nullptr, TopKDownFrom11,
     "before 11 the elements are the greatest, and sorted"},
};

}  // namespace

bool IsReferenced(const Form& form, std::string_view attribute) {
  const Attribute* found = form.Find(attribute);
  return found != nullptr && found->IsReference();
}

bool IsEmpty(const Form& form, int i) {
  const std::optional<Shape> shape = form.shape(i);
  return shape && std::any_of(shape->begin(), shape->end(), [](const Dim& dim) {
           return dim.IsInteger() && dim.value() == 0;
         });
}

const Adapter* FindAdapter(const OpDef& older, const OpDef& newer) {
  for (const std::span<const Adapter> part :
       {std::span<const Adapter>(kAdapters), OldAdapters(), IndexAdapters(),
        ResizeAdapters(), WindowAdapters(), MlAdapters()}) {
    for (const Adapter& adapter : part) {
      if (adapter.op == older.id() &&
          adapter.version == newer.since_version()) {
        return &adapter;
      }
    }
  }
  return nullptr;
}

bool DependsOnRank(const OpDef& op) {
  return op.id() == "Softmax"_op || op.id() == "LogSoftmax"_op ||
         op.id() == "Hardmax"_op;
}

bool HasSingleAxis(const Form& form) {
  const std::optional<int64_t> axis = form.view().Int("axis");
  if (!axis) return false;
  if (axis == -1) return true;
  const std::optional<Shape> shape = form.shape(0);
  if (!shape) return false;
  const std::optional<int64_t> index = Normalize(*axis, shape->size());
  if (!index) return false;
  return std::all_of(
      shape->begin() + *index + 1, shape->end(),
      [](const Dim& dim) { return dim.IsInteger() && dim.value() == 1; });
}

}  // namespace onnxopt::opset
