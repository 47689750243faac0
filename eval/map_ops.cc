// SPDX-License-Identifier: Apache-2.0
#include "eval/map_ops.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "eval/element_keys.h"
#include "eval/ml_common.h"
#include "eval/move_elements.h"
#include "eval/slices.h"
#include "fmt/format.h"

namespace onnxopt::eval {
namespace {

constexpr int64_t kMaxMaps = 1 << 24;

absl::StatusOr<Datum> MapAt(std::span<const Datum> inputs) {
  if (inputs.size() == 1 && inputs[0].IsMap()) return inputs[0];
  return Invalid("the input is not a map");
}

// A number or string of a map as another.
struct Converted {
  explicit Converted(std::string value) : text(std::move(value)) {}
  explicit Converted(double value)
      : text(fmt::format("{:f}", value)), number(value) {}

  std::string text;
  std::optional<double> number;  // of a string: not yet known
};

absl::Status NotA(std::string_view kind, const Converted& from) {
  return Invalid(absl::StrCat("'", from.text, "' is no ", std::string(kind)));
}

absl::StatusOr<float> ToFloat(const Converted& from) {
  if (from.number) return static_cast<float>(*from.number);
  float value = 0;
  if (!absl::SimpleAtof(from.text, &value)) return NotA("number", from);
  return value;
}

absl::StatusOr<int64_t> ToInt(const Converted& from) {
  int64_t value = 0;
  if (!from.number) {
    if (!absl::SimpleAtoi(from.text, &value)) return NotA("integer", from);
    return value;
  }
  if (!(std::abs(*from.number) < 0x1p63)) return NotA("int64", from);
  return static_cast<int64_t>(*from.number);
}

absl::StatusOr<std::vector<Converted>> ValuesOf(const Datum& map) {
  std::vector<Converted> values;
  if (map.values()->type() == ElementType::kString) {
    for (const std::string& text : map.values()->strings()) {
      values.emplace_back(text);
    }
    return values;
  }
  ASSIGN_OR_RETURN(const std::vector<double> numbers, FloatsOf(*map.values()));
  for (const double number : numbers) values.emplace_back(number);
  return values;
}

// Where the value of each key is in a result of `size`.
absl::StatusOr<std::vector<int64_t>> SparsePlaces(const Tensor& keys,
                                                  int64_t size) {
  ASSIGN_OR_RETURN(std::vector<int64_t> places, IntegersOf(keys));
  for (const int64_t key : places) {
    if (key < 0 || key >= size) {
      return Invalid(absl::StrCat("key ", key, " is not below max_map ", size));
    }
  }
  return places;
}

template <typename T, typename Convert>
absl::StatusOr<TensorRef> ConvertAll(ElementType type, int64_t size,
                                     const std::vector<Converted>& values,
                                     const std::vector<int64_t>& places,
                                     Convert convert) {
  ASSIGN_OR_RETURN(TensorBuilder out, TensorBuilder::Create(type, {1, size}));
  for (size_t i = 0; i < values.size(); ++i) {
    ASSIGN_OR_RETURN(out.As<T>()[places[i]], convert(values[i]));
  }
  return std::move(out).Finish();
}

absl::StatusOr<TensorRef> AsStrings(int64_t size,
                                    const std::vector<Converted>& values) {
  if (size != static_cast<int64_t>(values.size())) {
    return Disputed("the string for an absent key");
  }
  std::vector<std::string> texts;
  for (const Converted& value : values) texts.push_back(value.text);
  return Tensor::Strings({1, size}, std::move(texts));
}

// A one-dimensional tensor of one element, 0 or "".
absl::StatusOr<TensorRef> ZeroOf(ElementType type) {
  if (type == ElementType::kString) return Tensor::Strings({1}, {""});
  ASSIGN_OR_RETURN(TensorBuilder zero, TensorBuilder::Create(type, {1}));
  return std::move(zero).Finish();
}

// The indices of `keys` in ascending order; of equal ones the last.
template <typename T>
std::vector<int64_t> OrderOf(std::span<const T> keys) {
  std::vector<int64_t> order(keys.size());
  for (size_t i = 0; i < keys.size(); ++i) order[i] = static_cast<int64_t>(i);
  std::stable_sort(order.begin(), order.end(),
                   [&](int64_t a, int64_t b) { return keys[a] < keys[b]; });
  std::vector<int64_t> kept;
  for (const int64_t i : order) {
    if (!kept.empty() && keys[kept.back()] == keys[i]) kept.pop_back();
    kept.push_back(i);
  }
  return kept;
}

}  // namespace

absl::StatusOr<Datum> CastMap(const AttributeView& attributes,
                              std::span<const Datum> inputs) {
  ASSIGN_OR_RETURN(const Datum map, MapAt(inputs));
  if (map.keys()->type() != ElementType::kInt64) {
    return Invalid("the keys are not int64");
  }
  ASSIGN_OR_RETURN(const std::vector<Converted> values, ValuesOf(map));
  auto size = static_cast<int64_t>(values.size());
  const std::string_view form = attributes.String("map_form", "DENSE");
  const std::string_view to = attributes.String("cast_to", "TO_FLOAT");
  std::vector<int64_t> places(values.size());
  if (form == "SPARSE") {
    size = attributes.Int("max_map", 1);
    ASSIGN_OR_RETURN(places, SparsePlaces(*map.keys(), size));
  } else if (form == "DENSE") {
    for (int64_t i = 0; i < size; ++i) places[i] = i;
  } else {
    return Invalid(absl::StrCat("unknown map_form '", std::string(form), "'"));
  }
  absl::StatusOr<TensorRef> result =
      Invalid(absl::StrCat("unknown cast_to '", std::string(to), "'"));
  if (to == "TO_FLOAT") {
    result =
        ConvertAll<float>(ElementType::kFloat, size, values, places, ToFloat);
  } else if (to == "TO_INT64") {
    result =
        ConvertAll<int64_t>(ElementType::kInt64, size, values, places, ToInt);
  } else if (to == "TO_STRING") {
    result = AsStrings(size, values);
  }
  RETURN_IF_ERROR(result.status());
  return Datum(*std::move(result));
}

absl::StatusOr<Datum> DictVectorizer(const AttributeView& attributes,
                                     std::span<const Datum> inputs) {
  ASSIGN_OR_RETURN(const Datum map, MapAt(inputs));
  ASSIGN_OR_RETURN(
      const ClassLabels vocabulary,
      ClassLabels::Of(attributes, "int64_vocabulary", "string_vocabulary"));
  if (vocabulary.tensor().type() != map.keys()->type()) {
    return Invalid("the vocabulary is not of the keys' type");
  }
  absl::flat_hash_map<std::string, int64_t> places;
  RETURN_IF_ERROR(ForEachKey(
      *map.keys(), [&](int64_t i, absl::string_view key) { places[key] = i; }));
  // A word that is no key gets the zero after all values.
  const int64_t count = map.keys()->num_elements();
  std::vector<int64_t> offsets(vocabulary.size(), count);
  std::vector<bool> is_used(count);
  RETURN_IF_ERROR(
      ForEachKey(vocabulary.tensor(), [&](int64_t i, absl::string_view key) {
        const auto it = places.find(key);
        if (it == places.end()) return;
        offsets[i] = it->second;
        is_used[it->second] = true;
      }));
  if (std::find(is_used.begin(), is_used.end(), false) != is_used.end()) {
    return Invalid("a key is not in the vocabulary");
  }
  std::vector<TensorRef> parts = {map.values()};
  ASSIGN_OR_RETURN(parts.emplace_back(), ZeroOf(map.values()->type()));
  ASSIGN_OR_RETURN(const TensorRef all, ConcatAlong(parts, 0));
  ASSIGN_OR_RETURN(TensorRef result,
                   GatheredRuns(*all, {1, vocabulary.size()}, offsets, 1));
  return Datum(std::move(result));
}

absl::StatusOr<Datum> ZipMap(const AttributeView& attributes,
                             std::span<const Datum> inputs) {
  if (inputs.size() != 1 || !inputs[0].IsTensor() ||
      inputs[0].tensor()->type() != ElementType::kFloat) {
    return Invalid("the input is no tensor of floats");
  }
  const TensorRef& x = inputs[0].tensor();
  ASSIGN_OR_RETURN(
      const ClassLabels labels,
      ClassLabels::Of(attributes, "classlabels_int64s", "classlabels_strings"));
  if (RankOf(*x) != 1 && RankOf(*x) != 2) {
    return Invalid("the input is neither [N,C] nor [C]");
  }
  if (x->dims().back() != labels.size()) {
    return Invalid(absl::StrCat(labels.size(), " labels for ", x->dims().back(),
                                " columns"));
  }
  std::vector<int64_t> order;
  if (labels.tensor().type() == ElementType::kString) {
    order = OrderOf<std::string>(labels.tensor().strings());
  } else {
    ASSIGN_OR_RETURN(const auto keys, Elements<int64_t>::Of(labels.tensor()));
    order = OrderOf<int64_t>(keys.span());
  }
  ASSIGN_OR_RETURN(const TensorRef keys, labels.Pick(order));
  std::vector<Datum> maps;
  const int64_t rows = RankOf(*x) == 1 ? 1 : x->dims()[0];
  if (rows > kMaxMaps) {
    return absl::ResourceExhaustedError("the input has too many rows");
  }
  for (int64_t i = 0; i < rows; ++i) {
    ASSIGN_OR_RETURN(TensorRef values,
                     GatheredRuns(*x, keys->dims(), order, 1));
    maps.push_back(Datum::Map(keys, std::move(values)));
    for (int64_t& place : order) place += labels.size();
  }
  return Datum::Sequence(std::move(maps));
}

}  // namespace onnxopt::eval
