// SPDX-License-Identifier: Apache-2.0
// SVMClassifier and SVMRegressor of ai.onnx.ml, as libsvm computes them.
#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "eval/families.h"
#include "eval/ml_common.h"

namespace onnxopt::eval {
namespace {

// Pairs of classes are compared: more classes would be too many pairs.
constexpr int64_t kMaxClasses = 1 << 12;

int64_t SizeOf(std::span<const float> list) {
  return static_cast<int64_t>(list.size());
}

enum class KernelType : uint8_t { kLinear, kPoly, kRbf, kSigmoid };

// The support vectors, [count, width], and the kernel.
class SupportVectors {
 public:
  static absl::StatusOr<SupportVectors> Of(const AttributeView& attributes,
                                           int64_t count, int64_t width) {
    SupportVectors result;
    result.vectors_ = FloatList(attributes, "support_vectors");
    result.count_ = count;
    result.width_ = width;
    const int64_t size = SizeOf(result.vectors_);
    if (count < 1 || size % count != 0 || size / count != width) {
      return Invalid(absl::StrCat(size, " numbers for ", count,
                                  " support vectors of ", width, " features"));
    }
    const std::string_view name = attributes.String("kernel_type", "LINEAR");
    if (name == "POLY") {
      result.type_ = KernelType::kPoly;
    } else if (name == "RBF") {
      result.type_ = KernelType::kRbf;
    } else if (name == "SIGMOID") {
      result.type_ = KernelType::kSigmoid;
    } else if (name != "LINEAR") {
      return Invalid(
          absl::StrCat("unknown kernel_type '", std::string(name), "'"));
    }
    const auto params = FloatList(attributes, "kernel_params");
    if (params.size() == 3) {
      result.gamma_ = params[0];
      result.coef0_ = params[1];
      result.degree_ = params[2];
    } else if (!params.empty() || result.type_ != KernelType::kLinear) {
      return Invalid("kernel_params are not three numbers");
    }
    return result;
  }

  // The kernel of `x` and each of the vectors.
  std::vector<float> Apply(std::span<const float> x) const {
    std::vector<float> values(count_);
    for (int64_t i = 0; i < count_; ++i) {
      values[i] =
          static_cast<float>(Kernel(x, vectors_.subspan(i * width_, width_)));
    }
    return values;
  }

 private:
  double Kernel(std::span<const float> x, std::span<const float> y) const {
    double sum = 0;
    for (size_t k = 0; k < x.size(); ++k) {
      const double a = x[k];
      const double b = y[k];
      sum += type_ == KernelType::kRbf ? (a - b) * (a - b) : a * b;
    }
    switch (type_) {
      case KernelType::kPoly:
        return std::pow(gamma_ * sum + coef0_, degree_);
      case KernelType::kRbf:
        return std::exp(-gamma_ * sum);
      case KernelType::kSigmoid:
        return std::tanh(gamma_ * sum + coef0_);
      case KernelType::kLinear:
        break;
    }
    return sum;
  }

  std::span<const float> vectors_;
  int64_t count_ = 0;
  int64_t width_ = 0;
  KernelType type_ = KernelType::kLinear;
  double gamma_ = 0;
  double coef0_ = 0;
  double degree_ = 0;
};

double Dot(std::span<const float> a, std::span<const float> b) {
  return std::inner_product(a.begin(), a.end(), b.begin(), 0.0, std::plus<>(),
                            [](double x, double y) { return x * y; });
}

KernelOutputs SvmRegressor(const KernelArgs& args) {
  const AttributeView& attributes = args.attributes();
  ASSIGN_OR_RETURN(const Rows<float> rows, Rows<float>::Of(*args.input(0)));
  ASSIGN_OR_RETURN(const PostTransform transform, PostTransformOf(attributes));
  if (transform != PostTransform::kNone) {
    return Disputed("a post_transform of a single score");
  }
  const auto coefficients = FloatList(attributes, "coefficients");
  const auto rho = FloatList(attributes, "rho");
  const int64_t count = attributes.Int("n_supports", 0);
  if (rho.size() != 1) return Invalid("rho is not one number");
  if (SizeOf(coefficients) != (count > 0 ? count : rows.width)) {
    return Invalid("the number of coefficients does not fit");
  }
  std::optional<SupportVectors> vectors;
  if (count > 0) {
    ASSIGN_OR_RETURN(vectors,
                     SupportVectors::Of(attributes, count, rows.width));
  }
  const bool one_class = attributes.Int("one_class", 0) != 0;
  ASSIGN_OR_RETURN(TensorBuilder out,
                   TensorBuilder::Create(ElementType::kFloat, {rows.count, 1}));
  for (int64_t i = 0; i < rows.count; ++i) {
    const auto score = static_cast<float>(
        rho[0] + (vectors ? Dot(vectors->Apply(rows.row(i)), coefficients)
                          : Dot(rows.row(i), coefficients)));
    out.As<float>()[i] = !one_class ? score : score > 0 ? 1.0F : -1.0F;
  }
  return Single(std::move(out).Finish());
}

// Estimates the probability of each of `count` classes from `r`, where
// r[i * count + j] is the probability of i among i and j: the second method of
// Wu, Lin and Weng (2004), stopped as libsvm stops it.
void CoupleProbabilities(int64_t count, const std::vector<float>& r,
                         std::span<float> p) {
  std::vector<float> q(count * count);
  std::vector<float> qp(count);
  for (int64_t i = 0; i < count; ++i) {
    p[i] = 1 / static_cast<float>(count);
    for (int64_t j = 0; j < count; ++j) {
      if (j == i) continue;
      q[i * count + i] += r[j * count + i] * r[j * count + i];
      q[i * count + j] = -r[j * count + i] * r[i * count + j];
    }
  }
  const float tolerance = 0.005F / static_cast<float>(count);
  for (int round = 0; round < 100; ++round) {
    float pqp = 0;
    for (int64_t i = 0; i < count; ++i) {
      qp[i] = 0;
      for (int64_t j = 0; j < count; ++j) qp[i] += q[i * count + j] * p[j];
      pqp += p[i] * qp[i];
    }
    const bool done = std::all_of(qp.begin(), qp.end(), [&](float value) {
      return std::abs(value - pqp) < tolerance;
    });
    if (done) break;
    for (int64_t i = 0; i < count; ++i) {
      const float diagonal = q[i * count + i];
      const float diff = (pqp - qp[i]) / diagonal;
      p[i] += diff;
      pqp = (pqp + diff * (diff * diagonal + 2 * qp[i])) / (1 + diff) /
            (1 + diff);
      for (int64_t j = 0; j < count; ++j) {
        qp[j] = (qp[j] + diff * q[i * count + j]) / (1 + diff);
        p[j] /= 1 + diff;
      }
    }
  }
}

// A classifier with support vectors: one decision for each pair of classes.
class PairwiseClassifier {
 public:
  static absl::StatusOr<PairwiseClassifier> Of(const AttributeView& attributes,
                                               int64_t classes, int64_t width) {
    PairwiseClassifier result;
    const auto sizes = IntList(attributes, "vectors_per_class");
    result.classes_ = classes;
    result.pairs_ = classes * (classes - 1) / 2;
    result.starts_ = {0};
    const auto numbers = FloatList(attributes, "support_vectors");
    for (const int64_t size : sizes) {
      if (size < 0 || size > SizeOf(numbers)) {
        return Invalid("wrong vectors_per_class");
      }
      result.starts_.push_back(result.starts_.back() + size);
    }
    if (static_cast<int64_t>(sizes.size()) != classes) {
      return Invalid(absl::StrCat("vectors_per_class has ", sizes.size(),
                                  " numbers for ", classes, " classes"));
    }
    result.count_ = result.starts_.back();
    ASSIGN_OR_RETURN(result.vectors_,
                     SupportVectors::Of(attributes, result.count_, width));
    result.coefficients_ = FloatList(attributes, "coefficients");
    result.rho_ = FloatList(attributes, "rho");
    result.prob_a_ = FloatList(attributes, "prob_a");
    result.prob_b_ = FloatList(attributes, "prob_b");
    const int64_t probs = SizeOf(result.prob_a_);
    if (SizeOf(result.coefficients_) != (classes - 1) * result.count_ ||
        SizeOf(result.rho_) != result.pairs_ ||
        probs != SizeOf(result.prob_b_) ||
        (probs != 0 && probs != result.pairs_)) {
      return Invalid(
          "the numbers of coefficients, rho, prob_a and prob_b do not fit");
    }
    return result;
  }

  bool has_probabilities() const { return !prob_a_.empty(); }
  // Scores of a row: probabilities of the classes; or the decisions, two for
  // the one pair of two classes.
  int64_t num_scores() const {
    return has_probabilities() || classes_ == 2 ? classes_ : pairs_;
  }

  // Returns the class with most votes.
  int64_t Classify(std::span<const float> x, std::span<float> scores) const {
    const std::vector<float> kernels = vectors_.Apply(x);
    std::vector<float> decisions;
    std::vector<int64_t> votes(classes_);
    for (int64_t i = 0; i < classes_; ++i) {
      for (int64_t j = i + 1; j < classes_; ++j) {
        const double sum = rho_[decisions.size()] + Part(kernels, j - 1, i) +
                           Part(kernels, i, j);
        decisions.push_back(static_cast<float>(sum));
        ++votes[sum > 0 ? i : j];
      }
    }
    if (has_probabilities()) {
      CoupleProbabilities(classes_, PairProbabilities(decisions), scores);
    } else if (classes_ == 2) {
      scores[0] = -decisions[0];
      scores[1] = decisions[0];
    } else {
      std::copy(decisions.begin(), decisions.end(), scores.begin());
    }
    return TopOf<int64_t>(votes);
  }

 private:
  // The part of a decision that the vectors of class `c` contribute.
  double Part(const std::vector<float>& kernels, int64_t row, int64_t c) const {
    const int64_t size = starts_[c + 1] - starts_[c];
    return Dot(coefficients_.subspan(row * count_ + starts_[c], size),
               std::span(kernels).subspan(starts_[c], size));
  }

  std::vector<float> PairProbabilities(
      const std::vector<float>& decisions) const {
    std::vector<float> r(classes_ * classes_);
    size_t pair = 0;
    for (int64_t i = 0; i < classes_; ++i) {
      for (int64_t j = i + 1; j < classes_; ++j, ++pair) {
        float value = decisions[pair] * prob_a_[pair] + prob_b_[pair];
        Transform(PostTransform::kLogistic, std::span(&value, 1));
        value = std::clamp(1 - value, 1e-7F, 1 - 1e-7F);
        r[i * classes_ + j] = value;
        r[j * classes_ + i] = 1 - value;
      }
    }
    return r;
  }

  SupportVectors vectors_;
  int64_t classes_ = 0;
  int64_t pairs_ = 0;
  int64_t count_ = 0;
  std::vector<int64_t> starts_;  // of the vectors of each class, and the end
  std::span<const float> coefficients_;  // [classes - 1, count]
  std::span<const float> rho_;
  std::span<const float> prob_a_;
  std::span<const float> prob_b_;
};

// Without support vectors: a linear score for each class.
KernelOutputs ClassifyLinearly(const KernelArgs& args,
                               const ClassLabels& labels,
                               PostTransform transform) {
  ASSIGN_OR_RETURN(const Rows<float> rows, Rows<float>::Of(*args.input(0)));
  const auto coefficients = FloatList(args.attributes(), "coefficients");
  const auto rho = FloatList(args.attributes(), "rho");
  const int64_t classes = labels.size();
  const int64_t size = SizeOf(coefficients);
  if (rho.empty() || size % classes != 0 || size / classes != rows.width) {
    return Invalid("the numbers of coefficients and rho do not fit");
  }
  const bool all_positive =
      std::all_of(coefficients.begin(), coefficients.end(),
                  [](float value) { return value >= 0; });
  ASSIGN_OR_RETURN(
      TensorBuilder out,
      TensorBuilder::Create(ElementType::kFloat, {rows.count, classes}));
  std::vector<int64_t> top;
  for (int64_t i = 0; i < rows.count; ++i) {
    const std::span<float> scores =
        out.As<float>().subspan(i * classes, classes);
    for (int64_t c = 0; c < classes; ++c) {
      scores[c] = static_cast<float>(
          rho[0] +
          Dot(rows.row(i), coefficients.subspan(c * rows.width, rows.width)));
    }
    top.push_back(TopOf<float>(scores));
    // ONNX Runtime then takes the second of two classes.
    if (classes == 2 && top.back() == 0 &&
        scores[0] > (all_positive ? 0.49F : 0.0F)) {
      return Disputed("the first of two classes without support vectors");
    }
    Transform(transform, scores);
  }
  std::vector<TensorRef> outputs(2);
  ASSIGN_OR_RETURN(outputs[0], labels.Pick(top));
  ASSIGN_OR_RETURN(outputs[1], std::move(out).Finish());
  return outputs;
}

KernelOutputs SvmClassifier(const KernelArgs& args) {
  const AttributeView& attributes = args.attributes();
  ASSIGN_OR_RETURN(
      const ClassLabels labels,
      ClassLabels::Of(attributes, "classlabels_ints", "classlabels_strings"));
  ASSIGN_OR_RETURN(const PostTransform transform, PostTransformOf(attributes));
  if (labels.size() == 1) return Disputed("a single class");
  if (labels.size() > kMaxClasses) {
    return absl::ResourceExhaustedError("too many classes");
  }
  const auto sizes = IntList(attributes, "vectors_per_class");
  if (std::all_of(sizes.begin(), sizes.end(),
                  [](int64_t size) { return size == 0; })) {
    return ClassifyLinearly(args, labels, transform);
  }
  ASSIGN_OR_RETURN(const Rows<float> rows, Rows<float>::Of(*args.input(0)));
  ASSIGN_OR_RETURN(
      const PairwiseClassifier classifier,
      PairwiseClassifier::Of(attributes, labels.size(), rows.width));
  if (transform != PostTransform::kNone && labels.size() == 2 &&
      !classifier.has_probabilities()) {
    return Disputed("a post_transform of a single score");
  }
  const int64_t width = classifier.num_scores();
  ASSIGN_OR_RETURN(
      TensorBuilder out,
      TensorBuilder::Create(ElementType::kFloat, {rows.count, width}));
  std::vector<int64_t> top;
  for (int64_t i = 0; i < rows.count; ++i) {
    const std::span<float> scores = out.As<float>().subspan(i * width, width);
    top.push_back(classifier.Classify(rows.row(i), scores));
    Transform(transform, scores);
  }
  std::vector<TensorRef> outputs(2);
  ASSIGN_OR_RETURN(outputs[0], labels.Pick(top));
  ASSIGN_OR_RETURN(outputs[1], std::move(out).Finish());
  return outputs;
}

}  // namespace

KernelList MlSvmKernels() {
  return {{"ai.onnx.ml.SVMClassifier"_op, SvmClassifier},
          {"ai.onnx.ml.SVMRegressor"_op, SvmRegressor}};
}

}  // namespace onnxopt::eval
