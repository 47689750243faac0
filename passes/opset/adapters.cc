// SPDX-License-Identifier: Apache-2.0
// Changes of operators that need more than a table row. Facts: ONNX's operator
// changelog; where its text leaves something open, its test data.
#include "passes/opset/adapters.h"

#include <algorithm>
#include <cmath>

#include "fmt/core.h"
#include "passes/rewrite/constants.h"
#include "passes/shape/families.h"

namespace onnxopt::opset {
namespace {

using shape::Normalize;

constexpr char kReferenced[] =
    "the value of an attribute depends on the call of the function";

bool IsReferenced(const Form& form, std::string_view attribute) {
  const Attribute* found = form.Find(attribute);
  return found != nullptr && found->IsReference();
}

bool AllOf(const std::optional<std::vector<int64_t>>& values,
           bool (*test)(int64_t)) {
  return values.has_value() &&
         std::all_of(values->begin(), values->end(), test);
}

// Whether input `i` is known to have no elements.
bool IsEmpty(const Form& form, int i) {
  const std::optional<Shape> shape = form.shape(i);
  return shape && std::any_of(shape->begin(), shape->end(), [](const Dim& dim) {
           return dim.IsInteger() && dim.value() == 0;
         });
}

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

// --- Resize. Before 11 (X, scales), coordinates asymmetric.

std::string ResizeUpTo11(Form& form) {
  form.InsertInput(1);
  if (IsReferenced(form, "mode")) return kReferenced;
  if (form.view().String("mode", "nearest") != "nearest") return "";
  if (form.Find("nearest_mode") != nullptr) return "";  // came from Upsample
  const std::optional<std::vector<float>> scales = form.floats(2);
  const auto all = [&](auto test) {
    return scales && std::all_of(scales->begin(), scales->end(), test);
  };
  if (all([](float scale) { return scale >= 1; })) {
    form.SetString("nearest_mode", "floor");
  } else if (all([](float scale) { return scale <= 1; })) {
    form.SetString("nearest_mode", "ceil");
  } else {
    return "how it rounds depends on scales that are not known or differ in "
           "direction";
  }
  return "";
}

std::string ResizeDownFrom11(Form& form) {
  if (form.HasInput(3)) return "with sizes";
  if (!form.HasInput(2)) return "without scales";
  if (form.view().String("mode", "nearest") == "nearest") {
    const std::string_view rounding = form.view().String("nearest_mode", "");
    const std::optional<std::vector<float>> scales = form.floats(2);
    const bool as_before =
        scales && std::all_of(scales->begin(), scales->end(), [&](float scale) {
          return (rounding == "floor" && scale >= 1) ||
                 (rounding == "ceil" && scale <= 1);
        });
    if (!as_before) return fmt::format("with nearest_mode '{}'", rounding);
  }
  form.Remove("nearest_mode");
  Operand scales = form.inputs()[2];
  form.SetInput(1, std::move(scales));
  form.ClearInput(2);
  return "";
}

// Until 12 empty tensors stand for inputs that are not given. They may stay:
// an empty `roi` or `scales` says nothing in later versions either.
std::string ResizeUpTo13(Form& form) {
  if (form.HasInput(3) && form.HasInput(2) && !IsEmpty(form, 2)) {
    return "it has both scales and sizes";
  }
  if (IsReferenced(form, "coordinate_transformation_mode") ||
      IsReferenced(form, "nearest_mode") || IsReferenced(form, "mode")) {
    return kReferenced;
  }
  if (form.view().String("coordinate_transformation_mode", "") !=
      "tf_half_pixel_for_nn") {
    return "";
  }
  const std::string_view rounding = form.view().String("nearest_mode", "");
  if (form.view().String("mode", "nearest") != "nearest") {
    return "tf_half_pixel_for_nn without nearest is gone";
  }
  if (rounding == "round_prefer_floor") {
    form.SetString("nearest_mode", "ceil");
  } else if (rounding == "floor") {
    form.SetString("nearest_mode", "round_prefer_ceil");
  } else {
    return "tf_half_pixel_for_nn is gone";
  }
  form.SetString("coordinate_transformation_mode", "half_pixel");
  return "";
}

std::string ResizeDownFrom13(Form& form) {
  if (!form.HasInput(1)) form.SetInput(1, Floats({}), "roi");
  if (!form.HasInput(2)) form.SetInput(2, Floats({}), "scales");
  return "";
}

// What continues as Resize-10 never shrinks.
std::string UpsampleUp(Form& form) {
  if (IsReferenced(form, "mode")) return kReferenced;
  if (form.view().String("mode", "nearest") == "nearest") {
    form.SetString("nearest_mode", "floor");
  }
  return "";
}

std::string UpsampleDown(Form& form) {
  const std::optional<std::vector<float>> scales = form.floats(1);
  return scales && std::all_of(scales->begin(), scales->end(),
                               [](float scale) { return scale >= 1; })
             ? ""
             : "with scales that are not known to be at least 1";
}

// --- Indices that count from the back

// Where(Less(x, 0), x + size, x): what is still negative is out of range.
bool IsWrapped(const Node& node) {
  if (!node.Is("Where"_op) || node.num_inputs() != 3) return false;
  const Value* condition = node.input(0);
  const Node* less = condition == nullptr ? nullptr : condition->producer();
  const Node* sum =
      node.input(1) == nullptr ? nullptr : node.input(1)->producer();
  return less != nullptr && less->Is("Less"_op) && sum != nullptr &&
         sum->Is("Add"_op) && less->input(0) == node.input(2) &&
         sum->input(0) == node.input(2) && IsConstantOf(less->input(1), 0);
}

bool IsNonNegative(const Form& form, int i) {
  switch (form.element(i)) {
    case ElementType::kUint8:
    case ElementType::kUint16:
    case ElementType::kUint32:
    case ElementType::kUint64:
      return true;
    default:
      break;
  }
  if (AllOf(form.ints(i), [](int64_t index) { return index >= 0; })) {
    return true;
  }
  const Value* value = form.HasInput(i) ? form.inputs()[i].value : nullptr;
  const Node* producer = value == nullptr ? nullptr : value->producer();
  if (producer == nullptr || producer->function() != nullptr) return false;
  return IsWrapped(*producer) || producer->Is("ArgMax"_op) ||
         producer->Is("ArgMin"_op) || producer->Is("NonZero"_op) ||
         producer->Is("Shape"_op) || producer->Is("Size"_op) ||
         (producer->Is("TopK"_op) && value->index() == 1);
}

std::string OneHotUp(Form& form) {
  return IsNonNegative(form, 0) ? "" : "its indices may be negative";
}

std::string OneHotDown(Form& form) {
  if (!IsNonNegative(form, 0)) return "with indices that may be negative";
  return form.view().Int("axis", -1) >= -1 ? "" : "with a negative axis";
}

std::string ScatterDown(Form& form) {
  return IsNonNegative(form, 1) && form.view().Int("axis", 0) >= 0
             ? ""
             : "with indices or an axis that may be negative";
}

// --- Slice

std::string SliceDownFrom11(Form& form) {
  if (!form.HasInput(3)) return "";
  std::optional<std::vector<int64_t>> axes = form.ints(3);
  if (!axes) return "with axes that may be negative";
  if (AllOf(axes, [](int64_t axis) { return axis >= 0; })) return "";
  const std::optional<int64_t> rank = form.rank(0);
  for (int64_t& axis : *axes) {
    const auto positive = rank ? Normalize(axis, *rank) : std::nullopt;
    if (!positive) return "with negative axes";
    axis = *positive;
  }
  // The other inputs may be int32, and must then agree.
  if (form.constant(3)->type() != ElementType::kInt64) {
    return "with negative axes";
  }
  form.SetInput(3, Int64s(*std::move(axes)), "axes");
  return "";
}

std::string SliceDownFrom10(Form& form) {
  if (!form.HasInput(4)) return "";
  if (!AllOf(form.ints(4), [](int64_t step) { return step == 1; })) {
    return "with steps";
  }
  form.ClearInput(4);
  return "";
}

// --- Dropout

bool HasMask(const Form& form) {
  const Value* mask = form.node().output(1);
  return mask != nullptr && mask->HasUses();
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
  if (!parts || *parts < 1 || !axis || !shape) {
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

std::string PadUpTo11(Form& form) {
  if (form.Find("value") == nullptr) return "";
  if (IsReferenced(form, "mode")) return kReferenced;
  const std::optional<float> value = form.view().Float("value");
  if (form.view().String("mode", "constant") != "constant" ||
      (value && *value == 0 && !std::signbit(*value))) {
    form.Remove("value");
  }
  return "";
}

std::string PadDownFrom11(Form& form) {
  if (form.view().String("mode", "constant") != "constant") form.ClearInput(2);
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
    if (!first || !other || first->size() != other->size() ||
        !std::equal(first->begin(), first->end(), other->begin(),
                    [](const Dim& a, const Dim& b) {
                      return Compare(a, b) == DimRelation::kEqual;
                    })) {
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

// Before 18, what is said of some axes has to be said of all.
std::optional<std::vector<int64_t>> AxesOf(const std::vector<int64_t>& axes,
                                           int64_t rank) {
  std::vector<int64_t> positive;
  for (const int64_t axis : axes) {
    const std::optional<int64_t> index = Normalize(axis, rank);
    if (!index) return std::nullopt;
    positive.push_back(*index);
  }
  return positive;
}

std::string PadDownFrom18(Form& form) {
  if (!form.HasInput(3)) return "";
  const std::optional<int64_t> rank = form.rank(0);
  const std::optional<std::vector<int64_t>> pads = form.ints(1);
  const std::optional<std::vector<int64_t>> given = form.ints(3);
  if (!rank || !pads || !given || pads->size() != 2 * given->size()) {
    return "with axes or pads that are not constant";
  }
  const auto axes = AxesOf(*given, *rank);
  if (!axes) return "with axes that are out of range";
  std::vector<int64_t> all(2 * *rank, 0);
  for (size_t i = 0; i < axes->size(); ++i) {
    all[(*axes)[i]] = (*pads)[i];
    all[*rank + (*axes)[i]] = (*pads)[axes->size() + i];
  }
  form.SetInput(1, Int64s(std::move(all)), "pads");
  form.ClearInput(3);
  return "";
}

std::string ResizeDownFrom18(Form& form) {
  const auto* given = form.view().Ints("axes");
  const std::string_view policy =
      form.view().String("keep_aspect_ratio_policy", "stretch");
  if (given == nullptr || policy != "stretch" || form.HasInput(1)) return "";
  const std::optional<Shape> shape = form.shape(0);
  const auto axes = shape ? AxesOf(*given, shape->size()) : std::nullopt;
  if (!axes) return "with axes of an unknown rank";
  if (form.HasInput(2)) {
    const std::optional<std::vector<float>> scales = form.floats(2);
    if (!scales || scales->size() != axes->size()) {
      return "with axes and scales that are not constant";
    }
    std::vector<float> all(shape->size(), 1);
    for (size_t i = 0; i < axes->size(); ++i) all[(*axes)[i]] = (*scales)[i];
    form.SetInput(2, Floats(all), "scales");
  } else {
    const std::optional<std::vector<int64_t>> sizes = form.ints(3);
    if (!sizes || sizes->size() != axes->size()) {
      return "with axes and sizes that are not constant";
    }
    std::vector<int64_t> all;
    for (size_t k = 0; k < shape->size(); ++k) {
      const auto at = std::find(axes->begin(), axes->end(), k);
      const Dim& dim = (*shape)[k];
      if (at != axes->end()) {
        all.push_back((*sizes)[at - axes->begin()]);
      } else if (dim.IsInteger()) {
        all.push_back(dim.value());
      } else {
        return "with sizes of some axes, and others that are not known";
      }
    }
    form.SetInput(3, Int64s(std::move(all)), "sizes");
  }
  form.Remove("axes");
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

// The text of version 1 puts the odd extra pad on the other side than runtimes
// do.
bool HasImplicitPads(const Form& form) {
  if (form.Find("output_shape") != nullptr) return true;
  const std::optional<std::string_view> auto_pad =
      form.view().String("auto_pad");
  return auto_pad != "NOTSET" && auto_pad != "VALID";
}

std::string ConvTransposeUpTo11(Form& form) {
  return HasImplicitPads(form) ? "where its pads go was not defined" : "";
}

std::string ConvTransposeDownFrom11(Form& form) {
  return HasImplicitPads(form) ? "with pads that are not explicit" : "";
}

// Until 23 infinity became NaN in these types, with saturate too.
bool SaturatesInfinity(const Form& form) {
  if (form.view().Int("saturate", 1) == 0) return false;
  const ElementType to =
      form.op().id() == "Cast"_op
          ? static_cast<ElementType>(form.view().Int("to", 0))
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

// Before 13 there was one scale for the whole tensor.
std::string QuantizeDownFrom13(Form& form) {
  if (form.rank(1) != 0) return "with a scale not known to be a scalar";
  form.Remove("axis");
  return "";
}

constexpr Adapter kAdapters[] = {
    {"BatchNormalization"_op, 14, BatchNormalizationUp, BatchNormalizationDown},
    {"Cast"_op, 24, CastUpTo24, CastDownFrom24},
    {"CastLike"_op, 24, CastUpTo24, CastDownFrom24},
    {"ConvTranspose"_op, 11, ConvTransposeUpTo11, ConvTransposeDownFrom11},
    {"DFT"_op, 20, DftUpTo20, DftDownFrom20},
    {"DequantizeLinear"_op, 13, nullptr, QuantizeDownFrom13},
    {"Dropout"_op, 12, DropoutUpTo12, DropoutDownFrom12},
    {"GridSample"_op, 20, nullptr, GridSampleDownFrom20},
    {"GroupNormalization"_op, 21, GroupNormalizationUp, nullptr},
    {"Hardmax"_op, 13, SoftmaxUp, SoftmaxDown},
    {"LogSoftmax"_op, 13, SoftmaxUp, SoftmaxDown},
    {"Max"_op, 8, nullptr, BroadcastDownFrom8},
    {"Mean"_op, 8, nullptr, BroadcastDownFrom8},
    {"Min"_op, 8, nullptr, BroadcastDownFrom8},
    {"OneHot"_op, 11, OneHotUp, OneHotDown},
    {"Pad"_op, 11, PadUpTo11, PadDownFrom11},
    {"Pad"_op, 18, nullptr, PadDownFrom18},
    {"QuantizeLinear"_op, 13, nullptr, QuantizeDownFrom13},
    {"ReduceL1"_op, 18, ReduceUp, ReduceDown},
    {"ReduceL2"_op, 18, ReduceUp, ReduceDown},
    {"ReduceLogSum"_op, 18, ReduceUp, ReduceDown},
    {"ReduceLogSumExp"_op, 18, ReduceUp, ReduceDown},
    {"ReduceMax"_op, 18, ReduceUp, ReduceDown},
    {"ReduceMean"_op, 18, ReduceUp, ReduceDown},
    {"ReduceMin"_op, 18, ReduceUp, ReduceDown},
    {"ReduceProd"_op, 18, ReduceUp, ReduceDown},
    {"ReduceSum"_op, 13, ReduceUp, ReduceDown},
    {"ReduceSumSquare"_op, 18, ReduceUp, ReduceDown},
    {"Reshape"_op, 14, nullptr, ReshapeDownFrom14},
    {"Resize"_op, 11, ResizeUpTo11, ResizeDownFrom11},
    {"Resize"_op, 13, ResizeUpTo13, ResizeDownFrom13},
    {"Resize"_op, 18, nullptr, ResizeDownFrom18},
    {"Scan"_op, 9, ScanUpTo9, ScanDownFrom9},
    {"Scatter"_op, 11, nullptr, ScatterDown},
    {"Slice"_op, 10, nullptr, SliceDownFrom10},
    {"Slice"_op, 11, nullptr, SliceDownFrom11},
    {"Softmax"_op, 13, SoftmaxUp, SoftmaxDown},
    {"Split"_op, 18, SplitUpTo18, SplitDownFrom18},
    {"Sum"_op, 8, nullptr, BroadcastDownFrom8},
    {"Upsample"_op, 10, UpsampleUp, UpsampleDown},
};

}  // namespace

const Adapter* FindAdapter(const OpDef& older, const OpDef& newer) {
  for (const std::span<const Adapter> part :
       {std::span<const Adapter>(kAdapters), OldAdapters()}) {
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
