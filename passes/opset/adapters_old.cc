// SPDX-License-Identifier: Apache-2.0
// Changes of operators up to opset 7, which came with the broadcasting of
// today. Facts: ONNX's operator changelog.
#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "absl/strings/ascii.h"
#include "fmt/core.h"
#include "passes/opset/adapters.h"
#include "passes/shape/families.h"

namespace onnxopt::opset {
namespace {

using shape::Normalize;

bool IsOne(const Dim& dim) { return dim.IsInteger() && dim.value() == 1; }

bool HasOneElement(const Shape& shape) {
  return std::all_of(shape.begin(), shape.end(), IsOne);
}

// --- Binary operators: before 7, B is broadcast to A if `broadcast` says so;
// its dims then are those of A from `axis` on, by default the last ones.

std::string BroadcastUp(Form& form) {
  if (form.Find("axis") != nullptr && IsReferenced(form, "broadcast")) {
    return kReferenced;
  }
  if (form.Find("axis") != nullptr && form.view().Int("broadcast", 0) != 0) {
    const std::optional<int64_t> trailing = DimsAfterOperand(form);
    if (!trailing) return "its ranks are not known";
    const std::optional<Shape> b = form.shape(1);
    if (*trailing != 0 && !HasOneElement(*b)) {
      return "its second operand needs other dims";
    }
  }
  form.Remove("axis");
  form.Remove("broadcast");
  return "";
}

// Whether a tensor of the dims `a` stays as it is when one of `b` is broadcast
// to it.
bool Covers(const Shape& a, const Shape& b) {
  if (b.size() > a.size()) return false;
  const size_t offset = a.size() - b.size();
  for (size_t i = 0; i < b.size(); ++i) {
    if (!IsOne(b[i]) && Compare(a[offset + i], b[i]) != DimRelation::kEqual) {
      return false;
    }
  }
  return true;
}

// False if the operands of the operator cannot be swapped.
bool SwapOperands(Form& form) {
  switch (form.op().id()) {
    case "Add"_op:
    case "And"_op:
    case "Equal"_op:
    case "Mul"_op:
    case "Or"_op:
    case "Xor"_op:
      break;
    default:
      return false;
  }
  Operand first = form.inputs()[0];
  Operand second = form.inputs()[1];
  form.SetInput(0, std::move(second));
  form.SetInput(1, std::move(first));
  return true;
}

// Brings B to the form [d_k..d_m] and says where in A these dims are.
std::string BroadcastDown(Form& form) {
  const std::optional<Shape> first_shape = form.shape(0);
  const std::optional<Shape> second_shape = form.shape(1);
  if (!first_shape || !second_shape) {
    return "of inputs whose ranks are not known";
  }
  Shape a = *first_shape;
  Shape b = *second_shape;
  if (SameDims(a, b)) return "";
  if (Covers(b, a) && !Covers(a, b)) {
    if (!SwapOperands(form)) return "that broadcasts its first operand";
    std::swap(a, b);
  }
  const auto rank_a = static_cast<int64_t>(a.size());
  const auto rank_b = static_cast<int64_t>(b.size());
  if (rank_b > rank_a) return "that broadcasts both operands";
  form.SetInt("broadcast", 1);
  if (HasOneElement(b)) return "";
  int64_t first = 0;
  while (IsOne(b[first])) ++first;
  int64_t last = rank_b;
  while (IsOne(b[last - 1])) --last;
  const int64_t axis = rank_a - rank_b + first;
  for (int64_t i = first; i < last; ++i) {
    if (Compare(a[axis + i - first], b[i]) != DimRelation::kEqual) {
      return "of dims that are not known to be equal in both operands";
    }
  }
  std::vector<int64_t> squeezed = Count(0, first);
  for (const int64_t i : Count(last, rank_b)) squeezed.push_back(i);
  form.SqueezeInput(1, std::move(squeezed));
  if (last != rank_b) form.SetInt("axis", axis);
  return "";
}

// --- Gemm: C is broadcast if `broadcast` says so.

std::string GemmUp(Form& form) {
  form.Remove("broadcast");
  return "";
}

std::string GemmDown(Form& form) {
  const std::optional<Shape> c = form.shape(2);
  const Value* y = form.node().output(0);
  const TypeRef type = y == nullptr ? nullptr : KnownType(*y);
  if (!c || type == nullptr || !type->shape()) {
    return "with a C of unknown rank";
  }
  const Shape& result = *type->shape();
  if (SameDims(*c, result)) return "";
  form.SetInt("broadcast", 1);
  if (HasOneElement(*c)) return "";
  const bool is_row = c->size() == 1 || IsOne(c->front());
  if (!is_row) return "with a C that is neither a matrix nor a row";
  if (c->size() == 2) form.SqueezeInput(2, {0});
  return "";
}

// --- PRelu: before 7, the slope has one element or one per channel.

std::string PReluUp(Form& form) {
  const std::optional<Shape> slope = form.shape(1);
  const std::optional<int64_t> rank = form.rank(0);
  if (slope && HasOneElement(*slope)) return "";
  if (!slope || !rank) return "its ranks are not known";
  return *rank <= 2 ? "" : "its slope needs other dims";
}

std::string PReluDown(Form& form) {
  const std::optional<Shape> slope = form.shape(1);
  const std::optional<int64_t> rank = form.rank(0);
  if (slope && HasOneElement(*slope)) return "";
  if (!slope || !rank) return "of inputs whose ranks are not known";
  const auto size = static_cast<int64_t>(slope->size());
  const int64_t channels = size - *rank + 1;
  std::vector<int64_t> squeezed;
  for (int64_t i = 0; i < size; ++i) {
    if (i == channels) continue;
    if (!IsOne((*slope)[i])) return "with a slope other than one per channel";
    squeezed.push_back(i);
  }
  if (channels < 0) return "with a slope other than one per channel";
  form.SqueezeInput(1, std::move(squeezed));
  return "";
}

// --- BatchNormalization-1 has a required hint about memory.

std::string BatchNormalizationDown(Form& form) {
  form.SetInts("consumed_inputs", std::vector<int64_t>(form.num_inputs(), 0));
  return "";
}

// Without is_test, the mode is training.
std::string BatchNormalizationDownFrom7(Form& form) {
  return form.node().num_outputs() == 1 ? "" : "with more than one output";
}

// --- Cast-1 spells its type.

constexpr std::array<std::string_view, 14> kTypeNames = {
    "UNDEFINED", "FLOAT",  "UINT8", "INT8",    "UINT16", "INT16",  "INT32",
    "INT64",     "STRING", "BOOL",  "FLOAT16", "DOUBLE", "UINT32", "UINT64"};

std::string CastUp(Form& form) {
  const Attribute* to = form.Find("to");
  if (to == nullptr || to->IsReference()) return "its type is not known";
  const auto* spelt = std::get_if<std::string_view>(&to->value);
  if (spelt == nullptr) return "";  // as later versions have it
  std::string upper(*spelt);
  absl::AsciiStrToUpper(&upper);
  const auto name = std::find(kTypeNames.begin(), kTypeNames.end(), upper);
  if (name == kTypeNames.end() || name == kTypeNames.begin()) {
    return fmt::format("there is no type '{}'", *spelt);
  }
  form.SetInt("to", name - kTypeNames.begin());
  return "";
}

std::string CastDown(Form& form) {
  const std::optional<int64_t> to = form.view().Int("to");
  if (!to || *to <= 0 || *to >= static_cast<int64_t>(kTypeNames.size())) {
    return "to a type that has no name there";
  }
  form.SetString("to", kTypeNames[*to]);
  return "";
}

std::string ConcatUp(Form& form) {
  if (form.Find("axis") == nullptr) form.SetInt("axis", 1);
  return "";
}

// --- GRU-1 misspells the default; RNN, LSTM and GRU say whether Y is wanted.

std::string GruUp(Form& form) {
  if (form.Find("direction") == nullptr ||
      form.view().String("direction") == "foward") {
    form.SetString("direction", "forward");
  }
  return "";
}

std::string GruDown(Form& form) {
  return form.node().num_outputs() == 2 && form.node().output(1) != nullptr
             ? ""
             : "without Y_h";
}

std::string RecurrentUp(Form& form) {
  form.Remove("output_sequence");
  return "";
}

std::string RecurrentDown(Form& form) {
  if (form.node().output(0) != nullptr) form.SetInt("output_sequence", 1);
  return "";
}

// --- LpPool, GlobalLpPool: p was a float.

std::string LpPoolUp(Form& form) {
  const std::optional<float> p = form.view().Float("p");
  if (!p || *p != std::trunc(*p) || std::abs(*p) > 1e6F) {
    return "its p is not an integer";
  }
  form.SetInt("p", static_cast<int64_t>(*p));
  return form.op().id() == "GlobalLpPool"_op ||
                 form.Find("kernel_shape") != nullptr
             ? ""
             : "it has no kernel_shape";
}

std::string LpPoolDown(Form& form) {
  if (const std::optional<int64_t> p = form.view().Int("p")) {
    form.SetFloat("p", static_cast<float>(*p));
  }
  return "";
}

// --- Pad-1: its text says that the begins come before the ends, its example
// that they come in pairs.

bool SameInBothOrders(const std::vector<int64_t>& pads) {
  const size_t rank = pads.size() / 2;
  for (size_t i = 0; i < rank; ++i) {
    if (pads[i] != pads[2 * i] || pads[rank + i] != pads[2 * i + 1]) {
      return false;
    }
  }
  return pads.size() % 2 == 0;
}

std::string PadUp(Form& form) {
  const auto* pads = form.view().Ints("paddings");
  if (pads == nullptr || !SameInBothOrders(*pads)) {
    return "the order of its paddings was not defined";
  }
  form.Rename("paddings", "pads");
  return "";
}

std::string PadDown(Form& form) {
  const auto* pads = form.view().Ints("pads");
  if (pads == nullptr || !SameInBothOrders(*pads)) {
    return "with pads whose order was not defined";
  }
  form.Rename("pads", "paddings");
  return "";
}

// --- Split-1: the axis has no default, the lengths may be an input of floats.

std::optional<std::vector<int64_t>> WholeNumbers(const Form& form, int i) {
  const std::optional<std::vector<float>> floats = form.floats(i);
  if (!floats) return std::nullopt;
  std::vector<int64_t> numbers;
  for (const float value : *floats) {
    if (value != std::trunc(value) || std::abs(value) > 1e6F) {
      return std::nullopt;
    }
    numbers.push_back(static_cast<int64_t>(value));
  }
  return numbers;
}

std::string SplitUp(Form& form) {
  if (form.Find("axis") == nullptr) form.SetInt("axis", 0);
  if (!form.HasInput(1)) return "";
  std::optional<std::vector<int64_t>> lengths = WholeNumbers(form, 1);
  if (!lengths) return "its lengths are not constant";
  form.ClearInput(1);
  form.SetInts("split", *std::move(lengths));
  return "";
}

// --- Tile-1 repeats along one axis.

std::string TileUp(Form& form) {
  const std::optional<std::vector<int64_t>> tiles = WholeNumbers(form, 1);
  const std::optional<std::vector<int64_t>> axis = WholeNumbers(form, 2);
  const std::optional<int64_t> rank = form.rank(0);
  if (!tiles || !axis || !rank || tiles->size() != 1 || axis->size() != 1) {
    return "its tiles and axis are not constant, or its rank is not known";
  }
  const std::optional<int64_t> index = Normalize(axis->front(), *rank);
  if (!index) return "its axis is out of range";
  std::vector<int64_t> repeats(*rank, 1);
  repeats[*index] = tiles->front();
  form.ClearInput(2);
  form.SetInput(1, Int64s(std::move(repeats)), "repeats");
  return "";
}

std::string TileDown(Form& form) {
  const std::optional<std::vector<int64_t>> repeats = form.ints(1);
  if (!repeats) return "with repeats that are not constant";
  const auto not_one = [](int64_t count) { return count != 1; };
  const auto axis = std::find_if(repeats->begin(), repeats->end(), not_one);
  if (axis != repeats->end() &&
      std::any_of(axis + 1, repeats->end(), not_one)) {
    return "along more than one axis";
  }
  const bool none = axis == repeats->end();
  TensorRef tiles =
      Scalar(form.element(0), none ? 1 : static_cast<float>(*axis));
  TensorRef index = Scalar(
      form.element(0),
      none ? 0 : static_cast<float>(std::distance(repeats->begin(), axis)));
  if (tiles == nullptr) return "of a type other than floating point";
  form.SetInput(1, std::move(tiles), "tiles");
  form.SetInput(2, std::move(index), "axis");
  return "";
}

// --- Upsample-1 scales height and width of images.

std::string UpsampleUp(Form& form) {
  const std::optional<float> height = form.view().Float("height_scale");
  const std::optional<float> width = form.view().Float("width_scale");
  if (!height || !width) return "its scales are not known";
  form.Remove("height_scale");
  form.Remove("width_scale");
  form.SetFloats("scales", {1, 1, *height, *width});
  return "";
}

std::string UpsampleDown(Form& form) {
  const auto* scales = form.view().Floats("scales");
  if (scales == nullptr || scales->size() != 4 || (*scales)[0] != 1 ||
      (*scales)[1] != 1) {
    return "of anything but height and width";
  }
  const float height = (*scales)[2];
  const float width = (*scales)[3];
  form.Remove("scales");
  form.SetFloat("height_scale", height);
  form.SetFloat("width_scale", width);
  return "";
}

constexpr Adapter kAdapters[] = {
    {"Add"_op, 7, BroadcastUp, BroadcastDown,
     "before 7, `broadcast` and `axis` say how B is broadcast to A; not the "
     "other way round, and not both ways"},
    {"And"_op, 7, BroadcastUp, BroadcastDown,
     "before 7, `broadcast` and `axis` say how B is broadcast to A; not the "
     "other way round, and not both ways"},
    {"BatchNormalization"_op, 6, nullptr, BatchNormalizationDown,
     "1 has a required `consumed_inputs`"},
    {"BatchNormalization"_op, 7, nullptr, BatchNormalizationDownFrom7,
     "before 7, `is_test` is set for inference: without it the node stays"},
    {"Cast"_op, 6, CastUp, CastDown, "1 spells the type"},
    {"Concat"_op, 4, ConcatUp, nullptr, "1 has axis 1 as its default"},
    {"Div"_op, 7, BroadcastUp, BroadcastDown,
     "before 7, `broadcast` and `axis` say how B is broadcast to A; not the "
     "other way round, and not both ways"},
    {"Equal"_op, 7, BroadcastUp, BroadcastDown,
     "before 7, `broadcast` and `axis` say how B is broadcast to A; not the "
     "other way round, and not both ways"},
    {"GRU"_op, 3, GruUp, GruDown, "1 has Y_h always, and misspells a default"},
    {"GRU"_op, 7, RecurrentUp, RecurrentDown,
     "before 7, `output_sequence` says whether Y is wanted"},
    {"Gemm"_op, 7, GemmUp, GemmDown,
     "before 7, `broadcast` says whether C, a matrix or a row, is broadcast"},
    {"GlobalLpPool"_op, 2, LpPoolUp, LpPoolDown,
     "1 has a p of float: one that is not an integer stays"},
    {"Greater"_op, 7, BroadcastUp, BroadcastDown,
     "before 7, `broadcast` and `axis` say how B is broadcast to A; not the "
     "other way round, and not both ways"},
    {"LSTM"_op, 7, RecurrentUp, RecurrentDown,
     "before 7, `output_sequence` says whether Y is wanted"},
    {"Less"_op, 7, BroadcastUp, BroadcastDown,
     "before 7, `broadcast` and `axis` say how B is broadcast to A; not the "
     "other way round, and not both ways"},
    {"LpPool"_op, 2, LpPoolUp, LpPoolDown,
     "1 has a p of float: one that is not an integer stays"},
    {"Mul"_op, 7, BroadcastUp, BroadcastDown,
     "before 7, `broadcast` and `axis` say how B is broadcast to A; not the "
     "other way round, and not both ways"},
    {"Or"_op, 7, BroadcastUp, BroadcastDown,
     "before 7, `broadcast` and `axis` say how B is broadcast to A; not the "
     "other way round, and not both ways"},
    {"PRelu"_op, 7, PReluUp, PReluDown,
     "before 7 the slope is one value or one per channel: other slopes stay"},
    {"Pad"_op, 2, PadUp, PadDown,
     "1 contradicts itself about the order of its paddings: those that depend "
     "on it stay"},
    {"Pow"_op, 7, BroadcastUp, BroadcastDown,
     "before 7, `broadcast` and `axis` say how B is broadcast to A; not the "
     "other way round, and not both ways"},
    {"RNN"_op, 7, RecurrentUp, RecurrentDown,
     "before 7, `output_sequence` says whether Y is wanted"},
    {"Split"_op, 2, SplitUp, nullptr,
     "1 has an axis of no default, and lengths that may be an input of floats"},
    {"Sub"_op, 7, BroadcastUp, BroadcastDown,
     "before 7, `broadcast` and `axis` say how B is broadcast to A; not the "
     "other way round, and not both ways"},
    {"Tile"_op, 6, TileUp, TileDown,
     "1 repeats along one axis, by scalars of floats"},
    {"Upsample"_op, 7, UpsampleUp, UpsampleDown,
     "1 has the scales of height and width"},
    {"Xor"_op, 7, BroadcastUp, BroadcastDown,
     "before 7, `broadcast` and `axis` say how B is broadcast to A; not the "
     "other way round, and not both ways"},
};

}  // namespace

std::span<const Adapter> OldAdapters() { return kAdapters; }

bool SameDims(const Shape& a, const Shape& b) {
  return a.size() == b.size() &&
         std::equal(a.begin(), a.end(), b.begin(),
                    [](const Dim& x, const Dim& y) {
                      return Compare(x, y) == DimRelation::kEqual;
                    });
}

std::optional<int64_t> DimsAfterOperand(const Form& form) {
  const std::optional<int64_t> rank_a = form.rank(0);
  const std::optional<int64_t> rank_b = form.rank(1);
  const std::optional<int64_t> axis = form.view().Int("axis");
  if (!rank_a || !rank_b || !axis) return std::nullopt;
  const std::optional<int64_t> first = Normalize(*axis, *rank_a);
  if (!first || *first + *rank_b > *rank_a) return std::nullopt;
  return *rank_a - *first - *rank_b;
}

}  // namespace onnxopt::opset
