// SPDX-License-Identifier: Apache-2.0
#include "eval/move_elements.h"

#include <algorithm>
#include <memory>

#include "eval/transpose.h"
#include "support/parallel.h"

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
template void CopyBox(const TensorDims&, std::span<const Element<2>>,
                      const Strided&, std::span<Element<2>>, const Strided&);
template void CopyBox(const TensorDims&, std::span<const Element<4>>,
                      const Strided&, std::span<Element<4>>, const Strided&);
template void CopyBox(const TensorDims&, std::span<const Element<8>>,
                      const Strided&, std::span<Element<8>>, const Strided&);
template void CopyBox(const TensorDims&, std::span<const Element<16>>,
                      const Strided&, std::span<Element<16>>, const Strided&);
template void CopyBox(const TensorDims&, std::span<const std::string>,
                      const Strided&, std::span<std::string>, const Strided&);

namespace {

// Larger results of Gathered are not kept whole.
constexpr int64_t kMaxWholeBytes = 32 << 20;

class StridedSource : public TensorSource {
 public:
  StridedSource(TensorRef input, Strided from)
      : input_(std::move(input)), from_(std::move(from)) {}

  absl::Status Produce(const Tensor& tensor, ByteSink sink) const override {
    switch (BitWidth(tensor.type())) {
      case 8:
        return ProduceElements<uint8_t>(tensor.dims(), sink);
      case 16:
        return ProduceElements<Element<2>>(tensor.dims(), sink);
      case 32:
        return ProduceElements<Element<4>>(tensor.dims(), sink);
      case 64:
        return ProduceElements<Element<8>>(tensor.dims(), sink);
      default:
        return ProduceElements<Element<16>>(tensor.dims(), sink);
    }
  }

 private:
  static constexpr int64_t kPieceBytes = 16 << 20;
  // Rows are taken in multiples of this where possible: whole tiles of
  // TransposeMatrix.
  static constexpr int64_t kRows = 128;

  // Pieces are some rows along `axis`, at one index of the axes before it.
  template <typename T>
  absl::Status ProduceElements(const TensorDims& dims, ByteSink sink) const {
    ASSIGN_OR_RETURN(const Elements<T> input, Elements<T>::Of(*input_));
    constexpr int64_t kMaxElements = kPieceBytes / sizeof(T);
    size_t axis = 0;
    while (axis + 1 < dims.size() &&
           ProductOf(dims, axis + 1, dims.size()) > kMaxElements) {
      ++axis;
    }
    const int64_t row = ProductOf(dims, axis + 1, dims.size());
    int64_t step = std::max<int64_t>(1, kMaxElements / row);
    if (step > kRows) step -= step % kRows;
    std::vector<T> piece(std::min(step, dims[axis]) * row);
    std::vector<int64_t> index(axis, 0);
    const int64_t outer = ProductOf(dims, 0, axis);
    for (int64_t i = 0; i < outer; ++i) {
      int64_t offset = from_.offset;
      for (size_t a = 0; a < axis; ++a) offset += index[a] * from_.strides[a];
      for (int64_t first = 0; first < dims[axis]; first += step) {
        const int64_t rows = std::min(step, dims[axis] - first);
        CopyRows<T>(dims, axis, offset + first * from_.strides[axis], rows,
                    input.span(),
                    {piece.data(), static_cast<size_t>(rows * row)});
        RETURN_IF_ERROR(sink({reinterpret_cast<const char*>(piece.data()),
                              static_cast<size_t>(rows * row) * sizeof(T)}));
      }
      for (size_t a = axis; a-- > 0;) {
        if (++index[a] < dims[a]) break;
        index[a] = 0;
      }
    }
    return absl::OkStatus();
  }

  template <typename T>
  void CopyRows(const TensorDims& dims, size_t axis, int64_t offset,
                int64_t rows, std::span<const T> input,
                std::span<T> piece) const {
    const int64_t row = ProductOf(dims, axis + 1, dims.size());
    ParallelFor(rows, kRows, [&](int64_t begin, int64_t end) {
      TensorDims box(dims.begin() + axis, dims.end());
      box[0] = end - begin;
      const Strided from{offset + begin * from_.strides[axis],
                         {from_.strides.begin() + axis, from_.strides.end()}};
      CopyBox(box, input, from, piece.subspan(begin * row),
              Strided{0, RowMajorStrides(box)});
    });
  }

  const TensorRef input_;
  const Strided from_;
};

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

absl::StatusOr<TensorRef> Gathered(const TensorRef& input, TensorDims dims,
                                   const Strided& from) {
  ASSIGN_OR_RETURN(TensorRef splat, SplatLike(*input, dims));
  if (splat != nullptr) return splat;
  const std::optional<int64_t> count = NumElements(dims);
  const std::optional<int64_t> size =
      count ? ByteSize(input->type(), *count) : std::nullopt;
  if (size && BitWidth(input->type()) >= 8 && *size > kMaxWholeBytes &&
      *size <= Tensor::kMaxMaterializedBytes) {
    // The input is needed whole; evaluated now, no chain of sources grows.
    RETURN_IF_ERROR(input->bytes().status());
    return Tensor::Computed(input->type(), std::move(dims),
                            std::make_shared<StridedSource>(input, from));
  }
  const TensorDims box = dims;
  return MoveElements(std::move(dims), *input, [&](auto out, const auto& in) {
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
