// SPDX-License-Identifier: Apache-2.0
// Products, convolutions, pools and what goes with them.
#include <string_view>

#include "passes/shape/families.h"

namespace onnxopt::shape {
namespace {

using Ints = std::vector<int64_t>;

absl::Status MatMul(InferenceContext& c) {
  std::optional<Shape> a = c.shape(0);
  std::optional<Shape> b = c.shape(1);
  const ElementType element =
      c.node().Is("MatMulInteger"_op) ? ElementType::kInt32 : c.element(0);
  if (!a || !b) {
    c.SetOutput(0, element, std::nullopt);
    return absl::OkStatus();
  }
  if (a->empty() || b->empty()) return Invalid(c, "an input is a scalar");
  const bool row = a->size() == 1;
  const bool column = b->size() == 1;
  if (row) a->insert(a->begin(), Dim(1));
  if (column) b->push_back(Dim(1));
  if (Compare(a->back(), (*b)[b->size() - 2]) == DimRelation::kDifferent) {
    return Invalid(c, "the inner dims differ: " + a->back().ToString() +
                          " and " + (*b)[b->size() - 2].ToString());
  }
  std::optional<Shape> shape = Broadcast(Shape(a->begin(), a->end() - 2),
                                         Shape(b->begin(), b->end() - 2));
  if (!shape) return Invalid(c, "the batch dims do not broadcast");
  if (!row) shape->push_back((*a)[a->size() - 2]);
  if (!column) shape->push_back(b->back());
  c.SetOutput(0, element, shape);
  return absl::OkStatus();
}

absl::Status Gemm(InferenceContext& c) {
  const std::optional<Shape> a = c.shape(0);
  const std::optional<Shape> b = c.shape(1);
  if ((a && a->size() != 2) || (b && b->size() != 2)) {
    return Invalid(c, "a factor is not a matrix");
  }
  const bool ta = c.attributes().Int("transA", 0) != 0;
  const bool tb = c.attributes().Int("transB", 0) != 0;
  if (a && b &&
      Compare((*a)[ta ? 0 : 1], (*b)[tb ? 1 : 0]) == DimRelation::kDifferent) {
    return Invalid(c, "the inner dims differ");
  }
  c.SetOutput(
      0, c.element(0),
      Shape{a ? (*a)[ta ? 1 : 0] : Dim(), b ? (*b)[tb ? 0 : 1] : Dim()});
  return absl::OkStatus();
}

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
  for (size_t i = 0; i < n; ++i) {
    if (window.strides[i] <= 0 || window.dilations[i] <= 0) return std::nullopt;
  }
  return window;
}

Dim WindowCount(const Window& w, size_t i, size_t n, const Dim& input) {
  if (!input.IsInteger()) return Dim();
  const int64_t size = input.value();
  const int64_t stride = w.strides[i];
  if (w.auto_pad.starts_with("SAME")) return Dim((size + stride - 1) / stride);
  const int64_t pads = w.auto_pad == "VALID" ? 0 : w.pads[i] + w.pads[i + n];
  const int64_t reach = (w.kernel[i] - 1) * w.dilations[i] + 1;
  const int64_t room = size + pads - reach;
  if (room < 0) return Dim();
  int64_t count = room / stride + 1;
  if (w.ceil_mode && room % stride != 0) {
    ++count;
    // A window may not start in the padding behind the data.
    const int64_t begin = w.auto_pad == "VALID" ? 0 : w.pads[i];
    if ((count - 1) * stride >= size + begin) --count;
  }
  return Dim(count);
}

absl::Status Conv(InferenceContext& c) {
  const int weights = c.node().Is("QLinearConv"_op) ? 3 : 1;
  const std::optional<Shape> x = c.shape(0);
  const std::optional<Shape> w = c.shape(weights);
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
      if (!(*w)[i].IsInteger()) break;
      window->kernel.push_back((*w)[i].value());
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
  const std::optional<Shape> x = c.shape(0);
  const std::optional<Shape> w = c.shape(1);
  if (!x || !w || x->size() != w->size() || x->size() < 2) {
    c.SetOutput(0, c.element(0),
                x ? std::optional(UnknownShape(x->size())) : std::nullopt);
    return absl::OkStatus();
  }
  const size_t n = x->size() - 2;
  std::optional<Window> window = WindowOf(c, n);
  if (!window) return Invalid(c, "an attribute has a wrong length or value");
  Shape shape = UnknownShape(n + 2);
  shape[0] = (*x)[0];
  shape[1] = (*w)[1] * Dim(c.attributes().Int("group", 1));
  const auto* sizes = c.attributes().Ints("output_shape");
  const auto* extra = c.attributes().Ints("output_padding");
  for (size_t i = 0; i < n; ++i) {
    const Dim& input = (*x)[i + 2];
    const Dim& kernel = (*w)[i + 2];
    if (sizes != nullptr) {
      if (sizes->size() == n) shape[i + 2] = Dim((*sizes)[i]);
    } else if (window->auto_pad.starts_with("SAME")) {
      shape[i + 2] = input * Dim(window->strides[i]);
    } else if (kernel.IsInteger()) {
      const int64_t more =
          extra != nullptr && i < extra->size() ? (*extra)[i] : 0;
      const int64_t pads = window->auto_pad == "VALID"
                               ? 0
                               : window->pads[i] + window->pads[i + n];
      shape[i + 2] =
          (input - Dim(1)) * Dim(window->strides[i]) +
          Dim(more + (kernel.value() - 1) * window->dilations[i] + 1 - pads);
    }
  }
  c.SetOutput(0, c.element(0), shape);
  return absl::OkStatus();
}

absl::Status Pool(InferenceContext& c) {
  const std::optional<Shape> x = c.shape(0);
  if (!x || x->size() < 2) {
    c.SetOutput(0, c.element(0), std::nullopt);
    c.SetOutput(1, ElementType::kInt64, std::nullopt);
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

absl::Status BatchNormalization(InferenceContext& c) {
  c.SetOutput(0, c.element(0), c.shape(0));
  c.SetOutput(1, c.element(3), c.shape(3));
  c.SetOutput(2, c.element(4), c.shape(4));
  return absl::OkStatus();
}

absl::Status LayerNormalization(InferenceContext& c) {
  const std::optional<Shape> x = c.shape(0);
  c.SetOutput(0, c.element(0), x);
  std::optional<Shape> reduced = x;
  if (x) {
    const auto axis = Normalize(c.attributes().Int("axis", -1), x->size());
    if (!axis) return Invalid(c, "axis is out of range");
    for (size_t i = *axis; i < x->size(); ++i) (*reduced)[i] = Dim(1);
  }
  for (const int i : {1, 2}) c.SetOutput(i, ElementType::kFloat, reduced);
  return absl::OkStatus();
}

// LSTM, GRU and RNN.
absl::Status Recurrent(InferenceContext& c) {
  const std::optional<Shape> x = c.shape(0);
  if (x && x->size() != 3) return Invalid(c, "X has not three axes");
  const bool batch_first = c.attributes().Int("layout", 0) != 0;
  const Dim directions(
      c.attributes().String("direction", "forward") == "bidirectional" ? 2 : 1);
  const auto size = c.attributes().Int("hidden_size");
  const Dim hidden = size ? Dim(*size) : Dim();
  const Dim steps = x ? (*x)[batch_first ? 1 : 0] : Dim();
  const Dim batch = x ? (*x)[batch_first ? 0 : 1] : Dim();
  c.SetOutput(0, c.element(0),
              batch_first ? Shape{batch, steps, directions, hidden}
                          : Shape{steps, directions, batch, hidden});
  for (const int i : {1, 2}) {
    c.SetOutput(i, c.element(0),
                batch_first ? Shape{batch, directions, hidden}
                            : Shape{directions, batch, hidden});
  }
  return absl::OkStatus();
}

}  // namespace

InferFunction FindLinear(OpId op) {
  switch (op) {
    case "MatMul"_op:
    case "MatMulInteger"_op:
      return MatMul;
    case "Gemm"_op:
      return Gemm;
    case "Conv"_op:
    case "ConvInteger"_op:
    case "QLinearConv"_op:
      return Conv;
    case "ConvTranspose"_op:
      return ConvTranspose;
    case "MaxPool"_op:
    case "AveragePool"_op:
    case "LpPool"_op:
      return Pool;
    case "GlobalAveragePool"_op:
    case "GlobalMaxPool"_op:
    case "GlobalLpPool"_op:
      return GlobalPool;
    case "BatchNormalization"_op:
      return BatchNormalization;
    case "LayerNormalization"_op:
      return LayerNormalization;
    case "LSTM"_op:
    case "GRU"_op:
    case "RNN"_op:
      return Recurrent;
    default:
      return nullptr;
  }
}

}  // namespace onnxopt::shape
