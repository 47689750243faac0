// SPDX-License-Identifier: Apache-2.0
// Operators of ai.onnx.ml.
#include <algorithm>

#include "passes/shape/families.h"

namespace onnxopt::shape {
namespace {

// The rows of an input [N,F] or [F].
Dim RowsOf(const InferenceContext& c) {
  const std::optional<Shape>& shape = c.shape(0);
  if (!shape) return Dim();
  if (shape->size() == 1) return Dim(1);
  return shape->size() == 2 ? (*shape)[0] : Dim();
}

// Labels of classes, or words, that one of two attributes lists.
struct Labels {
  Labels(const InferenceContext& c, std::string_view integers,
         std::string_view strings) {
    if (const auto* texts = c.attributes().Strings(strings)) {
      type = ElementType::kString;
      count = Dim(static_cast<int64_t>(texts->size()));
    } else if (const auto* ints = c.attributes().Ints(integers)) {
      type = ElementType::kInt64;
      count = Dim(static_cast<int64_t>(ints->size()));
    }
  }
  ElementType type = ElementType::kUndefined;
  Dim count;
};

// The columns of scores of a classifier: runtimes differ for a single class.
Dim ScoresFor(const Labels& labels) {
  return labels.count == Dim(1) ? Dim() : labels.count;
}

ElementType OtherThan(ElementType type) {
  if (type == ElementType::kString) return ElementType::kInt64;
  return type == ElementType::kInt64 ? ElementType::kString
                                     : ElementType::kUndefined;
}

absl::Status ArrayFeatureExtractor(InferenceContext& c) {
  std::optional<Shape> shape = c.shape(0);
  if (shape && shape->empty()) return Invalid(c, "the input is a scalar");
  if (shape) {
    const std::optional<Shape>& indices = c.shape(1);
    shape->back() = indices ? Product(*indices, 0, indices->size()) : Dim();
    if (shape->size() == 1) shape->insert(shape->begin(), Dim(1));
  }
  c.SetOutput(0, c.element(0), std::move(shape));
  return absl::OkStatus();
}

absl::Status CastMap(InferenceContext& c) {
  const std::string_view to = c.attributes().String("cast_to", "TO_FLOAT");
  ElementType type = ElementType::kUndefined;
  if (to == "TO_FLOAT") type = ElementType::kFloat;
  if (to == "TO_INT64") type = ElementType::kInt64;
  if (to == "TO_STRING") type = ElementType::kString;
  c.SetOutput(0, type, std::nullopt);
  return absl::OkStatus();
}

absl::Status CategoryMapper(InferenceContext& c) {
  c.SetOutput(0, OtherThan(c.element(0)), c.shape(0));
  return absl::OkStatus();
}

absl::Status DictVectorizer(InferenceContext& c) {
  const TypeRef& map = c.type(0);
  if (map == nullptr || map->kind() != Type::Kind::kMap ||
      map->inner() == nullptr || !map->inner()->IsTensor()) {
    return absl::OkStatus();
  }
  const Labels vocabulary(c, "int64_vocabulary", "string_vocabulary");
  c.SetOutput(0, map->inner()->element(), Shape{Dim(1), vocabulary.count});
  return absl::OkStatus();
}

absl::Status FeatureVectorizer(InferenceContext& c) {
  Dim width(0);
  if (const auto* sizes = c.attributes().Ints("inputdimensions")) {
    for (const int64_t size : *sizes) width = width + Dim(size);
  } else {
    for (int i = 0; i < c.num_inputs(); ++i) {
      const std::optional<Shape>& shape = c.shape(i);
      width = width + (shape && !shape->empty() ? shape->back() : Dim());
    }
  }
  c.SetOutput(0, ElementType::kFloat, Shape{RowsOf(c), width});
  return absl::OkStatus();
}

absl::Status LabelEncoder(InferenceContext& c) {
  const AttributeView& attributes = c.attributes();
  ElementType type = ElementType::kUndefined;
  if (attributes.Strings("classes_strings") != nullptr) {
    type = OtherThan(c.element(0));  // version 1
  } else if (attributes.Strings("values_strings") != nullptr) {
    type = ElementType::kString;
  } else if (attributes.Ints("values_int64s") != nullptr) {
    type = ElementType::kInt64;
  } else if (attributes.Floats("values_floats") != nullptr) {
    type = ElementType::kFloat;
  } else if (const TensorRef values = attributes.Tensor("values_tensor")) {
    type = values->type();
  }
  c.SetOutput(0, type, c.shape(0));
  return absl::OkStatus();
}

void SetClassifierOutputs(InferenceContext& c, const Labels& labels,
                          const Dim& num_scores) {
  const Dim rows = RowsOf(c);
  c.SetOutput(0, labels.type, Shape{rows});
  c.SetOutput(1, ElementType::kFloat, Shape{rows, num_scores});
}

absl::Status LinearClassifier(InferenceContext& c) {
  const Labels labels(c, "classlabels_ints", "classlabels_strings");
  SetClassifierOutputs(c, labels, ScoresFor(labels));
  return absl::OkStatus();
}

absl::Status SvmClassifier(InferenceContext& c) {
  const Labels labels(c, "classlabels_ints", "classlabels_strings");
  const auto* vectors = c.attributes().Ints("vectors_per_class");
  const auto* prob_a = c.attributes().Floats("prob_a");
  const bool is_linear =
      vectors == nullptr || std::all_of(vectors->begin(), vectors->end(),
                                        [](int64_t size) { return size == 0; });
  Dim num_scores = ScoresFor(labels);
  if (!is_linear && (prob_a == nullptr || prob_a->empty()) &&
      num_scores.IsInteger() && num_scores != Dim(2)) {
    // One for each pair.
    const int64_t count = num_scores.value();
    num_scores = count < (1 << 16) ? Dim(count * (count - 1) / 2) : Dim();
  }
  SetClassifierOutputs(c, labels, num_scores);
  return absl::OkStatus();
}

absl::Status TreeEnsembleClassifier(InferenceContext& c) {
  const Labels labels(c, "classlabels_int64s", "classlabels_strings");
  SetClassifierOutputs(c, labels, ScoresFor(labels));
  return absl::OkStatus();
}

absl::Status LinearRegressor(InferenceContext& c) {
  const int64_t targets = c.attributes().Int("targets", 1);
  c.SetOutput(0, ElementType::kFloat, Shape{RowsOf(c), Dim(targets)});
  return absl::OkStatus();
}

absl::Status SvmRegressor(InferenceContext& c) {
  c.SetOutput(0, ElementType::kFloat, Shape{RowsOf(c), Dim(1)});
  return absl::OkStatus();
}

// TreeEnsemble, and TreeEnsembleRegressor, whose result is always float.
absl::Status TreeEnsemble(InferenceContext& c) {
  const std::optional<int64_t> targets = c.attributes().Int("n_targets");
  const ElementType type = c.node().op().outputs()[0].type == "tensor(float)"
                               ? ElementType::kFloat
                               : c.element(0);
  c.SetOutput(0, type, Shape{RowsOf(c), targets ? Dim(*targets) : Dim()});
  return absl::OkStatus();
}

absl::Status OneHotEncoder(InferenceContext& c) {
  const Labels categories(c, "cats_int64s", "cats_strings");
  std::optional<Shape> shape = c.shape(0);
  if (shape) shape->push_back(categories.count);
  c.SetOutput(0, ElementType::kFloat, std::move(shape));
  return absl::OkStatus();
}

absl::Status ZipMap(InferenceContext& c) {
  const Labels keys(c, "classlabels_int64s", "classlabels_strings");
  if (keys.type == ElementType::kUndefined) return absl::OkStatus();
  const TypeRef value = Type::Tensor(ElementType::kFloat, Shape());
  c.SetOutput(0, Type::Sequence(Type::Map(keys.type, value)));
  return absl::OkStatus();
}

}  // namespace

InferList MlFunctions() {
  return {
      {"ai.onnx.ml.ArrayFeatureExtractor"_op, ArrayFeatureExtractor},
      {"ai.onnx.ml.CastMap"_op, CastMap},
      {"ai.onnx.ml.CategoryMapper"_op, CategoryMapper},
      {"ai.onnx.ml.DictVectorizer"_op, DictVectorizer},
      {"ai.onnx.ml.FeatureVectorizer"_op, FeatureVectorizer},
      {"ai.onnx.ml.Imputer"_op, InferLikeFirstInput},
      {"ai.onnx.ml.LabelEncoder"_op, LabelEncoder, 1},
      {"ai.onnx.ml.LinearClassifier"_op, LinearClassifier},
      {"ai.onnx.ml.LinearRegressor"_op, LinearRegressor},
      {"ai.onnx.ml.Normalizer"_op, InferLikeFirstInput},
      {"ai.onnx.ml.OneHotEncoder"_op, OneHotEncoder},
      {"ai.onnx.ml.SVMClassifier"_op, SvmClassifier},
      {"ai.onnx.ml.SVMRegressor"_op, SvmRegressor},
      {"ai.onnx.ml.Scaler"_op, InferLikeFirstInput},
      {"ai.onnx.ml.TreeEnsemble"_op, TreeEnsemble},
      {"ai.onnx.ml.TreeEnsembleClassifier"_op, TreeEnsembleClassifier, 1},
      {"ai.onnx.ml.TreeEnsembleRegressor"_op, TreeEnsemble, 1},
      {"ai.onnx.ml.ZipMap"_op, ZipMap},
  };
}

}  // namespace onnxopt::shape
