// SPDX-License-Identifier: Apache-2.0
// TreeEnsemble of ai.onnx.ml, and TreeEnsembleClassifier and
// TreeEnsembleRegressor, which it replaced.
#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "eval/families.h"
#include "eval/ml_common.h"
#include "eval/ml_forest.h"

namespace onnxopt::eval {
namespace {

constexpr int64_t kMaxTargets = 1 << 24;

// The numbers are those of TreeEnsemble.
enum class Aggregate : uint8_t { kAverage, kSum, kMin, kMax };

// The votes for a row: of a target that has none the score is 0.
template <typename T>
struct Scores {
  explicit Scores(int64_t num_targets)
      : values(num_targets), is_voted(num_targets) {}

  void Add(const Vote<T>& vote, Aggregate aggregate) {
    T& score = values[vote.target];
    if (!is_voted[vote.target]) {
      score = vote.weight;
    } else if (aggregate == Aggregate::kMin) {
      score = std::min(score, vote.weight);
    } else if (aggregate == Aggregate::kMax) {
      score = std::max(score, vote.weight);
    } else {
      score += vote.weight;
    }
    is_voted[vote.target] = true;
  }

  std::vector<T> values;
  std::vector<bool> is_voted;
};

template <typename T>
absl::StatusOr<Scores<T>> ScoresOf(const Forest<T>& forest,
                                   std::span<const T> x, int64_t num_targets,
                                   Aggregate aggregate) {
  Scores<T> scores(num_targets);
  for (const int64_t root : forest.roots) {
    ASSIGN_OR_RETURN(const TreeNode<T>* leaf, forest.LeafOf(root, x));
    for (int64_t k = leaf->first_vote; k < leaf->end_vote; ++k) {
      scores.Add(forest.votes[k], aggregate);
    }
  }
  if (aggregate == Aggregate::kAverage) {
    for (T& score : scores.values) {
      score /= static_cast<T>(forest.roots.size());
    }
  }
  return scores;
}

// Scores [rows, targets], written as elements of type `type`. `base`: one for
// each target, or none.
template <typename T>
KernelOutputs Regress(const Forest<T>& forest, const Rows<T>& rows,
                      ElementType type, int64_t num_targets,
                      Aggregate aggregate, PostTransform transform,
                      std::span<const T> base) {
  RETURN_IF_ERROR(CheckScores(transform, num_targets));
  if (num_targets > kMaxTargets) {
    return absl::ResourceExhaustedError("there are too many targets");
  }
  if (!base.empty() && static_cast<int64_t>(base.size()) != num_targets) {
    return Invalid("base_values are not one for each target");
  }
  ASSIGN_OR_RETURN(Result<T> out,
                   Result<T>::Create(type, {rows.count, num_targets}));
  for (int64_t i = 0; i < rows.count; ++i) {
    ASSIGN_OR_RETURN(Scores<T> scores,
                     ScoresOf(forest, rows.row(i), num_targets, aggregate));
    for (size_t t = 0; t < base.size(); ++t) {
      // ONNX Runtime then leaves out the base value.
      if (num_targets > 1 && !scores.is_voted[t] && base[t] != 0) {
        return Disputed("a base value of a target without votes");
      }
      scores.values[t] += base[t];
    }
    Transform<T>(transform, scores.values);
    std::copy(scores.values.begin(), scores.values.end(),
              out.data() + i * num_targets);
  }
  return Single(std::move(out));
}

// Numbers of the older operators are double if the input is, or a tensor gives
// them as such.
bool ComputesInDouble(const KernelArgs& args) {
  if (args.input(0)->type() == ElementType::kDouble) return true;
  const std::span<const AttrDef> defs = args.op().attributes();
  return std::any_of(defs.begin(), defs.end(), [&](const AttrDef& def) {
    const TensorRef tensor = args.attributes().Tensor(def.name);
    return tensor != nullptr && tensor->type() == ElementType::kDouble;
  });
}

template <typename F>
auto WithRealType(bool is_double, F f) -> decltype(f(float{})) {
  return WithFloatType(is_double ? ElementType::kDouble : ElementType::kFloat,
                       f);
}

absl::StatusOr<Aggregate> AggregateOf(const AttributeView& attributes) {
  constexpr std::array<std::string_view, 4> kNames = {"AVERAGE", "SUM", "MIN",
                                                      "MAX"};
  const auto name = attributes.String("aggregate_function", "SUM");
  const auto* const it = std::find(kNames.begin(), kNames.end(), name);
  if (it == kNames.end()) {
    return Invalid(
        absl::StrCat("unknown aggregate_function '", std::string(name), "'"));
  }
  return static_cast<Aggregate>(it - kNames.begin());
}

KernelOutputs TreeEnsembleRegressor(const KernelArgs& args) {
  const AttributeView& attributes = args.attributes();
  ASSIGN_OR_RETURN(const PostTransform transform, PostTransformOf(attributes));
  ASSIGN_OR_RETURN(const Aggregate aggregate, AggregateOf(attributes));
  const int64_t num_targets = attributes.Int("n_targets", 0);
  if (num_targets < 1) return Invalid("there are no targets");
  return WithRealType(
      ComputesInDouble(args), [&]<typename T>(T) -> KernelOutputs {
        ASSIGN_OR_RETURN(const Rows<T> rows, Rows<T>::Of(*args.input(0)));
        ASSIGN_OR_RETURN(
            const Forest<T> forest,
            ForestOfVersion3<T>(attributes, "target", num_targets, rows.width));
        ASSIGN_OR_RETURN(const std::vector<T> base,
                         NumbersOf<T>(attributes, "base_values"));
        return Regress<T>(forest, rows, ElementType::kFloat, num_targets,
                          aggregate, transform, base);
      });
}

KernelOutputs TreeEnsemble(const KernelArgs& args) {
  const AttributeView& attributes = args.attributes();
  const ElementType type = args.input(0)->type();
  const int64_t num_targets = attributes.Int("n_targets", 0);
  const int64_t aggregate = attributes.Int("aggregate_function", 1);
  const int64_t transform = attributes.Int("post_transform", 0);
  if (num_targets < 1) return Invalid("there are no targets");
  if (aggregate < 0 || aggregate > static_cast<int64_t>(Aggregate::kMax) ||
      transform < 0 ||
      transform > static_cast<int64_t>(PostTransform::kProbit)) {
    return Invalid("unknown aggregate_function or post_transform");
  }
  // ONNX Runtime exchanges their numbers.
  const auto post_transform = static_cast<PostTransform>(transform);
  if (post_transform == PostTransform::kSoftmax ||
      post_transform == PostTransform::kLogistic) {
    return Disputed("SOFTMAX and LOGISTIC");
  }
  for (const char* name : {"nodes_splits", "leaf_weights"}) {
    const TensorRef tensor = attributes.Tensor(name);
    if (tensor != nullptr && tensor->type() != type) {
      return Invalid(absl::StrCat(name, " are not of the input's type"));
    }
  }
  return WithFloatType(type, [&]<typename T>(T) -> KernelOutputs {
    ASSIGN_OR_RETURN(const Rows<T> rows, Rows<T>::Of(*args.input(0)));
    ASSIGN_OR_RETURN(const Forest<T> forest,
                     ForestOfVersion5<T>(attributes, num_targets, rows.width));
    return Regress<T>(forest, rows, type, num_targets,
                      static_cast<Aggregate>(aggregate), post_transform, {});
  });
}

// Decides between the classes of a TreeEnsembleClassifier.
template <typename T>
class Classifier {
 public:
  static absl::StatusOr<Classifier> Of(const KernelArgs& args,
                                       const ClassLabels& labels,
                                       const Forest<T>& forest) {
    Classifier result(labels);
    ASSIGN_OR_RETURN(result.transform_, PostTransformOf(args.attributes()));
    ASSIGN_OR_RETURN(result.base_,
                     NumbersOf<T>(args.attributes(), "base_values"));
    const auto base_size = static_cast<int64_t>(result.base_.size());
    if (labels.size() == 1) return Disputed("a single class");
    if (base_size != 0 && base_size != labels.size() &&
        !(base_size == 1 && labels.size() == 2)) {
      return Invalid("base_values are not one for each class");
    }
    const auto& votes = forest.votes;
    result.votes_for_one_ =
        !votes.empty() &&
        std::all_of(votes.begin(), votes.end(), [&](const Vote<T>& vote) {
          return vote.target == votes[0].target;
        });
    result.votes_for_first_ = result.votes_for_one_ && votes[0].target == 0;
    result.all_positive_ =
        std::all_of(votes.begin(), votes.end(),
                    [](const Vote<T>& vote) { return vote.weight >= 0; });
    return result;
  }

  // Makes the votes of a row its scores and returns its class.
  absl::StatusOr<int64_t> Decide(Scores<T>& scores) const {
    int64_t top = 0;
    if (labels_.size() == 2 && votes_for_first_ && base_.size() < 2) {
      ASSIGN_OR_RETURN(top, DecideByOneScore(scores));
    } else if (labels_.size() == 2) {
      ASSIGN_OR_RETURN(top, DecideBetweenTwo(scores));
    } else {
      ASSIGN_OR_RETURN(top, DecideAmongMany(scores));
    }
    Transform<T>(transform_, scores.values);
    return top;
  }

 private:
  explicit Classifier(const ClassLabels& labels) : labels_(labels) {}

  // By convention, votes for the first of two classes only are the score of
  // the second: a probability, or, if weights are negative, a logit.
  absl::StatusOr<int64_t> DecideByOneScore(Scores<T>& scores) const {
    if (transform_ != PostTransform::kNone &&
        (transform_ != PostTransform::kLogistic || all_positive_)) {
      return Disputed("a post_transform of a single score");
    }
    const T score = scores.values[0] + (base_.empty() ? 0 : base_[0]);
    scores.values[0] = all_positive_ ? 1 - score : -score;
    scores.values[1] = score;
    return score > (all_positive_ ? T{0.5} : T{0}) ? 1 : 0;
  }

  // ONNX Runtime goes by the sign of one score, and takes 0 and 1 for the
  // labels; only where that comes to the same there is an answer.
  absl::StatusOr<int64_t> DecideBetweenTwo(const Scores<T>& scores) const {
    if (!base_.empty()) return Disputed("base_values of two classes");
    if (!scores.is_voted[1]) {
      return Disputed("two classes, of which the second has no votes");
    }
    const int64_t top = TopOf<T>(scores.values);
    const bool by_half = votes_for_one_ && all_positive_;
    const T limit = by_half ? T{0.5} : T{0};
    const bool is_label = votes_for_one_ ||
                          labels_.tensor().type() == ElementType::kString ||
                          IntegersOf(labels_.tensor()).value()[top] == top;
    if (top != (scores.values[1] > limit ? 1 : 0) || !is_label) {
      return Disputed("the class, of two");
    }
    return top;
  }

  absl::StatusOr<int64_t> DecideAmongMany(Scores<T>& scores) const {
    for (size_t c = 0; c < base_.size(); ++c) scores.values[c] += base_[c];
    const int64_t top = TopOf<T>(scores.values);
    // ONNX Runtime passes over classes without votes.
    if (base_.empty() && !scores.is_voted[top]) {
      return Disputed("a class without votes, all others being negative");
    }
    return top;
  }

  const ClassLabels& labels_;
  PostTransform transform_ = PostTransform::kNone;
  std::vector<T> base_;
  bool votes_for_one_ = false;
  bool votes_for_first_ = false;
  bool all_positive_ = false;
};

template <typename T>
KernelOutputs Classify(const KernelArgs& args, const ClassLabels& labels) {
  ASSIGN_OR_RETURN(const Rows<T> rows, Rows<T>::Of(*args.input(0)));
  ASSIGN_OR_RETURN(const Forest<T> forest,
                   ForestOfVersion3<T>(args.attributes(), "class",
                                       labels.size(), rows.width));
  ASSIGN_OR_RETURN(const Classifier<T> classifier,
                   Classifier<T>::Of(args, labels, forest));
  const int64_t width = labels.size();
  ASSIGN_OR_RETURN(
      TensorBuilder out,
      TensorBuilder::Create(ElementType::kFloat, {rows.count, width}));
  std::vector<int64_t> top;
  for (int64_t i = 0; i < rows.count; ++i) {
    ASSIGN_OR_RETURN(Scores<T> scores,
                     ScoresOf(forest, rows.row(i), width, Aggregate::kSum));
    ASSIGN_OR_RETURN(top.emplace_back(), classifier.Decide(scores));
    std::copy(scores.values.begin(), scores.values.end(),
              out.As<float>().begin() + i * width);
  }
  std::vector<TensorRef> outputs(2);
  ASSIGN_OR_RETURN(outputs[0], labels.Pick(top));
  ASSIGN_OR_RETURN(outputs[1], std::move(out).Finish());
  return outputs;
}

KernelOutputs TreeEnsembleClassifier(const KernelArgs& args) {
  ASSIGN_OR_RETURN(const ClassLabels labels,
                   ClassLabels::Of(args.attributes(), "classlabels_int64s",
                                   "classlabels_strings"));
  return WithRealType(ComputesInDouble(args),
                      [&]<typename T>(T) { return Classify<T>(args, labels); });
}

}  // namespace

KernelList MlTreeKernels() {
  return {{"ai.onnx.ml.TreeEnsemble"_op, TreeEnsemble},
          {"ai.onnx.ml.TreeEnsembleClassifier"_op, TreeEnsembleClassifier, 1},
          {"ai.onnx.ml.TreeEnsembleRegressor"_op, TreeEnsembleRegressor, 1}};
}

}  // namespace onnxopt::eval
