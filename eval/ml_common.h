// SPDX-License-Identifier: Apache-2.0
// What the operators of ai.onnx.ml share: rows of features, labels of classes,
// transforms of scores.
#ifndef ONNXOPT_EVAL_ML_COMMON_H_
#define ONNXOPT_EVAL_ML_COMMON_H_

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "eval/arguments.h"
#include "eval/dense.h"
#include "eval/elements.h"
#include "eval/kernel.h"
#include "eval/numbers.h"

namespace onnxopt::eval {

/// For what the specification leaves open, or says otherwise than ONNX Runtime
/// does: no answer would be right everywhere.
absl::Status Disputed(std::string_view what);

/// The input [N,F], or [F] as one row, as T: float or double.
template <typename T>
struct Rows {
  static absl::StatusOr<Rows> Of(const Tensor& x) {
    if (RankOf(x) != 1 && RankOf(x) != 2) {
      return Invalid("the input is neither [N,F] nor [F]");
    }
    ASSIGN_OR_RETURN(
        TensorBuilder builder,
        TensorBuilder::Create(NativeType<T>(), TensorDims(x.dims())));
    ASSIGN_OR_RETURN(const std::string_view bytes, x.bytes());
    const std::span<T> out = builder.As<T>();
    if (IsFloating(x.type())) {
      LoadNumbers<T>(x.type(), bytes, 0, out);
    } else {
      std::array<int64_t, kBlock> block;
      for (size_t done = 0; done < out.size(); done += kBlock) {
        const std::span<int64_t> part =
            std::span(block).first(std::min<size_t>(kBlock, out.size() - done));
        LoadIntegers(x.type(), bytes, static_cast<int64_t>(done), part);
        std::copy(part.begin(), part.end(), out.begin() + done);
      }
    }
    return Rows{RankOf(x) == 1 ? 1 : x.dims()[0], x.dims().back(),
                std::move(builder)};
  }

  std::span<const T> row(int64_t i) const {
    return builder.As<T>().subspan(i * width, width);
  }

  int64_t count;
  int64_t width;
  TensorBuilder builder;
};

/// The labels of classes that a node gives as integers or strings.
class ClassLabels {
 public:
  static absl::StatusOr<ClassLabels> Of(const AttributeView& attributes,
                                        std::string_view integers,
                                        std::string_view strings);
  int64_t size() const { return labels_->num_elements(); }
  const Tensor& tensor() const { return *labels_; }
  /// The labels of classes in [0, size()), one-dimensional.
  absl::StatusOr<TensorRef> Pick(std::span<const int64_t> classes) const;

 private:
  TensorRef labels_;
};

/// The numbers are those that TreeEnsemble has for them.
enum class PostTransform : uint8_t {
  kNone,
  kSoftmax,
  kLogistic,
  kSoftmaxZero,
  kProbit
};

/// What the string attribute post_transform says.
absl::StatusOr<PostTransform> PostTransformOf(const AttributeView& attributes);

/// For the scores of one row. Runtimes leave a single score as it is, but for
/// PROBIT: an error where that is not what `transform` means.
absl::Status CheckScores(PostTransform transform, int64_t num_scores);
template <typename T>
void Transform(PostTransform transform, std::span<T> scores);

/// The first of the greatest.
template <typename T>
int64_t TopOf(std::span<const T> scores) {
  return std::max_element(scores.begin(), scores.end()) - scores.begin();
}

/// The list of an attribute, empty if it is absent.
std::span<const float> FloatList(const AttributeView& attributes,
                                 std::string_view name);
std::span<const int64_t> IntList(const AttributeView& attributes,
                                 std::string_view name);

}  // namespace onnxopt::eval

#endif  // ONNXOPT_EVAL_ML_COMMON_H_
