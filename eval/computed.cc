// SPDX-License-Identifier: Apache-2.0
#include "eval/computed.h"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "eval/kernel.h"
#include "support/status.h"

namespace onnxopt {
namespace {

/// Results of results of results are evaluated on a stack as deep.
constexpr int kMaxDepth = 32;

class KernelSource : public TensorSource {
 public:
  KernelSource(const OpDef& op, std::vector<Attribute> attributes,
               std::vector<TensorRef> inputs, int depth)
      : op_(op),
        attributes_(std::move(attributes)),
        inputs_(std::move(inputs)),
        depth_(depth) {}

  int depth() const override { return depth_; }

  absl::Status Produce(const Tensor& tensor, ByteSink sink) const override {
    ASSIGN_OR_RETURN(const std::vector<TensorRef> outputs,
                     Evaluate(op_, attributes_, inputs_, /*num_outputs=*/1));
    const Tensor& result = *outputs[0];
    if (result.type() != tensor.type() || result.dims() != tensor.dims()) {
      return absl::InternalError(absl::StrCat(
          std::string(op_.FullName()), " made a ", result.TypeString(),
          " where a ", tensor.TypeString(), " was expected"));
    }
    return result.ForEachChunk(sink);
  }

 private:
  const OpDef& op_;
  const std::vector<Attribute> attributes_;
  const std::vector<TensorRef> inputs_;
  const int depth_;
};

}  // namespace

absl::StatusOr<TensorRef> MakeComputed(const OpDef& op,
                                       std::vector<Attribute> attributes,
                                       std::vector<TensorRef> inputs,
                                       ElementType type, TensorDims dims) {
  int depth = 0;
  for (const TensorRef& input : inputs) {
    if (input == nullptr) continue;
    if (input->pending_depth() >= kMaxDepth) {
      RETURN_IF_ERROR(input->bytes().status());
    }
    depth = std::max(depth, input->pending_depth());
  }
  return Tensor::Computed(
      type, std::move(dims),
      std::make_shared<KernelSource>(op, std::move(attributes),
                                     std::move(inputs), depth + 1));
}

}  // namespace onnxopt
