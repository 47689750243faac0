// SPDX-License-Identifier: Apache-2.0
// LinearClassifier and LinearRegressor of ai.onnx.ml.
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "eval/families.h"
#include "eval/ml_common.h"

namespace onnxopt::eval {
namespace {

// Scores [rows, targets] of a linear model whose coefficients are given target
// by target; `width` of the result is `columns`, of which the first are set.
absl::StatusOr<TensorBuilder> LinearScores(const KernelArgs& args,
                                           int64_t targets, int64_t columns) {
  ASSIGN_OR_RETURN(const Rows<float> rows, Rows<float>::Of(*args.input(0)));
  const auto coefficients = FloatList(args.attributes(), "coefficients");
  const auto intercepts = FloatList(args.attributes(), "intercepts");
  const auto size = static_cast<int64_t>(coefficients.size());
  if (size % targets != 0 || size / targets != rows.width) {
    return Invalid(absl::StrCat(size, " coefficients for ", rows.width,
                                " features and ", targets, " targets"));
  }
  if (!intercepts.empty() &&
      static_cast<int64_t>(intercepts.size()) != targets) {
    return Invalid(absl::StrCat(intercepts.size(), " intercepts for ", targets,
                                " targets"));
  }
  ASSIGN_OR_RETURN(
      TensorBuilder scores,
      TensorBuilder::Create(ElementType::kFloat, {rows.count, columns}));
  for (int64_t i = 0; i < rows.count; ++i) {
    const std::span<const float> row = rows.row(i);
    for (int64_t t = 0; t < targets; ++t) {
      double sum = 0;
      for (int64_t k = 0; k < rows.width; ++k) {
        sum += static_cast<double>(row[k]) * coefficients[t * rows.width + k];
      }
      if (!intercepts.empty()) sum += intercepts[t];
      scores.As<float>()[i * columns + t] = static_cast<float>(sum);
    }
  }
  return scores;
}

KernelOutputs LinearRegressor(const KernelArgs& args) {
  const int64_t targets = args.attributes().Int("targets", 1);
  if (targets < 1) return Invalid("there are no targets");
  ASSIGN_OR_RETURN(const PostTransform transform,
                   PostTransformOf(args.attributes()));
  RETURN_IF_ERROR(CheckScores(transform, targets));
  ASSIGN_OR_RETURN(TensorBuilder scores, LinearScores(args, targets, targets));
  for (int64_t i = 0; i < scores.dims()[0]; ++i) {
    Transform(transform, scores.As<float>().subspan(i * targets, targets));
  }
  return Single(std::move(scores).Finish());
}

KernelOutputs LinearClassifier(const KernelArgs& args) {
  ASSIGN_OR_RETURN(const ClassLabels labels,
                   ClassLabels::Of(args.attributes(), "classlabels_ints",
                                   "classlabels_strings"));
  ASSIGN_OR_RETURN(const PostTransform transform,
                   PostTransformOf(args.attributes()));
  const int64_t classes = labels.size();
  // Two classes may have one score, that of the second.
  const int64_t width =
      args.input(0)->dims().empty() ? 0 : args.input(0)->dims().back();
  const bool has_one_score =
      classes == 2 &&
      static_cast<int64_t>(
          FloatList(args.attributes(), "coefficients").size()) == width;
  if (classes == 1) return Disputed("a single class");
  if (has_one_score && transform != PostTransform::kNone) {
    return Disputed("a post_transform of a single score");
  }
  ASSIGN_OR_RETURN(TensorBuilder scores,
                   LinearScores(args, has_one_score ? 1 : classes, classes));
  std::vector<int64_t> top;
  for (int64_t i = 0; i < scores.dims()[0]; ++i) {
    const std::span<float> row =
        scores.As<float>().subspan(i * classes, classes);
    if (has_one_score) {
      top.push_back(row[0] > 0 ? 1 : 0);
      row[1] = row[0];
      row[0] = 1 - row[1];
    } else {
      top.push_back(TopOf<float>(row));
      Transform(transform, row);
    }
  }
  std::vector<TensorRef> outputs(2);
  ASSIGN_OR_RETURN(outputs[0], labels.Pick(top));
  ASSIGN_OR_RETURN(outputs[1], std::move(scores).Finish());
  return outputs;
}

}  // namespace

KernelList MlLinearKernels() {
  return {{"ai.onnx.ml.LinearClassifier"_op, LinearClassifier},
          {"ai.onnx.ml.LinearRegressor"_op, LinearRegressor}};
}

}  // namespace onnxopt::eval
