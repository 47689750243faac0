// SPDX-License-Identifier: Apache-2.0
// Changes of the operators of ai.onnx.ml.
#include <numeric>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "passes/opset/adapters.h"

namespace onnxopt::opset {
namespace {

std::vector<int64_t> Indices(size_t size) {
  std::vector<int64_t> indices(size);
  std::iota(indices.begin(), indices.end(), 0);
  return indices;
}

// --- LabelEncoder-1 maps strings to their index in a list, or back.

std::string LabelEncoderUp(Form& form) {
  const auto* found = form.view().Strings("classes_strings");
  if (found == nullptr) return "it has no classes_strings";
  const std::vector<std::string_view> classes = *found;
  if (absl::flat_hash_set<std::string_view>(classes.begin(), classes.end())
          .size() != classes.size()) {
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
    if (classes == nullptr || indices == nullptr ||
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

constexpr Adapter kAdapters[] = {
    {"ai.onnx.ml.LabelEncoder"_op, 2, LabelEncoderUp, LabelEncoderDown,
     "1 maps strings to their indices, or back"},
};

}  // namespace

std::span<const Adapter> MlAdapters() { return kAdapters; }

}  // namespace onnxopt::opset
