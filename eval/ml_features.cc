// SPDX-License-Identifier: Apache-2.0
// Operators of ai.onnx.ml that change or select features.
#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "eval/arithmetic.h"
#include "eval/families.h"
#include "eval/indices.h"
#include "eval/ml_common.h"
#include "eval/move_elements.h"

namespace onnxopt::eval {
namespace {

// A one-dimensional input gives a result with an axis more.
KernelOutputs ArrayFeatureExtractor(const KernelArgs& args) {
  const Tensor& x = *args.input(0);
  if (x.dims().empty()) return Invalid("the input is a scalar");
  const int64_t width = x.dims().back();
  ASSIGN_OR_RETURN(const std::vector<int64_t> indices,
                   RawIndicesOf(*args.input(1)));
  for (const int64_t index : indices) {
    if (index < 0 || index >= width) {
      return Invalid(
          absl::StrCat("there is no feature ", index, " among ", width));
    }
  }
  const auto count = static_cast<int64_t>(indices.size());
  TensorDims dims = x.dims();
  dims.back() = count;
  if (dims.size() == 1) dims.insert(dims.begin(), 1);
  const int64_t rows = ProductOf(x.dims(), 0, x.dims().size() - 1);
  return Single(MoveElements(std::move(dims), x, [&](auto out, const auto& in) {
    auto to = out.begin();
    for (int64_t row = 0; row < rows; ++row) {
      for (const int64_t index : indices) {
        *to++ = in[0][row * width + index];
      }
    }
  }));
}

// Elements of the type of `x` from f(element, place), where elements are double
// or int64_t.
template <typename Function>
KernelOutputs MapElements(const Tensor& x, Function f) {
  ASSIGN_OR_RETURN(const std::string_view bytes, x.bytes());
  ASSIGN_OR_RETURN(TensorBuilder out,
                   TensorBuilder::Create(x.type(), TensorDims(x.dims())));
  const auto run = [&]<typename T>(T) {
    std::array<T, kBlock> block;
    for (int64_t begin = 0; begin < out.num_elements(); begin += kBlock) {
      const auto part = std::span<T>(block).first(
          std::min<int64_t>(kBlock, out.num_elements() - begin));
      Load<T>(x.type(), bytes, begin, part);
      for (size_t i = 0; i < part.size(); ++i) {
        part[i] = f(part[i], begin + static_cast<int64_t>(i));
      }
      Store<T>(x.type(), part, begin, out.bytes());
    }
  };
  if (IsFloating(x.type())) {
    run(double{});
  } else {
    run(int64_t{});
  }
  return Single(std::move(out).Finish());
}

bool IsGreater(double value, float threshold) { return value > threshold; }
bool IsGreater(int64_t value, float threshold) {
  if (!(threshold < 0x1p63F)) return false;
  return threshold < -0x1p63F ||
         value > static_cast<int64_t>(std::floor(threshold));
}

KernelOutputs Binarizer(const KernelArgs& args) {
  const float threshold = args.attributes().Float("threshold", 0);
  return MapElements(*args.input(0), [&]<typename T>(T value, int64_t) {
    return static_cast<T>(IsGreater(value, threshold) ? 1 : 0);
  });
}

// What an Imputer replaces, and by what: one number, or one for each feature.
template <typename Given>
KernelOutputs Impute(const Tensor& x, Given replaced,
                     std::span<const Given> imputed) {
  const auto size = static_cast<int64_t>(imputed.size());
  if (x.dims().empty() || (size != 1 && size != x.dims().back())) {
    return Invalid(absl::StrCat(size, " imputed values do not fit the input ",
                                x.TypeString()));
  }
  const bool is_narrow = x.type() == ElementType::kInt32;
  if (is_narrow && std::any_of(imputed.begin(), imputed.end(), [](Given value) {
        const auto number = static_cast<double>(value);
        return !(number >= std::numeric_limits<int32_t>::min() &&
                 number <= std::numeric_limits<int32_t>::max());
      })) {
    return Invalid("an imputed value does not fit int32");
  }
  return MapElements(x, [&]<typename E>(E value, int64_t place) {
    const bool is_replaced = value == static_cast<E>(replaced) ||
                             (IsNotANumber(value) && IsNotANumber(replaced));
    return is_replaced ? static_cast<E>(imputed[place % size]) : value;
  });
}

KernelOutputs Imputer(const KernelArgs& args) {
  const Tensor& x = *args.input(0);
  const AttributeView& attributes = args.attributes();
  const auto floats = FloatList(attributes, "imputed_value_floats");
  const auto ints = IntList(attributes, "imputed_value_int64s");
  if (floats.empty() == ints.empty() ||
      floats.empty() == IsFloating(x.type())) {
    return Invalid("the imputed values are not of the input's kind");
  }
  if (IsFloating(x.type())) {
    return Impute<float>(x, attributes.Float("replaced_value_float", 0),
                         floats);
  }
  return Impute<int64_t>(x, attributes.Int("replaced_value_int64", 0), ints);
}

// Of each input the first inputdimensions[i] features, with zeros where it has
// fewer.
KernelOutputs FeatureVectorizer(const KernelArgs& args) {
  std::vector<Rows<float>> inputs;
  std::vector<int64_t> widths;
  for (int i = 0; i < args.num_inputs(); ++i) {
    ASSIGN_OR_RETURN(Rows<float> rows, Rows<float>::Of(*args.input(i)));
    inputs.push_back(std::move(rows));
    widths.push_back(inputs.back().width);
    if (inputs.back().count != inputs[0].count) {
      return Invalid("the inputs differ in their number of rows");
    }
  }
  if (const auto* given = args.attributes().Ints("inputdimensions")) {
    if (given->size() != inputs.size()) {
      return Invalid("inputdimensions are not one for each input");
    }
    widths = *given;
  }
  int64_t total = 0;
  for (const int64_t width : widths) {
    if (width < 0 || __builtin_add_overflow(total, width, &total)) {
      return Invalid("wrong inputdimensions");
    }
  }
  ASSIGN_OR_RETURN(
      TensorBuilder out,
      TensorBuilder::Create(ElementType::kFloat, {inputs[0].count, total}));
  if (out.num_elements() == 0) return Single(std::move(out).Finish());
  for (int64_t row = 0; row < inputs[0].count; ++row) {
    int64_t begin = row * total;
    for (size_t i = 0; i < inputs.size(); ++i) {
      const auto from = inputs[i].row(row);
      std::copy_n(from.begin(), std::min(inputs[i].width, widths[i]),
                  out.As<float>().begin() + begin);
      begin += widths[i];
    }
  }
  return Single(std::move(out).Finish());
}

// A row divided by its maximum, its sum of magnitudes or its length; unchanged
// if that is 0.
absl::Status Normalize(std::string_view norm, std::span<const double> x,
                       std::span<float> y) {
  double divisor = 0;
  if (norm == "MAX" && !x.empty()) {
    divisor = *std::max_element(x.begin(), x.end());
    if (std::any_of(x.begin(), x.end(),
                    [&](double value) { return std::abs(value) > divisor; })) {
      return Disputed("the MAX norm of a row with a large negative number");
    }
  }
  for (const double value : x) {
    if (norm == "L1") divisor += std::abs(value);
    if (norm == "L2") divisor += value * value;
  }
  if (norm == "L2") divisor = std::sqrt(divisor);
  if (std::isinf(divisor)) return Disputed("a norm that overflows");
  if (divisor == 0) divisor = 1;
  for (size_t i = 0; i < x.size(); ++i) {
    y[i] = static_cast<float>(x[i] / divisor);
  }
  return absl::OkStatus();
}

KernelOutputs Normalizer(const KernelArgs& args) {
  const std::string_view norm = args.attributes().String("norm", "MAX");
  if (norm != "MAX" && norm != "L1" && norm != "L2") {
    return Invalid(absl::StrCat("unknown norm '", std::string(norm), "'"));
  }
  const Tensor& x = *args.input(0);
  ASSIGN_OR_RETURN(const Rows<double> rows, Rows<double>::Of(x));
  ASSIGN_OR_RETURN(
      TensorBuilder out,
      TensorBuilder::Create(ElementType::kFloat, TensorDims(x.dims())));
  if (out.num_elements() == 0) return Single(std::move(out).Finish());
  for (int64_t i = 0; i < rows.count; ++i) {
    RETURN_IF_ERROR(
        Normalize(norm, rows.row(i),
                  out.As<float>().subspan(i * rows.width, rows.width)));
  }
  return Single(std::move(out).Finish());
}

KernelOutputs Scaler(const KernelArgs& args) {
  const Tensor& x = *args.input(0);
  const auto offset = FloatList(args.attributes(), "offset");
  const auto scale = FloatList(args.attributes(), "scale");
  if (x.dims().empty()) return Invalid("the input is a scalar");
  const auto size = static_cast<int64_t>(scale.size());
  if (offset.size() != scale.size() || (size != 1 && size != x.dims().back())) {
    return Invalid(absl::StrCat(offset.size(), " offsets and ", size,
                                " scales do not fit the input ",
                                x.TypeString()));
  }
  ASSIGN_OR_RETURN(const std::string_view bytes, x.bytes());
  ASSIGN_OR_RETURN(
      TensorBuilder out,
      TensorBuilder::Create(ElementType::kFloat, TensorDims(x.dims())));
  std::array<double, kBlock> block;
  for (int64_t begin = 0; begin < out.num_elements(); begin += kBlock) {
    const auto part = std::span<double>(block).first(
        std::min<int64_t>(kBlock, out.num_elements() - begin));
    Load<double>(x.type(), bytes, begin, part);
    for (size_t i = 0; i < part.size(); ++i) {
      const int64_t place = begin + static_cast<int64_t>(i);
      out.As<float>()[place] = static_cast<float>(
          (part[i] - offset[place % size]) * scale[place % size]);
    }
  }
  return Single(std::move(out).Finish());
}

}  // namespace

KernelList MlFeatureKernels() {
  return {{"ai.onnx.ml.ArrayFeatureExtractor"_op, ArrayFeatureExtractor},
          {"ai.onnx.ml.Binarizer"_op, Binarizer},
          {"ai.onnx.ml.FeatureVectorizer"_op, FeatureVectorizer},
          {"ai.onnx.ml.Imputer"_op, Imputer},
          {"ai.onnx.ml.Normalizer"_op, Normalizer},
          {"ai.onnx.ml.Scaler"_op, Scaler}};
}

}  // namespace onnxopt::eval
