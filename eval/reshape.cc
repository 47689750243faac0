// SPDX-License-Identifier: Apache-2.0
// Operators that give the elements other dims, and those that read dims.
#include <algorithm>

#include "absl/strings/str_cat.h"
#include "eval/arguments.h"
#include "eval/dense.h"
#include "eval/families.h"

namespace onnxopt::eval {
namespace {

KernelOutputs WithDims(const KernelArgs& args, TensorDims dims) {
  return Single(Tensor::WithDims(args.inputs()[0], std::move(dims)));
}

// The value of the -1 in `dims`.
absl::StatusOr<int64_t> InferredDim(const Tensor& data,
                                    const TensorDims& dims) {
  TensorDims others = dims;
  std::erase(others, -1);
  const int64_t known = NumElements(others).value_or(0);
  if (others.size() + 1 != dims.size() || known == 0 ||
      data.num_elements() % known != 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("the -1 in the shape does not stand for one dim of ",
                     data.TypeString()));
  }
  return data.num_elements() / known;
}

KernelOutputs Reshape(const KernelArgs& args) {
  const Tensor& data = *args.input(0);
  const bool allow_zero = args.attributes().Int("allowzero", 0) != 0;
  ASSIGN_OR_RETURN(TensorDims dims, IntegersOf(*args.input(1)));
  const auto minus_one = std::find(dims.begin(), dims.end(), -1);
  for (size_t i = 0; i < dims.size(); ++i) {
    if (dims[i] != 0) continue;
    if (allow_zero) {
      if (minus_one == dims.end()) continue;
      return absl::InvalidArgumentError(
          "with allowzero the shape cannot have both 0 and -1");
    }
    if (i >= data.dims().size()) {
      return absl::InvalidArgumentError(
          absl::StrCat("the 0 in the shape stands for a dim that ",
                       data.TypeString(), " has not"));
    }
    dims[i] = data.dims()[i];
  }
  if (minus_one != dims.end()) {
    ASSIGN_OR_RETURN(*minus_one, InferredDim(data, dims));
  }
  return WithDims(args, std::move(dims));
}

KernelOutputs Flatten(const KernelArgs& args) {
  const TensorDims& dims = args.input(0)->dims();
  int64_t axis = args.attributes().Int("axis", 1);
  const int64_t rank = RankOf(*args.input(0));
  if (axis < -rank || axis > rank) {
    return absl::InvalidArgumentError(
        absl::StrCat("axis ", axis, " is out of range for rank ", rank));
  }
  if (axis < 0) axis += rank;
  const auto rows = NumElements({dims.begin(), dims.begin() + axis});
  const auto columns = NumElements({dims.begin() + axis, dims.end()});
  if (!rows || !columns) return Invalid("the dims are too large");
  return WithDims(args, {*rows, *columns});
}

KernelOutputs Squeeze(const KernelArgs& args) {
  const TensorDims& dims = args.input(0)->dims();
  std::vector<bool> removed(dims.size());
  if (args.input(1) == nullptr) {
    for (size_t i = 0; i < dims.size(); ++i) removed[i] = dims[i] == 1;
  } else {
    ASSIGN_OR_RETURN(std::vector<int64_t> axes, IntegersOf(*args.input(1)));
    ASSIGN_OR_RETURN(axes, AxesOf(&axes, RankOf(*args.input(0))));
    for (const int64_t axis : axes) {
      if (dims[axis] != 1) {
        return absl::InvalidArgumentError(absl::StrCat(
            "axis ", axis, " of ", args.input(0)->TypeString(), " is not 1"));
      }
      removed[axis] = true;
    }
  }
  TensorDims result;
  for (size_t i = 0; i < dims.size(); ++i) {
    if (!removed[i]) result.push_back(dims[i]);
  }
  return WithDims(args, std::move(result));
}

KernelOutputs Unsqueeze(const KernelArgs& args) {
  const TensorDims& dims = args.input(0)->dims();
  ASSIGN_OR_RETURN(std::vector<int64_t> axes, IntegersOf(*args.input(1)));
  const size_t rank = dims.size() + axes.size();
  ASSIGN_OR_RETURN(axes, AxesOf(&axes, static_cast<int64_t>(rank)));
  std::vector<bool> added(rank);
  for (const int64_t axis : axes) added[axis] = true;
  TensorDims result;
  auto dim = dims.begin();
  for (size_t i = 0; i < rank; ++i) result.push_back(added[i] ? 1 : *dim++);
  return WithDims(args, std::move(result));
}

KernelOutputs Shape(const KernelArgs& args) {
  const TensorDims& dims = args.input(0)->dims();
  const int64_t rank = RankOf(*args.input(0));
  const auto clamped = [rank](int64_t axis) {
    return std::clamp<int64_t>(axis < 0 ? axis + rank : axis, 0, rank);
  };
  const int64_t start = clamped(args.attributes().Int("start", 0));
  const int64_t end =
      std::max(start, clamped(args.attributes().Int("end", rank)));
  return Single(MakeInt64s(std::span(dims).subspan(start, end - start)));
}

KernelOutputs Size(const KernelArgs& args) {
  const int64_t size = args.input(0)->num_elements();
  ASSIGN_OR_RETURN(TensorRef list, MakeInt64s({&size, 1}));
  return Single(Tensor::WithDims(list, {}));
}

}  // namespace

KernelList ReshapeKernels() {
  return {{"Flatten"_op, Flatten}, {"Reshape"_op, Reshape},
          {"Shape"_op, Shape},     {"Size"_op, Size},
          {"Squeeze"_op, Squeeze}, {"Unsqueeze"_op, Unsqueeze}};
}

}  // namespace onnxopt::eval
