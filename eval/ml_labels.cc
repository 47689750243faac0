// SPDX-License-Identifier: Apache-2.0
// Operators of ai.onnx.ml that look elements up in tables.
#include <limits>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "eval/element_keys.h"
#include "eval/families.h"
#include "eval/ml_common.h"
#include "eval/move_elements.h"
#include "eval/signature.h"
#include "eval/slices.h"

namespace onnxopt::eval {
namespace {

using PlaceOf = absl::flat_hash_map<std::string, int64_t>;

absl::StatusOr<TensorRef> ListOfStrings(
    const std::vector<std::string_view>& texts) {
  return Tensor::Strings({static_cast<int64_t>(texts.size())},
                         {texts.begin(), texts.end()});
}

// The attributes PREFIX_strings, PREFIX_int64s, PREFIX_floats and PREFIX_tensor
// as a one-dimensional tensor; null if none is given.
absl::StatusOr<TensorRef> ListOf(const AttributeView& attributes,
                                 const std::string& prefix) {
  std::vector<TensorRef> given;
  if (const auto* texts = attributes.Strings(prefix + "_strings")) {
    ASSIGN_OR_RETURN(given.emplace_back(), ListOfStrings(*texts));
  }
  if (const auto* ints = attributes.Ints(prefix + "_int64s")) {
    ASSIGN_OR_RETURN(given.emplace_back(), MakeInt64s(*ints));
  }
  if (const auto* floats = attributes.Floats(prefix + "_floats")) {
    ASSIGN_OR_RETURN(
        given.emplace_back(),
        Tensor::Owned(ElementType::kFloat,
                      {static_cast<int64_t>(floats->size())},
                      {reinterpret_cast<const char*>(floats->data()),
                       floats->size() * sizeof(float)}));
  }
  if (const TensorRef tensor = attributes.Tensor(prefix + "_tensor")) {
    ASSIGN_OR_RETURN(given.emplace_back(),
                     WithDims(tensor, {tensor->num_elements()}));
  }
  if (given.size() > 1) return Invalid(prefix + "_* are given twice");
  return given.empty() ? nullptr : given[0];
}

// One number, or one string, of the type of `values`: what stands for elements
// without a key.
absl::StatusOr<TensorRef> DefaultFor(const AttributeView& attributes,
                                     ElementType type) {
  if (const TensorRef tensor = attributes.Tensor("default_tensor")) {
    if (tensor->type() != type || tensor->num_elements() != 1) {
      return Invalid("default_tensor is not one element of the values' type");
    }
    return WithDims(tensor, {1});
  }
  if (type == ElementType::kString) {
    return Tensor::Strings(
        {1}, {std::string(attributes.String("default_string", "_Unused"))});
  }
  ASSIGN_OR_RETURN(TensorBuilder out, TensorBuilder::Create(type, {1}));
  if (IsFloating(type)) {
    const double value = attributes.Float("default_float", -0.0F);
    StoreFloating(type, {&value, 1}, 0, out.bytes());
  } else {
    const int64_t value = attributes.Int("default_int64", -1);
    StoreIntegers(type, {&value, 1}, 0, out.bytes());
  }
  return std::move(out).Finish();
}

// The values of the elements of `x` in a table of keys and values.
KernelOutputs LookUp(const Tensor& x, const Tensor& keys,
                     const TensorRef& values, const TensorRef& otherwise,
                     bool nan_is_key) {
  if (keys.type() != x.type()) {
    return Invalid(
        absl::StrCat("keys ", keys.TypeString(), " for ", x.TypeString()));
  }
  const int64_t size = values->num_elements();
  if (keys.num_elements() != size) {
    return Invalid(
        absl::StrCat(keys.num_elements(), " keys for ", size, " values"));
  }
  PlaceOf places;
  std::vector<std::pair<int64_t, int64_t>> repeated;
  RETURN_IF_ERROR(ForEachKey(keys, [&](int64_t i, absl::string_view key) {
    const auto [it, is_new] = places.emplace(key, i);
    if (!is_new) repeated.emplace_back(it->second, i);
  }));
  if (!repeated.empty()) {
    std::vector<std::string> value_keys(size);
    RETURN_IF_ERROR(ForEachKey(*values, [&](int64_t i, absl::string_view key) {
      value_keys[i] = std::string(key);
    }));
    for (const auto& [first, second] : repeated) {
      if (value_keys[first] != value_keys[second]) {
        return Disputed("a key with two values");
      }
    }
  }
  if (x.num_elements() > kMaxStrings) {
    return absl::ResourceExhaustedError("the input has too many elements");
  }
  if (!nan_is_key) {
    const double nan = std::numeric_limits<double>::quiet_NaN();
    places.erase({reinterpret_cast<const char*>(&nan), sizeof(nan)});
  }
  const std::vector<TensorRef> parts = {values, otherwise};
  ASSIGN_OR_RETURN(const TensorRef all, ConcatAlong(parts, 0));
  std::vector<int64_t> offsets(x.num_elements(), size);
  RETURN_IF_ERROR(ForEachKey(x, [&](int64_t i, absl::string_view key) {
    const auto it = places.find(key);
    if (it != places.end()) offsets[i] = it->second;
  }));
  return Single(GatheredRuns(*all, TensorDims(x.dims()), offsets, 1));
}

absl::StatusOr<TensorRef> Counting(int64_t size) {
  std::vector<int64_t> numbers(size);
  std::iota(numbers.begin(), numbers.end(), 0);
  return MakeInt64s(numbers);
}

KernelOutputs LabelEncoder(const KernelArgs& args) {
  const AttributeView& attributes = args.attributes();
  const Tensor& x = *args.input(0);
  TensorRef keys;
  TensorRef values;
  if (args.op().FindAttr("classes_strings") != nullptr) {
    // Version 1: strings and their places.
    ASSIGN_OR_RETURN(keys, ListOf(attributes, "classes"));
    if (keys == nullptr) return Invalid("there are no classes_strings");
    ASSIGN_OR_RETURN(values, Counting(keys->num_elements()));
    if (x.type() == ElementType::kInt64) std::swap(keys, values);
  } else {
    ASSIGN_OR_RETURN(keys, ListOf(attributes, "keys"));
    ASSIGN_OR_RETURN(values, ListOf(attributes, "values"));
  }
  if (keys == nullptr || values == nullptr) {
    return Invalid("there are no keys or no values");
  }
  if (!AllowsType(args.op(), "T2", values->type())) {
    return Invalid(absl::StrCat("the values are ", values->TypeString()));
  }
  ASSIGN_OR_RETURN(const TensorRef otherwise,
                   DefaultFor(attributes, values->type()));
  // Before version 4 nothing was said about NaN.
  return LookUp(x, *keys, values, otherwise, args.op().since_version() >= 4);
}

KernelOutputs CategoryMapper(const KernelArgs& args) {
  const AttributeView& attributes = args.attributes();
  const Tensor& x = *args.input(0);
  const auto* texts = attributes.Strings("cats_strings");
  const auto* ints = attributes.Ints("cats_int64s");
  if (texts == nullptr || ints == nullptr) {
    return Invalid("cats_strings or cats_int64s are missing");
  }
  ASSIGN_OR_RETURN(TensorRef keys, ListOfStrings(*texts));
  ASSIGN_OR_RETURN(TensorRef values, MakeInt64s(*ints));
  if (x.type() == ElementType::kInt64) std::swap(keys, values);
  ASSIGN_OR_RETURN(const TensorRef otherwise,
                   DefaultFor(attributes, values->type()));
  return LookUp(x, *keys, values, otherwise, /*nan_is_key=*/true);
}

// Numbers are truncated to integers.
absl::StatusOr<TensorRef> AsCategories(const TensorRef& x) {
  if (!IsFloating(x->type())) return x;
  ASSIGN_OR_RETURN(const std::string_view bytes, x->bytes());
  ASSIGN_OR_RETURN(
      TensorBuilder out,
      TensorBuilder::Create(ElementType::kInt64, TensorDims(x->dims())));
  for (int64_t i = 0; i < out.num_elements(); ++i) {
    double value = 0;
    LoadFloating(x->type(), bytes, i, {&value, 1});
    StoreNumbers(ElementType::kInt64, {&value, 1}, i, out.bytes());
  }
  return std::move(out).Finish();
}

KernelOutputs OneHotEncoder(const KernelArgs& args) {
  ASSIGN_OR_RETURN(
      const ClassLabels categories,
      ClassLabels::Of(args.attributes(), "cats_int64s", "cats_strings"));
  ASSIGN_OR_RETURN(const TensorRef x, AsCategories(args.inputs()[0]));
  const bool has_strings = x->type() == ElementType::kString;
  if (has_strings != (categories.tensor().type() == ElementType::kString)) {
    return Invalid("the categories are not of the input's kind");
  }
  PlaceOf places;
  RETURN_IF_ERROR(
      ForEachKey(categories.tensor(),
                 [&](int64_t i, absl::string_view key) { places[key] = i; }));
  TensorDims dims = x->dims();
  dims.push_back(categories.size());
  ASSIGN_OR_RETURN(TensorBuilder out,
                   TensorBuilder::Create(ElementType::kFloat, std::move(dims)));
  bool all_known = true;
  RETURN_IF_ERROR(ForEachKey(*x, [&](int64_t i, absl::string_view key) {
    const auto it = places.find(key);
    if (it == places.end()) {
      all_known = false;
    } else {
      out.As<float>()[i * categories.size() + it->second] = 1;
    }
  }));
  if (!all_known && args.attributes().Int("zeros", 1) == 0) {
    return Invalid("an element is not among the categories");
  }
  return Single(std::move(out).Finish());
}

}  // namespace

KernelList MlLabelKernels() {
  return {{"ai.onnx.ml.CategoryMapper"_op, CategoryMapper},
          {"ai.onnx.ml.LabelEncoder"_op, LabelEncoder, 1},
          {"ai.onnx.ml.OneHotEncoder"_op, OneHotEncoder}};
}

}  // namespace onnxopt::eval
