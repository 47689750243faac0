// SPDX-License-Identifier: Apache-2.0
// LinearAttention: a recurrence over a matrix of state per head.
#include <cmath>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "eval/families.h"
#include "eval/numbers.h"
#include "support/status.h"

namespace onnxopt::eval {
namespace {

using Outputs = absl::StatusOr<std::vector<TensorRef>>;

struct Recurrence {
  static absl::StatusOr<Recurrence> Of(const KernelArgs& args);

  int64_t batch = 0;
  int64_t steps = 0;
  int64_t q_heads = 0;
  int64_t kv_heads = 0;
  int64_t key_size = 0;
  int64_t value_size = 0;
  double scale = 1;
  bool decays = false;    // the state is multiplied by exp(decay)
  bool corrects = false;  // what the state says already is subtracted
};

absl::Status CheckShapes(const KernelArgs& args, const Recurrence& r) {
  const auto is = [&](int i, std::initializer_list<int64_t> sizes) {
    const Tensor* tensor = args.input(i);
    if (tensor == nullptr) return true;
    for (const int64_t size : sizes) {
      if (tensor->dims() == TensorDims{r.batch, r.steps, size}) return true;
    }
    return false;
  };
  const Tensor* state = args.input(3);
  if (!is(0, {r.q_heads * r.key_size}) || !is(1, {r.kv_heads * r.key_size}) ||
      !is(2, {r.kv_heads * r.value_size}) ||
      !is(4, {r.kv_heads, r.kv_heads * r.key_size}) ||
      !is(5, {r.kv_heads, 1}) ||
      (state != nullptr &&
       state->dims() !=
           TensorDims{r.batch, r.kv_heads, r.key_size, r.value_size})) {
    return absl::InvalidArgumentError("an input has the wrong shape");
  }
  return absl::OkStatus();
}

absl::StatusOr<Recurrence> Recurrence::Of(const KernelArgs& args) {
  const TensorDims& query = args.input(0)->dims();
  const TensorDims& value = args.input(2)->dims();
  Recurrence r;
  r.q_heads = args.attributes().Int("q_num_heads", 0);
  r.kv_heads = args.attributes().Int("kv_num_heads", 0);
  if (query.size() != 3 || value.size() != 3 || r.kv_heads < 1 ||
      r.q_heads < 1 || r.q_heads % r.kv_heads != 0 ||
      query[2] % r.q_heads != 0 || value[2] % r.kv_heads != 0) {
    return absl::InvalidArgumentError("query or value do not fit the heads");
  }
  r.batch = query[0];
  r.steps = query[1];
  r.key_size = query[2] / r.q_heads;
  r.value_size = value[2] / r.kv_heads;
  const std::string_view rule =
      args.attributes().String("update_rule", "gated_delta");
  r.decays = rule == "gated" || rule == "gated_delta";
  r.corrects = rule == "delta" || rule == "gated_delta";
  if (!r.decays && !r.corrects && rule != "linear") {
    return absl::InvalidArgumentError(
        absl::StrCat("unknown update_rule '", std::string(rule), "'"));
  }
  if (r.decays != (args.input(4) != nullptr) ||
      r.corrects != (args.input(5) != nullptr)) {
    return absl::InvalidArgumentError(
        absl::StrCat("decay or beta does not fit the update_rule '",
                     std::string(rule), "'"));
  }
  r.scale = args.attributes().Float("scale", 0);
  if (r.scale == 0) r.scale = 1 / std::sqrt(static_cast<double>(r.key_size));
  RETURN_IF_ERROR(CheckShapes(args, r));
  return r;
}

// What one step of one head reads. decay_step is 0 if one decay is for all.
struct Step {
  const float* key = nullptr;
  const float* value = nullptr;
  const float* decay = nullptr;
  int64_t decay_step = 0;
  float beta = 1;
};

// Updates `state`, [key_size, value_size].
void Update(const Recurrence& r, const Step& step, std::vector<float>* written,
            float* state) {
  const int64_t size = r.value_size;
  written->assign(step.value, step.value + size);
  if (r.decays) {
    for (int64_t i = 0; i < r.key_size; ++i) {
      const auto factor =
          static_cast<float>(std::exp(double{step.decay[i * step.decay_step]}));
      for (int64_t j = 0; j < size; ++j) state[i * size + j] *= factor;
    }
  }
  if (r.corrects) {
    std::vector<float> known(size, 0);
    for (int64_t i = 0; i < r.key_size; ++i) {
      for (int64_t j = 0; j < size; ++j) {
        known[j] += step.key[i] * state[i * size + j];
      }
    }
    for (int64_t j = 0; j < size; ++j) {
      (*written)[j] = step.beta * ((*written)[j] - known[j]);
    }
  }
  for (int64_t i = 0; i < r.key_size; ++i) {
    for (int64_t j = 0; j < size; ++j) {
      state[i * size + j] += step.key[i] * (*written)[j];
    }
  }
}

// out = scale * query * state.
void Read(const Recurrence& r, const float* query, const float* state,
          float* out) {
  for (int64_t i = 0; i < r.key_size; ++i) {
    for (int64_t j = 0; j < r.value_size; ++j) {
      out[j] += query[i] * state[i * r.value_size + j];
    }
  }
  for (int64_t j = 0; j < r.value_size; ++j) {
    out[j] *= static_cast<float>(r.scale);
  }
}

Outputs LinearAttention(const KernelArgs& args) {
  ASSIGN_OR_RETURN(const Recurrence r, Recurrence::Of(args));
  const ElementType type = args.input(0)->type();
  const Tensor* past = args.input(3);
  ASSIGN_OR_RETURN(Result<float> y,
                   Result<float>::Create(
                       type, {r.batch, r.steps, r.q_heads * r.value_size}));
  ASSIGN_OR_RETURN(
      Result<float> states,
      Result<float>::Create(past != nullptr ? past->type() : type,
                            {r.batch, r.kv_heads, r.key_size, r.value_size}));
  std::array<std::optional<Numbers<float>>, 6> inputs;
  for (int i = 0; i < 6; ++i) {
    if (args.input(i) == nullptr) continue;
    ASSIGN_OR_RETURN(inputs[i], Numbers<float>::Of(*args.input(i)));
  }
  if (past != nullptr) std::ranges::copy(inputs[3]->span(), states.data());
  const int64_t decays = r.decays ? args.input(4)->dims()[2] : 0;
  const int64_t betas = r.corrects ? args.input(5)->dims()[2] : 0;
  const int64_t readers = r.q_heads / r.kv_heads;
  std::vector<float> written;
  for (int64_t i = 0; i < r.batch * r.steps * r.kv_heads; ++i) {
    const int64_t head = i % r.kv_heads;
    const int64_t row = i / r.kv_heads;  // of the batch and the steps
    float* state = states.data() + (row / r.steps * r.kv_heads + head) *
                                       r.key_size * r.value_size;
    Step step;
    step.key = inputs[1]->data() + i * r.key_size;
    step.value = inputs[2]->data() + i * r.value_size;
    if (r.decays) {
      step.decay =
          inputs[4]->data() + row * decays + head * decays / r.kv_heads;
      step.decay_step = decays == r.kv_heads ? 0 : 1;
    }
    if (r.corrects) {
      step.beta = inputs[5]->data()[row * betas + (betas == 1 ? 0 : head)];
    }
    Update(r, step, &written, state);
    for (int64_t reader = head * readers; reader < (head + 1) * readers;
         ++reader) {
      const int64_t at = row * r.q_heads + reader;
      Read(r, inputs[0]->data() + at * r.key_size, state,
           y.data() + at * r.value_size);
    }
  }
  ASSIGN_OR_RETURN(TensorRef output, std::move(y).Finish());
  ASSIGN_OR_RETURN(TensorRef present, std::move(states).Finish());
  return std::vector{std::move(output), std::move(present)};
}

}  // namespace

KernelList LinearAttentionKernels() {
  return {{"LinearAttention"_op, LinearAttention}};
}

}  // namespace onnxopt::eval
