// SPDX-License-Identifier: Apache-2.0
// NegativeLogLikelihoodLoss and SoftmaxCrossEntropyLoss.
#include <algorithm>
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

// Scores [batch, classes, plane] and targets [batch, plane].
struct Classes {
  static absl::StatusOr<Classes> Of(const KernelArgs& args) {
    const TensorDims& x = args.input(0)->dims();
    TensorDims wanted = x;
    if (wanted.size() >= 2) wanted.erase(wanted.begin() + 1);
    const Tensor* weight = args.input(2);
    if (x.size() < 2 || args.input(1)->dims() != wanted ||
        (weight != nullptr && weight->dims() != TensorDims{x[1]})) {
      return absl::InvalidArgumentError(
          "the shapes of scores, targets and weights do not fit");
    }
    Classes classes;
    classes.batch = x[0];
    classes.count = x[1];
    classes.plane = ProductOf(x, 2, x.size());
    classes.loss_dims = std::move(wanted);
    const std::string_view reduction =
        args.attributes().String("reduction", "mean");
    classes.mean = reduction == "mean";
    classes.reduces = reduction != "none";
    if (classes.reduces && !classes.mean && reduction != "sum") {
      return absl::InvalidArgumentError(
          absl::StrCat("unknown reduction '", std::string(reduction), "'"));
    }
    return classes;
  }
  int64_t batch = 0;
  int64_t count = 0;
  int64_t plane = 0;
  bool mean = false;
  bool reduces = false;
  TensorDims loss_dims;
};

// The loss of the targets that are not ignored; log_probabilities is laid out
// as the scores.
template <typename T>
absl::StatusOr<TensorRef> Loss(const KernelArgs& args, const Classes& classes,
                               const T* log_probabilities) {
  const ElementType type = args.input(0)->type();
  const std::optional<int64_t> ignored = args.attributes().Int("ignore_index");
  ASSIGN_OR_RETURN(const Numbers<uint64_t> targets,
                   Numbers<uint64_t>::Of(*args.input(1)));
  std::optional<Numbers<T>> weights;
  if (args.input(2) != nullptr) {
    ASSIGN_OR_RETURN(weights, Numbers<T>::Of(*args.input(2)));
  }
  ASSIGN_OR_RETURN(
      Result<T> losses,
      Result<T>::Create(type,
                        classes.reduces ? TensorDims{} : classes.loss_dims));
  double sum = 0;
  double weight_sum = 0;
  for (int64_t i = 0; i < classes.batch * classes.plane; ++i) {
    const auto target = static_cast<int64_t>(targets.span()[i]);
    if (ignored && target == *ignored) continue;
    if (target < 0 || target >= classes.count) {
      return absl::InvalidArgumentError(
          absl::StrCat("there is no class ", target));
    }
    const int64_t offset =
        (i / classes.plane * classes.count + target) * classes.plane +
        i % classes.plane;
    const double weight = weights ? weights->data()[target] : 1;
    const double loss = -weight * log_probabilities[offset];
    if (!classes.reduces) losses.data()[i] = static_cast<T>(loss);
    sum += loss;
    weight_sum += weight;
  }
  if (classes.reduces) {
    losses.data()[0] = static_cast<T>(classes.mean ? sum / weight_sum : sum);
  }
  return std::move(losses).Finish();
}

Outputs NegativeLogLikelihoodLoss(const KernelArgs& args) {
  ASSIGN_OR_RETURN(const Classes classes, Classes::Of(args));
  return WithFloatType(args.input(0)->type(), [&]<typename T>(T) -> Outputs {
    ASSIGN_OR_RETURN(const Numbers<T> x, Numbers<T>::Of(*args.input(0)));
    ASSIGN_OR_RETURN(TensorRef loss, Loss(args, classes, x.data()));
    return std::vector{std::move(loss)};
  });
}

// The logarithms of the softmax along the classes.
template <typename T>
void LogSoftmax(const Classes& classes, const T* x, T* y) {
  const int64_t step = classes.plane;
  for (int64_t i = 0; i < classes.batch * classes.plane; ++i) {
    const int64_t first = i / step * classes.count * step + i % step;
    double greatest = x[first];
    for (int64_t c = 1; c < classes.count; ++c) {
      greatest = std::max<double>(greatest, x[first + c * step]);
    }
    double sum = 0;
    for (int64_t c = 0; c < classes.count; ++c) {
      sum += std::exp(x[first + c * step] - greatest);
    }
    const double logarithm = std::log(sum);
    for (int64_t c = 0; c < classes.count; ++c) {
      const int64_t at = first + c * step;
      y[at] = static_cast<T>(x[at] - greatest - logarithm);
    }
  }
}

Outputs SoftmaxCrossEntropyLoss(const KernelArgs& args) {
  const Tensor& scores = *args.input(0);
  ASSIGN_OR_RETURN(const Classes classes, Classes::Of(args));
  if (classes.count == 0) {
    return absl::InvalidArgumentError("there are no classes");
  }
  return WithFloatType(scores.type(), [&]<typename T>(T) -> Outputs {
    ASSIGN_OR_RETURN(Result<T> logarithms,
                     Result<T>::Create(scores.type(), scores.dims()));
    ASSIGN_OR_RETURN(const Numbers<T> x, Numbers<T>::Of(scores));
    LogSoftmax(classes, x.data(), logarithms.data());
    std::vector<TensorRef> outputs(2);
    ASSIGN_OR_RETURN(outputs[0], Loss(args, classes, logarithms.data()));
    ASSIGN_OR_RETURN(outputs[1], std::move(logarithms).Finish());
    outputs.resize(args.num_outputs());
    return outputs;
  });
}

}  // namespace

KernelList LossKernels() {
  return {{"NegativeLogLikelihoodLoss"_op, NegativeLogLikelihoodLoss},
          {"SoftmaxCrossEntropyLoss"_op, SoftmaxCrossEntropyLoss}};
}

}  // namespace onnxopt::eval
