// SPDX-License-Identifier: Apache-2.0
#include "eval/ml_common.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <string>

#include "absl/strings/str_cat.h"
#include "eval/move_elements.h"
#include "support/status.h"

namespace onnxopt::eval {
namespace {

// An approximation, with constants that are those of runtimes: the probit of
// ai.onnx.ml is not exact.
template <typename T>
T Probit(T score) {
  constexpr T kPi = T{3.14159f};
  constexpr T kA = T{0.147f};
  const T x = 2 * score - 1;
  const T logarithm = std::log((1 - x) * (1 + x));
  const T v = 2 / (kPi * kA) + logarithm / 2;
  const T root = std::sqrt(-v + std::sqrt(v * v - logarithm / kA));
  return T{1.41421356f} * (x < 0 ? -root : root);
}

template <typename T>
T Logistic(T score) {
  const T positive = 1 / (1 + std::exp(-std::abs(score)));
  return score < 0 ? 1 - positive : positive;
}

template <typename T>
void Softmax(std::span<T> scores) {
  const T top = *std::max_element(scores.begin(), scores.end());
  T sum = 0;
  for (T& score : scores) sum += score = std::exp(score - top);
  for (T& score : scores) score /= sum;
}

// Scores that are nearly 0 stay so.
template <typename T>
void SoftmaxZero(std::span<T> scores) {
  const T top = *std::max_element(scores.begin(), scores.end());
  const T scale = std::exp(-top);
  T sum = 0;
  for (T& score : scores) {
    if (std::abs(score) > T{0.0000001f}) {
      sum += score = std::exp(score - top);
    } else {
      score *= scale;
    }
  }
  for (T& score : scores) score /= sum;
}

}  // namespace

absl::Status Disputed(std::string_view what) {
  return absl::UnimplementedError(
      absl::StrCat(std::string(what), ": runtimes do not agree on the result"));
}

absl::StatusOr<ClassLabels> ClassLabels::Of(const AttributeView& attributes,
                                            std::string_view integers,
                                            std::string_view strings) {
  const std::span<const int64_t> ints = IntList(attributes, integers);
  const auto* texts = attributes.Strings(strings);
  const bool has_texts = texts != nullptr && !texts->empty();
  if (has_texts != ints.empty()) {
    return Invalid(absl::StrCat("needs either ", std::string(integers), " or ",
                                std::string(strings)));
  }
  ClassLabels labels;
  if (has_texts) {
    std::vector<std::string> copies(texts->begin(), texts->end());
    const auto size = static_cast<int64_t>(copies.size());
    ASSIGN_OR_RETURN(labels.labels_,
                     Tensor::Strings({size}, std::move(copies)));
  } else {
    ASSIGN_OR_RETURN(labels.labels_, MakeInt64s(ints));
  }
  return labels;
}

absl::StatusOr<TensorRef> ClassLabels::Pick(
    std::span<const int64_t> classes) const {
  return GatheredRuns(*labels_, {static_cast<int64_t>(classes.size())}, classes,
                      1);
}

absl::StatusOr<PostTransform> PostTransformOf(const AttributeView& attributes) {
  constexpr std::array<std::string_view, 5> kNames = {
      "NONE", "SOFTMAX", "LOGISTIC", "SOFTMAX_ZERO", "PROBIT"};
  const std::string_view name = attributes.String("post_transform", "NONE");
  const auto* const it = std::find(kNames.begin(), kNames.end(), name);
  if (it == kNames.end()) {
    return Invalid(
        absl::StrCat("unknown post_transform '", std::string(name), "'"));
  }
  return static_cast<PostTransform>(it - kNames.begin());
}

absl::Status CheckScores(PostTransform transform, int64_t num_scores) {
  if (num_scores != 1 || transform == PostTransform::kNone ||
      transform == PostTransform::kProbit) {
    return absl::OkStatus();
  }
  return Disputed("a post_transform of a single score");
}

template <typename T>
void Transform(PostTransform transform, std::span<T> scores) {
  if (scores.empty()) return;
  switch (transform) {
    case PostTransform::kNone:
      break;
    case PostTransform::kSoftmax:
      Softmax(scores);
      break;
    case PostTransform::kLogistic:
      std::transform(scores.begin(), scores.end(), scores.begin(), Logistic<T>);
      break;
    case PostTransform::kSoftmaxZero:
      SoftmaxZero(scores);
      break;
    case PostTransform::kProbit:
      std::transform(scores.begin(), scores.end(), scores.begin(), Probit<T>);
      break;
  }
}
template void Transform(PostTransform, std::span<float>);
template void Transform(PostTransform, std::span<double>);

std::span<const float> FloatList(const AttributeView& attributes,
                                 std::string_view name) {
  const auto* list = attributes.Floats(name);
  return list == nullptr ? std::span<const float>() : *list;
}

std::span<const int64_t> IntList(const AttributeView& attributes,
                                 std::string_view name) {
  const auto* list = attributes.Ints(name);
  return list == nullptr ? std::span<const int64_t>() : *list;
}

}  // namespace onnxopt::eval
