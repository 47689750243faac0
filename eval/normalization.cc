// SPDX-License-Identifier: Apache-2.0
// Batch, instance, group, layer and RMS normalization, LRN and
// MeanVarianceNormalization. Statistics are sums of doubles in order.
#include <cmath>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "eval/families.h"
#include "eval/numbers.h"
#include "support/status.h"

namespace onnxopt::eval {
namespace {

using Outputs = absl::StatusOr<std::vector<TensorRef>>;

struct Moments {
  double mean = 0;
  double variance = 0;  // of the population
};

template <typename T>
Moments MomentsOf(std::span<const T> values) {
  Moments moments;
  const auto count = static_cast<double>(values.size());
  for (const T value : values) moments.mean += value;
  moments.mean /= count;
  for (const T value : values) {
    const double difference = value - moments.mean;
    moments.variance += difference * difference;
  }
  moments.variance /= count;
  return moments;
}

absl::Status WrongShape(const Tensor& x) {
  return absl::InvalidArgumentError(
      absl::StrCat("an input ", x.TypeString(), " has the wrong shape"));
}

// A parameter with one element per channel.
absl::StatusOr<std::vector<double>> PerChannel(const Tensor& parameter,
                                               int64_t channels) {
  if (parameter.dims() != TensorDims{channels}) return WrongShape(parameter);
  return FloatsOf(parameter);
}

// X as [batch, channels, plane].
struct Planes {
  static absl::StatusOr<Planes> Of(const Tensor& x, size_t least_rank) {
    const TensorDims& dims = x.dims();
    if (dims.size() < least_rank) return WrongShape(x);
    Planes planes;
    planes.batch = dims[0];
    planes.channels = dims.size() > 1 ? dims[1] : 1;
    planes.size =
        ProductOf(dims, std::min<size_t>(2, dims.size()), dims.size());
    return planes;
  }
  int64_t batch = 1;
  int64_t channels = 1;
  int64_t size = 1;
};

// The moments of each channel over all images.
template <typename T>
std::vector<Moments> BatchMoments(const Planes& planes, const T* x) {
  std::vector<Moments> moments(planes.channels);
  const auto count = static_cast<double>(planes.batch * planes.size);
  const auto each = [&](int64_t channel, auto visit) {
    for (int64_t n = 0; n < planes.batch; ++n) {
      const T* plane = x + (n * planes.channels + channel) * planes.size;
      for (int64_t i = 0; i < planes.size; ++i) visit(plane[i]);
    }
  };
  for (int64_t channel = 0; channel < planes.channels; ++channel) {
    Moments& own = moments[channel];
    each(channel, [&](T value) { own.mean += value; });
    own.mean /= count;
    each(channel, [&](T value) {
      own.variance += (value - own.mean) * (value - own.mean);
    });
    own.variance /= count;
  }
  return moments;
}

absl::StatusOr<TensorRef> Vector(ElementType type,
                                 const std::vector<double>& values) {
  ASSIGN_OR_RETURN(
      Result<double> result,
      Result<double>::Create(type, {static_cast<int64_t>(values.size())}));
  std::ranges::copy(values, result.data());
  return std::move(result).Finish();
}

Outputs BatchNormalization(const KernelArgs& args) {
  const Tensor& x = *args.input(0);
  ASSIGN_OR_RETURN(const Planes planes, Planes::Of(x, 1));
  const double epsilon = args.attributes().Float("epsilon", 1e-5F);
  const double momentum = args.attributes().Float("momentum", 0.9F);
  const bool training = args.attributes().Int("training_mode", 0) != 0;
  if (!training && args.num_outputs() > 1) {
    return absl::InvalidArgumentError(
        "only training_mode has more than one output");
  }
  std::array<std::vector<double>, 4> parameters;
  for (int i = 0; i < 4; ++i) {
    ASSIGN_OR_RETURN(parameters[i],
                     PerChannel(*args.input(i + 1), planes.channels));
  }
  return WithFloatType(x.type(), [&]<typename T>(T) -> Outputs {
    ASSIGN_OR_RETURN(Result<T> y, Result<T>::Create(x.type(), x.dims()));
    ASSIGN_OR_RETURN(const Numbers<T> values, Numbers<T>::Of(x));
    std::vector<double> mean = parameters[2];
    std::vector<double> variance = parameters[3];
    std::vector<double> running_mean = mean;
    std::vector<double> running_variance = variance;
    if (training) {
      const std::vector<Moments> moments = BatchMoments(planes, values.data());
      for (int64_t c = 0; c < planes.channels; ++c) {
        mean[c] = moments[c].mean;
        variance[c] = moments[c].variance;
        running_mean[c] = running_mean[c] * momentum + mean[c] * (1 - momentum);
        running_variance[c] =
            running_variance[c] * momentum + variance[c] * (1 - momentum);
      }
    }
    for (int64_t plane = 0; plane < planes.batch * planes.channels; ++plane) {
      const int64_t c = plane % planes.channels;
      const double factor = parameters[0][c] / std::sqrt(variance[c] + epsilon);
      const T* in = values.data() + plane * planes.size;
      T* out = y.data() + plane * planes.size;
      for (int64_t i = 0; i < planes.size; ++i) {
        out[i] = static_cast<T>((in[i] - mean[c]) * factor + parameters[1][c]);
      }
    }
    std::vector<TensorRef> outputs(3);
    ASSIGN_OR_RETURN(outputs[0], std::move(y).Finish());
    const ElementType type = args.input(3)->type();
    ASSIGN_OR_RETURN(outputs[1], Vector(type, running_mean));
    ASSIGN_OR_RETURN(outputs[2], Vector(type, running_variance));
    outputs.resize(args.num_outputs());
    return outputs;
  });
}

// y = (x - mean) / deviation * scale + bias over the elements of each group of
// adjacent channels, with scale and bias per channel.
Outputs NormalizeGroups(const KernelArgs& args, const Planes& planes,
                        int64_t groups) {
  const Tensor& x = *args.input(0);
  const double epsilon = args.attributes().Float("epsilon", 1e-5F);
  ASSIGN_OR_RETURN(const std::vector<double> scale,
                   PerChannel(*args.input(1), planes.channels));
  ASSIGN_OR_RETURN(const std::vector<double> bias,
                   PerChannel(*args.input(2), planes.channels));
  const int64_t channels = groups == 0 ? 0 : planes.channels / groups;
  const int64_t group_size = channels * planes.size;
  return WithFloatType(x.type(), [&]<typename T>(T) -> Outputs {
    ASSIGN_OR_RETURN(Result<T> y, Result<T>::Create(x.type(), x.dims()));
    ASSIGN_OR_RETURN(const Numbers<T> values, Numbers<T>::Of(x));
    if (values.size() == 0) return Single(std::move(y));
    for (int64_t i = 0; i < planes.batch * groups; ++i) {
      const std::span<const T> group =
          values.span().subspan(i * group_size, group_size);
      const Moments moments = MomentsOf(group);
      const double deviation = std::sqrt(moments.variance + epsilon);
      T* out = y.data() + i * group_size;
      for (int64_t c = 0; c < channels; ++c) {
        const int64_t channel = i % groups * channels + c;
        for (int64_t j = c * planes.size; j < (c + 1) * planes.size; ++j) {
          out[j] = static_cast<T>((group[j] - moments.mean) / deviation *
                                      scale[channel] +
                                  bias[channel]);
        }
      }
    }
    return Single(std::move(y));
  });
}

Outputs InstanceNormalization(const KernelArgs& args) {
  ASSIGN_OR_RETURN(const Planes planes, Planes::Of(*args.input(0), 3));
  return NormalizeGroups(args, planes, planes.channels);
}

Outputs GroupNormalization(const KernelArgs& args) {
  ASSIGN_OR_RETURN(const Planes planes, Planes::Of(*args.input(0), 2));
  const int64_t groups = args.attributes().Int("num_groups", 0);
  if (groups < 1 || planes.channels % groups != 0) {
    return absl::InvalidArgumentError(absl::StrCat(
        planes.channels, " channels cannot be in ", groups, " groups"));
  }
  return NormalizeGroups(args, planes, groups);
}

// The rows that LayerNormalization and RMSNormalization work on.
struct Rows {
  static absl::StatusOr<Rows> Of(const KernelArgs& args) {
    const TensorDims& dims = args.input(0)->dims();
    const auto rank = static_cast<int64_t>(dims.size());
    Rows rows;
    ASSIGN_OR_RETURN(rows.axis,
                     NormalizeAxis(args.attributes().Int("axis", -1), rank));
    rows.count = ProductOf(dims, 0, rows.axis);
    rows.size = ProductOf(dims, rows.axis, rank);
    const int64_t stash = args.attributes().Int("stash_type", 1);
    const std::optional<ElementType> type = ElementTypeFromNumber(stash);
    if (!type ||
        (*type != ElementType::kFloat && *type != ElementType::kDouble &&
         *type != ElementType::kFloat16 && *type != ElementType::kBfloat16)) {
      return absl::InvalidArgumentError(
          absl::StrCat("stash_type cannot be ", stash));
    }
    rows.stash = *type;
    return rows;
  }
  int64_t axis = 0;
  int64_t count = 0;
  int64_t size = 0;
  ElementType stash = ElementType::kFloat;
};

// A parameter repeated, if need be, to the shape of all of X: scales may
// broadcast also along the axes before the normalized ones.
absl::StatusOr<std::vector<double>> Spread(const Tensor& parameter,
                                           const TensorDims& dims) {
  if (BroadcastDims(parameter.dims(), dims) != dims) {
    return WrongShape(parameter);
  }
  ASSIGN_OR_RETURN(const std::vector<double> values, FloatsOf(parameter));
  constexpr int64_t kMaxElements = 1 << 26;
  const int64_t count = ProductOf(dims, 0, dims.size());
  if (count > kMaxElements) {
    return absl::ResourceExhaustedError("a parameter is too large");
  }
  std::vector<double> spread(count);
  ForEachRun<2>(
      dims, {RowMajorStrides(dims), BroadcastStrides(parameter.dims(), dims)},
      [&](int64_t n, const std::array<int64_t, 2>& at,
          const std::array<int64_t, 2>& steps) {
        for (int64_t i = 0; i < n; ++i) {
          spread[at[0] + i] = values[at[1] + i * steps[1]];
        }
      });
  return spread;
}

// A scale or bias, for the elements of row `row`.
class RowParameter {
 public:
  static absl::StatusOr<RowParameter> Of(const Tensor* parameter,
                                         const TensorDims& dims,
                                         const Rows& rows) {
    RowParameter result;
    if (parameter == nullptr) return result;
    const TensorDims row_dims(dims.begin() + rows.axis, dims.end());
    const bool one_row = BroadcastDims(parameter->dims(), row_dims) == row_dims;
    ASSIGN_OR_RETURN(result.values_,
                     Spread(*parameter, one_row ? row_dims : dims));
    if (!one_row) result.pitch_ = rows.size;
    return result;
  }
  bool empty() const { return values_.empty(); }
  const double* Row(int64_t row) const { return values_.data() + row * pitch_; }

 private:
  std::vector<double> values_;
  int64_t pitch_ = 0;
};

// What X is worth as the type its statistics are computed in.
template <typename T>
void RoundToStash(ElementType stash, std::span<T> values) {
  const bool is_wide = stash == ElementType::kDouble ||
                       (stash == ElementType::kFloat && sizeof(T) == 4);
  if (is_wide) return;
  std::array<double, kBlock> block;
  std::array<char, kBlock * sizeof(double)> bytes;
  for (size_t done = 0; done < values.size(); done += kBlock) {
    const std::span<T> part =
        values.subspan(done, std::min<size_t>(kBlock, values.size() - done));
    std::ranges::copy(part, block.begin());
    StoreFloating(stash, std::span(block).first(part.size()), 0, bytes);
    LoadFloating(stash, {bytes.data(), bytes.size()}, 0,
                 std::span(block).first(part.size()));
    std::ranges::transform(std::span(block).first(part.size()), part.begin(),
                           [](double value) { return static_cast<T>(value); });
  }
}

// X minus its mean (or not: RMS), divided by the deviation, times scale, plus
// bias. Outputs: Y, the means, the reciprocals of the deviations.
Outputs NormalizeRows(const KernelArgs& args, bool centered) {
  const Tensor& x = *args.input(0);
  ASSIGN_OR_RETURN(const Rows rows, Rows::Of(args));
  const double epsilon = args.attributes().Float("epsilon", 1e-5F);
  ASSIGN_OR_RETURN(const RowParameter scale,
                   RowParameter::Of(args.input(1), x.dims(), rows));
  ASSIGN_OR_RETURN(const RowParameter bias,
                   RowParameter::Of(args.input(2), x.dims(), rows));
  TensorDims reduced = x.dims();
  std::fill(reduced.begin() + rows.axis, reduced.end(), 1);
  return WithFloatType(x.type(), [&]<typename T>(T) -> Outputs {
    ASSIGN_OR_RETURN(Result<T> y, Result<T>::Create(x.type(), x.dims()));
    ASSIGN_OR_RETURN(Result<double> means,
                     Result<double>::Create(rows.stash, reduced));
    ASSIGN_OR_RETURN(Result<double> inverses,
                     Result<double>::Create(rows.stash, reduced));
    ASSIGN_OR_RETURN(const Numbers<T> values, Numbers<T>::Of(x));
    std::vector<T> row(rows.size);
    for (int64_t r = 0; r < rows.count && rows.size > 0; ++r) {
      std::copy_n(values.data() + r * rows.size, rows.size, row.begin());
      RoundToStash<T>(rows.stash, row);
      Moments moments;
      if (centered) {
        moments = MomentsOf<T>(row);
      } else {
        for (const double value : row) moments.variance += value * value;
        moments.variance /= static_cast<double>(rows.size);
      }
      const double inverse = 1 / std::sqrt(moments.variance + epsilon);
      means.data()[r] = moments.mean;
      inverses.data()[r] = inverse;
      const double* factors = scale.Row(r);
      const double* addends = bias.empty() ? nullptr : bias.Row(r);
      T* out = y.data() + r * rows.size;
      for (int64_t i = 0; i < rows.size; ++i) {
        const double scaled = (row[i] - moments.mean) * inverse * factors[i];
        out[i] =
            static_cast<T>(addends == nullptr ? scaled : scaled + addends[i]);
      }
    }
    std::vector<TensorRef> outputs(3);
    ASSIGN_OR_RETURN(outputs[0], std::move(y).Finish());
    ASSIGN_OR_RETURN(outputs[1], std::move(means).Finish());
    ASSIGN_OR_RETURN(outputs[2], std::move(inverses).Finish());
    outputs.resize(args.num_outputs());
    return outputs;
  });
}

Outputs LayerNormalization(const KernelArgs& args) {
  return NormalizeRows(args, /*centered=*/true);
}
Outputs RmsNormalization(const KernelArgs& args) {
  return NormalizeRows(args, /*centered=*/false);
}

Outputs Lrn(const KernelArgs& args) {
  const Tensor& x = *args.input(0);
  ASSIGN_OR_RETURN(const Planes planes, Planes::Of(x, 2));
  const double alpha = args.attributes().Float("alpha", 1e-4F);
  const double beta = args.attributes().Float("beta", 0.75F);
  const double bias = args.attributes().Float("bias", 1);
  const int64_t size = args.attributes().Int("size", 0);
  if (size < 1) {
    return absl::InvalidArgumentError(absl::StrCat("size cannot be ", size));
  }
  const int64_t before = (size - 1) / 2;
  const int64_t after = size / 2;
  return WithFloatType(x.type(), [&]<typename T>(T) -> Outputs {
    ASSIGN_OR_RETURN(Result<T> y, Result<T>::Create(x.type(), x.dims()));
    ASSIGN_OR_RETURN(const Numbers<T> values, Numbers<T>::Of(x));
    std::vector<double> sums(planes.size);
    for (int64_t i = 0; i < planes.batch * planes.channels; ++i) {
      const int64_t c = i % planes.channels;
      const int64_t first = i - std::min(c, before);
      const int64_t last = i + std::min(planes.channels - 1 - c, after);
      std::ranges::fill(sums, 0);
      for (int64_t k = first; k <= last; ++k) {
        const T* in = values.data() + k * planes.size;
        for (int64_t j = 0; j < planes.size; ++j) {
          sums[j] += static_cast<double>(in[j]) * in[j];
        }
      }
      for (int64_t j = 0; j < planes.size; ++j) {
        const int64_t at = i * planes.size + j;
        y.data()[at] = static_cast<T>(
            values.data()[at] /
            std::pow(bias + alpha / static_cast<double>(size) * sums[j], beta));
      }
    }
    return Single(std::move(y));
  });
}

// Dims with the axes of `axes` first in `kept` order: the kept ones, then the
// reduced ones.
struct SplitAxes {
  TensorDims kept;
  TensorDims reduced;
  Strides kept_strides;
  Strides reduced_strides;
};

absl::StatusOr<SplitAxes> Split(const TensorDims& dims,
                                const std::vector<int64_t>& axes) {
  const auto rank = static_cast<int64_t>(dims.size());
  std::vector<bool> is_reduced(rank, false);
  for (const int64_t axis : axes) {
    ASSIGN_OR_RETURN(const int64_t positive, NormalizeAxis(axis, rank));
    is_reduced[positive] = true;
  }
  const Strides strides = RowMajorStrides(dims);
  SplitAxes split;
  for (int64_t d = 0; d < rank; ++d) {
    (is_reduced[d] ? split.reduced : split.kept).push_back(dims[d]);
    (is_reduced[d] ? split.reduced_strides : split.kept_strides)
        .push_back(strides[d]);
  }
  return split;
}

// Visits the offsets of all elements in row-major order of `dims`.
template <typename Visit>
void ForEachOffset(const TensorDims& dims, const Strides& strides,
                   Visit visit) {
  ForEachRun<1>(dims, {strides},
                [&](int64_t n, const std::array<int64_t, 1>& at,
                    const std::array<int64_t, 1>& steps) {
                  for (int64_t i = 0; i < n; ++i) visit(at[0] + i * steps[0]);
                });
}

Outputs MeanVarianceNormalization(const KernelArgs& args) {
  const Tensor& x = *args.input(0);
  const std::vector<int64_t>* axes = args.attributes().Ints("axes");
  ASSIGN_OR_RETURN(
      const SplitAxes split,
      Split(x.dims(), axes != nullptr ? *axes : std::vector<int64_t>{0, 2, 3}));
  return WithFloatType(x.type(), [&]<typename T>(T) -> Outputs {
    ASSIGN_OR_RETURN(Result<T> y, Result<T>::Create(x.type(), x.dims()));
    ASSIGN_OR_RETURN(const Numbers<T> values, Numbers<T>::Of(x));
    ASSIGN_OR_RETURN(const Result<double> buffer,
                     Result<double>::Create(
                         ElementType::kDouble,
                         {ProductOf(split.reduced, 0, split.reduced.size())}));
    const std::span<double> gathered = buffer.span();
    ForEachOffset(split.kept, split.kept_strides, [&](int64_t base) {
      auto next = gathered.begin();
      ForEachOffset(split.reduced, split.reduced_strides, [&](int64_t offset) {
        *next++ = values.data()[base + offset];
      });
      const Moments moments = MomentsOf<double>(gathered);
      // The constant of the operator's function body.
      const double deviation = std::sqrt(moments.variance) + 1e-9;
      next = gathered.begin();
      ForEachOffset(split.reduced, split.reduced_strides, [&](int64_t offset) {
        y.data()[base + offset] =
            static_cast<T>((*next++ - moments.mean) / deviation);
      });
    });
    return Single(std::move(y));
  });
}

}  // namespace

KernelList NormalizationKernels() {
  return {{"BatchNormalization"_op, BatchNormalization},
          {"GroupNormalization"_op, GroupNormalization},
          {"InstanceNormalization"_op, InstanceNormalization},
          {"LRN"_op, Lrn},
          {"LayerNormalization"_op, LayerNormalization},
          {"MeanVarianceNormalization"_op, MeanVarianceNormalization},
          {"RMSNormalization"_op, RmsNormalization}};
}

}  // namespace onnxopt::eval
