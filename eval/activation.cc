// SPDX-License-Identifier: Apache-2.0
#include "eval/activation.h"

#include <cmath>
#include <optional>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "support/status.h"

namespace onnxopt::eval {
namespace {

struct Form {
  std::string_view name;
  double (*function)(double x, double alpha, double beta);
  // Defaults; absent: the function has no such parameter.
  std::optional<double> alpha;
  std::optional<double> beta;
};

const Form kForms[] = {
    {"Affine", [](double x, double a, double b) { return a * x + b; }, 1.0,
     0.0},
    {"Elu",
     [](double x, double a, double) { return x < 0 ? a * std::expm1(x) : x; },
     1.0, std::nullopt},
    {"HardSigmoid",
     [](double x, double a, double b) {
       const double y = a * x + b;
       return y < 0 ? 0 : y > 1 ? 1 : y;
     },
     0.2F, 0.5},
    {"LeakyRelu", [](double x, double a, double) { return x < 0 ? a * x : x; },
     0.01F, std::nullopt},
    {"Relu", [](double x, double, double) { return x < 0 ? 0 : x; },
     std::nullopt, std::nullopt},
    {"ScaledTanh",
     [](double x, double a, double b) { return a * std::tanh(b * x); }, 1.0,
     1.0},
    {"Sigmoid", [](double x, double, double) { return 1 / (1 + std::exp(-x)); },
     std::nullopt, std::nullopt},
    {"Softplus",
     [](double x, double, double) {
       return x > 0 ? x + std::log1p(std::exp(-x)) : std::log1p(std::exp(x));
     },
     std::nullopt, std::nullopt},
    {"Softsign",
     [](double x, double, double) { return x / (1 + std::fabs(x)); },
     std::nullopt, std::nullopt},
    {"Tanh", [](double x, double, double) { return std::tanh(x); },
     std::nullopt, std::nullopt},
    {"ThresholdedRelu",
     [](double x, double a, double) { return x > a ? x : 0; }, 1.0,
     std::nullopt},
};

const Form* FindForm(std::string_view name) {
  for (const Form& form : kForms) {
    if (absl::EqualsIgnoreCase({form.name.data(), form.name.size()},
                               {name.data(), name.size()})) {
      return &form;
    }
  }
  return nullptr;
}

// Parameters are listed only for the functions that have them.
class Parameters {
 public:
  explicit Parameters(const std::vector<float>* values) : values_(values) {}
  double Next(const std::optional<double>& otherwise) {
    if (!otherwise) return 0;
    if (values_ == nullptr || next_ >= values_->size()) return *otherwise;
    return (*values_)[next_++];
  }

 private:
  const std::vector<float>* values_;
  size_t next_ = 0;
};

}  // namespace

absl::StatusOr<std::vector<Activation>> ReadActivations(
    const AttributeView& attributes,
    const std::vector<std::string_view>& defaults, size_t count) {
  const std::vector<std::string_view>* given =
      attributes.Strings("activations");
  std::vector<std::string_view> names;
  if (given != nullptr) {
    names = *given;
  } else {
    while (names.size() < count) {
      names.insert(names.end(), defaults.begin(), defaults.end());
    }
  }
  if (names.size() < count) {
    return absl::InvalidArgumentError(
        absl::StrCat(count, " activations are needed, not ", names.size()));
  }
  Parameters alphas(attributes.Floats("activation_alpha"));
  Parameters betas(attributes.Floats("activation_beta"));
  std::vector<Activation> activations(count);
  for (size_t i = 0; i < count; ++i) {
    const Form* form = FindForm(names[i]);
    if (form == nullptr) {
      return absl::InvalidArgumentError(
          absl::StrCat("unknown activation '", std::string(names[i]), "'"));
    }
    activations[i].function_ = form->function;
    activations[i].alpha_ = alphas.Next(form->alpha);
    activations[i].beta_ = betas.Next(form->beta);
  }
  return activations;
}

}  // namespace onnxopt::eval
