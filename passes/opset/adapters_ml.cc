// SPDX-License-Identifier: Apache-2.0
// Changes of the operators of ai.onnx.ml.
#include <numeric>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "eval/dense.h"
#include "ir/graph.h"
#include "ir/model.h"
#include "passes/opset/adapters.h"

namespace onnxopt::opset {
namespace {

std::vector<int64_t> Indices(size_t size) {
  std::vector<int64_t> indices(size);
  std::iota(indices.begin(), indices.end(), 0);
  return indices;
}

bool AreDistinct(const std::vector<std::string_view>& classes) {
  return absl::flat_hash_set<std::string_view>(classes.begin(), classes.end())
             .size() == classes.size();
}

// --- LabelEncoder-1 maps strings to their index in a list, or back.

std::string LabelEncoderUp(Form& form) {
  const auto* found = form.view().Strings("classes_strings");
  if (found == nullptr) return "it has no classes_strings";
  const std::vector<std::string_view> classes = *found;
  if (!AreDistinct(classes)) {
    return "one of its classes is there twice";
  }
  switch (form.element(0)) {
    case ElementType::kString:
      form.SetStrings("keys_strings", classes);
      form.SetInts("values_int64s", Indices(classes.size()));
      break;
    case ElementType::kInt64:
      form.SetInts("keys_int64s", Indices(classes.size()));
      form.SetStrings("values_strings", classes);
      break;
    default:
      return "its element type is not known";
  }
  form.Remove("classes_strings");
  return "";
}

std::string LabelEncoderDown(Form& form) {
  const auto take = [&](std::string_view strings, std::string_view ints) {
    const auto* classes = form.view().Strings(strings);
    const auto* indices = form.view().Ints(ints);
    if (classes == nullptr || indices == nullptr || !AreDistinct(*classes) ||
        *indices != Indices(classes->size())) {
      return false;
    }
    const std::vector<std::string_view> copy = *classes;
    form.Remove(strings);
    form.Remove(ints);
    form.SetStrings("classes_strings", copy);
    return true;
  };
  return take("keys_strings", "values_int64s") ||
                 take("values_strings", "keys_int64s")
             ? ""
             : "with keys and values other than strings and their indices";
}

// --- Before LabelEncoder-4 and TreeEnsemble*-3 there are lists, no tensors.

// Nullopt unless all elements are floats, exactly.
std::optional<std::vector<float>> FloatList(const Tensor& tensor) {
  const absl::StatusOr<std::vector<double>> numbers = eval::FloatsOf(tensor);
  if (!numbers.ok()) return std::nullopt;
  std::vector<float> list;
  for (const double number : *numbers) {
    list.push_back(static_cast<float>(number));
    if (double{list.back()} != number) return std::nullopt;
  }
  return list;
}

// Nullopt unless of int64.
std::optional<std::vector<int64_t>> IntList(const Tensor& tensor) {
  if (tensor.type() != ElementType::kInt64) return std::nullopt;
  absl::StatusOr<std::vector<int64_t>> list = eval::IntegersOf(tensor);
  if (!list.ok()) return std::nullopt;
  return *std::move(list);
}

// The names of what a tensor can become.
struct Lists {
  std::string_view tensor;
  std::string_view strings;
  std::string_view ints;
  std::string_view floats;
};

constexpr Lists kKeysAndValues[] = {
    {"keys_tensor", "keys_strings", "keys_int64s", "keys_floats"},
    {"values_tensor", "values_strings", "values_int64s", "values_floats"}};

// False if the elements are of a type that there are no lists of, or NaN.
bool SetList(Form& form, const Lists& names, const Tensor& tensor) {
  if (tensor.type() == ElementType::kString) {
    std::vector<std::string_view> strings;
    for (const std::string& text : tensor.strings()) {
      strings.push_back(form.node().graph()->model().Intern(text));
    }
    form.SetStrings(names.strings, std::move(strings));
    return true;
  }
  if (std::optional<std::vector<int64_t>> ints = IntList(tensor)) {
    form.SetInts(names.ints, *std::move(ints));
    return true;
  }
  if (tensor.type() != ElementType::kFloat) return false;
  std::optional<std::vector<float>> floats = FloatList(tensor);
  if (floats) form.SetFloats(names.floats, *std::move(floats));
  return floats.has_value();
}

std::string LabelEncoderDownFrom4(Form& form) {
  for (const Lists& names : kKeysAndValues) {
    const TensorRef tensor = form.view().Tensor(names.tensor);
    if (tensor == nullptr) continue;
    if (!SetList(form, names, *tensor)) {
      return "with keys or values of a type without lists";
    }
    form.Remove(names.tensor);
  }
  const TensorRef other = form.view().Tensor("default_tensor");
  if (other == nullptr) return "";
  if (other->type() == ElementType::kString && other->num_elements() == 1) {
    const std::string& text = other->strings().front();
    form.SetString("default_string", form.node().graph()->model().Intern(text));
  } else if (const auto ints = IntList(*other); ints && ints->size() == 1) {
    form.SetInt("default_int64", ints->front());
  } else if (const auto floats = FloatList(*other);
             floats && floats->size() == 1 &&
             other->type() == ElementType::kFloat) {
    form.SetFloat("default_float", floats->front());
  } else {
    return "with a default_tensor of a type without lists";
  }
  form.Remove("default_tensor");
  return "";
}

constexpr std::pair<std::string_view, std::string_view> kTreeNumbers[] = {
    {"base_values_as_tensor", "base_values"},
    {"class_weights_as_tensor", "class_weights"},
    {"nodes_hitrates_as_tensor", "nodes_hitrates"},
    {"nodes_values_as_tensor", "nodes_values"},
    {"target_weights_as_tensor", "target_weights"}};

std::string TreeEnsembleDown(Form& form) {
  for (const auto& [tensor_name, list_name] : kTreeNumbers) {
    const TensorRef tensor = form.view().Tensor(tensor_name);
    if (tensor == nullptr) continue;
    std::optional<std::vector<float>> list = FloatList(*tensor);
    if (!list) return "with numbers that are not floats";
    form.Remove(tensor_name);
    form.SetFloats(list_name, *std::move(list));
  }
  return "";
}

constexpr Adapter kAdapters[] = {
    {"ai.onnx.ml.LabelEncoder"_op, 2, LabelEncoderUp, LabelEncoderDown,
     "1 maps strings to their indices, or back"},
    {"ai.onnx.ml.LabelEncoder"_op, 4, nullptr, LabelEncoderDownFrom4,
     "before 4 keys and values are lists, of strings, int64 or float"},
    {"ai.onnx.ml.TreeEnsembleClassifier"_op, 3, nullptr, TreeEnsembleDown,
     "before 3 numbers are lists of floats"},
    {"ai.onnx.ml.TreeEnsembleRegressor"_op, 3, nullptr, TreeEnsembleDown,
     "before 3 numbers are lists of floats"},
};

}  // namespace

std::span<const Adapter> MlAdapters() { return kAdapters; }

}  // namespace onnxopt::opset
