// SPDX-License-Identifier: Apache-2.0
// QuantizeLinear, DequantizeLinear, DynamicQuantizeLinear.
#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "eval/families.h"
#include "eval/numbers.h"
#include "eval/requantize.h"
#include "support/status.h"

namespace onnxopt::eval {
namespace {

using Outputs = absl::StatusOr<std::vector<TensorRef>>;

// Adjacent elements of X; element i of the segment has the scale and zero
// point number parameter + i * step.
struct Segment {
  int64_t begin = 0;
  int64_t size = 0;
  int64_t parameter = 0;
  int64_t step = 0;
};

// How scales and zero points are spread over X: one for all, one per index of
// an axis, or one per block of elements along an axis.
class Granularity {
 public:
  static absl::StatusOr<Granularity> Of(const KernelArgs& args);

  /// visit(Segment) for all elements in order, in segments of at most kBlock.
  template <typename Visit>
  void ForEachSegment(Visit visit) const {
    int64_t begin = 0;
    const auto emit = [&](int64_t size, int64_t parameter, int64_t step) {
      for (int64_t done = 0; done < size; done += kBlock) {
        const int64_t n = std::min(kBlock, size - done);
        visit(Segment{begin, n, parameter + done * step, step});
        begin += n;
      }
    };
    if (blocks_ == 0 || inner_ == 0) {
      return emit(outer_ * size_ * inner_, 0, 0);
    }
    for (int64_t o = 0; o < outer_; ++o) {
      const int64_t base = o * outer_step_;
      if (inner_ > 1) {
        for (int64_t d = 0; d < size_; ++d) {
          emit(inner_, base + d / block_ * inner_step_,
               inner_step_ > 1 ? 1 : 0);
        }
      } else if (block_ == 1) {
        emit(size_, base, 1);
      } else {
        for (int64_t d = 0; d < size_; d += block_) {
          emit(std::min(block_, size_ - d), base + d / block_, 0);
        }
      }
    }
  }

 private:
  int64_t outer_ = 1;
  int64_t size_ = 1;
  int64_t inner_ = 1;
  int64_t block_ = 1;
  int64_t blocks_ = 0;  // 0: one parameter for all
  int64_t outer_step_ = 0;
  int64_t inner_step_ = 1;
};

absl::StatusOr<Granularity> Granularity::Of(const KernelArgs& args) {
  const Tensor& x = *args.input(0);
  const Tensor& scale = *args.input(1);
  const Tensor* zero_point = args.input(2);
  const auto misfit = [&](std::string_view what) {
    return absl::InvalidArgumentError(
        absl::StrCat(std::string(what), " does not fit the scale ",
                     scale.TypeString(), " of ", x.TypeString()));
  };
  const bool single = scale.dims().size() <= 1 && scale.num_elements() == 1;
  if (zero_point != nullptr && zero_point->dims() != scale.dims() &&
      !(single && zero_point->num_elements() == 1)) {
    return misfit("the zero point's shape");
  }
  const TensorDims& dims = x.dims();
  const int64_t block = args.attributes().Int("block_size", 0);
  Granularity result;
  result.size_ = ProductOf(dims, 0, dims.size());
  if (block < 0) return misfit("block_size");
  if (block == 0 && single) return result;
  ASSIGN_OR_RETURN(const int64_t axis,
                   NormalizeAxis(args.attributes().Int("axis", 1),
                                 static_cast<int64_t>(dims.size())));
  result.outer_ = ProductOf(dims, 0, axis);
  result.size_ = dims[axis];
  result.inner_ = ProductOf(dims, axis + 1, dims.size());
  if (block == 0) {
    if (scale.dims() != TensorDims{dims[axis]}) return misfit("the axis");
    result.blocks_ = dims[axis];
    return result;
  }
  TensorDims expected = dims;
  expected[axis] = dims[axis] / block + (dims[axis] % block != 0);
  if (scale.dims() != expected) return misfit("block_size");
  result.block_ = block;
  result.blocks_ = expected[axis];
  result.outer_step_ = result.blocks_ * result.inner_;
  result.inner_step_ = result.inner_;
  return result;
}

// The element type that an attribute names, or nullopt for 0.
absl::StatusOr<std::optional<ElementType>> TypeAttribute(
    const KernelArgs& args, std::string_view name) {
  const int64_t number = args.attributes().Int(name, 0);
  if (number == 0) return std::nullopt;
  const std::optional<ElementType> type = ElementTypeFromNumber(number);
  if (!type) {
    return absl::InvalidArgumentError(
        absl::StrCat(std::string(name), " ", number, " is no element type"));
  }
  return type;
}

// Whether the operator's type variable allows `type`.
absl::Status CheckOutputType(const KernelArgs& args, std::string_view variable,
                             ElementType type) {
  const TypeConstraint* constraint = args.op().FindTypeConstraint(variable);
  const std::string name =
      absl::StrCat("tensor(", std::string(ElementTypeName(type)), ")");
  if (constraint != nullptr &&
      std::ranges::binary_search(constraint->types, name)) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(
      absl::StrCat("the output cannot be ", name));
}

// The zero points as T; for float8 and float4 they are numbers too.
template <typename T>
absl::StatusOr<std::vector<T>> ZeroPoints(const Tensor* zero_point,
                                          size_t count) {
  std::vector<T> zeros(count, T{0});
  if (zero_point == nullptr) return zeros;
  ASSIGN_OR_RETURN(const std::string_view bytes, zero_point->bytes());
  if (!IsInteger(zero_point->type())) {
    LoadNumbers<T>(zero_point->type(), bytes, 0, zeros);
    return zeros;
  }
  std::array<int64_t, kBlock> block;
  for (size_t done = 0; done < count; done += kBlock) {
    const std::span<int64_t> part =
        std::span(block).first(std::min<size_t>(kBlock, count - done));
    LoadIntegers(zero_point->type(), bytes, static_cast<int64_t>(done), part);
    std::ranges::copy(part, zeros.begin() + static_cast<int64_t>(done));
  }
  return zeros;
}

// y = (x - zero) * scale for 8-bit codes of type T.
template <typename T>
void DequantizeBytes(std::string_view bytes, const Segment& segment,
                     const float* scales, const float* zeros, float* y) {
  const auto* x = reinterpret_cast<const T*>(bytes.data()) + segment.begin;
  if (segment.step == 0) {
    const auto zero = static_cast<int32_t>(*zeros);
    const float scale = *scales;
    for (int64_t i = 0; i < segment.size; ++i) {
      y[i] = static_cast<float>(int32_t{x[i]} - zero) * scale;
    }
  } else {
    for (int64_t i = 0; i < segment.size; ++i) {
      y[i] = (static_cast<float>(x[i]) - zeros[i]) * scales[i];
    }
  }
}

// The same for any type.
void DequantizeBlock(ElementType type, std::string_view bytes,
                     const Segment& segment, const float* scales,
                     const float* zeros, float* y) {
  std::array<float, kBlock> x;
  const std::span<float> part = std::span(x).first(segment.size);
  if (IsInteger(type)) {
    std::array<int64_t, kBlock> integers;
    const std::span<int64_t> codes = std::span(integers).first(segment.size);
    LoadIntegers(type, bytes, segment.begin, codes);
    std::ranges::transform(codes, part.begin(), [](int64_t value) {
      return static_cast<float>(value);
    });
  } else {
    LoadNumbers(type, bytes, segment.begin, part);
  }
  for (int64_t i = 0; i < segment.size; ++i) {
    y[i] = (part[i] - zeros[i * segment.step]) * scales[i * segment.step];
  }
}

Outputs DequantizeLinear(const KernelArgs& args) {
  const Tensor& x = *args.input(0);
  ASSIGN_OR_RETURN(const Granularity granularity, Granularity::Of(args));
  ASSIGN_OR_RETURN(const std::optional<ElementType> given,
                   TypeAttribute(args, "output_dtype"));
  const ElementType type = given.value_or(args.input(1)->type());
  RETURN_IF_ERROR(CheckOutputType(args, "T3", type));
  ASSIGN_OR_RETURN(Result<float> y, Result<float>::Create(type, x.dims()));
  ASSIGN_OR_RETURN(const Numbers<float> scales,
                   Numbers<float>::Of(*args.input(1)));
  ASSIGN_OR_RETURN(const std::vector<float> zeros,
                   ZeroPoints<float>(args.input(2), scales.size()));
  ASSIGN_OR_RETURN(const std::string_view bytes, x.bytes());
  granularity.ForEachSegment([&](const Segment& segment) {
    const float* scale = scales.data() + segment.parameter;
    const float* zero = zeros.data() + segment.parameter;
    float* out = y.data() + segment.begin;
    if (x.type() == ElementType::kInt8) {
      DequantizeBytes<int8_t>(bytes, segment, scale, zero, out);
    } else if (x.type() == ElementType::kUint8) {
      DequantizeBytes<uint8_t>(bytes, segment, scale, zero, out);
    } else {
      DequantizeBlock(x.type(), bytes, segment, scale, zero, out);
    }
  });
  return Single(std::move(y));
}

// Rounds to what `type` can hold.
float RoundTo(ElementType type, float value) {
  if (type == ElementType::kFloat) return value;
  char bytes[8];
  const double wide = value;
  StoreFloating(type, {&wide, 1}, 0, bytes);
  double rounded = 0;
  LoadFloating(type, {bytes, sizeof(bytes)}, 0, {&rounded, 1});
  return static_cast<float>(rounded);
}

// Writes codes in order; sub-byte types want whole blocks.
class CodeWriter {
 public:
  CodeWriter(ElementType type, std::span<char> bytes)
      : type_(type), bytes_(bytes) {}
  void Add(int64_t code) {
    block_[filled_++] = code;
    if (filled_ == kBlock) Flush();
  }
  void Flush() {
    StoreIntegers(type_, std::span<const int64_t>(block_).first(filled_),
                  begin_, bytes_);
    begin_ += filled_;
    filled_ = 0;
  }

 private:
  ElementType type_;
  std::span<char> bytes_;
  std::array<int64_t, kBlock> block_;
  int64_t filled_ = 0;
  int64_t begin_ = 0;
};

absl::StatusOr<ElementType> QuantizedType(const KernelArgs& args) {
  ASSIGN_OR_RETURN(const std::optional<ElementType> given,
                   TypeAttribute(args, "output_dtype"));
  const Tensor* zero_point = args.input(2);
  const ElementType type = zero_point != nullptr
                               ? zero_point->type()
                               : given.value_or(ElementType::kUint8);
  if (given && *given != type) {
    return absl::InvalidArgumentError(
        "output_dtype is not the type of the zero point");
  }
  RETURN_IF_ERROR(CheckOutputType(args, "T3", type));
  return type;
}

// The type that x / scale is computed in.
absl::StatusOr<ElementType> DivisionType(const KernelArgs& args) {
  ASSIGN_OR_RETURN(const std::optional<ElementType> given,
                   TypeAttribute(args, "precision"));
  if (given && *given != ElementType::kFloat &&
      *given != ElementType::kFloat16 && *given != ElementType::kBfloat16) {
    return absl::InvalidArgumentError("precision must be a floating type");
  }
  if (given) return *given;
  const ElementType scale = args.input(1)->type();
  // Types without fractions cannot hold the quotient.
  if (scale == ElementType::kFloat8E8M0 || IsInteger(scale)) {
    return ElementType::kFloat;
  }
  return scale;
}

// All elements of floats or integers, rounded to `type`.
absl::StatusOr<Result<float>> LoadRounded(const Tensor& tensor,
                                          ElementType type) {
  ASSIGN_OR_RETURN(Result<float> result,
                   Result<float>::Create(ElementType::kFloat, tensor.dims()));
  ASSIGN_OR_RETURN(const std::string_view bytes, tensor.bytes());
  const std::span<float> values = result.span();
  if (IsInteger(tensor.type())) {
    std::array<int64_t, kBlock> block;
    for (size_t done = 0; done < values.size(); done += kBlock) {
      const std::span<int64_t> part = std::span(block).first(
          std::min<size_t>(kBlock, values.size() - done));
      LoadIntegers(tensor.type(), bytes, static_cast<int64_t>(done), part);
      std::ranges::transform(part, values.begin() + done, [](int64_t value) {
        return static_cast<float>(value);
      });
    }
  } else {
    LoadNumbers(tensor.type(), bytes, 0, values);
  }
  if (type != ElementType::kFloat && tensor.type() != type) {
    for (float& value : values) value = RoundTo(type, value);
  }
  return result;
}

Outputs QuantizeLinear(const KernelArgs& args) {
  const Tensor& x = *args.input(0);
  ASSIGN_OR_RETURN(const Granularity granularity, Granularity::Of(args));
  ASSIGN_OR_RETURN(const ElementType type, QuantizedType(args));
  ASSIGN_OR_RETURN(const ElementType precision, DivisionType(args));
  const bool saturate = args.attributes().Int("saturate", 1) != 0;
  ASSIGN_OR_RETURN(TensorBuilder y, TensorBuilder::Create(type, x.dims()));
  ASSIGN_OR_RETURN(const Result<float> values, LoadRounded(x, precision));
  ASSIGN_OR_RETURN(const Result<float> scales,
                   LoadRounded(*args.input(1), precision));
  ASSIGN_OR_RETURN(const std::vector<double> zeros,
                   ZeroPoints<double>(args.input(2), scales.span().size()));
  const bool integers = IsInteger(type);
  const IntegerRange range = integers ? RangeOf(type) : IntegerRange{};
  CodeWriter writer(integers              ? type
                    : BitWidth(type) == 4 ? ElementType::kUint4
                                          : ElementType::kUint8,
                    y.bytes());
  granularity.ForEachSegment([&](const Segment& segment) {
    for (int64_t i = 0; i < segment.size; ++i) {
      const int64_t parameter = segment.parameter + i * segment.step;
      const float quotient =
          RoundTo(precision,
                  values.data()[segment.begin + i] / scales.data()[parameter]);
      const double zero = zeros[parameter];
      writer.Add(
          integers
              ? QuantizeInteger(quotient, static_cast<int64_t>(zero), range)
              : QuantizeFloat(type, quotient + static_cast<float>(zero),
                              saturate));
    }
  });
  writer.Flush();
  ASSIGN_OR_RETURN(TensorRef result, std::move(y).Finish());
  return std::vector{std::move(result)};
}

// A scalar.
template <typename T>
absl::StatusOr<TensorRef> Scalar(ElementType type, T value) {
  return Tensor::Owned(type, {},
                       {reinterpret_cast<const char*>(&value), sizeof(value)});
}

Outputs DynamicQuantizeLinear(const KernelArgs& args) {
  const Tensor& x = *args.input(0);
  ASSIGN_OR_RETURN(const Numbers<float> values, Numbers<float>::Of(x));
  if (values.size() == 0) {
    return absl::InvalidArgumentError("an empty tensor has no range");
  }
  float least = 0;  // the range includes zero
  float greatest = 0;
  for (const float value : values.span()) {
    least = std::min(least, value);
    greatest = std::max(greatest, value);
  }
  const float scale = (greatest - least) / 255;
  const IntegerRange range = RangeOf(ElementType::kUint8);
  // All zeros: any scale would do, and 0 / 0 would not.
  const int64_t zero =
      scale == 0 ? 0 : QuantizeInteger((0 - least) / scale, 0, range);
  ASSIGN_OR_RETURN(TensorBuilder y,
                   TensorBuilder::Create(ElementType::kUint8, x.dims()));
  const std::span<uint8_t> codes = y.As<uint8_t>();
  for (size_t i = 0; i < codes.size(); ++i) {
    const float quotient = scale == 0 ? 0 : values.span()[i] / scale;
    codes[i] = static_cast<uint8_t>(QuantizeInteger(quotient, zero, range));
  }
  std::vector<TensorRef> outputs(3);
  ASSIGN_OR_RETURN(outputs[0], std::move(y).Finish());
  ASSIGN_OR_RETURN(outputs[1], Scalar(ElementType::kFloat, scale));
  ASSIGN_OR_RETURN(outputs[2],
                   Scalar(ElementType::kUint8, static_cast<uint8_t>(zero)));
  return outputs;
}

}  // namespace

KernelList QuantizationKernels() {
  return {{"DequantizeLinear"_op, DequantizeLinear},
          {"DynamicQuantizeLinear"_op, DynamicQuantizeLinear},
          {"QuantizeLinear"_op, QuantizeLinear}};
}

}  // namespace onnxopt::eval
