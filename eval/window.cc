// SPDX-License-Identifier: Apache-2.0
#include "eval/window.h"

#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"
#include "support/status.h"

namespace onnxopt::eval {
namespace {

constexpr int64_t kMaxSize = int64_t{1} << 30;

enum class AutoPad { kNone, kSameUpper, kSameLower, kValid };

absl::StatusOr<AutoPad> ReadAutoPad(const AttributeView& attributes) {
  const std::string_view name = attributes.String("auto_pad", "NOTSET");
  if (name == "NOTSET") return AutoPad::kNone;
  if (name == "SAME_UPPER") return AutoPad::kSameUpper;
  if (name == "SAME_LOWER") return AutoPad::kSameLower;
  if (name == "VALID") return AutoPad::kValid;
  return absl::InvalidArgumentError(
      absl::StrCat("unknown auto_pad '", std::string(name), "'"));
}

absl::Status CheckSizes(std::string_view name, const TensorDims& sizes,
                        size_t count, int64_t least) {
  if (sizes.size() != count) {
    return absl::InvalidArgumentError(
        absl::StrCat(std::string(name), " must have ", count, " elements, not ",
                     sizes.size()));
  }
  for (const int64_t size : sizes) {
    if (size < least || size > kMaxSize) {
      return absl::InvalidArgumentError(
          absl::StrCat(std::string(name), " cannot be ", size));
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<TensorDims> ReadSizes(const AttributeView& attributes,
                                     std::string_view name, size_t count,
                                     int64_t least) {
  const std::vector<int64_t>* sizes = attributes.Ints(name);
  if (sizes == nullptr) return TensorDims(count, least);
  RETURN_IF_ERROR(CheckSizes(name, *sizes, count, least));
  return *sizes;
}

// Everything but the padding and the output.
absl::StatusOr<Window> ReadCommon(const AttributeView& attributes,
                                  TensorDims input, TensorDims kernel) {
  const size_t axes = input.size();
  if (axes == 0 || axes > Window::kMaxAxes) {
    return absl::InvalidArgumentError(
        absl::StrCat("tensors of rank ", axes + 2, " are not supported"));
  }
  RETURN_IF_ERROR(CheckSizes("the input's spatial size", input, axes, 0));
  RETURN_IF_ERROR(CheckSizes("kernel_shape", kernel, axes, 1));
  int64_t taps = 1;
  for (const int64_t size : kernel) {
    if (taps *= size; taps > kMaxSize) {
      return absl::InvalidArgumentError("kernel_shape is too large");
    }
  }
  Window window;
  window.input = std::move(input);
  window.kernel = std::move(kernel);
  ASSIGN_OR_RETURN(window.strides, ReadSizes(attributes, "strides", axes, 1));
  ASSIGN_OR_RETURN(window.dilations,
                   ReadSizes(attributes, "dilations", axes, 1));
  return window;
}

// For auto_pad, `total[d]` holds the padding along an axis.
absl::Status ReadPads(const AttributeView& attributes, AutoPad auto_pad,
                      bool split_total, const TensorDims& total,
                      bool more_at_end, Window* window) {
  const size_t axes = window->axes();
  if (split_total) {
    for (const int64_t pad : total) {
      const int64_t less = pad / 2;
      window->pads.push_back(more_at_end ? less : pad - less);
      window->end_pads.push_back(more_at_end ? pad - less : less);
    }
    return absl::OkStatus();
  }
  TensorDims pads(2 * axes, 0);
  if (auto_pad == AutoPad::kNone) {
    ASSIGN_OR_RETURN(pads, ReadSizes(attributes, "pads", 2 * axes, 0));
  }
  window->pads.assign(pads.begin(), pads.begin() + axes);
  window->end_pads.assign(pads.begin() + axes, pads.end());
  return absl::OkStatus();
}

int64_t Extent(const Window& window, size_t d) {
  return (window.kernel[d] - 1) * window.dilations[d] + 1;
}

}  // namespace

absl::StatusOr<Window> Window::Read(const AttributeView& attributes,
                                    TensorDims input, TensorDims kernel) {
  ASSIGN_OR_RETURN(const AutoPad auto_pad, ReadAutoPad(attributes));
  ASSIGN_OR_RETURN(Window window,
                   ReadCommon(attributes, std::move(input), std::move(kernel)));
  const size_t axes = window.axes();
  const bool same =
      auto_pad == AutoPad::kSameUpper || auto_pad == AutoPad::kSameLower;
  TensorDims total(axes, 0);
  if (same) {
    for (size_t d = 0; d < axes; ++d) {
      const int64_t size = window.input[d];
      const int64_t stride = window.strides[d];
      const int64_t count = (size + stride - 1) / stride;
      total[d] =
          std::max<int64_t>(0, (count - 1) * stride + Extent(window, d) - size);
    }
  }
  RETURN_IF_ERROR(ReadPads(attributes, auto_pad, same, total,
                           auto_pad == AutoPad::kSameUpper, &window));
  const bool ceil =
      attributes.Int("ceil_mode", 0) != 0 && auto_pad == AutoPad::kNone;
  for (size_t d = 0; d < axes; ++d) {
    const int64_t stride = window.strides[d];
    const int64_t padded =
        window.input[d] + window.pads[d] + window.end_pads[d];
    const int64_t room = padded - Extent(window, d);
    if (same && window.input[d] == 0) {
      window.output.push_back(0);
      continue;
    }
    if (room < 0) {
      return absl::InvalidArgumentError(absl::StrCat(
          "the window of ", Extent(window, d),
          " elements is larger than the padded input of ", padded));
    }
    int64_t count = (room + (ceil ? stride - 1 : 0)) / stride + 1;
    // A window that would start in the padding at the end does not count.
    if (ceil && (count - 1) * stride >= window.input[d] + window.pads[d]) {
      --count;
    }
    window.output.push_back(count);
  }
  return window;
}

absl::StatusOr<Window> Window::ReadTransposed(const AttributeView& attributes,
                                              TensorDims input,
                                              TensorDims kernel) {
  ASSIGN_OR_RETURN(const AutoPad auto_pad, ReadAutoPad(attributes));
  ASSIGN_OR_RETURN(Window window,
                   ReadCommon(attributes, std::move(input), std::move(kernel)));
  const size_t axes = window.axes();
  ASSIGN_OR_RETURN(const TensorDims output_padding,
                   ReadSizes(attributes, "output_padding", axes, 0));
  const bool same =
      auto_pad == AutoPad::kSameUpper || auto_pad == AutoPad::kSameLower;
  const std::vector<int64_t>* shape = attributes.Ints("output_shape");
  // Some exporters write the batch and channels too.
  const size_t skipped = shape != nullptr && shape->size() == axes + 2 ? 2 : 0;
  if (shape != nullptr) {
    RETURN_IF_ERROR(CheckSizes(
        "output_shape", {shape->begin() + skipped, shape->end()}, axes, 0));
  }
  TensorDims full(axes);  // without padding
  TensorDims total(axes, 0);
  for (size_t d = 0; d < axes; ++d) {
    const int64_t size = window.input[d];
    const int64_t stride = window.strides[d];
    full[d] = size == 0
                  ? 0
                  : stride * (size - 1) + output_padding[d] + Extent(window, d);
    if (shape != nullptr) {
      window.output.push_back((*shape)[skipped + d]);
    } else if (same) {
      window.output.push_back(size * stride);
    } else {
      continue;
    }
    total[d] = std::max<int64_t>(0, full[d] - window.output[d]);
  }
  const bool split = same || shape != nullptr;
  RETURN_IF_ERROR(ReadPads(attributes, auto_pad, split, total,
                           auto_pad == AutoPad::kSameUpper, &window));
  for (size_t d = 0; d < axes && !split; ++d) {
    const int64_t count = full[d] - window.pads[d] - window.end_pads[d];
    if (count < 0) {
      return absl::InvalidArgumentError("pads are larger than the output");
    }
    window.output.push_back(count);
  }
  return window;
}

}  // namespace onnxopt::eval
