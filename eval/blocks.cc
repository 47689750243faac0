// SPDX-License-Identifier: Apache-2.0
// Operators that move or keep parts of axes: blocks, triangles, centres.
#include <algorithm>

#include "absl/strings/str_cat.h"
#include "eval/arguments.h"
#include "eval/elements.h"
#include "eval/families.h"
#include "eval/move_elements.h"

namespace onnxopt::eval {
namespace {

// `input`, seen as a tensor of dims `parts`, transposed by `perm`, seen as one
// of dims `dims`.
absl::StatusOr<TensorRef> Shuffled(const TensorRef& input,
                                   const TensorDims& parts,
                                   std::span<const int> perm, TensorDims dims) {
  const Strides strides = RowMajorStrides(parts);
  TensorDims box;
  Strided from;
  for (const int axis : perm) {
    box.push_back(parts[axis]);
    from.strides.push_back(strides[axis]);
  }
  ASSIGN_OR_RETURN(TensorRef shuffled, Gathered(input, std::move(box), from));
  return Tensor::WithDims(shuffled, std::move(dims));
}

KernelOutputs DepthToSpace(const KernelArgs& args) {
  const Tensor& input = *args.input(0);
  const int64_t b = args.attributes().Int("blocksize", 0);
  if (RankOf(input) != 4 || b <= 0 || b > INT32_MAX ||
      input.dims()[1] % (b * b) != 0) {
    return Invalid(
        absl::StrCat("blocksize ", b, " does not fit ", input.TypeString()));
  }
  const TensorDims& d = input.dims();
  const int64_t depth = d[1] / (b * b);
  TensorDims dims = {d[0], depth, d[2] * b, d[3] * b};
  const std::string_view mode = args.attributes().String("mode", "DCR");
  if (mode == "DCR") {
    return Single(Shuffled(args.inputs()[0], {d[0], b, b, depth, d[2], d[3]},
                           std::array{0, 3, 4, 1, 5, 2}, std::move(dims)));
  }
  if (mode == "CRD") {
    return Single(Shuffled(args.inputs()[0], {d[0], depth, b, b, d[2], d[3]},
                           std::array{0, 1, 4, 2, 5, 3}, std::move(dims)));
  }
  return Invalid(absl::StrCat("mode ", std::string(mode), " is not known"));
}

KernelOutputs SpaceToDepth(const KernelArgs& args) {
  const Tensor& input = *args.input(0);
  const int64_t b = args.attributes().Int("blocksize", 0);
  if (RankOf(input) != 4 || b <= 0 || b > INT32_MAX ||
      input.dims()[2] % b != 0 || input.dims()[3] % b != 0) {
    return Invalid(
        absl::StrCat("blocksize ", b, " does not fit ", input.TypeString()));
  }
  const TensorDims& d = input.dims();
  return Single(Shuffled(
      args.inputs()[0], {d[0], d[1], d[2] / b, b, d[3] / b, b},
      std::array{0, 3, 5, 1, 2, 4}, {d[0], d[1] * b * b, d[2] / b, d[3] / b}));
}

KernelOutputs Trilu(const KernelArgs& args) {
  const Tensor& input = *args.input(0);
  const TensorDims& dims = input.dims();
  if (dims.size() < 2) return Invalid("the input has less than two axes");
  const int64_t rows = dims[dims.size() - 2];
  const int64_t columns = dims.back();
  int64_t k = 0;
  if (args.input(1) != nullptr) {
    ASSIGN_OR_RETURN(k, ScalarOf(*args.input(1)));
  }
  k = std::clamp(k, -rows, columns);
  const bool upper = args.attributes().Int("upper", 1) != 0;
  return Single(MoveElements(dims, input, [&](auto out, const auto& in) {
    const int64_t all_rows = static_cast<int64_t>(out.size()) / columns;
    for (int64_t row = 0; row < all_rows; ++row) {
      // The diagonal goes through this column; it belongs to both triangles.
      const int64_t diagonal = row % rows + k;
      const int64_t begin =
          upper ? std::clamp<int64_t>(diagonal, 0, columns) : 0;
      const int64_t end =
          upper ? columns : std::clamp<int64_t>(diagonal + 1, 0, columns);
      std::copy(in[0].begin() + row * columns + begin,
                in[0].begin() + row * columns + end,
                out.begin() + row * columns + begin);
    }
  }));
}

KernelOutputs ReverseSequence(const KernelArgs& args) {
  const Tensor& input = *args.input(0);
  const TensorDims& dims = input.dims();
  const int64_t batch_axis = args.attributes().Int("batch_axis", 1);
  const int64_t time_axis = args.attributes().Int("time_axis", 0);
  if (dims.size() < 2 || std::min(batch_axis, time_axis) != 0 ||
      std::max(batch_axis, time_axis) != 1) {
    return Invalid("batch_axis and time_axis are not the first two axes");
  }
  ASSIGN_OR_RETURN(const auto lengths, IntegersOf(*args.input(1)));
  const int64_t times = dims[time_axis];
  if (static_cast<int64_t>(lengths.size()) != dims[batch_axis]) {
    return Invalid("there is not one length for each sequence");
  }
  for (const int64_t length : lengths) {
    if (length < 0 || length > times) {
      return Invalid(absl::StrCat("length ", length, " is not in 0..", times));
    }
  }
  if (input.num_elements() == 0) {
    return std::vector<TensorRef>{args.inputs()[0]};
  }
  const int64_t run = ProductOf(dims, 2, dims.size());
  std::vector<int64_t> offsets;
  for (int64_t i = 0; i < dims[0]; ++i) {
    for (int64_t j = 0; j < dims[1]; ++j) {
      const int64_t length = lengths[time_axis == 0 ? j : i];
      const int64_t time = time_axis == 0 ? i : j;
      const int64_t from = time < length ? length - 1 - time : time;
      offsets.push_back(
          (time_axis == 0 ? from * dims[1] + j : i * dims[1] + from) * run);
    }
  }
  return Single(GatheredRuns(input, dims, offsets, run));
}

KernelOutputs CenterCropPad(const KernelArgs& args) {
  const Tensor& input = *args.input(0);
  ASSIGN_OR_RETURN(const auto shape, IntegersOf(*args.input(1)));
  ASSIGN_OR_RETURN(const auto axes,
                   AxesOf(args.attributes().Ints("axes"), RankOf(input)));
  if (shape.size() != axes.size()) {
    return Invalid("there is not one size for each axis");
  }
  TensorDims dims = input.dims();
  for (size_t i = 0; i < axes.size(); ++i) {
    if (shape[i] < 0) return Invalid("a size is negative");
    dims[axes[i]] = shape[i];
  }
  TensorDims box;
  Strided from{0, RowMajorStrides(input.dims())};
  Strided to{0, RowMajorStrides(dims)};
  if (!NumElements(dims)) return Invalid("the result is too large");
  for (size_t i = 0; i < dims.size(); ++i) {
    // Of an odd number of elements, one more is cropped or padded at the end.
    const int64_t more = dims[i] - input.dims()[i];
    box.push_back(std::min(dims[i], input.dims()[i]));
    (more < 0 ? from : to).offset +=
        std::abs(more) / 2 * (more < 0 ? from : to).strides[i];
  }
  return Single(MoveElements(dims, input, [&](auto out, const auto& in) {
    CopyBox(box, in[0], from, out, to);
  }));
}

// Col2Im along one axis.
struct Im2ColAxis {
  int64_t image = 0;
  int64_t kernel = 0;
  int64_t dilation = 1;
  int64_t stride = 1;
  int64_t pad = 0;
  int64_t blocks = 0;
};

absl::StatusOr<std::vector<Im2ColAxis>> Im2ColAxes(const KernelArgs& args) {
  ASSIGN_OR_RETURN(const auto image, IntegersOf(*args.input(1)));
  ASSIGN_OR_RETURN(const auto kernel, IntegersOf(*args.input(2)));
  const size_t rank = image.size();
  const auto list = [&](const char* name, int64_t value, size_t size) {
    const auto* given = args.attributes().Ints(name);
    return given != nullptr ? *given : std::vector<int64_t>(size, value);
  };
  const auto dilations = list("dilations", 1, rank);
  const auto strides = list("strides", 1, rank);
  const auto pads = list("pads", 0, 2 * rank);
  if (rank == 0 || kernel.size() != rank || dilations.size() != rank ||
      strides.size() != rank || pads.size() != 2 * rank) {
    return Invalid("the parameters differ in length");
  }
  std::vector<Im2ColAxis> axes;
  for (size_t i = 0; i < rank; ++i) {
    constexpr int64_t kMax = INT32_MAX;
    for (const int64_t value :
         {image[i], kernel[i], dilations[i], strides[i]}) {
      if (value <= 0 || value > kMax) {
        return Invalid("a parameter is not positive, or too large");
      }
    }
    for (const int64_t value : {pads[i], pads[i + rank]}) {
      if (value < 0 || value > kMax) {
        return Invalid("a pad is negative or too large");
      }
    }
    const int64_t room = image[i] + pads[i] + pads[i + rank] -
                         dilations[i] * (kernel[i] - 1) - 1;
    if (room < 0) return Invalid("the block is larger than the image");
    axes.push_back({image[i], kernel[i], dilations[i], strides[i], pads[i],
                    room / strides[i] + 1});
  }
  return axes;
}

// Where the elements of one image's columns go in the image, one after the
// other; -1: into the padding. The columns are a matrix: kernel positions by
// blocks, both in row-major order.
std::vector<int64_t> ColumnTargets(const std::vector<Im2ColAxis>& axes,
                                   int64_t kernel_size, int64_t num_blocks) {
  std::vector<int64_t> targets;
  for (int64_t k = 0; k < kernel_size; ++k) {
    for (int64_t b = 0; b < num_blocks; ++b) {
      int64_t kernel_index = k;
      int64_t block_index = b;
      int64_t target = 0;
      int64_t image_stride = 1;
      bool inside = true;
      for (size_t i = axes.size(); i-- > 0;) {
        const Im2ColAxis& a = axes[i];
        const int64_t at = block_index % a.blocks * a.stride +
                           kernel_index % a.kernel * a.dilation - a.pad;
        inside &= at >= 0 && at < a.image;
        target += at * image_stride;
        image_stride *= a.image;
        block_index /= a.blocks;
        kernel_index /= a.kernel;
      }
      targets.push_back(inside ? target : -1);
    }
  }
  return targets;
}

// Adds the columns of all images into `sums`.
template <typename T>
void AddColumns(std::span<const T> columns, const std::vector<int64_t>& targets,
                int64_t image_size, std::span<T> sums) {
  for (size_t i = 0; i < columns.size(); ++i) {
    const int64_t target = targets[i % targets.size()];
    if (target < 0) continue;
    T& sum = sums[i / targets.size() * image_size + target];
    if constexpr (std::is_integral_v<T>) {
      sum = static_cast<T>(static_cast<uint64_t>(sum) +
                           static_cast<uint64_t>(columns[i]));
    } else {
      sum += columns[i];
    }
  }
}

KernelOutputs Col2Im(const KernelArgs& args) {
  const Tensor& input = *args.input(0);
  ASSIGN_OR_RETURN(const auto axes, Im2ColAxes(args));
  TensorDims kernel;
  TensorDims blocks;
  for (const Im2ColAxis& axis : axes) {
    kernel.push_back(axis.kernel);
    blocks.push_back(axis.blocks);
  }
  const TensorDims& d = input.dims();
  const int64_t kernel_size = NumElements(kernel).value_or(0);
  if (d.size() != 3 || kernel_size == 0 || d[1] % kernel_size != 0 ||
      NumElements(blocks) != d[2]) {
    return Invalid(
        absl::StrCat("the parameters do not fit ", input.TypeString()));
  }
  TensorDims dims = {d[0], d[1] / kernel_size};
  for (const Im2ColAxis& axis : axes) dims.push_back(axis.image);
  const ElementType type = input.type();
  ASSIGN_OR_RETURN(TensorBuilder out,
                   TensorBuilder::Create(type, std::move(dims)));
  ASSIGN_OR_RETURN(const std::string_view bytes, input.bytes());
  if (input.num_elements() == 0) return Single(std::move(out).Finish());
  const std::vector<int64_t> targets = ColumnTargets(axes, kernel_size, d[2]);
  const int64_t image_size = ProductOf(out.dims(), 2, out.dims().size());
  if (IsFloating(type)) {
    std::vector<double> columns(input.num_elements());
    std::vector<double> sums(out.num_elements());
    LoadFloating(type, bytes, 0, columns);
    AddColumns<double>(columns, targets, image_size, sums);
    StoreFloating(type, sums, 0, out.bytes());
  } else if (IsInteger(type)) {
    std::vector<int64_t> columns(input.num_elements());
    std::vector<int64_t> sums(out.num_elements());
    LoadIntegers(type, bytes, 0, columns);
    AddColumns<int64_t>(columns, targets, image_size, sums);
    StoreIntegers(type, sums, 0, out.bytes());
  } else {
    return absl::UnimplementedError(
        absl::StrCat("sums of ", std::string(ElementTypeName(type))));
  }
  return Single(std::move(out).Finish());
}

}  // namespace

KernelList BlockKernels() {
  return {{"CenterCropPad"_op, CenterCropPad},
          {"Col2Im"_op, Col2Im},
          {"DepthToSpace"_op, DepthToSpace},
          {"ReverseSequence"_op, ReverseSequence},
          {"SpaceToDepth"_op, SpaceToDepth},
          {"Trilu"_op, Trilu}};
}

}  // namespace onnxopt::eval
