// SPDX-License-Identifier: Apache-2.0
// Functions of one element. Floating types are computed in double and rounded
// once, so results hardly depend on the machine's mathematical library.
#include <cmath>
#include <cstdint>
#include <limits>

#include "absl/strings/str_cat.h"
#include "eval/arithmetic.h"
#include "eval/elements.h"
#include "eval/elementwise.h"
#include "eval/families.h"
#include "support/status.h"

namespace onnxopt::eval {
namespace {

double Sigmoid(double x) { return 1 / (1 + std::exp(-x)); }
double Softplus(double x) {
  return x > 0 ? x + std::log1p(std::exp(-x)) : std::log1p(std::exp(x));
}
double HardSigmoid(double x, double alpha, double beta) {
  return Larger(Smaller(alpha * x + beta, 1.0), 0.0);
}
template <typename T>
T Sign(T x) {
  return x > 0 ? 1 : x < 0 ? -1 : x;
}

struct Function {
  OpId op;
  double (*floating)(double);
  // Null: the operator has no integers.
  int64_t (*integer)(int64_t) = nullptr;
};

constexpr Function kFunctions[] = {
    {"Abs"_op, [](double x) { return std::fabs(x); },
     [](int64_t x) { return x < 0 ? Minus<int64_t>(0, x) : x; }},
    {"Acos"_op, [](double x) { return std::acos(x); }},
    {"Acosh"_op, [](double x) { return std::acosh(x); }},
    {"Asin"_op, [](double x) { return std::asin(x); }},
    {"Asinh"_op, [](double x) { return std::asinh(x); }},
    {"Atan"_op, [](double x) { return std::atan(x); }},
    {"Atanh"_op, [](double x) { return std::atanh(x); }},
    {"Ceil"_op, [](double x) { return std::ceil(x); }},
    {"Cos"_op, [](double x) { return std::cos(x); }},
    {"Cosh"_op, [](double x) { return std::cosh(x); }},
    {"Erf"_op, [](double x) { return std::erf(x); }},
    {"Exp"_op, [](double x) { return std::exp(x); }},
    {"Floor"_op, [](double x) { return std::floor(x); }},
    {"HardSwish"_op, [](double x) { return x * HardSigmoid(x, 1.0 / 6, 0.5); }},
    {"Log"_op, [](double x) { return std::log(x); }},
    {"Mish"_op, [](double x) { return x * std::tanh(Softplus(x)); }},
    {"Neg"_op, [](double x) { return -x; },
     [](int64_t x) { return Minus<int64_t>(0, x); }},
    {"Reciprocal"_op, [](double x) { return 1 / x; }},
    {"Relu"_op, [](double x) { return Larger(x, 0.0); },
     [](int64_t x) { return Larger<int64_t>(x, 0); }},
    // The default rounding mode: half to even.
    {"Round"_op, [](double x) { return std::nearbyint(x); }},
    {"Sigmoid"_op, Sigmoid},
    {"Sign"_op, Sign<double>, Sign<int64_t>},
    {"Sin"_op, [](double x) { return std::sin(x); }},
    {"Sinh"_op, [](double x) { return std::sinh(x); }},
    {"Softplus"_op, Softplus},
    {"Softsign"_op, [](double x) { return x / (1 + std::fabs(x)); }},
    {"Sqrt"_op, [](double x) { return std::sqrt(x); }},
    {"Tan"_op, [](double x) { return std::tan(x); }},
    {"Tanh"_op, [](double x) { return std::tanh(x); }},
};

absl::StatusOr<std::vector<TensorRef>> ApplyFunction(const KernelArgs& args) {
  const Tensor& x = *args.input(0);
  const Function* function = kFunctions;
  while (function->op != args.op().id()) ++function;
  if (IsFloating(x.type())) {
    return OneOutput(
        MapBlocks<double>(x, x.type(), [function](std::span<double> block) {
          for (double& value : block) value = function->floating(value);
        }));
  }
  // Values of uint64 above INT64_MAX look negative; Abs and Sign alone have
  // unsigned types, of which Abs changes nothing.
  const bool is_sign = args.op().id() == "Sign"_op;
  if (IsUnsigned(x.type()) && !is_sign) return OneOutput(args.inputs()[0]);
  const bool positive = IsUnsigned(x.type());
  return OneOutput(
      MapBlocks<int64_t>(x, x.type(), [=](std::span<int64_t> block) {
        for (int64_t& value : block) {
          value = positive ? value != 0 : function->integer(value);
        }
      }));
}

struct ParametricFunction {
  OpId op;
  // Attributes; the second may be absent.
  std::string_view a;
  std::string_view b;
  double (*compute)(double x, double a, double b);
};

constexpr ParametricFunction kParametricFunctions[] = {
    {"Celu"_op, "alpha", "",
     [](double x, double alpha, double) {
       return x < 0 ? alpha * std::expm1(x / alpha) : x;
     }},
    {"Elu"_op, "alpha", "",
     [](double x, double alpha, double) {
       return x < 0 ? alpha * std::expm1(x) : x;
     }},
    {"HardSigmoid"_op, "alpha", "beta", HardSigmoid},
    {"LeakyRelu"_op, "alpha", "",
     [](double x, double alpha, double) { return x < 0 ? alpha * x : x; }},
    {"Selu"_op, "alpha", "gamma",
     [](double x, double alpha, double gamma) {
       return gamma * (x > 0 ? x : alpha * std::expm1(x));
     }},
    {"Shrink"_op, "lambd", "bias",
     [](double x, double lambd, double bias) {
       return x < -lambd ? x + bias : x > lambd ? x - bias : 0;
     }},
    {"Swish"_op, "alpha", "",
     [](double x, double alpha, double) { return x * Sigmoid(alpha * x); }},
    {"ThresholdedRelu"_op, "alpha", "",
     [](double x, double alpha, double) { return x > alpha ? x : 0; }},
};

absl::StatusOr<std::vector<TensorRef>> ApplyParametricFunction(
    const KernelArgs& args) {
  const Tensor& x = *args.input(0);
  const ParametricFunction* function = kParametricFunctions;
  while (function->op != args.op().id()) ++function;
  const double a = args.attributes().Float(function->a, 0.0F);
  const double b = args.attributes().Float(function->b, 0.0F);
  if (BitWidth(x.type()) == 64 && !IsFloating(x.type()) && b != 0) {
    return absl::UnimplementedError(
        "64-bit integers are not shifted by a bias exactly");
  }
  if (BitWidth(x.type()) == 64 && !IsFloating(x.type())) {
    // Without a bias, elements stay what they are or become 0.
    const bool is_unsigned = IsUnsigned(x.type());
    return OneOutput(
        MapBlocks<int64_t>(x, x.type(), [=](std::span<int64_t> block) {
          for (int64_t& value : block) {
            const double number =
                is_unsigned ? static_cast<double>(static_cast<uint64_t>(value))
                            : static_cast<double>(value);
            if (!(number < -a) && !(number > a)) value = 0;
          }
        }));
  }
  return OneOutput(MapBlocks<double>(x, x.type(), [=](std::span<double> block) {
    for (double& value : block) value = function->compute(value, a, b);
  }));
}

absl::StatusOr<std::vector<TensorRef>> Gelu(const KernelArgs& args) {
  const Tensor& x = *args.input(0);
  const std::string_view approximate =
      args.attributes().String("approximate", "none");
  if (approximate != "none" && approximate != "tanh") {
    return absl::InvalidArgumentError(
        absl::StrCat("unknown approximation '", std::string(approximate), "'"));
  }
  const double kSqrtHalf = std::sqrt(0.5);
  const double kSqrtTwoOverPi = std::sqrt(2 / std::acos(-1.0));
  const bool exact = approximate == "none";
  return OneOutput(MapBlocks<double>(x, x.type(), [=](std::span<double> block) {
    for (double& v : block) {
      // erfc keeps its precision where 1 + erf would cancel.
      v = exact ? 0.5 * v * std::erfc(-v * kSqrtHalf)
                : 0.5 * v *
                      (1 +
                       std::tanh(kSqrtTwoOverPi * (v + 0.044715 * v * v * v)));
    }
  }));
}

absl::StatusOr<std::vector<TensorRef>> Not(const KernelArgs& args) {
  return OneOutput(MapBlocks<int64_t>(*args.input(0), ElementType::kBool,
                                      [](std::span<int64_t> block) {
                                        for (int64_t& value : block)
                                          value = value == 0;
                                      }));
}

absl::StatusOr<std::vector<TensorRef>> BitwiseNot(const KernelArgs& args) {
  const Tensor& x = *args.input(0);
  return OneOutput(
      MapBlocks<int64_t>(x, x.type(), [](std::span<int64_t> block) {
        for (int64_t& value : block) value = ~value;
      }));
}

absl::StatusOr<std::vector<TensorRef>> IsNaN(const KernelArgs& args) {
  return OneOutput(MapBlocks<double>(*args.input(0), ElementType::kBool,
                                     [](std::span<double> block) {
                                       for (double& value : block)
                                         value = std::isnan(value) ? 1 : 0;
                                     }));
}

absl::StatusOr<std::vector<TensorRef>> IsInf(const KernelArgs& args) {
  const bool negative = args.attributes().Int("detect_negative", 1) != 0;
  const bool positive = args.attributes().Int("detect_positive", 1) != 0;
  return OneOutput(MapBlocks<double>(
      *args.input(0), ElementType::kBool, [=](std::span<double> block) {
        for (double& value : block) {
          const bool wanted = value > 0 ? positive : negative;
          value = std::isinf(value) && wanted ? 1 : 0;
        }
      }));
}

absl::StatusOr<std::vector<TensorRef>> Identity(const KernelArgs& args) {
  return std::vector<TensorRef>{args.inputs()[0]};
}

}  // namespace

KernelList ElementwiseUnaryKernels() {
  KernelList kernels = {
      {"BitwiseNot"_op, BitwiseNot}, {"Gelu"_op, Gelu},
      {"Identity"_op, Identity},     {"IsInf"_op, IsInf},
      {"IsNaN"_op, IsNaN},           {"Not"_op, Not},
  };
  for (const Function& function : kFunctions) {
    kernels.push_back({function.op, ApplyFunction});
  }
  for (const ParametricFunction& function : kParametricFunctions) {
    kernels.push_back({function.op, ApplyParametricFunction});
  }
  return kernels;
}

}  // namespace onnxopt::eval
