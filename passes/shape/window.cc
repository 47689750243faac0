// SPDX-License-Identifier: Apache-2.0
// Convolutions, pools and others that slide a window over an image.
#include <algorithm>
#include <string_view>

#include "passes/shape/families.h"

namespace onnxopt::shape {
namespace {

using Ints = std::vector<int64_t>;

constexpr int64_t kMaxWindow = 1 << 30;         // no overflow below
constexpr int64_t kMaxSize = int64_t{1} << 60;  // none either

// The attributes of convolutions and pools for `n` spatial axes.
struct Window {
  Ints kernel, strides, dilations, pads;
  std::string_view auto_pad;
  bool ceil_mode = false;
};

std::optional<Window> WindowOf(const InferenceContext& c, size_t n) {
  const AttributeView& a = c.attributes();
  Window window;
  const auto list = [&](std::string_view name, size_t size, int64_t otherwise) {
    const auto* given = a.Ints(name);
    return given != nullptr ? *given : Ints(size, otherwise);
  };
  window.kernel = list("kernel_shape", 0, 0);
  window.strides = list("strides", n, 1);
  window.dilations = list("dilations", n, 1);
  window.pads = list("pads", 2 * n, 0);
  window.auto_pad = a.String("auto_pad", "NOTSET");
  window.ceil_mode = a.Int("ceil_mode", 0) != 0;
  if (window.strides.size() != n || window.dilations.size() != n ||
      window.pads.size() != 2 * n) {
    return std::nullopt;
  }
  const auto outside = [](const Ints& numbers, int64_t low) {
    return std::any_of(numbers.begin(), numbers.end(), [low](int64_t number) {
      return number < low || number > kMaxWindow;
    });
  };
  if (outside(window.kernel, 1) || outside(window.strides, 1) ||
      outside(window.dilations, 1) || outside(window.pads, -kMaxWindow)) {
    return std::nullopt;
  }
  return window;
}

// How many windows fit. Requires a kernel of `n` dims.
Dim WindowCount(const Window& w, size_t i, size_t n, const Dim& input) {
  const int64_t stride = w.strides[i];
  const bool same = w.auto_pad.starts_with("SAME");
  const bool valid = w.auto_pad == "VALID";
  const int64_t begin = valid ? 0 : w.pads[i];
  const int64_t end = valid ? 0 : w.pads[i + n];
  const int64_t reach = (w.kernel[i] - 1) * w.dilations[i] + 1;
  // Windows that start behind the data are not counted if ceil_mode is set;
  // none does unless the padding is as long as a window.
  if (!same && w.ceil_mode && end >= reach) return Dim();
  if (stride == 1) return same ? input : input + Dim(begin + end - reach + 1);
  if (!input.IsInteger() || input.value() > kMaxSize) return Dim();
  const int64_t size = input.value();
  if (same) return Dim((size + stride - 1) / stride);
  const int64_t room = size + begin + end - reach;
  if (room < 0) return Dim();
  int64_t count = room / stride + 1;
  if (w.ceil_mode && room % stride != 0) {
    // ONNX Runtime rounds up here, the specification does not.
    if (valid) return Dim();
    if (count * stride < size + begin) ++count;
  }
  return Dim(count);
}

absl::Status Conv(InferenceContext& c) {
  const int weights = c.node().Is("QLinearConv"_op) ? 3 : 1;
  const std::optional<Shape>& x = c.shape(0);
  const std::optional<Shape>& w = c.shape(weights);
  const ElementType element = c.node().Is("ConvInteger"_op)
                                  ? ElementType::kInt32
                              : weights == 3 ? c.element(7)
                                             : c.element(0);
  const std::optional<Shape>& known = x ? x : w;
  if (!known) {
    c.SetOutput(0, element, std::nullopt);
    return absl::OkStatus();
  }
  const size_t rank = known->size();
  if (rank < 2 || (x && w && x->size() != w->size())) {
    return Invalid(c, "the ranks do not fit");
  }
  Shape shape = UnknownShape(rank);
  if (x) shape[0] = (*x)[0];
  if (w) shape[1] = (*w)[0];
  std::optional<Window> window = WindowOf(c, rank - 2);
  if (!window) return Invalid(c, "an attribute has a wrong length or value");
  if (window->kernel.empty() && w) {
    for (size_t i = 2; i < rank; ++i) {
      const Dim& dim = (*w)[i];
      if (!dim.IsInteger() || dim.value() < 1 || dim.value() > kMaxWindow)
        break;
      window->kernel.push_back(dim.value());
    }
  }
  if (x && window->kernel.size() == rank - 2) {
    for (size_t i = 2; i < rank; ++i) {
      shape[i] = WindowCount(*window, i - 2, rank - 2, (*x)[i]);
    }
  }
  c.SetOutput(0, element, shape);
  return absl::OkStatus();
}

absl::Status ConvTranspose(InferenceContext& c) {
  const std::optional<Shape>& x = c.shape(0);
  const std::optional<Shape>& w = c.shape(1);
  const std::optional<Shape>& known = x ? x : w;
  if (!known) {
    c.SetOutput(0, c.element(0), std::nullopt);
    return absl::OkStatus();
  }
  if (known->size() < 2 || (x && w && x->size() != w->size())) {
    return Invalid(c, "the ranks do not fit");
  }
  const size_t n = known->size() - 2;
  const std::optional<Window> window = WindowOf(c, n);
  if (!window) return Invalid(c, "an attribute has a wrong length or value");
  Shape shape = UnknownShape(n + 2);
  if (x) shape[0] = (*x)[0];
  if (w) shape[1] = (*w)[1] * Dim(c.attributes().Int("group", 1));
  const auto* sizes = c.attributes().Ints("output_shape");
  const auto* extra = c.attributes().Ints("output_padding");
  for (size_t i = 0; i < n; ++i) {
    const Dim input = x ? (*x)[i + 2] : Dim();
    const Dim kernel = window->kernel.size() == n ? Dim(window->kernel[i])
                       : w                        ? (*w)[i + 2]
                                                  : Dim();
    const Dim stride(window->strides[i]);
    const bool valid = window->auto_pad == "VALID";
    if (sizes != nullptr) {
      if (sizes->size() == n) shape[i + 2] = Dim((*sizes)[i]);
    } else if (window->auto_pad.starts_with("SAME")) {
      shape[i + 2] = input * stride;
    } else {
      const Dim more(extra != nullptr && i < extra->size() ? (*extra)[i] : 0);
      const int64_t pads = valid ? 0 : window->pads[i] + window->pads[i + n];
      const Dim reach = (kernel - Dim(1)) * Dim(window->dilations[i]) + Dim(1);
      shape[i + 2] = (input - Dim(1)) * stride + more + reach - Dim(pads);
    }
  }
  c.SetOutput(0, c.element(0), std::move(shape));
  return absl::OkStatus();
}

absl::Status Pool(InferenceContext& c) {
  const std::optional<Shape>& x = c.shape(0);
  if (!x || x->size() < 2) {
    const auto* kernel = c.attributes().Ints("kernel_shape");
    const std::optional<Shape> shape =
        kernel == nullptr
            ? std::nullopt
            : ShapeOfRank(static_cast<int64_t>(kernel->size()) + 2);
    c.SetOutput(0, c.element(0), shape);
    c.SetOutput(1, ElementType::kInt64, shape);
    return absl::OkStatus();
  }
  const size_t n = x->size() - 2;
  const std::optional<Window> window = WindowOf(c, n);
  if (!window || window->kernel.size() != n) {
    return Invalid(c, "an attribute has a wrong length or value");
  }
  Shape shape = *x;
  for (size_t i = 0; i < n; ++i) {
    shape[i + 2] = WindowCount(*window, i, n, (*x)[i + 2]);
  }
  c.SetOutput(0, c.element(0), shape);
  c.SetOutput(1, ElementType::kInt64, shape);
  return absl::OkStatus();
}

absl::Status GlobalPool(InferenceContext& c) {
  std::optional<Shape> shape = c.shape(0);
  for (size_t i = 2; shape && i < shape->size(); ++i) (*shape)[i] = Dim(1);
  c.SetOutput(0, c.element(0), shape);
  return absl::OkStatus();
}

absl::Status MaxUnpool(InferenceContext& c) {
  std::optional<Shape> shape = c.shape(0);
  if (c.HasInput(2)) {
    const auto sizes = c.ints(2);
    if (shape) shape = UnknownShape(shape->size());
    if (sizes) {
      shape.emplace();
      for (const int64_t size : *sizes) shape->emplace_back(size);
    }
  } else if (shape && shape->size() > 2) {
    const size_t n = shape->size() - 2;
    const std::optional<Window> window = WindowOf(c, n);
    if (!window || window->kernel.size() != n) {
      return Invalid(c, "an attribute has a wrong length or value");
    }
    for (size_t i = 0; i < n; ++i) {
      Dim& dim = (*shape)[i + 2];
      dim = (dim - Dim(1)) * Dim(window->strides[i]) +
            Dim(window->kernel[i] - window->pads[i] - window->pads[i + n]);
    }
  }
  c.SetOutput(0, c.element(0), std::move(shape));
  return absl::OkStatus();
}

// One output for each region, of the channels of X.
absl::Status Regions(InferenceContext& c, const Dim& height, const Dim& width) {
  const std::optional<Shape>& x = c.shape(0);
  const std::optional<Shape>& regions = c.shape(1);
  c.SetOutput(0, c.element(0),
              Shape{regions && !regions->empty() ? regions->front() : Dim(),
                    x && x->size() > 1 ? (*x)[1] : Dim(), height, width});
  return absl::OkStatus();
}

absl::Status RoiAlign(InferenceContext& c) {
  return Regions(c, Dim(c.attributes().Int("output_height", 1)),
                 Dim(c.attributes().Int("output_width", 1)));
}

absl::Status MaxRoiPool(InferenceContext& c) {
  const auto* size = c.attributes().Ints("pooled_shape");
  const bool known = size != nullptr && size->size() == 2;
  return Regions(c, known ? Dim((*size)[0]) : Dim(),
                 known ? Dim((*size)[1]) : Dim());
}

absl::Status Col2Im(InferenceContext& c) {
  const std::optional<Shape>& input = c.shape(0);
  const auto image = c.ints(1);
  const auto block = c.ints(2);
  const auto axes =
      image ? std::optional<int64_t>(image->size()) : LengthOf(c, 1);
  std::optional<Shape> shape = ShapeOfRank(axes ? *axes + 2 : axes);
  if (shape && image) {
    for (size_t i = 0; i < image->size(); ++i)
      (*shape)[i + 2] = Dim((*image)[i]);
  }
  if (shape && input && input->size() == 3) {
    (*shape)[0] = (*input)[0];
    Dim size(1);
    if (block) {
      for (const int64_t dim : *block) size = size * Dim(dim);
    }
    if (block && size.IsInteger())
      (*shape)[1] = Divide((*input)[1], size.value());
  }
  c.SetOutput(0, c.element(0), std::move(shape));
  return absl::OkStatus();
}

absl::Status CausalConvWithState(InferenceContext& c) {
  const std::optional<Shape>& x = c.shape(0);
  const std::optional<Shape>& w = c.shape(1);
  c.SetOutput(0, c.element(0), x);
  std::optional<Shape> state = c.shape(3);
  if (!state && x && x->size() == 3) {
    state =
        Shape{(*x)[0], (*x)[1], w && w->size() == 3 ? (*w)[2] - Dim(1) : Dim()};
  }
  c.SetOutput(1, c.element(0), std::move(state));
  return absl::OkStatus();
}

}  // namespace

InferList WindowFunctions() {
  return {
      {"AveragePool"_op, Pool},
      {"CausalConvWithState"_op, CausalConvWithState},
      {"Col2Im"_op, Col2Im},
      {"Conv"_op, Conv},
      {"ConvInteger"_op, Conv},
      {"ConvTranspose"_op, ConvTranspose},
      {"DeformConv"_op, Conv},
      {"GlobalAveragePool"_op, GlobalPool},
      {"GlobalLpPool"_op, GlobalPool},
      {"GlobalMaxPool"_op, GlobalPool},
      {"LpPool"_op, Pool},
      {"MaxPool"_op, Pool},
      {"MaxRoiPool"_op, MaxRoiPool},
      {"MaxUnpool"_op, MaxUnpool},
      {"QLinearConv"_op, Conv},
      {"RoiAlign"_op, RoiAlign},
  };
}

}  // namespace onnxopt::shape
