// SPDX-License-Identifier: Apache-2.0
// Attention and RotaryEmbedding.
#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "eval/families.h"
#include "eval/gemm.h"
#include "eval/numbers.h"
#include "support/status.h"

namespace onnxopt::eval {
namespace {

using Outputs = absl::StatusOr<std::vector<TensorRef>>;

absl::Status BadShape(std::string_view what) {
  return absl::InvalidArgumentError(
      absl::StrCat(std::string(what), " has the wrong shape"));
}

// A tensor [batch, heads, length, size], which a 3-D one
// [batch, length, heads * size] is read as.
struct Heads {
  static absl::StatusOr<Heads> Of(const Tensor& tensor,
                                  std::optional<int64_t> heads) {
    const TensorDims& dims = tensor.dims();
    if (dims.size() == 4) {
      if (heads && *heads != dims[1]) return BadShape(tensor.TypeString());
      return Heads{dims[0], dims[1], dims[2], dims[3], false};
    }
    if (dims.size() != 3 || !heads || *heads < 1 || dims[2] % *heads != 0) {
      return BadShape(tensor.TypeString());
    }
    return Heads{dims[0], *heads, dims[1], dims[2] / *heads, true};
  }

  // Of element (b, h, l, 0).
  int64_t Offset(int64_t b, int64_t h, int64_t l) const {
    return packed ? ((b * length + l) * heads + h) * size
                  : ((b * heads + h) * length + l) * size;
  }
  int64_t RowStride() const { return packed ? heads * size : size; }

  int64_t batch = 0;
  int64_t heads = 0;
  int64_t length = 0;
  int64_t size = 0;
  bool packed = false;
};

// `past` and `present` one after the other: [batch, heads, length, size].
template <typename T>
absl::StatusOr<Result<T>> Join(const Tensor* past, const Tensor& present,
                               const Heads& shape) {
  int64_t past_length = 0;
  if (past != nullptr) {
    const TensorDims& dims = past->dims();
    if (dims.size() != 4 || dims[0] != shape.batch || dims[1] != shape.heads ||
        dims[3] != shape.size) {
      return BadShape("a past input");
    }
    past_length = dims[2];
  }
  const int64_t total = past_length + shape.length;
  ASSIGN_OR_RETURN(Result<T> joined,
                   Result<T>::Create(present.type(), {shape.batch, shape.heads,
                                                      total, shape.size}));
  ASSIGN_OR_RETURN(const Numbers<T> values, Numbers<T>::Of(present));
  std::optional<Numbers<T>> before;
  if (past != nullptr) {
    ASSIGN_OR_RETURN(before, Numbers<T>::Of(*past));
  }
  T* out = joined.data();
  for (int64_t i = 0; i < shape.batch * shape.heads; ++i) {
    const int64_t size = past_length * shape.size;
    if (before) out = std::copy_n(before->data() + i * size, size, out);
    for (int64_t l = 0; l < shape.length; ++l) {
      out = std::copy_n(
          values.data() + shape.Offset(i / shape.heads, i % shape.heads, l),
          shape.size, out);
    }
  }
  return joined;
}

// What is added to the scores: the mask, and minus infinity where a query must
// not look.
class Bias {
 public:
  static absl::StatusOr<Bias> Of(const KernelArgs& args, const Heads& q,
                                 int64_t keys);

  // Adds row (b, h, i) to `scores`, one per key.
  template <typename T>
  void Add(int64_t b, int64_t h, int64_t i, T* scores) const {
    constexpr double kInfinity = std::numeric_limits<double>::infinity();
    const int64_t position = i + offsets_[b];
    const double* mask =
        mask_.data() + b * strides_[0] + h * strides_[1] + i * strides_[2];
    for (int64_t j = 0; j < keys_; ++j) {
      const bool seen = (!causal_ || j <= position) &&
                        (left_ < 0 || j >= position - left_) &&
                        (right_ < 0 || j <= position + right_) &&
                        j < lengths_[b] && (mask_.empty() || j < mask_keys_);
      double bias = seen ? 0 : -kInfinity;
      if (seen && !mask_.empty()) bias = mask[j * strides_[3]];
      scores[j] = static_cast<T>(scores[j] + bias);
    }
  }

 private:
  absl::Status ReadMask(const Tensor& mask, const Heads& q);

  int64_t keys_ = 0;
  bool causal_ = false;
  int64_t left_ = -1;
  int64_t right_ = -1;
  std::vector<int64_t> offsets_;  // position of the first query, per image
  std::vector<int64_t> lengths_;  // of the keys that are not padding
  std::vector<double> mask_;      // empty: none
  int64_t mask_keys_ = 0;
  Strides strides_ = Strides(4, 0);
};

absl::Status Bias::ReadMask(const Tensor& mask, const Heads& q) {
  const TensorDims& dims = mask.dims();
  if (dims.empty()) return BadShape("attn_mask");
  mask_keys_ = dims.back() == 1 ? keys_ : dims.back();
  const TensorDims wanted = {q.batch, q.heads, q.length, mask_keys_};
  if (mask_keys_ > keys_ || BroadcastDims(dims, wanted) != wanted) {
    return BadShape("attn_mask");
  }
  strides_ = BroadcastStrides(dims, wanted);
  if (IsFloating(mask.type())) {
    ASSIGN_OR_RETURN(mask_, FloatsOf(mask));
    return absl::OkStatus();
  }
  ASSIGN_OR_RETURN(const std::vector<int64_t> integers, IntegersOf(mask));
  const bool is_bool = mask.type() == ElementType::kBool;
  for (const int64_t value : integers) {
    mask_.push_back(!is_bool     ? static_cast<double>(value)
                    : value != 0 ? 0
                                 : -std::numeric_limits<double>::infinity());
  }
  return absl::OkStatus();
}

absl::StatusOr<Bias> Bias::Of(const KernelArgs& args, const Heads& q,
                              int64_t keys) {
  Bias bias;
  bias.keys_ = keys;
  bias.causal_ = args.attributes().Int("is_causal", 0) != 0;
  bias.left_ = args.attributes().Int("left_window_size", -1);
  bias.right_ = args.attributes().Int("right_window_size", -1);
  const Tensor* past = args.input(4);
  bias.offsets_.assign(q.batch, past != nullptr ? past->dims()[2] : 0);
  bias.lengths_.assign(q.batch, keys);
  if (args.input(6) != nullptr) {
    if (args.input(6)->dims() != TensorDims{q.batch}) {
      return BadShape("nonpad_kv_seqlen");
    }
    ASSIGN_OR_RETURN(bias.lengths_, IntegersOf(*args.input(6)));
    for (int64_t b = 0; b < q.batch; ++b) {
      bias.lengths_[b] = std::clamp<int64_t>(bias.lengths_[b], 0, keys);
      if (past == nullptr) bias.offsets_[b] = bias.lengths_[b] - q.length;
    }
  }
  if (args.input(3) != nullptr) {
    RETURN_IF_ERROR(bias.ReadMask(*args.input(3), q));
  }
  return bias;
}

// A row without any key that may be seen gives NaN, as in the specification.
template <typename T>
void Softmax(T* row, int64_t size) {
  T greatest = -std::numeric_limits<T>::infinity();
  for (int64_t j = 0; j < size; ++j) greatest = std::max(greatest, row[j]);
  double sum = 0;
  for (int64_t j = 0; j < size; ++j) {
    row[j] = static_cast<T>(std::exp(double{row[j]} - double{greatest}));
    sum += row[j];
  }
  for (int64_t j = 0; j < size; ++j) row[j] = static_cast<T>(row[j] / sum);
}

struct AttentionShape {
  Heads q;
  Heads k;
  Heads v;
  double scale = 1;
  double softcap = 0;
  int64_t mode = 0;  // which scores are an output
};

absl::StatusOr<AttentionShape> ReadAttention(const KernelArgs& args) {
  const AttributeView& attributes = args.attributes();
  AttentionShape shape;
  ASSIGN_OR_RETURN(shape.q,
                   Heads::Of(*args.input(0), attributes.Int("q_num_heads")));
  ASSIGN_OR_RETURN(shape.k,
                   Heads::Of(*args.input(1), attributes.Int("kv_num_heads")));
  ASSIGN_OR_RETURN(shape.v,
                   Heads::Of(*args.input(2), attributes.Int("kv_num_heads")));
  const Heads& q = shape.q;
  const Heads& k = shape.k;
  const Heads& v = shape.v;
  if (q.packed != k.packed || q.packed != v.packed || k.batch != q.batch ||
      v.batch != q.batch || k.size != q.size || k.heads != v.heads ||
      k.heads == 0 || q.heads % k.heads != 0 || k.length != v.length) {
    return BadShape("Q, K or V");
  }
  const Tensor* past_key = args.input(4);
  const Tensor* past_value = args.input(5);
  if ((past_key == nullptr) != (past_value == nullptr) ||
      (past_key != nullptr &&
       (past_key->dims().size() != 4 || past_value->dims().size() != 4 ||
        past_key->dims()[2] != past_value->dims()[2]))) {
    return BadShape("past_key or past_value");
  }
  shape.scale = attributes.Float("scale").value_or(
      static_cast<float>(1 / std::sqrt(static_cast<double>(q.size))));
  shape.softcap = attributes.Float("softcap", 0);
  shape.mode = attributes.Int("qk_matmul_output_mode", 0);
  if (shape.mode < 0 || shape.mode > 3) {
    return absl::InvalidArgumentError("unknown qk_matmul_output_mode");
  }
  return shape;
}

Outputs Attention(const KernelArgs& args) {
  ASSIGN_OR_RETURN(const AttentionShape shape, ReadAttention(args));
  const Tensor& query = *args.input(0);
  const Heads& q = shape.q;
  return WithFloatType(query.type(), [&]<typename T>(T) -> Outputs {
    ASSIGN_OR_RETURN(Result<T> keys,
                     Join<T>(args.input(4), *args.input(1), shape.k));
    ASSIGN_OR_RETURN(Result<T> values,
                     Join<T>(args.input(5), *args.input(2), shape.v));
    const int64_t count = keys.dims()[2];
    ASSIGN_OR_RETURN(const Bias bias, Bias::Of(args, q, count));
    ASSIGN_OR_RETURN(const Numbers<T> queries, Numbers<T>::Of(query));
    Heads y_shape = q;
    y_shape.size = shape.v.size;
    TensorDims y_dims = {q.batch, q.heads, q.length, y_shape.size};
    if (q.packed) y_dims = {q.batch, q.length, q.heads * y_shape.size};
    ASSIGN_OR_RETURN(Result<T> y, Result<T>::Create(query.type(), y_dims));
    const bool wants_scores = args.num_outputs() > 3;
    ASSIGN_OR_RETURN(
        Result<T> shown,
        Result<T>::Create(query.type(), {q.batch, q.heads, q.length,
                                         wants_scores ? count : 0}));
    ASSIGN_OR_RETURN(const Result<T> all_scores,
                     Result<T>::Create(NativeType<T>(), {q.length, count}));
    const std::span<T> scores = all_scores.span();
    const auto show = [&](int64_t stage, int64_t i) {
      if (!wants_scores || shape.mode != stage) return;
      std::ranges::copy(scores, shown.data() + i * q.length * count);
    };
    for (int64_t i = 0; i < q.batch * q.heads; ++i) {
      const int64_t b = i / q.heads;
      const int64_t h = i % q.heads;
      const int64_t kv = b * shape.k.heads + h / (q.heads / shape.k.heads);
      MultiplyMatrices<T>(
          q.length, count, q.size,
          {queries.data() + q.Offset(b, h, 0), q.RowStride(), 1},
          {keys.data() + kv * count * q.size, 1, q.size}, scores.data(), count);
      for (T& score : scores) score *= static_cast<T>(shape.scale);
      show(0, i);
      if (shape.softcap > 0) {
        for (T& score : scores) {
          score =
              static_cast<T>(std::tanh(score / shape.softcap) * shape.softcap);
        }
      }
      show(1, i);
      for (int64_t l = 0; l < q.length; ++l) {
        bias.Add(b, h, l, scores.data() + l * count);
      }
      show(2, i);
      for (int64_t l = 0; l < q.length; ++l) {
        Softmax(scores.data() + l * count, count);
      }
      show(3, i);
      MultiplyMatrices<T>(
          q.length, y_shape.size, count, {scores.data(), count, 1},
          {values.data() + kv * count * y_shape.size, y_shape.size, 1},
          y.data() + y_shape.Offset(b, h, 0), y_shape.RowStride());
    }
    std::vector<TensorRef> outputs(4);
    ASSIGN_OR_RETURN(outputs[0], std::move(y).Finish());
    ASSIGN_OR_RETURN(outputs[1], std::move(keys).Finish());
    ASSIGN_OR_RETURN(outputs[2], std::move(values).Finish());
    ASSIGN_OR_RETURN(outputs[3], std::move(shown).Finish());
    outputs.resize(args.num_outputs());
    return outputs;
  });
}

// Which row of the caches each position of each image has.
absl::StatusOr<std::vector<int64_t>> CacheRows(const KernelArgs& args,
                                               const Heads& x, int64_t half) {
  const TensorDims& cache = args.input(1)->dims();
  const Tensor* ids = args.input(3);
  if (args.input(2)->dims() != cache || cache.empty() || cache.back() != half) {
    return BadShape("cos_cache or sin_cache");
  }
  std::vector<int64_t> rows(x.batch * x.length);
  if (ids == nullptr) {
    if (cache != TensorDims{x.batch, x.length, half}) {
      return BadShape("cos_cache");
    }
    for (size_t i = 0; i < rows.size(); ++i) rows[i] = static_cast<int64_t>(i);
    return rows;
  }
  if (cache.size() != 2 || ids->dims() != TensorDims{x.batch, x.length}) {
    return BadShape("position_ids");
  }
  ASSIGN_OR_RETURN(rows, IntegersOf(*ids));
  for (const int64_t row : rows) {
    if (row < 0 || row >= cache[0]) {
      return absl::InvalidArgumentError(
          absl::StrCat("position ", row, " is not in the caches"));
    }
  }
  return rows;
}

Outputs RotaryEmbedding(const KernelArgs& args) {
  const Tensor& input = *args.input(0);
  std::optional<int64_t> heads;
  if (input.dims().size() == 3) heads = args.attributes().Int("num_heads");
  ASSIGN_OR_RETURN(const Heads x, Heads::Of(input, heads));
  const bool interleaved = args.attributes().Int("interleaved", 0) != 0;
  int64_t rotated = args.attributes().Int("rotary_embedding_dim", 0);
  if (rotated == 0) rotated = x.size;
  if (rotated < 0 || rotated > x.size || rotated % 2 != 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("rotary_embedding_dim cannot be ", rotated));
  }
  const int64_t half = rotated / 2;
  ASSIGN_OR_RETURN(const std::vector<int64_t> rows, CacheRows(args, x, half));
  ASSIGN_OR_RETURN(Result<float> y,
                   Result<float>::Create(input.type(), input.dims()));
  ASSIGN_OR_RETURN(const Numbers<float> values, Numbers<float>::Of(input));
  ASSIGN_OR_RETURN(const Numbers<float> cosines,
                   Numbers<float>::Of(*args.input(1)));
  ASSIGN_OR_RETURN(const Numbers<float> sines,
                   Numbers<float>::Of(*args.input(2)));
  std::ranges::copy(values.span(), y.data());
  for (int64_t i = 0; i < x.batch * x.heads * x.length; ++i) {
    const int64_t b = i / (x.heads * x.length);
    const int64_t l = i % x.length;
    const int64_t offset = x.Offset(b, i / x.length % x.heads, l);
    const float* cosine = cosines.data() + rows[b * x.length + l] * half;
    const float* sine = sines.data() + rows[b * x.length + l] * half;
    for (int64_t j = 0; j < half; ++j) {
      const int64_t first = offset + (interleaved ? 2 * j : j);
      const int64_t second = first + (interleaved ? 1 : half);
      const float u = values.data()[first];
      const float v = values.data()[second];
      y.data()[first] = cosine[j] * u - sine[j] * v;
      y.data()[second] = sine[j] * u + cosine[j] * v;
    }
  }
  return Single(std::move(y));
}

}  // namespace

KernelList AttentionKernels() {
  return {{"Attention"_op, Attention}, {"RotaryEmbedding"_op, RotaryEmbedding}};
}

}  // namespace onnxopt::eval
