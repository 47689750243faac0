// SPDX-License-Identifier: Apache-2.0
// Arithmetic, bits and comparisons of two or more broadcast operands.
#include <cmath>
#include <cstdint>

#include "absl/strings/str_cat.h"
#include "eval/arithmetic.h"
#include "eval/elements.h"
#include "eval/elementwise.h"
#include "eval/families.h"
#include "support/status.h"

namespace onnxopt::eval {
namespace {

using Outputs = absl::StatusOr<std::vector<TensorRef>>;

// Integer divisors are not 0. The quotient of the smallest integer and -1
// wraps around.
template <typename T>
T Quotient(T a, T b) {
  if constexpr (std::is_same_v<T, int64_t>) {
    if (b == -1) return Minus<T>(0, a);
  }
  return a / b;
}

// The remainder with the sign of the dividend (C's %).
template <typename T>
T Remainder(T a, T b) {
  if constexpr (std::is_floating_point_v<T>) {
    return std::fmod(a, b);
  } else if constexpr (std::is_signed_v<T>) {
    return b == -1 ? 0 : a % b;
  } else {
    return a % b;
  }
}

// The remainder with the sign of the divisor (Python's %).
int64_t FlooredRemainder(int64_t a, int64_t b) {
  const int64_t remainder = Remainder(a, b);
  return remainder != 0 && (remainder < 0) != (b < 0) ? remainder + b
                                                      : remainder;
}

template <typename T>
T Sloped(T x, T slope) {
  return x < 0 ? Times(x, slope) : x;
}

template <typename T>
T IsEqual(T a, T b) {
  return a == b;
}
template <typename T>
T IsLess(T a, T b) {
  return a < b;
}
template <typename T>
T IsLessOrEqual(T a, T b) {
  return a <= b;
}
template <typename T>
T IsGreater(T a, T b) {
  return a > b;
}
template <typename T>
T IsGreaterOrEqual(T a, T b) {
  return a >= b;
}

int64_t BitAnd(int64_t a, int64_t b) { return a & b; }
int64_t BitOr(int64_t a, int64_t b) { return a | b; }
int64_t BitXor(int64_t a, int64_t b) { return a ^ b; }

// The unsigned types of the operators that shift: at most 64 bits, extended by
// zeros.
uint64_t ShiftLeft(uint64_t a, uint64_t b) { return b < 64 ? a << b : 0; }
uint64_t ShiftRight(uint64_t a, uint64_t b) { return b < 64 ? a >> b : 0; }

// An operation on two elements, per kind of number. Null: not for that kind.
struct Operation {
  double (*floating)(double, double);
  int64_t (*integer)(int64_t, int64_t);
  // For uint64; null if it is `integer` bit for bit.
  uint64_t (*unsigned64)(uint64_t, uint64_t) = nullptr;
};

template <typename T>
void Fold(Blocks<int64_t> blocks, T (*operation)(T, T),
          std::span<int64_t> result) {
  std::copy(blocks[0].begin(), blocks[0].end(), result.begin());
  for (const std::span<const int64_t> block : blocks.subspan(1)) {
    for (size_t i = 0; i < result.size(); ++i) {
      result[i] = static_cast<int64_t>(
          operation(static_cast<T>(result[i]), static_cast<T>(block[i])));
    }
  }
}

// operation(operation(operand 0, operand 1), operand 2)... The result of
// floating types is divided by `divisor`, and rounded once.
Outputs Apply(const Broadcast& operands, const Operation& operation,
              ElementType result_type, double divisor = 1) {
  const ElementType type = operands.operands()[0]->type();
  if (IsFloating(type)) {
    return OneOutput(ComputeBlocks<double>(
        operands, result_type,
        [&](Blocks<double> blocks, std::span<double> result) {
          std::copy(blocks[0].begin(), blocks[0].end(), result.begin());
          for (const std::span<const double> block : blocks.subspan(1)) {
            for (size_t i = 0; i < result.size(); ++i) {
              result[i] = operation.floating(result[i], block[i]);
            }
          }
          if (divisor == 1) return;
          for (double& value : result) value /= divisor;
        }));
  }
  return OneOutput(ComputeBlocks<int64_t>(
      operands, result_type,
      [&](Blocks<int64_t> blocks, std::span<int64_t> result) {
        if (operation.unsigned64 != nullptr && IsUnsigned(type)) {
          Fold(blocks, operation.unsigned64, result);
        } else {
          Fold(blocks, operation.integer, result);
        }
      }));
}

absl::StatusOr<Broadcast> OperandsOf(const KernelArgs& args) {
  std::vector<const Tensor*> operands;
  for (const TensorRef& input : args.inputs()) operands.push_back(input.get());
  return Broadcast::Of(std::move(operands));
}

struct OperatorEntry {
  OpId op;
  Operation operation;
};

constexpr OperatorEntry kOperators[] = {
    {"And"_op, {nullptr, BitAnd}},
    {"BitwiseAnd"_op, {nullptr, BitAnd}},
    {"BitwiseOr"_op, {nullptr, BitOr}},
    {"BitwiseXor"_op, {nullptr, BitXor}},
    {"Max"_op, {Larger<double>, Larger<int64_t>, Larger<uint64_t>}},
    {"Min"_op, {Smaller<double>, Smaller<int64_t>, Smaller<uint64_t>}},
    {"Or"_op, {nullptr, BitOr}},
    {"Sum"_op, {Plus<double>, nullptr}},
    {"Xor"_op, {nullptr, BitXor}},
};

constexpr OperatorEntry kComparisons[] = {
    {"Greater"_op,
     {IsGreater<double>, IsGreater<int64_t>, IsGreater<uint64_t>}},
    {"GreaterOrEqual"_op,
     {IsGreaterOrEqual<double>, IsGreaterOrEqual<int64_t>,
      IsGreaterOrEqual<uint64_t>}},
    {"Less"_op, {IsLess<double>, IsLess<int64_t>, IsLess<uint64_t>}},
    {"LessOrEqual"_op,
     {IsLessOrEqual<double>, IsLessOrEqual<int64_t>, IsLessOrEqual<uint64_t>}},
};

const Operation& Find(std::span<const OperatorEntry> entries, OpId op) {
  const OperatorEntry* entry = entries.data();
  while (entry->op != op) ++entry;
  return entry->operation;
}

Outputs ApplyOperator(const KernelArgs& args) {
  ASSIGN_OR_RETURN(const Broadcast operands, OperandsOf(args));
  return Apply(operands, Find(kOperators, args.op().id()),
               args.input(0)->type());
}

Outputs Compare(const KernelArgs& args) {
  ASSIGN_OR_RETURN(const Broadcast operands, OperandsOf(args));
  return Apply(operands, Find(kComparisons, args.op().id()),
               ElementType::kBool);
}

Outputs Mean(const KernelArgs& args) {
  ASSIGN_OR_RETURN(const Broadcast operands, OperandsOf(args));
  return Apply(operands, {Plus<double>, nullptr}, args.input(0)->type(),
               args.num_inputs());
}

// Large weights meet these operators. Single operations on floats are the same
// whether they are done in float, or in double and then rounded.
template <typename Compute>
Outputs ApplyToFloats(const Broadcast& operands, Compute compute) {
  ASSIGN_OR_RETURN(const Elements<float> a,
                   Elements<float>::Of(*operands.operands()[0]));
  ASSIGN_OR_RETURN(const Elements<float> b,
                   Elements<float>::Of(*operands.operands()[1]));
  ASSIGN_OR_RETURN(TensorBuilder result,
                   TensorBuilder::Create(ElementType::kFloat, operands.dims()));
  const std::span<float> out = result.As<float>();
  operands.ForEachRun([&](const Broadcast::Run& run) {
    const float* p = a.data() + run.offsets[0];
    const float* q = b.data() + run.offsets[1];
    float* r = out.data() + run.begin;
    if (run.steps[0] == 1 && run.steps[1] == 1) {
      for (int64_t i = 0; i < run.size; ++i) r[i] = compute(p[i], q[i]);
    } else if (run.steps[0] == 1) {
      for (int64_t i = 0; i < run.size; ++i) r[i] = compute(p[i], *q);
    } else {
      const int64_t step = run.steps[1];
      for (int64_t i = 0; i < run.size; ++i) r[i] = compute(*p, q[i * step]);
    }
  });
  return OneOutput(std::move(result).Finish());
}

template <typename Compute>
Outputs ApplyArithmetic(const KernelArgs& args, const Operation& operation,
                        Compute compute) {
  ASSIGN_OR_RETURN(const Broadcast operands, OperandsOf(args));
  const ElementType type = args.input(0)->type();
  if (type == ElementType::kFloat) return ApplyToFloats(operands, compute);
  return Apply(operands, operation, type);
}

Outputs Add(const KernelArgs& args) {
  return ApplyArithmetic(args, {Plus<double>, Plus<int64_t>},
                         [](float a, float b) { return a + b; });
}
Outputs Sub(const KernelArgs& args) {
  return ApplyArithmetic(args, {Minus<double>, Minus<int64_t>},
                         [](float a, float b) { return a - b; });
}
Outputs Mul(const KernelArgs& args) {
  return ApplyArithmetic(args, {Times<double>, Times<int64_t>},
                         [](float a, float b) { return a * b; });
}

// An error if an integer divisor is 0, unless nothing is divided.
absl::Status CheckDivisor(const KernelArgs& args) {
  const Tensor& divisor = *args.input(1);
  if (IsFloating(divisor.type()) || args.input(0)->num_elements() == 0) {
    return absl::OkStatus();
  }
  ASSIGN_OR_RETURN(const std::string_view bytes, divisor.bytes());
  std::vector<int64_t> block(kBlock);
  for (int64_t begin = 0; begin < divisor.num_elements(); begin += kBlock) {
    const std::span<int64_t> values = std::span(block).first(
        std::min(kBlock, divisor.num_elements() - begin));
    LoadIntegers(divisor.type(), bytes, begin, values);
    if (std::find(values.begin(), values.end(), 0) != values.end()) {
      return absl::InvalidArgumentError("integer division by zero");
    }
  }
  return absl::OkStatus();
}

Outputs Div(const KernelArgs& args) {
  RETURN_IF_ERROR(CheckDivisor(args));
  return ApplyArithmetic(
      args, {Quotient<double>, Quotient<int64_t>, Quotient<uint64_t>},
      [](float a, float b) { return a / b; });
}

Outputs Mod(const KernelArgs& args) {
  RETURN_IF_ERROR(CheckDivisor(args));
  ASSIGN_OR_RETURN(const Broadcast operands, OperandsOf(args));
  const ElementType type = args.input(0)->type();
  const bool fmod = args.attributes().Int("fmod", 0) != 0;
  if (IsFloating(type) && !fmod) {
    return absl::InvalidArgumentError(
        "the remainder of floating-point numbers needs fmod = 1");
  }
  return Apply(operands,
               {Remainder<double>, fmod ? Remainder<int64_t> : FlooredRemainder,
                Remainder<uint64_t>},
               type);
}

Outputs PRelu(const KernelArgs& args) {
  ASSIGN_OR_RETURN(const Broadcast operands, OperandsOf(args));
  if (operands.dims() != args.input(0)->dims()) {
    return absl::InvalidArgumentError("the slope does not broadcast to X");
  }
  // Unsigned numbers are never negative.
  return Apply(
      operands,
      {Sloped<double>, Sloped<int64_t>, [](uint64_t x, uint64_t) { return x; }},
      args.input(0)->type());
}

Outputs BitShift(const KernelArgs& args) {
  const std::string_view direction = args.attributes().String("direction", "");
  if (direction != "LEFT" && direction != "RIGHT") {
    return absl::InvalidArgumentError(absl::StrCat(
        "the direction is LEFT or RIGHT, not '", std::string(direction), "'"));
  }
  ASSIGN_OR_RETURN(const Broadcast operands, OperandsOf(args));
  return Apply(operands,
               {nullptr, nullptr, direction == "LEFT" ? ShiftLeft : ShiftRight},
               args.input(0)->type());
}

// base^exponent, wrapping around.
int64_t IntegerPower(int64_t base, uint64_t exponent) {
  uint64_t result = 1;
  uint64_t square = static_cast<uint64_t>(base);
  for (; exponent != 0; exponent >>= 1) {
    if (exponent & 1) result *= square;
    square *= square;
  }
  return static_cast<int64_t>(result);
}

Outputs IntegerPow(const Broadcast& operands) {
  const bool is_unsigned = IsUnsigned(operands.operands()[1]->type());
  bool divides_by_zero = false;
  absl::StatusOr<TensorRef> result = ComputeBlocks<int64_t>(
      operands, operands.operands()[0]->type(),
      [&](Blocks<int64_t> blocks, std::span<int64_t> out) {
        for (size_t i = 0; i < out.size(); ++i) {
          const int64_t base = blocks[0][i];
          const int64_t exponent = blocks[1][i];
          if (is_unsigned || exponent >= 0) {
            out[i] = IntegerPower(base, static_cast<uint64_t>(exponent));
          } else if (base == 1 || base == -1) {
            out[i] = exponent % 2 == 0 ? 1 : base;
          } else {
            divides_by_zero |= base == 0;
            out[i] = 0;  // a fraction, truncated
          }
        }
      });
  if (divides_by_zero) {
    return absl::InvalidArgumentError("integer division by zero");
  }
  return OneOutput(std::move(result));
}

Outputs Pow(const KernelArgs& args) {
  ASSIGN_OR_RETURN(const Broadcast operands, OperandsOf(args));
  const ElementType type = args.input(0)->type();
  if (IsInteger(type) && IsInteger(args.input(1)->type())) {
    return IntegerPow(operands);
  }
  return OneOutput(ComputeBlocks<double>(
      operands, type, [](Blocks<double> blocks, std::span<double> result) {
        for (size_t i = 0; i < result.size(); ++i) {
          result[i] = std::pow(blocks[0][i], blocks[1][i]);
        }
      }));
}

Outputs Equal(const KernelArgs& args) {
  ASSIGN_OR_RETURN(const Broadcast operands, OperandsOf(args));
  if (args.input(0)->type() != ElementType::kString) {
    return Apply(operands, {IsEqual<double>, IsEqual<int64_t>},
                 ElementType::kBool);
  }
  const std::vector<std::string>& a = args.input(0)->strings();
  const std::vector<std::string>& b = args.input(1)->strings();
  ASSIGN_OR_RETURN(TensorBuilder result,
                   TensorBuilder::Create(ElementType::kBool, operands.dims()));
  const std::span<char> out = result.bytes();
  operands.ForEachRun([&](const Broadcast::Run& run) {
    for (int64_t i = 0; i < run.size; ++i) {
      out[run.begin + i] = a[run.offsets[0] + i * run.steps[0]] ==
                           b[run.offsets[1] + i * run.steps[1]];
    }
  });
  return OneOutput(std::move(result).Finish());
}

}  // namespace

KernelList ElementwiseBinaryKernels() {
  KernelList kernels = {
      {"Add"_op, Add},     {"BitShift"_op, BitShift}, {"Div"_op, Div},
      {"Equal"_op, Equal}, {"Mean"_op, Mean},         {"Mod"_op, Mod},
      {"Mul"_op, Mul},     {"PRelu"_op, PRelu},       {"Pow"_op, Pow},
      {"Sub"_op, Sub},
  };
  for (const OperatorEntry& entry : kOperators) {
    kernels.push_back({entry.op, ApplyOperator});
  }
  for (const OperatorEntry& entry : kComparisons) {
    kernels.push_back({entry.op, Compare});
  }
  return kernels;
}

}  // namespace onnxopt::eval
