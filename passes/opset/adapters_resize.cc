// SPDX-License-Identifier: Apache-2.0
// Changes of Resize, Upsample and Pad from opset 10 on.
#include <algorithm>
#include <cmath>

#include "fmt/core.h"
#include "passes/opset/adapters.h"
#include "passes/shape/families.h"

namespace onnxopt::opset {
namespace {

using shape::Normalize;

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

// --- Pad

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

// Before 18, what is said of some axes has to be said of all.
std::optional<std::vector<int64_t>> AxesOf(const std::vector<int64_t>& axes,
                                           int64_t rank) {
  std::vector<int64_t> positive;
  for (const int64_t axis : axes) {
    const std::optional<int64_t> index = Normalize(axis, rank);
    if (!index ||
        std::find(positive.begin(), positive.end(), *index) != positive.end()) {
      return std::nullopt;
    }
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
  if (!axes) return "with axes that are out of range, or there twice";
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

// Before 19: the same as half_pixel if no part of an element is cut off.
std::string ResizeDownFrom19(Form& form) {
  if (form.view().String("coordinate_transformation_mode", "") !=
      "half_pixel_symmetric") {
    return "";
  }
  const std::optional<std::vector<float>> scales = form.floats(2);
  const std::optional<Shape> shape = form.shape(0);
  const bool for_all = scales && shape && scales->size() == shape->size() &&
                       form.Find("axes") == nullptr;
  for (size_t i = 0; for_all && i < scales->size(); ++i) {
    const Dim& dim = (*shape)[i];
    if (!dim.IsInteger()) return "with half_pixel_symmetric of unknown dims";
    const double size =
        static_cast<double>((*scales)[i]) * static_cast<double>(dim.value());
    if (size != std::trunc(size)) return "with half_pixel_symmetric";
  }
  if (!for_all) return "with half_pixel_symmetric";
  form.SetString("coordinate_transformation_mode", "half_pixel");
  return "";
}

}  // namespace

void DropEmptyInputs(Form& form) {
  if (form.op().id() != "Resize"_op || form.op().since_version() < 13) return;
  for (const int i : {1, 2}) {
    if (form.HasInput(i) && form.constant(i) != nullptr && IsEmpty(form, i)) {
      form.SetInput(i, Operand());
    }
  }
}

namespace {

constexpr Adapter kAdapters[] = {
    {"Pad"_op, 11, PadUpTo11, PadDownFrom11,
     "`value` is only for mode constant"},
    {"Pad"_op, 18, nullptr, PadDownFrom18,
     "before 18 pads are given for all axes"},
    {"Resize"_op, 11, ResizeUpTo11, ResizeDownFrom11,
     "before 11 coordinates are asymmetric, and the nearest is below where "
     "sizes grow, above where they shrink: with scales that are not constant, "
     "such a node stays"},
    {"Resize"_op, 13, ResizeUpTo13, ResizeDownFrom13,
     "before 13 empty tensors stand for inputs that are not given; "
     "tf_half_pixel_for_nn becomes half_pixel where it equals it, and stays "
     "otherwise"},
    {"Resize"_op, 18, nullptr, ResizeDownFrom18,
     "before 18 scales and sizes are given for all axes"},
    {"Resize"_op, 19, nullptr, ResizeDownFrom19,
     "before 19 half_pixel_symmetric is said by half_pixel, where scales are "
     "constant and give whole sizes"},
    {"Upsample"_op, 10, UpsampleUp, UpsampleDown,
     "continues as Resize; scales below 1 do not go back"},
};

}  // namespace

std::span<const Adapter> ResizeAdapters() { return kAdapters; }

}  // namespace onnxopt::opset
