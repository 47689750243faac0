// SPDX-License-Identifier: Apache-2.0
// Operators of ai.onnx.ml on features and labels, and linear models.
#include <algorithm>
#include <cmath>
#include <numeric>

#include "test/random_graphs/samplers.h"

namespace onnxopt::random_graphs {
namespace {

using Texts = std::vector<std::string_view>;

const Texts& Labels() {
  static const auto& labels =
      *new Texts{"cat", "dog", "Cat", "", "zwölf", "a b", "x", "y"};
  return labels;
}

std::vector<int64_t> SomeInts(Rng& rng, int64_t count, int64_t low,
                              int64_t high) {
  std::vector<int64_t> ints(count);
  for (int64_t& number : ints) number = rng.Between(low, high);
  return ints;
}

// Different from each other.
std::vector<int64_t> SomeKeys(Rng& rng, int64_t count) {
  std::vector<int64_t> keys(7);
  std::iota(keys.begin(), keys.end(), -2);
  rng.Shuffle(keys);
  keys.resize(count);
  return keys;
}

Texts SomeLabels(Rng& rng, int64_t count) {
  Texts labels = Labels();
  rng.Shuffle(labels);
  labels.resize(count);
  return labels;
}

void SampleArrayFeatureExtractor(NodeDraft& d) {
  if (d.rng().Percent(25)) {
    d.ChooseData(0, RandomTexts(d.rng(), Labels(), d.SomeDims(1)));
  } else {
    d.Choose(0, d.SomeDims(1));
  }
  if (d.failed() || d.rank(0) == 0 || d.dims(0).back() == 0) return d.Fail();
  d.ChooseInts(
      1, SomeInts(d.rng(), d.rng().Between(1, 5), 0, d.dims(0).back() - 1));
}

void SampleBinarizer(NodeDraft& d) {
  d.Choose(0, d.SomeDims(1), std::nullopt, MostlyFloat(d));
  if (d.rng().Percent(70)) {
    d.SetFloat("threshold", d.rng().Of({-1.5F, 0.0F, 1.0F, 2.0F, 2.25F}));
  }
}

void SampleFeatureVectorizer(NodeDraft& d) {
  const int64_t count = d.rng().Between(1, 3);
  const int64_t rows = d.rng().Between(1, 4);
  const bool flat = rows == 1 && d.rng().Percent(50);
  std::vector<int64_t> widths;
  for (int i = 0; i < count; ++i) {
    const int64_t width = d.rng().Between(1, 4);
    d.Choose(i, flat ? TensorDims{width} : TensorDims{rows, width});
    widths.push_back(std::max<int64_t>(
        1, width + (d.rng().Percent(30) ? d.rng().Between(-1, 1) : 0)));
  }
  d.SetInts("inputdimensions", widths);
}

void SampleImputer(NodeDraft& d) {
  d.Choose(0, d.SomeDims(1, 2));
  if (d.failed() || d.rank(0) == 0) return d.Fail();
  const int64_t count = d.rng().Percent(50) ? 1 : d.dims(0).back();
  if (IsFloat(d.element(0))) {
    d.SetFloats("imputed_value_floats", SomeFloats(d.rng(), count));
    if (d.rng().Percent(70)) {
      d.SetFloat("replaced_value_float",
                 d.rng().Percent(40) ? NAN : d.rng().Of({0.0F, 1.0F, -2.0F}));
    }
  } else {
    d.SetInts("imputed_value_int64s", SomeInts(d.rng(), count, -9, 9));
    if (d.rng().Percent(70)) {
      d.SetInt("replaced_value_int64", d.rng().Between(-3, 3));
    }
  }
}

void SampleScaler(NodeDraft& d) {
  d.Choose(0, d.SomeDims(1, 2));
  if (d.failed() || d.rank(0) == 0) return d.Fail();
  const int64_t count = d.rng().Percent(40) ? 1 : d.dims(0).back();
  d.SetFloats("offset", SomeFloats(d.rng(), count));
  d.SetFloats("scale", SomeFloats(d.rng(), count));
}

void SampleNormalizer(NodeDraft& d) {
  d.Choose(0, d.SomeDims(1, 2),
           d.rng().Percent(50) ? Numbers::kPositive : Numbers::kFinite);
  if (d.rng().Percent(80)) d.SetString("norm", d.rng().Of({"MAX", "L1", "L2"}));
}

// One of keys_*, values_*: its kind is that of the type.
void SetList(NodeDraft& d, std::string_view strings, std::string_view ints,
             std::string_view floats, ElementType type, int64_t count) {
  if (type == ElementType::kString) {
    d.SetStrings(strings, SomeLabels(d.rng(), count));
  } else if (type == ElementType::kInt64) {
    d.SetInts(ints, SomeKeys(d.rng(), count));
  } else {
    const std::vector<int64_t> numbers = SomeKeys(d.rng(), count);
    d.SetFloats(floats, {numbers.begin(), numbers.end()});
  }
}

// Small integers, so that some are among keys and categories.
void ChooseSmall(NodeDraft& d, int i, ElementType type,
                 const TensorDims& dims) {
  if (type == ElementType::kString) {
    return d.ChooseData(i, RandomTexts(d.rng(), Labels(), dims));
  }
  const std::vector<int64_t> ints =
      SomeInts(d.rng(), *NumElements(dims), -3, 5);
  d.ChooseData(i, TensorOf(type, dims, {ints.begin(), ints.end()}));
}

void SampleLabelEncoder1(NodeDraft& d) {
  ChooseSmall(d, 0,
              d.rng().Percent(50) ? ElementType::kString : ElementType::kInt64,
              d.SomeDims());
  d.SetStrings("classes_strings", SomeLabels(d.rng(), d.rng().Between(1, 5)));
  if (d.rng().Percent(50)) d.SetInt("default_int64", -7);
  if (d.rng().Percent(50)) d.SetString("default_string", "none");
}

TensorRef TensorOfLabels(Rng& rng, ElementType type, int64_t count) {
  if (type == ElementType::kString) {
    return TensorOfTexts({count}, SomeLabels(rng, count));
  }
  const std::vector<int64_t> keys = SomeKeys(rng, count);
  return TensorOf(type, {count}, {keys.begin(), keys.end()});
}

// Version 4 gives other types by tensors.
void SampleLabelEncoder(NodeDraft& d) {
  if (d.op().since_version() == 1) return SampleLabelEncoder1(d);
  Rng& rng = d.rng();
  const bool by_tensor = d.op().since_version() >= 4 && rng.Percent(40);
  const auto draw = [&] {
    return by_tensor ? rng.Of({ElementType::kString, ElementType::kInt64,
                               ElementType::kFloat, ElementType::kInt32,
                               ElementType::kInt16, ElementType::kDouble})
                     : rng.Of({ElementType::kString, ElementType::kInt64,
                               ElementType::kFloat});
  };
  const ElementType from = draw();
  const ElementType to = draw();
  const int64_t count = rng.Between(1, 5);
  ChooseSmall(d, 0, from, d.SomeDims());
  if (by_tensor) {
    d.SetTensor("keys_tensor", TensorOfLabels(rng, from, count));
    d.SetTensor("values_tensor", TensorOfLabels(rng, to, count));
    d.SetTensor("default_tensor", TensorOfLabels(rng, to, 1));
    return;
  }
  SetList(d, "keys_strings", "keys_int64s", "keys_floats", from, count);
  SetList(d, "values_strings", "values_int64s", "values_floats", to, count);
  if (rng.Percent(50)) d.SetInt("default_int64", -7);
  if (rng.Percent(50)) d.SetFloat("default_float", 0.5F);
  if (rng.Percent(50)) d.SetString("default_string", "none");
}

void SampleCategoryMapper(NodeDraft& d) {
  const int64_t count = d.rng().Between(1, 5);
  ChooseSmall(d, 0,
              d.rng().Percent(50) ? ElementType::kString : ElementType::kInt64,
              d.SomeDims());
  d.SetStrings("cats_strings", SomeLabels(d.rng(), count));
  d.SetInts("cats_int64s", SomeKeys(d.rng(), count));
  if (d.rng().Percent(50)) d.SetInt("default_int64", -7);
  if (d.rng().Percent(50)) d.SetString("default_string", "none");
}

void SampleOneHotEncoder(NodeDraft& d) {
  const ElementType type = d.rng().Of(
      {ElementType::kString, ElementType::kInt64, ElementType::kInt32,
       ElementType::kFloat, ElementType::kDouble});
  ChooseSmall(d, 0, type, d.SomeDims(1));
  const int64_t count = d.rng().Between(1, 7);
  if (type == ElementType::kString) {
    d.SetStrings("cats_strings", SomeLabels(d.rng(), count));
  } else {
    d.SetInts("cats_int64s", SomeKeys(d.rng(), count));
  }
  if (d.rng().Percent(30)) d.SetInt("zeros", d.rng().Between(0, 1));
}

void SampleLinearRegressor(NodeDraft& d) {
  d.Choose(0, d.SomeDims(1, 2), std::nullopt, MostlyFloat(d));
  if (d.failed() || d.rank(0) == 0) return d.Fail();
  const int64_t targets = d.rng().Between(1, 3);
  if (targets > 1 || d.rng().Percent(50)) d.SetInt("targets", targets);
  d.SetFloats("coefficients", SomeFloats(d.rng(), targets * d.dims(0).back()));
  if (d.rng().Percent(60)) {
    d.SetFloats("intercepts", SomeFloats(d.rng(), targets));
  }
  SetPostTransform(d);
}

void SampleLinearClassifier(NodeDraft& d) {
  d.Choose(0, d.SomeDims(1, 2));
  if (d.failed() || d.rank(0) == 0) return d.Fail();
  const int64_t classes = d.rng().Between(2, 4);
  const int64_t scores = classes == 2 && d.rng().Percent(50) ? 1 : classes;
  d.SetFloats("coefficients", SomeFloats(d.rng(), scores * d.dims(0).back()));
  if (d.rng().Percent(95)) {
    d.SetFloats("intercepts", SomeFloats(d.rng(), scores));
  }
  if (d.rng().Percent(30)) d.SetInt("multi_class", d.rng().Between(0, 1));
  SetClassLabels(d, "classlabels_ints", classes);
  SetPostTransform(d);
  d.SetOutputs(2);
}

}  // namespace

ElementType MostlyFloat(NodeDraft& d) {
  return d.rng().Percent(80) ? ElementType::kFloat : d.ElementFor(0);
}

void SetPostTransform(NodeDraft& d) {
  if (d.rng().Percent(60)) return;
  d.SetString("post_transform",
              d.rng().Of({"NONE", "SOFTMAX", "LOGISTIC", "SOFTMAX_ZERO"}));
}

void SetClassLabels(NodeDraft& d, std::string_view ints, int64_t count) {
  if (d.rng().Percent(40)) {
    d.SetStrings("classlabels_strings", SomeLabels(d.rng(), count));
    return;
  }
  std::vector<int64_t> labels(count);
  std::iota(labels.begin(), labels.end(), 0);
  d.SetInts(ints, d.rng().Percent(60) ? labels : SomeKeys(d.rng(), count));
}

SamplerList MlSamplers() {
  return {
      {"ai.onnx.ml.ArrayFeatureExtractor"_op, SampleArrayFeatureExtractor, 1},
      {"ai.onnx.ml.Binarizer"_op, SampleBinarizer, 1},
      {"ai.onnx.ml.CategoryMapper"_op, SampleCategoryMapper},
      {"ai.onnx.ml.FeatureVectorizer"_op, SampleFeatureVectorizer, 1, 2},
      {"ai.onnx.ml.Imputer"_op, SampleImputer, 1, 2},
      {"ai.onnx.ml.LabelEncoder"_op, SampleLabelEncoder},
      {"ai.onnx.ml.LinearClassifier"_op, SampleLinearClassifier, 1, 2},
      {"ai.onnx.ml.LinearRegressor"_op, SampleLinearRegressor, 1, 2},
      {"ai.onnx.ml.Normalizer"_op, SampleNormalizer, 1, 2},
      {"ai.onnx.ml.OneHotEncoder"_op, SampleOneHotEncoder, 1},
      {"ai.onnx.ml.Scaler"_op, SampleScaler, 1, 2},
  };
}

}  // namespace onnxopt::random_graphs
