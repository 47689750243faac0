// SPDX-License-Identifier: Apache-2.0
#include "eval/computed.h"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>

#include "absl/strings/str_join.h"
#include "eval/kernel.h"
#include "fmt/core.h"
#include "ir/element_type.h"
#include "ir/op_id.h"
#include "support/status.h"

namespace onnxopt {
namespace {

/// Results of results of results are evaluated on a stack as deep.
constexpr int kMaxDepth = 32;

/// Results larger than this are evaluated in pieces of about as many bytes:
/// few enough for the cache, and for the same heap memory every time.
constexpr int64_t kPieceBytes = 256 << 10;

// Whether each element of the result depends on the elements of its operands
// that broadcasting brings to its place, and on no others.
bool IsElementwise(const OpDef& op) {
  constexpr OpId kOperators[] = {"Add"_op, "Cast"_op, "Div"_op, "Mul"_op,
                                 "Neg"_op, "Sqrt"_op, "Sub"_op};
  return op.domain().empty() &&
         std::find(std::begin(kOperators), std::end(kOperators), op.id()) !=
             std::end(kOperators);
}

// Rows `begin` to `end` of the first axis of `operand`, or all of it where it
// is broadcast along that axis of a result with the dims `dims`. The slice
// views `operand`.
absl::StatusOr<TensorRef> RowsOf(const TensorRef& operand,
                                 const TensorDims& dims, int64_t begin,
                                 int64_t end) {
  if (operand->dims().size() < dims.size() || operand->dims()[0] == 1) {
    return operand;
  }
  ASSIGN_OR_RETURN(const std::string_view bytes, operand->bytes());
  const auto row = static_cast<int64_t>(bytes.size()) / dims[0];
  TensorDims slice = operand->dims();
  slice[0] = end - begin;
  return Tensor::Borrowed(operand->type(), std::move(slice),
                          bytes.substr(begin * row, (end - begin) * row),
                          /*buffer=*/nullptr);
}

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
    if (!InRows(tensor)) {
      return ProducePiece(inputs_, tensor.type(), tensor.dims(), sink);
    }
    const int64_t rows = tensor.dims()[0];
    const int64_t step =
        std::max<int64_t>(1, kPieceBytes * rows / tensor.byte_size());
    for (int64_t begin = 0; begin < rows; begin += step) {
      const int64_t end = std::min(rows, begin + step);
      std::vector<TensorRef> pieces;
      for (const TensorRef& input : inputs_) {
        ASSIGN_OR_RETURN(pieces.emplace_back(),
                         RowsOf(input, tensor.dims(), begin, end));
      }
      TensorDims dims = tensor.dims();
      dims[0] = end - begin;
      RETURN_IF_ERROR(ProducePiece(pieces, tensor.type(), dims, sink));
    }
    return absl::OkStatus();
  }

 private:
  // Not strings, which have no width.
  static bool IsWholeBytes(ElementType type) {
    return BitWidth(type) > 0 && BitWidth(type) % 8 == 0;
  }

  bool InRows(const Tensor& tensor) const {
    const TensorDims& dims = tensor.dims();
    const auto can_be_cut = [&](const TensorRef& input) {
      if (input == nullptr || !IsWholeBytes(input->type())) return false;
      const TensorDims& own = input->dims();
      return own.size() < dims.size() ||
             (own.size() == dims.size() && (own[0] == 1 || own[0] == dims[0]));
    };
    return tensor.byte_size() > kPieceBytes && IsElementwise(op_) &&
           IsWholeBytes(tensor.type()) &&
           std::all_of(inputs_.begin(), inputs_.end(), can_be_cut);
  }

  absl::Status ProducePiece(std::span<const TensorRef> inputs, ElementType type,
                            const TensorDims& dims, ByteSink sink) const {
    ASSIGN_OR_RETURN(const std::vector<TensorRef> outputs,
                     Evaluate(op_, attributes_, inputs, /*num_outputs=*/1));
    const Tensor& result = *outputs[0];
    if (result.type() != type || result.dims() != dims) {
      return absl::InternalError(
          fmt::format("{} made a {} where {}[{}] was expected", op_.FullName(),
                      result.TypeString(), ElementTypeName(type),
                      absl::StrJoin(dims, ",")));
    }
    return result.ForEachChunk(sink);
  }

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
