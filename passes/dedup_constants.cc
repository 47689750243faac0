// SPDX-License-Identifier: Apache-2.0
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/inlined_vector.h"
#include "fmt/core.h"
#include "ir/walk.h"
#include "passes/passes.h"
#include "passes/replace.h"
#include "support/status.h"

namespace onnxopt {
namespace {

class ConstantDeduplicator {
 public:
  ConstantDeduplicator(Graph& graph, PassContext& context)
      : graph_(graph), context_(context) {}

  absl::Status Run() {
    // Initializers first: of two forms, the one that is not a node survives.
    RETURN_IF_ERROR(Merge(ConstantForm::kInitializer));
    return Merge(ConstantForm::kNode);
  }

 private:
  absl::Status Merge(ConstantForm form) {
    for (Value& constant : graph_.constants().SafeRange()) {
      if (constant.IsInput() || constant.listed_as_input() ||
          constant.pinned() || constant.constant_form() != form) {
        continue;
      }
      const Tensor& tensor = *constant.tensor();
      if (tensor.form() == Tensor::Form::kComputed &&
          tensor.byte_size() > Tensor::kMaxHeapBytes) {
        context_.Decline("it is large and would have to be computed",
                         [&] { return Describe(constant); });
        continue;
      }
      RETURN_IF_ERROR(MergeOrRemember(constant));
    }
    return absl::OkStatus();
  }

  absl::Status MergeOrRemember(Value& constant) {
    ASSIGN_OR_RETURN(const uint64_t key, Fingerprint(*constant.tensor()));
    auto& candidates = firsts_[key];
    for (Value* first : candidates) {
      ASSIGN_OR_RETURN(const bool equal,
                       BitwiseEqual(*first->tensor(), *constant.tensor()));
      if (!equal) continue;
      MergeInto(*first, constant);
      return absl::OkStatus();
    }
    candidates.push_back(&constant);
    return absl::OkStatus();
  }

  void MergeInto(Value& first, Value& constant) {
    const std::string_view why = WhyNotReturnable(constant, first);
    if (!why.empty()) {
      return context_.Decline(why, [&] { return Describe(constant); });
    }
    if (!context_.Allow("merged", [&] {
          return fmt::format("{} replaced by the equal {}", Describe(constant),
                             Describe(first));
        })) {
      return;
    }
    ReplaceWith(&constant, &first);
    graph_.RemoveConstant(&constant);
  }

  Graph& graph_;
  PassContext& context_;
  // By fingerprint; look-up only.
  absl::flat_hash_map<uint64_t, absl::InlinedVector<Value*, 1>> firsts_;
};

}  // namespace

absl::Status DedupConstants(Model& model, PassContext& context) {
  absl::Status status;
  ForEachGraph(model, [&](Graph& graph) {
    if (!status.ok()) return;
    status = ConstantDeduplicator(graph, context).Run();
  });
  return status;
}

}  // namespace onnxopt
