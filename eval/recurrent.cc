// SPDX-License-Identifier: Apache-2.0
// RNN, GRU, LSTM.
#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "eval/activation.h"
#include "eval/families.h"
#include "eval/gemm.h"
#include "eval/numbers.h"
#include "support/status.h"

namespace onnxopt::eval {
namespace {

using Outputs = absl::StatusOr<std::vector<TensorRef>>;

enum class CellKind { kRnn, kGru, kLstm };

struct Family {
  CellKind kind;
  int64_t gates;
  std::vector<std::string_view> activations;  // per direction
};

// What the attributes and the shapes of the inputs say.
struct Layer {
  static absl::StatusOr<Layer> Of(const KernelArgs& args, const Family& family);

  CellKind kind = CellKind::kRnn;
  int64_t steps = 0;
  int64_t batch = 0;
  int64_t input = 0;
  int64_t hidden = 0;
  int64_t gates = 0;  // rows of W per direction
  int64_t directions = 1;
  bool reverse = false;  // the first direction
  bool batch_first = false;
  bool input_forget = false;
  bool linear_before_reset = false;
  std::optional<double> clip;
  std::vector<Activation> activations;
  std::vector<int64_t> lengths;  // per sequence
};

absl::Status CheckDims(std::string_view name, const Tensor* tensor,
                       const TensorDims& dims) {
  if (tensor == nullptr || tensor->dims() == dims) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(
      std::string(name), " ", tensor->TypeString(), " has the wrong shape"));
}

// States are [directions, batch, hidden], or with layout 1
// [batch, directions, hidden].
TensorDims StateDims(const Layer& layer) {
  if (layer.batch_first) return {layer.batch, layer.directions, layer.hidden};
  return {layer.directions, layer.batch, layer.hidden};
}

absl::Status CheckInputs(const KernelArgs& args, const Layer& layer) {
  const int64_t directions = layer.directions;
  const TensorDims state = StateDims(layer);
  RETURN_IF_ERROR(
      CheckDims("W", args.input(1), {directions, layer.gates, layer.input}));
  RETURN_IF_ERROR(
      CheckDims("R", args.input(2), {directions, layer.gates, layer.hidden}));
  RETURN_IF_ERROR(CheckDims("B", args.input(3), {directions, 2 * layer.gates}));
  RETURN_IF_ERROR(CheckDims("sequence_lens", args.input(4), {layer.batch}));
  RETURN_IF_ERROR(CheckDims("initial_h", args.input(5), state));
  RETURN_IF_ERROR(CheckDims("initial_c", args.input(6), state));
  return CheckDims("P", args.input(7), {directions, 3 * layer.hidden});
}

absl::StatusOr<Layer> Layer::Of(const KernelArgs& args, const Family& family) {
  const AttributeView& attributes = args.attributes();
  const TensorDims& x = args.input(0)->dims();
  const TensorDims& r = args.input(2)->dims();
  if (x.size() != 3 || r.size() != 3) {
    return absl::InvalidArgumentError("X and R must have rank 3");
  }
  Layer layer;
  layer.kind = family.kind;
  layer.batch_first = attributes.Int("layout", 0) != 0;
  layer.steps = x[layer.batch_first ? 1 : 0];
  layer.batch = x[layer.batch_first ? 0 : 1];
  layer.input = x[2];
  layer.hidden = attributes.Int("hidden_size", r[2]);
  if (layer.hidden != r[2]) {
    return absl::InvalidArgumentError("R does not fit hidden_size");
  }
  layer.gates = family.gates * layer.hidden;
  const std::string_view direction = attributes.String("direction", "forward");
  if (direction == "bidirectional") {
    layer.directions = 2;
  } else if (direction == "reverse") {
    layer.reverse = true;
  } else if (direction != "forward") {
    return absl::InvalidArgumentError(
        absl::StrCat("unknown direction '", std::string(direction), "'"));
  }
  // The products of all steps are kept.
  constexpr int64_t kMaxProducts = 1 << 28;
  const std::optional<int64_t> products =
      NumElements({layer.steps, layer.batch, layer.gates});
  if (!products || *products > kMaxProducts) {
    return absl::ResourceExhaustedError("the sequences are too long");
  }
  layer.input_forget = attributes.Int("input_forget", 0) != 0;
  layer.linear_before_reset = attributes.Int("linear_before_reset", 0) != 0;
  if (const std::optional<float> clip = attributes.Float("clip")) {
    if (!(*clip >= 0)) return absl::InvalidArgumentError("clip is negative");
    layer.clip = *clip;
  }
  ASSIGN_OR_RETURN(
      layer.activations,
      ReadActivations(attributes, family.activations,
                      family.activations.size() * layer.directions));
  RETURN_IF_ERROR(CheckInputs(args, layer));
  layer.lengths.assign(layer.batch, layer.steps);
  if (args.input(4) != nullptr) {
    ASSIGN_OR_RETURN(layer.lengths, IntegersOf(*args.input(4)));
    for (const int64_t length : layer.lengths) {
      if (length < 0 || length > layer.steps) {
        return absl::InvalidArgumentError(
            absl::StrCat("there is no sequence of length ", length));
      }
    }
  }
  return layer;
}

// One direction of a layer.
template <typename T>
class Direction {
 public:
  // `w`, `r`, and the optional `b`, `p` are those of the direction.
  Direction(const Layer& layer, int64_t number, const T* x, const T* w,
            const T* r, const T* b, const T* p)
      : layer_(layer),
        reverse_(layer.reverse || number == 1),
        activations_(layer.activations.data() +
                     number * static_cast<int64_t>(layer.activations.size()) /
                         layer.directions),
        input_bias_(layer.gates, 0),
        state_bias_(layer.gates, 0),
        peepholes_(3 * layer.hidden, 0),
        transposed_r_(layer.gates * layer.hidden),
        from_input_(layer.steps * layer.batch * layer.gates),
        from_state_(layer.batch * layer.gates),
        row_(layer.hidden),
        product_(layer.hidden) {
    if (b != nullptr) {
      std::copy_n(b, layer.gates, input_bias_.begin());
      std::copy_n(b + layer.gates, layer.gates, state_bias_.begin());
    }
    if (p != nullptr) std::copy_n(p, 3 * layer.hidden, peepholes_.begin());
    for (int64_t i = 0; i < layer.gates; ++i) {
      for (int64_t j = 0; j < layer.hidden; ++j) {
        transposed_r_[j * layer.gates + i] = r[i * layer.hidden + j];
      }
    }
    MultiplyMatrices<T>(layer.steps * layer.batch, layer.gates, layer.input,
                        {x, layer.input, 1}, {w, 1, layer.input},
                        from_input_.data(), layer.gates);
  }

  // h and c are [batch, hidden]; output(t, n, h) is called for every step.
  template <typename Output>
  void Run(std::vector<T>* h, std::vector<T>* c, Output output) {
    const int64_t hidden = layer_.hidden;
    for (int64_t step = 0; step < layer_.steps; ++step) {
      MultiplyMatrices<T>(layer_.batch, layer_.gates, hidden,
                          {h->data(), hidden, 1},
                          {transposed_r_.data(), layer_.gates, 1},
                          from_state_.data(), layer_.gates);
      for (int64_t n = 0; n < layer_.batch; ++n) {
        const int64_t length = layer_.lengths[n];
        if (step >= length) continue;
        const int64_t t = reverse_ ? length - 1 - step : step;
        x_gates_ = from_input_.data() + (t * layer_.batch + n) * layer_.gates;
        h_gates_ = from_state_.data() + n * layer_.gates;
        T* own_h = h->data() + n * hidden;
        switch (layer_.kind) {
          case CellKind::kRnn:
            StepRnn(own_h);
            break;
          case CellKind::kGru:
            StepGru(own_h);
            break;
          case CellKind::kLstm:
            StepLstm(own_h, c->data() + n * hidden);
            break;
        }
        output(t, n, own_h);
      }
    }
  }

 private:
  double Clipped(double value) const {
    if (!layer_.clip) return value;
    return std::clamp(value, -*layer_.clip, *layer_.clip);
  }
  double Activate(int64_t function, double value) const {
    return activations_[function](Clipped(value));
  }
  double FromInput(int64_t gate, int64_t i) const {
    const int64_t at = gate * layer_.hidden + i;
    return static_cast<double>(x_gates_[at]) + input_bias_[at];
  }
  double FromState(int64_t gate, int64_t i) const {
    const int64_t at = gate * layer_.hidden + i;
    return static_cast<double>(h_gates_[at]) + state_bias_[at];
  }
  double Sum(int64_t gate, int64_t i) const {
    return FromInput(gate, i) + FromState(gate, i);
  }

  void StepRnn(T* h) const {
    for (int64_t i = 0; i < layer_.hidden; ++i) {
      h[i] = static_cast<T>(Activate(0, Sum(0, i)));
    }
  }

  // Gates: update, reset, hidden.
  void StepGru(T* h) {
    const int64_t hidden = layer_.hidden;
    if (!layer_.linear_before_reset) {
      for (int64_t i = 0; i < hidden; ++i) {
        row_[i] = static_cast<T>(Activate(0, Sum(1, i)) * h[i]);
      }
      MultiplyMatrices<T>(1, hidden, hidden, {row_.data(), hidden, 1},
                          {transposed_r_.data() + 2 * hidden, layer_.gates, 1},
                          product_.data(), hidden);
    }
    for (int64_t i = 0; i < hidden; ++i) {
      const double update = Activate(0, Sum(0, i));
      const double from_state =
          layer_.linear_before_reset
              ? Activate(0, Sum(1, i)) * FromState(2, i)
              : product_[i] + static_cast<double>(state_bias_[2 * hidden + i]);
      const double candidate = Activate(1, FromInput(2, i) + from_state);
      h[i] = static_cast<T>((1 - update) * candidate + update * h[i]);
    }
  }

  // Gates: input, output, forget, cell; peepholes: input, output, forget.
  void StepLstm(T* h, T* c) const {
    const int64_t hidden = layer_.hidden;
    for (int64_t i = 0; i < hidden; ++i) {
      const double old_c = c[i];
      const double input = Activate(0, Sum(0, i) + peepholes_[i] * old_c);
      const double forget =
          layer_.input_forget
              ? 1 - input
              : Activate(0, Sum(2, i) + peepholes_[2 * hidden + i] * old_c);
      const double new_c = forget * old_c + input * Activate(1, Sum(3, i));
      const double output =
          Activate(0, Sum(1, i) + peepholes_[hidden + i] * new_c);
      c[i] = static_cast<T>(new_c);
      h[i] = static_cast<T>(output * activations_[2](new_c));
    }
  }

  const Layer& layer_;
  const bool reverse_;
  const Activation* activations_;
  std::vector<T> input_bias_;
  std::vector<T> state_bias_;
  std::vector<T> peepholes_;
  std::vector<T> transposed_r_;  // [hidden, gates]
  std::vector<T> from_input_;    // [steps, batch, gates]
  std::vector<T> from_state_;    // [batch, gates]
  std::vector<T> row_;
  std::vector<T> product_;
  const T* x_gates_ = nullptr;  // of the present step
  const T* h_gates_ = nullptr;
};

// X as [steps, batch, input].
template <typename T>
std::vector<T> StepsFirst(const Layer& layer, const T* x) {
  const int64_t count = layer.steps * layer.batch * layer.input;
  if (!layer.batch_first) return std::vector<T>(x, x + count);
  std::vector<T> steps(count);
  for (int64_t n = 0; n < layer.batch; ++n) {
    for (int64_t t = 0; t < layer.steps; ++t) {
      std::copy_n(x + (n * layer.steps + t) * layer.input, layer.input,
                  steps.begin() + (t * layer.batch + n) * layer.input);
    }
  }
  return steps;
}

// The optional inputs that are there.
template <typename T>
class OptionalInputs {
 public:
  static absl::StatusOr<OptionalInputs> Of(const KernelArgs& args) {
    OptionalInputs inputs;
    inputs.numbers_.resize(8);
    for (const int i : {3, 5, 6, 7}) {
      if (args.input(i) == nullptr) continue;
      ASSIGN_OR_RETURN(inputs.numbers_[i], Numbers<T>::Of(*args.input(i)));
    }
    return inputs;
  }
  // From element `offset` on; null if the input is missing.
  const T* At(int i, int64_t offset) const {
    return numbers_[i] ? numbers_[i]->data() + offset : nullptr;
  }

 private:
  std::vector<std::optional<Numbers<T>>> numbers_;
};

// Where sequence n of direction d is in a state.
int64_t StateOffset(const Layer& layer, int64_t d, int64_t n) {
  return layer.hidden *
         (layer.batch_first ? n * layer.directions + d : d * layer.batch + n);
}

template <typename T>
Outputs RunLayer(const KernelArgs& args, const Layer& layer) {
  const int64_t hidden = layer.hidden;
  const ElementType type = args.input(0)->type();
  const TensorDims state_dims = StateDims(layer);
  TensorDims y_dims = {layer.steps, layer.directions, layer.batch, hidden};
  if (layer.batch_first) {
    y_dims = {layer.batch, layer.steps, layer.directions, hidden};
  }
  ASSIGN_OR_RETURN(Result<T> y, Result<T>::Create(type, y_dims));
  ASSIGN_OR_RETURN(Result<T> y_h, Result<T>::Create(type, state_dims));
  ASSIGN_OR_RETURN(Result<T> y_c, Result<T>::Create(type, state_dims));
  ASSIGN_OR_RETURN(const Numbers<T> x, Numbers<T>::Of(*args.input(0)));
  ASSIGN_OR_RETURN(const Numbers<T> w, Numbers<T>::Of(*args.input(1)));
  ASSIGN_OR_RETURN(const Numbers<T> r, Numbers<T>::Of(*args.input(2)));
  ASSIGN_OR_RETURN(const OptionalInputs<T> inputs, OptionalInputs<T>::Of(args));
  const std::vector<T> steps = StepsFirst(layer, x.data());
  for (int64_t d = 0; d < layer.directions; ++d) {
    Direction<T> direction(
        layer, d, steps.data(), w.data() + d * layer.gates * layer.input,
        r.data() + d * layer.gates * hidden, inputs.At(3, d * 2 * layer.gates),
        inputs.At(7, d * 3 * hidden));
    std::vector<T> h(layer.batch * hidden, 0);
    std::vector<T> c(layer.batch * hidden, 0);
    for (int64_t n = 0; n < layer.batch; ++n) {
      const int64_t offset = StateOffset(layer, d, n);
      if (const T* initial = inputs.At(5, offset)) {
        std::copy_n(initial, hidden, h.begin() + n * hidden);
      }
      if (const T* initial = inputs.At(6, offset)) {
        std::copy_n(initial, hidden, c.begin() + n * hidden);
      }
    }
    direction.Run(&h, &c, [&](int64_t t, int64_t n, const T* state) {
      const int64_t row = layer.batch_first
                              ? (n * layer.steps + t) * layer.directions + d
                              : (t * layer.directions + d) * layer.batch + n;
      std::copy_n(state, hidden, y.data() + row * hidden);
    });
    for (int64_t n = 0; n < layer.batch; ++n) {
      const int64_t offset = StateOffset(layer, d, n);
      std::copy_n(h.begin() + n * hidden, hidden, y_h.data() + offset);
      std::copy_n(c.begin() + n * hidden, hidden, y_c.data() + offset);
    }
  }
  std::vector<TensorRef> outputs(3);
  ASSIGN_OR_RETURN(outputs[0], std::move(y).Finish());
  ASSIGN_OR_RETURN(outputs[1], std::move(y_h).Finish());
  ASSIGN_OR_RETURN(outputs[2], std::move(y_c).Finish());
  outputs.resize(args.num_outputs());
  return outputs;
}

Outputs Recurrent(const KernelArgs& args, const Family& family) {
  ASSIGN_OR_RETURN(const Layer layer, Layer::Of(args, family));
  return WithFloatType(args.input(0)->type(), [&]<typename T>(T) -> Outputs {
    return RunLayer<T>(args, layer);
  });
}

Outputs Rnn(const KernelArgs& args) {
  return Recurrent(args, {CellKind::kRnn, 1, {"Tanh"}});
}
Outputs Gru(const KernelArgs& args) {
  return Recurrent(args, {CellKind::kGru, 3, {"Sigmoid", "Tanh"}});
}
Outputs Lstm(const KernelArgs& args) {
  return Recurrent(args, {CellKind::kLstm, 4, {"Sigmoid", "Tanh", "Tanh"}});
}

}  // namespace

KernelList RecurrentKernels() {
  return {{"GRU"_op, Gru}, {"LSTM"_op, Lstm}, {"RNN"_op, Rnn}};
}

}  // namespace onnxopt::eval
