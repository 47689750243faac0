// SPDX-License-Identifier: Apache-2.0
// Operators that make tensors from a rule.
#include <cmath>

#include "absl/strings/str_cat.h"
#include "eval/arguments.h"
#include "eval/elements.h"
#include "eval/families.h"
#include "eval/move_elements.h"

namespace onnxopt::eval {
namespace {

KernelOutputs ConstantOfShape(const KernelArgs& args) {
  ASSIGN_OR_RETURN(TensorDims dims, IntegersOf(*args.input(0)));
  TensorRef value = args.attributes().Tensor("value");
  if (value == nullptr) {
    ASSIGN_OR_RETURN(
        value, Tensor::Splat(ElementType::kFloat, {1}, std::string(4, '\0')));
  }
  if (value->num_elements() != 1) return Invalid("value is not one element");
  const Strides repeated(dims.size(), 0);
  return Single(Gathered(value, std::move(dims), {0, repeated}));
}

// The integers start, start + delta, ... before limit.
absl::StatusOr<TensorRef> IntegerRange(ElementType type, int64_t start,
                                       int64_t limit, int64_t delta) {
  const __int128 span =
      delta > 0 ? __int128{limit} - start : __int128{start} - limit;
  const __int128 step = delta > 0 ? __int128{delta} : -__int128{delta};
  const __int128 count = span <= 0 ? 0 : (span + step - 1) / step;
  if (count > INT64_MAX) return Invalid("the range is too large");
  ASSIGN_OR_RETURN(TensorBuilder out,
                   TensorBuilder::Create(type, {static_cast<int64_t>(count)}));
  for (int64_t i = 0; i < out.num_elements(); ++i) {
    const int64_t value = start + i * delta;
    StoreIntegers(type, {&value, 1}, i, out.bytes());
  }
  return std::move(out).Finish();
}

// The same of floating-point numbers, computed in T.
template <typename T>
absl::StatusOr<TensorRef> FloatingRange(ElementType type, T start, T limit,
                                        T delta) {
  const double count = std::ceil(static_cast<double>(limit - start) /
                                 static_cast<double>(delta));
  if (!(count < 0x1p62)) return Invalid("the range is not finite");
  ASSIGN_OR_RETURN(
      TensorBuilder out,
      TensorBuilder::Create(
          type, {count > 0 ? static_cast<int64_t>(count) : int64_t{0}}));
  for (int64_t i = 0; i < out.num_elements(); ++i) {
    const double value = start + static_cast<T>(i) * delta;
    StoreFloating(type, {&value, 1}, i, out.bytes());
  }
  return std::move(out).Finish();
}

KernelOutputs Range(const KernelArgs& args) {
  const ElementType type = args.input(0)->type();
  for (int i = 0; i < 3; ++i) {
    if (args.input(i)->num_elements() != 1) {
      return Invalid("start, limit and delta are one number each");
    }
  }
  if (IsInteger(type)) {
    ASSIGN_OR_RETURN(const int64_t start, ScalarOf(*args.input(0)));
    ASSIGN_OR_RETURN(const int64_t limit, ScalarOf(*args.input(1)));
    ASSIGN_OR_RETURN(const int64_t delta, ScalarOf(*args.input(2)));
    if (delta == 0) return Invalid("delta is 0");
    return Single(IntegerRange(type, start, limit, delta));
  }
  std::array<double, 3> values;
  for (int i = 0; i < 3; ++i) {
    ASSIGN_OR_RETURN(const auto value, FloatsOf(*args.input(i)));
    values[i] = value[0];
  }
  if (values[2] == 0) return Invalid("delta is 0");
  // stash_type is for types of less precision only.
  const auto stash = args.attributes().Int("stash_type", 1);
  const bool narrow =
      type == ElementType::kFloat16 || type == ElementType::kBfloat16;
  const auto compute = narrow ? static_cast<ElementType>(stash) : type;
  if (compute == ElementType::kDouble) {
    return Single(FloatingRange(type, values[0], values[1], values[2]));
  }
  if (compute == ElementType::kFloat) {
    return Single(FloatingRange(type, static_cast<float>(values[0]),
                                static_cast<float>(values[1]),
                                static_cast<float>(values[2])));
  }
  return Invalid(absl::StrCat("stash_type ", stash, " is not allowed"));
}

KernelOutputs EyeLike(const KernelArgs& args) {
  const Tensor& input = *args.input(0);
  if (RankOf(input) != 2) return Invalid("the input is not a matrix");
  const auto type = ElementTypeFromNumber(
      args.attributes().Int("dtype", static_cast<int64_t>(input.type())));
  if (!type ||
      (!IsFloating(*type) && !IsInteger(*type) &&
       *type != ElementType::kBool) ||
      BitWidth(*type) < 8) {
    return Invalid("dtype is not allowed");
  }
  const int64_t rows = input.dims()[0];
  const int64_t columns = input.dims()[1];
  ASSIGN_OR_RETURN(TensorBuilder out,
                   TensorBuilder::Create(*type, input.dims()));
  const int64_t k = std::clamp(args.attributes().Int("k", 0), -rows, columns);
  for (int64_t row = std::max<int64_t>(0, -k);
       row < std::min(rows, columns - k); ++row) {
    const int64_t at = row * columns + row + k;
    if (IsFloating(*type)) {
      const double one = 1;
      StoreFloating(*type, {&one, 1}, at, out.bytes());
    } else {
      const int64_t one = 1;
      StoreIntegers(*type, {&one, 1}, at, out.bytes());
    }
  }
  return Single(std::move(out).Finish());
}

// Where nothing is dropped: what is, is random.
KernelOutputs Dropout(const KernelArgs& args) {
  const auto is_zero = [](const Tensor& tensor) -> absl::StatusOr<bool> {
    ASSIGN_OR_RETURN(const std::string_view bytes, tensor.bytes());
    return bytes.find_first_not_of('\0') == std::string_view::npos;
  };
  if (args.input(2) != nullptr) {
    ASSIGN_OR_RETURN(bool keeps_all, is_zero(*args.input(2)));
    if (!keeps_all && args.input(1) != nullptr) {
      ASSIGN_OR_RETURN(keeps_all, is_zero(*args.input(1)));
    }
    if (!keeps_all) return absl::UnimplementedError("training is random");
  }
  std::vector<TensorRef> outputs = {args.inputs()[0]};
  if (args.num_outputs() > 1) {
    ASSIGN_OR_RETURN(outputs.emplace_back(),
                     Tensor::Splat(ElementType::kBool, args.input(0)->dims(),
                                   std::string(1, '\1')));
  }
  return outputs;
}

}  // namespace

KernelList FillKernels() {
  return {{"ConstantOfShape"_op, ConstantOfShape},
          {"Dropout"_op, Dropout},
          {"EyeLike"_op, EyeLike},
          {"Range"_op, Range}};
}

}  // namespace onnxopt::eval
