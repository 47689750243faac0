// SPDX-License-Identifier: Apache-2.0
#include "test/rules/run_model.h"

#include <algorithm>
#include <cmath>

#include "absl/container/flat_hash_map.h"
#include "eval/elements.h"
#include "eval/interpreter.h"
#include "fmt/core.h"
#include "support/status.h"

namespace onnxopt::rule_check {
namespace {

using eval::IsFloating;

std::vector<double> Numbers(const Tensor& tensor, std::string_view bytes) {
  std::vector<double> numbers(tensor.num_elements());
  eval::LoadFloating(tensor.type(), bytes, 0, numbers);
  return numbers;
}

class Runner {
 public:
  absl::StatusOr<Run> operator()(const Model& model,
                                 const std::vector<TensorRef>& inputs) {
    const Graph& graph = *model.graph();
    std::vector<Datum> arguments;
    for (const Value* input : graph.inputs()) {
      const TensorRef& tensor = inputs[arguments.size()];
      RETURN_IF_ERROR(Bind(*input, tensor));
      arguments.emplace_back(tensor);
    }
    for (const Value& constant : graph.constants()) {
      RETURN_IF_ERROR(Bind(constant, constant.tensor()));
    }
    RunOptions options;
    options.on_value = [this](const Value& value, const Datum& datum) {
      return Bind(value, datum.tensor());
    };
    ASSIGN_OR_RETURN(const std::vector<Datum> results,
                     RunGraph(model, arguments, options));
    for (const Datum& result : results) {
      run_.outputs.push_back(result.tensor());
    }
    return std::move(run_);
  }

 private:
  absl::Status Bind(const Value& value, const TensorRef& tensor) {
    RETURN_IF_ERROR(CheckType(value, *tensor));
    ASSIGN_OR_RETURN(const std::string_view bytes, tensor->bytes());
    run_.elements = std::max(run_.elements, tensor->num_elements());
    if (IsFloating(tensor->type())) {
      for (const double number : Numbers(*tensor, bytes)) {
        if (!std::isfinite(number)) continue;
        run_.magnitude = std::max(run_.magnitude, std::fabs(number));
        if (BitWidth(tensor->type()) > 16) continue;
        run_.narrow_magnitude =
            std::max(run_.narrow_magnitude, std::fabs(number));
      }
    }
    return absl::OkStatus();
  }

  absl::Status CheckType(const Value& value, const Tensor& tensor) {
    const TypeRef& type = value.type();
    if (type == nullptr) return absl::OkStatus();
    bool holds = type->IsTensor() && type->element() == tensor.type();
    if (holds && type->shape()) {
      const Shape& shape = *type->shape();
      holds = shape.size() == tensor.dims().size();
      for (size_t i = 0; holds && i < shape.size(); ++i) {
        const int64_t dim = tensor.dims()[i];
        if (shape[i].IsInteger()) holds = shape[i].value() == dim;
        const std::string name(shape[i].name());
        if (name.empty()) continue;
        holds = named_dims_.emplace(name, dim).first->second == dim;
      }
    }
    if (holds) return absl::OkStatus();
    return absl::FailedPreconditionError(
        fmt::format("the type of '{}' is {}, its value is {}", value.name(),
                    type->ToString(), tensor.TypeString()));
  }

  Run run_;
  absl::flat_hash_map<std::string, int64_t> named_dims_;
};

double UnitRoundoff(ElementType type) {
  switch (type) {
    case ElementType::kDouble:
      return std::ldexp(1.0, -53);
    case ElementType::kFloat16:
      return std::ldexp(1.0, -11);
    case ElementType::kBfloat16:
      return std::ldexp(1.0, -8);
    default:
      return std::ldexp(1.0, -24);
  }
}

}  // namespace

absl::StatusOr<Run> RunModel(const Model& model,
                             const std::vector<TensorRef>& inputs) {
  return Runner()(model, inputs);
}

std::string Difference(const Run& expected, const Run& actual, bool exact) {
  if (expected.outputs.size() != actual.outputs.size()) {
    return "the number of outputs differs";
  }
  for (size_t i = 0; i < expected.outputs.size(); ++i) {
    const Tensor& e = *expected.outputs[i];
    const Tensor& a = *actual.outputs[i];
    if (e.type() != a.type() || e.dims() != a.dims()) {
      return fmt::format("output {} is {} instead of {}", i, a.TypeString(),
                         e.TypeString());
    }
    const std::string_view e_bytes = *e.bytes();
    const std::string_view a_bytes = *a.bytes();
    if (!IsFloating(e.type())) {
      if (e_bytes != a_bytes) return fmt::format("output {} differs", i);
      continue;
    }
    const std::vector<double> e_numbers = Numbers(e, e_bytes);
    const std::vector<double> a_numbers = Numbers(a, a_bytes);
    const double u = UnitRoundoff(e.type());
    const double sum_u =
        std::min(UnitRoundoff(ElementType::kFloat), u) *
        static_cast<double>(std::max(expected.elements, actual.elements));
    const double tolerance =
        exact
            ? 0
            : std::max(expected.magnitude, actual.magnitude) * (8 * u + sum_u);
    for (size_t k = 0; k < e_numbers.size(); ++k) {
      const double x = e_numbers[k];
      const double y = a_numbers[k];
      if (std::isnan(x) && std::isnan(y)) continue;
      const bool same = exact
                            ? x == y && std::signbit(x) == std::signbit(y)
                            : x == y || (std::isfinite(x) && std::isfinite(y) &&
                                         std::fabs(x - y) <= tolerance);
      if (!same) {
        return fmt::format(
            "output {}, element {}: {} instead of {} (tolerance {})", i, k, y,
            x, tolerance);
      }
    }
  }
  return {};
}

}  // namespace onnxopt::rule_check
