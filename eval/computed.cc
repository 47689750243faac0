// SPDX-License-Identifier: Apache-2.0
#include "eval/computed.h"

#include <memory>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "eval/kernel.h"
#include "support/status.h"

namespace onnxopt {
namespace {

class KernelSource : public TensorSource {
 public:
  KernelSource(const OpDef& op, std::vector<Attribute> attributes,
               std::vector<TensorRef> inputs)
      : op_(op),
        attributes_(std::move(attributes)),
        inputs_(std::move(inputs)) {}

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
};

}  // namespace

absl::StatusOr<TensorRef> MakeComputed(const OpDef& op,
                                       std::vector<Attribute> attributes,
                                       std::vector<TensorRef> inputs,
                                       ElementType type, TensorDims dims) {
  return Tensor::Computed(type, std::move(dims),
                          std::make_shared<KernelSource>(
                              op, std::move(attributes), std::move(inputs)));
}

}  // namespace onnxopt
