// SPDX-License-Identifier: Apache-2.0
#include "eval/move_elements.h"

#include <algorithm>

#include "eval/transpose.h"

namespace onnxopt::eval {
namespace {

// The same box with fewer axes: none of one element, and axes that follow each
// other in both tensors merged.
void Simplify(TensorDims& dims, Strides& from, Strides& to) {
  size_t kept = 0;
  for (size_t i = 0; i < dims.size(); ++i) {
    if (dims[i] == 1) continue;
    if (kept > 0 && from[kept - 1] == from[i] * dims[i] &&
        to[kept - 1] == to[i] * dims[i]) {
      dims[kept - 1] *= dims[i];
    } else {
      dims[kept++] = dims[i];
    }
    from[kept - 1] = from[i];
    to[kept - 1] = to[i];
  }
  dims.resize(kept);
  from.resize(kept);
  to.resize(kept);
}

template <typename T>
void CopyRun(int64_t n, const T* in, int64_t from, T* out, int64_t to) {
  if (from == 1 && to == 1) {
    std::copy(in, in + n, out);
  } else if (from == 0 && to == 1) {
    std::fill(out, out + n, *in);
  } else {
    for (int64_t k = 0; k < n; ++k) out[k * to] = in[k * from];
  }
}

}  // namespace

template <typename T>
void CopyBox(const TensorDims& dims, std::span<const T> in, const Strided& from,
             std::span<T> out, const Strided& to) {
  if (NumElements(dims) == 0) return;  // the offsets may be anywhere
  TensorDims box = dims;
  std::array<Strides, 2> strides = {from.strides, to.strides};
  Simplify(box, strides[0], strides[1]);
  const T* source = in.data() + from.offset;
  T* target = out.data() + to.offset;
  // A transposition: the last axis of the target is another one of the source.
  const size_t last = box.empty() ? 0 : box.size() - 1;
  const auto row = std::find(strides[0].begin(), strides[0].end(), 1);
  if (last > 0 && row != strides[0].end() && strides[1][last] == 1 &&
      strides[0][last] != 1) {
    const size_t i = row - strides[0].begin();
    const int64_t rows = box[i];
    const int64_t columns = box[last];
    const int64_t row_step = strides[1][i];
    const int64_t column_step = strides[0][last];
    // What is left to visit are the other axes.
    box[i] = 1;
    box[last] = 1;
    ForEachRun(
        box, strides, [&](int64_t n, const auto& offsets, const auto& steps) {
          for (int64_t k = 0; k < n; ++k) {
            TransposeMatrix(source + offsets[0] + k * steps[0], column_step,
                            target + offsets[1] + k * steps[1], row_step, rows,
                            columns);
          }
        });
    return;
  }
  ForEachRun(box, strides,
             [&](int64_t n, const auto& offsets, const auto& steps) {
               CopyRun(n, source + offsets[0], steps[0], target + offsets[1],
                       steps[1]);
             });
}

template void CopyBox(const TensorDims&, std::span<const uint8_t>,
                      const Strided&, std::span<uint8_t>, const Strided&);
template void CopyBox(const TensorDims&, std::span<const uint16_t>,
                      const Strided&, std::span<uint16_t>, const Strided&);
template void CopyBox(const TensorDims&, std::span<const uint32_t>,
                      const Strided&, std::span<uint32_t>, const Strided&);
template void CopyBox(const TensorDims&, std::span<const uint64_t>,
                      const Strided&, std::span<uint64_t>, const Strided&);
template void CopyBox(const TensorDims&, std::span<const Bits128>,
                      const Strided&, std::span<Bits128>, const Strided&);
template void CopyBox(const TensorDims&, std::span<const std::string>,
                      const Strided&, std::span<std::string>, const Strided&);

namespace {

// Null if `input` is neither a splat nor one element of whole bytes.
absl::StatusOr<TensorRef> SplatLike(const Tensor& input,
                                    const TensorDims& dims) {
  const int bits = BitWidth(input.type());
  if (bits < 8 || input.num_elements() == 0 ||
      (input.form() != Tensor::Form::kSplat && input.num_elements() != 1)) {
    return TensorRef();
  }
  ASSIGN_OR_RETURN(const std::string element, input.Slice(0, bits / 8));
  return Tensor::Splat(input.type(), dims, element);
}

}  // namespace

absl::StatusOr<TensorRef> Gathered(const Tensor& input, TensorDims dims,
                                   const Strided& from) {
  ASSIGN_OR_RETURN(TensorRef splat, SplatLike(input, dims));
  if (splat != nullptr) return splat;
  const TensorDims box = dims;
  return MoveElements(std::move(dims), input, [&](auto out, const auto& in) {
    CopyBox(box, in[0], from, out, Strided{0, RowMajorStrides(box)});
  });
}

absl::StatusOr<TensorRef> GatheredRuns(const Tensor& input, TensorDims dims,
                                       std::span<const int64_t> offsets,
                                       int64_t run) {
  ASSIGN_OR_RETURN(TensorRef splat, SplatLike(input, dims));
  if (splat != nullptr) return splat;
  return MoveElements(std::move(dims), input, [&](auto out, const auto& in) {
    auto to = out.begin();
    for (const int64_t offset : offsets) {
      to = std::copy_n(in[0].begin() + offset, run, to);
    }
  });
}

absl::StatusOr<TensorRef> GatheredByAxis(
    const Tensor& input, TensorDims dims,
    absl::FunctionRef<int64_t(size_t axis, int64_t i)> index_of,
    const Tensor* outside) {
  if (dims.size() >= 64) return absl::UnimplementedError("64 axes and more");
  const TensorDims box = dims;
  std::vector<const Tensor*> inputs = {&input};
  if (outside != nullptr) inputs.push_back(outside);
  return MoveElements(std::move(dims), inputs, [&](auto out, const auto& in) {
    if (box.empty()) {
      out[0] = in[0][0];
      return;
    }
    // A sum of offsets with one that is outside stays below 0.
    constexpr int64_t kOutside = INT64_MIN / 64;
    const Strides strides = RowMajorStrides(input.dims());
    std::vector<std::vector<int64_t>> offsets;
    for (size_t axis = 0; axis < box.size(); ++axis) {
      auto& list = offsets.emplace_back(box[axis]);
      for (int64_t i = 0; i < box[axis]; ++i) {
        const int64_t index = index_of(axis, i);
        list[i] = index < 0 ? kOutside : index * strides[axis];
      }
    }
    const size_t outer = box.size() - 1;
    std::vector<size_t> index(outer, 0);
    for (auto to = out.begin(); to != out.end();) {
      int64_t row = 0;
      for (size_t i = 0; i < outer; ++i) row += offsets[i][index[i]];
      for (const int64_t i : offsets.back()) {
        *to++ = row + i < 0 ? in.back()[0] : in[0][row + i];
      }
      for (size_t i = outer; i-- > 0;) {
        if (++index[i] < offsets[i].size()) break;
        index[i] = 0;
      }
    }
  });
}

}  // namespace onnxopt::eval
