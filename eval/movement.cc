// SPDX-License-Identifier: Apache-2.0
// Operators whose result has the elements of the inputs at other places.
#include <algorithm>
#include <numeric>

#include "absl/strings/str_cat.h"
#include "eval/arguments.h"
#include "eval/families.h"
#include "eval/move_elements.h"

namespace onnxopt::eval {
namespace {

KernelOutputs Transpose(const KernelArgs& args) {
  const Tensor& data = *args.input(0);
  const Strides strides = RowMajorStrides(data.dims());
  std::vector<int64_t> perm(data.dims().size());
  std::iota(perm.rbegin(), perm.rend(), 0);
  if (const auto* given = args.attributes().Ints("perm"); given != nullptr) {
    ASSIGN_OR_RETURN(perm, AxesOf(given, RankOf(data)));
  }
  if (perm.size() != data.dims().size()) return Invalid("perm is incomplete");
  TensorDims dims;
  Strided from;
  for (const int64_t axis : perm) {
    dims.push_back(data.dims()[axis]);
    from.strides.push_back(strides[axis]);
  }
  return Single(Gathered(args.inputs()[0], std::move(dims), from));
}

// What Slice takes of one axis: `count` elements from `start` on.
struct Range {
  int64_t start = 0;
  int64_t count = 0;
};

Range RangeOf(int64_t start, int64_t end, int64_t step, int64_t dim) {
  if (dim == 0) return {};
  if (start < 0) start += dim;
  if (end < 0) end += dim;
  // Backwards, the end is before the first element at the most.
  const int64_t low = step > 0 ? 0 : -1;
  start = std::clamp(start, int64_t{0}, step > 0 ? dim : dim - 1);
  end = std::clamp(end, low, dim + low);
  const __int128 size =
      step > 0 ? __int128{end} - start : __int128{start} - end;
  const __int128 stride = step > 0 ? __int128{step} : -__int128{step};
  return {start,
          size <= 0 ? 0 : static_cast<int64_t>((size + stride - 1) / stride)};
}

KernelOutputs Slice(const KernelArgs& args) {
  const Tensor& data = *args.input(0);
  ASSIGN_OR_RETURN(const auto starts, IntegersOf(*args.input(1)));
  ASSIGN_OR_RETURN(const auto ends, IntegersOf(*args.input(2)));
  std::vector<int64_t> axes(starts.size());
  std::iota(axes.begin(), axes.end(), 0);
  if (args.input(3) != nullptr) {
    ASSIGN_OR_RETURN(axes, IntegersOf(*args.input(3)));
  }
  std::vector<int64_t> steps(starts.size(), 1);
  if (args.input(4) != nullptr) {
    ASSIGN_OR_RETURN(steps, IntegersOf(*args.input(4)));
  }
  if (ends.size() != starts.size() || axes.size() != starts.size() ||
      steps.size() != starts.size()) {
    return Invalid("starts, ends, axes and steps differ in length");
  }
  ASSIGN_OR_RETURN(axes, AxesOf(&axes, RankOf(data)));
  TensorDims dims = data.dims();
  Strided from{0, RowMajorStrides(dims)};
  for (size_t i = 0; i < axes.size(); ++i) {
    if (steps[i] == 0) return Invalid("a step is 0");
    const int64_t axis = axes[i];
    const Range range = RangeOf(starts[i], ends[i], steps[i], dims[axis]);
    dims[axis] = range.count;
    from.offset += range.start * from.strides[axis];
    // A step out of the tensor is not taken.
    from.strides[axis] *= range.count > 1 ? steps[i] : 0;
  }
  return Single(Gathered(args.inputs()[0], std::move(dims), from));
}

KernelOutputs Concat(const KernelArgs& args) {
  TensorDims dims = args.input(0)->dims();
  ASSIGN_OR_RETURN(
      const int64_t axis,
      NormalizeAxis(args.attributes().Int("axis", 0), RankOf(*args.input(0))));
  std::vector<const Tensor*> inputs;
  dims[axis] = 0;
  for (int i = 0; i < args.num_inputs(); ++i) {
    TensorDims others = args.input(i)->dims();
    if (others.size() != dims.size()) return Invalid("the ranks differ");
    if (__builtin_add_overflow(dims[axis], others[axis], &dims[axis])) {
      return Invalid("the result is too large");
    }
    others[axis] = dims[axis];
    if (others != dims) {
      return Invalid(absl::StrCat("the dims differ outside axis ", axis));
    }
    inputs.push_back(args.input(i));
  }
  const int64_t inner = ProductOf(dims, axis + 1, dims.size());
  const int64_t outer = ProductOf(dims, 0, axis);
  return Single(MoveElements(dims, inputs, [&](auto out, const auto& in) {
    auto to = out.begin();
    for (int64_t o = 0; o < outer; ++o) {
      for (size_t i = 0; i < in.size(); ++i) {
        const int64_t run = inputs[i]->dims()[axis] * inner;
        to = std::copy_n(in[i].begin() + o * run, run, to);
      }
    }
  }));
}

// The sizes of the parts of an axis of `dim` elements.
absl::StatusOr<std::vector<int64_t>> PartsOf(const KernelArgs& args,
                                             int64_t dim) {
  if (args.input(1) != nullptr) return IntegersOf(*args.input(1));
  const int64_t count =
      args.attributes().Int("num_outputs", args.num_outputs());
  if (count != args.num_outputs()) {
    return Invalid("num_outputs is not the number of outputs");
  }
  if (count == 0) return std::vector<int64_t>();
  const int64_t part = dim / count + (dim % count != 0);
  std::vector<int64_t> parts(count, part);
  parts.back() = dim - part * (count - 1);
  return parts;
}

KernelOutputs Split(const KernelArgs& args) {
  const Tensor& input = *args.input(0);
  ASSIGN_OR_RETURN(
      const int64_t axis,
      NormalizeAxis(args.attributes().Int("axis", 0), RankOf(input)));
  TensorDims dims = input.dims();
  int64_t left = dims[axis];
  ASSIGN_OR_RETURN(const std::vector<int64_t> parts, PartsOf(args, left));
  Strided from{0, RowMajorStrides(dims)};
  std::vector<TensorRef> outputs;
  for (const int64_t part : parts) {
    if (part < 0 || part > left) break;
    dims[axis] = part;
    ASSIGN_OR_RETURN(outputs.emplace_back(),
                     Gathered(args.inputs()[0], dims, from));
    from.offset += part * from.strides[axis];
    left -= part;
  }
  if (left != 0 || outputs.size() != parts.size() ||
      static_cast<int>(outputs.size()) != args.num_outputs()) {
    return Invalid(absl::StrCat("axis ", axis, " of ", input.TypeString(),
                                " cannot be split like this"));
  }
  return outputs;
}

KernelOutputs Expand(const KernelArgs& args) {
  const Tensor& input = *args.input(0);
  ASSIGN_OR_RETURN(const TensorDims shape, IntegersOf(*args.input(1)));
  const std::optional<TensorDims> dims = BroadcastDims(input.dims(), shape);
  if (!dims) {
    return Invalid(
        absl::StrCat("the shape does not broadcast with ", input.TypeString()));
  }
  return Single(Gathered(args.inputs()[0], *dims,
                         {0, BroadcastStrides(input.dims(), *dims)}));
}

KernelOutputs Tile(const KernelArgs& args) {
  const Tensor& input = *args.input(0);
  ASSIGN_OR_RETURN(const auto repeats, IntegersOf(*args.input(1)));
  if (repeats.size() != input.dims().size()) {
    return Invalid("there is not one repeat for each axis");
  }
  // As a tensor with an axis of repeats, of stride 0, before each axis.
  const Strides strides = RowMajorStrides(input.dims());
  TensorDims dims;
  TensorDims box;
  Strided from;
  for (size_t i = 0; i < repeats.size(); ++i) {
    const int64_t dim = input.dims()[i];
    if (repeats[i] < 0 ||
        __builtin_mul_overflow(dim, repeats[i], &dims.emplace_back())) {
      return Invalid("a repeat is negative or too large");
    }
    box.insert(box.end(), {repeats[i], dim});
    from.strides.insert(from.strides.end(), {0, strides[i]});
  }
  ASSIGN_OR_RETURN(TensorRef tiled,
                   Gathered(args.inputs()[0], std::move(box), from));
  return Single(Tensor::WithDims(tiled, std::move(dims)));
}

// Padding of one axis. Negative pads crop before the others pad.
struct AxisPad {
  int64_t start = 0;  // of what is kept
  int64_t kept = 0;
  int64_t before = 0;
  int64_t dim = 0;  // of the result
};

absl::StatusOr<AxisPad> PadAxis(int64_t dim, int64_t before, int64_t after) {
  AxisPad pad;
  if (__builtin_add_overflow(dim, before, &pad.dim) ||
      __builtin_add_overflow(pad.dim, after, &pad.dim) || pad.dim < 0) {
    return Invalid("the padded dims are negative or too large");
  }
  pad.start = std::max<int64_t>(0, -std::max(before, -dim));
  const int64_t end = dim + std::clamp<int64_t>(after, -dim, 0);
  pad.kept = std::max<int64_t>(0, end - pad.start);
  pad.before = std::max<int64_t>(0, before);
  return pad;
}

// Where element `i` of the padded axis is in the kept part, 0 <= result < n.
int64_t PadIndex(std::string_view mode, int64_t i, int64_t n) {
  if (mode == "edge") return std::clamp<int64_t>(i, 0, n - 1);
  const int64_t period = mode == "wrap" ? n : std::max<int64_t>(1, 2 * (n - 1));
  i %= period;
  if (i < 0) i += period;
  return i < n ? i : period - i;
}

absl::StatusOr<TensorRef> PadConstant(const KernelArgs& args,
                                      const std::vector<AxisPad>& pads) {
  const Tensor& data = *args.input(0);
  const Tensor* value = args.input(2);
  if (value != nullptr && value->num_elements() != 1) {
    return Invalid("constant_value is not one element");
  }
  TensorDims dims;
  TensorDims box;
  for (const AxisPad& pad : pads) {
    dims.push_back(pad.dim);
    box.push_back(pad.kept);
  }
  Strided from{0, RowMajorStrides(data.dims())};
  Strided to{0, RowMajorStrides(dims)};
  for (size_t i = 0; i < pads.size(); ++i) {
    from.offset += pads[i].start * from.strides[i];
    to.offset += pads[i].before * to.strides[i];
  }
  std::vector<const Tensor*> inputs = {&data};
  if (value != nullptr) inputs.push_back(value);
  return MoveElements(dims, inputs, [&](auto out, const auto& in) {
    if (in.size() > 1) std::fill(out.begin(), out.end(), in[1][0]);
    CopyBox(box, in[0], from, out, to);
  });
}

KernelOutputs Pad(const KernelArgs& args) {
  const Tensor& data = *args.input(0);
  ASSIGN_OR_RETURN(const auto amounts, IntegersOf(*args.input(1)));
  std::vector<int64_t> axes;
  if (args.input(3) != nullptr) {
    ASSIGN_OR_RETURN(axes, IntegersOf(*args.input(3)));
  }
  ASSIGN_OR_RETURN(
      axes, AxesOf(args.input(3) != nullptr ? &axes : nullptr, RankOf(data)));
  if (amounts.size() != 2 * axes.size()) {
    return Invalid("there are not two pads for each axis");
  }
  std::vector<AxisPad> pads;
  for (const int64_t dim : data.dims()) pads.push_back({0, dim, 0, dim});
  for (size_t i = 0; i < axes.size(); ++i) {
    ASSIGN_OR_RETURN(pads[axes[i]], PadAxis(data.dims()[axes[i]], amounts[i],
                                            amounts[i + axes.size()]));
  }
  const std::string_view mode = args.attributes().String("mode", "constant");
  if (mode == "constant") return Single(PadConstant(args, pads));
  if (mode != "edge" && mode != "reflect" && mode != "wrap") {
    return Invalid(absl::StrCat("mode ", std::string(mode), " is not known"));
  }
  TensorDims dims;
  for (const AxisPad& pad : pads) dims.push_back(pad.dim);
  const bool filled = NumElements(dims) != 0;
  for (const AxisPad& pad : pads) {
    if (pad.kept == 0 && filled) return Invalid("an empty axis is padded");
  }
  return Single(
      GatheredByAxis(data, std::move(dims), [&](size_t axis, int64_t i) {
        const AxisPad& pad = pads[axis];
        return pad.start + PadIndex(mode, i - pad.before, pad.kept);
      }));
}

}  // namespace

KernelList MovementKernels() {
  return {{"Concat"_op, Concat},      {"Expand"_op, Expand}, {"Pad"_op, Pad},
          {"Slice"_op, Slice},        {"Split"_op, Split},   {"Tile"_op, Tile},
          {"Transpose"_op, Transpose}};
}

}  // namespace onnxopt::eval
