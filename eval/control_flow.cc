// SPDX-License-Identifier: Apache-2.0
// Operators that hold graphs.
#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "eval/dense.h"
#include "eval/interpreter_impl.h"
#include "eval/sequence_ops.h"
#include "eval/slices.h"
#include "support/status.h"

namespace onnxopt::eval {
namespace {

absl::StatusOr<Datum> Int64Scalar(int64_t value) {
  ASSIGN_OR_RETURN(
      TensorRef tensor,
      Tensor::Owned(ElementType::kInt64, {},
                    {reinterpret_cast<const char*>(&value), sizeof(value)}));
  return Datum(std::move(tensor));
}

absl::StatusOr<Datum> BoolScalar(bool value) {
  const char byte = value ? 1 : 0;
  ASSIGN_OR_RETURN(TensorRef tensor,
                   Tensor::Owned(ElementType::kBool, {}, {&byte, 1}));
  return Datum(std::move(tensor));
}

// What no iteration at all gives for output `index` of a body, joined along a
// new axis: its other dims are known only if the body's are. As in runtimes, a
// declaration counts.
absl::StatusOr<TensorRef> EmptyResult(const Graph& body, size_t index,
                                      int64_t axis) {
  const TypeRef& inferred = body.outputs()[index]->type();
  const TypeRef& type =
      inferred != nullptr ? inferred : body.output_infos()[index].type;
  if (type == nullptr || !type->IsTensor() || !type->shape()) {
    return absl::UnimplementedError(
        "without an iteration the shape of an output is not known");
  }
  TensorDims dims;
  for (const Dim& dim : *type->shape()) {
    if (!dim.IsInteger()) {
      return absl::UnimplementedError(
          "without an iteration the shape of an output is not known");
    }
    dims.push_back(dim.value());
  }
  ASSIGN_OR_RETURN(axis,
                   NormalizeAxis(axis, static_cast<int64_t>(dims.size()) + 1));
  dims.insert(dims.begin() + axis, 0);
  if (type->element() == ElementType::kString) {
    return Tensor::Strings(std::move(dims), {});
  }
  return Tensor::Owned(type->element(), std::move(dims), "");
}

int64_t ElementOr(const std::vector<int64_t>* list, size_t i,
                  int64_t otherwise) {
  return list != nullptr && i < list->size() ? (*list)[i] : otherwise;
}

}  // namespace

class Interpreter::Gatherer {
 public:
  Gatherer(Interpreter& interpreter, size_t count)
      : interpreter_(interpreter), results_(count) {}

  absl::Status Add(std::span<const Datum> outputs) {
    for (size_t i = 0; i < results_.size(); ++i) {
      if (!outputs[i].IsTensor()) {
        return absl::InvalidArgumentError(
            absl::StrCat("an output to be joined over the iterations is ",
                         outputs[i].Describe(), ", not a tensor"));
      }
      RETURN_IF_ERROR(interpreter_.Charge(outputs[i].byte_size()));
      results_[i].push_back(outputs[i].tensor());
    }
    return absl::OkStatus();
  }

  size_t size() const { return results_.size(); }

  // Results `i`, which are output `index` of `body`. `backward`: the first
  // iteration comes last.
  absl::StatusOr<Datum> Join(size_t i, const Graph& body, size_t index,
                             int64_t axis, bool backward) {
    std::vector<TensorRef>& tensors = results_[i];
    TensorRef joined;
    if (tensors.empty()) {
      ASSIGN_OR_RETURN(joined, EmptyResult(body, index, axis));
    } else {
      if (backward) std::reverse(tensors.begin(), tensors.end());
      const auto rank = static_cast<int64_t>(tensors[0]->dims().size());
      ASSIGN_OR_RETURN(axis, NormalizeAxis(axis, rank + 1));
      ASSIGN_OR_RETURN(joined, StackAlong(tensors, axis));
    }
    return Datum(std::move(joined));
  }

 private:
  Interpreter& interpreter_;
  std::vector<std::vector<TensorRef>> results_;
};

Interpreter::Runner Interpreter::FindRunner(const OpDef& op) {
  if (!op.is_canonical()) return nullptr;
  switch (op.id()) {
    case "Constant"_op:
      return &Interpreter::RunConstant;
    case "If"_op:
      return &Interpreter::RunIf;
    case "Loop"_op:
      return &Interpreter::RunLoop;
    case "Scan"_op:
      return &Interpreter::RunScan;
    case "SequenceMap"_op:
      return &Interpreter::RunSequenceMap;
    default:
      return nullptr;
  }
}

// A Constant node that is left in a graph refers to an attribute of its
// function.
absl::StatusOr<Data> Interpreter::RunConstant(const Call& call) {
  if (call.attributes.size() != 1) {
    return absl::InvalidArgumentError("needs exactly one attribute");
  }
  const AttributeValue& value = call.attributes[0].value;
  absl::StatusOr<TensorRef> tensor =
      absl::InvalidArgumentError("the attribute has another kind than allowed");
  const auto numbers = [&](ElementType type, TensorDims dims, const void* data,
                           size_t size) {
    tensor = Tensor::Owned(type, std::move(dims),
                           {static_cast<const char*>(data), size});
  };
  if (const auto* t = std::get_if<TensorRef>(&value)) {
    tensor = *t;
  } else if (const auto* i = std::get_if<int64_t>(&value)) {
    numbers(ElementType::kInt64, {}, i, sizeof(*i));
  } else if (const auto* f = std::get_if<float>(&value)) {
    numbers(ElementType::kFloat, {}, f, sizeof(*f));
  } else if (const auto* is = std::get_if<std::vector<int64_t>>(&value)) {
    numbers(ElementType::kInt64, {static_cast<int64_t>(is->size())}, is->data(),
            is->size() * sizeof(int64_t));
  } else if (const auto* fs = std::get_if<std::vector<float>>(&value)) {
    numbers(ElementType::kFloat, {static_cast<int64_t>(fs->size())}, fs->data(),
            fs->size() * sizeof(float));
  } else if (const auto* s = std::get_if<std::string_view>(&value)) {
    tensor = Tensor::Strings({}, {std::string(*s)});
  } else if (const auto* ss =
                 std::get_if<std::vector<std::string_view>>(&value)) {
    tensor = Tensor::Strings({static_cast<int64_t>(ss->size())},
                             {ss->begin(), ss->end()});
  }
  RETURN_IF_ERROR(tensor.status());
  return Data{Datum(*std::move(tensor))};
}

absl::StatusOr<Data> Interpreter::RunBody(const Call& call,
                                          std::string_view attribute,
                                          std::span<const Datum> inputs,
                                          size_t num_outputs) {
  RETURN_IF_ERROR(Step());
  const Graph* body = call.view().Body(attribute);
  if (body == nullptr) {
    return absl::InvalidArgumentError(
        absl::StrCat("has no graph '", std::string(attribute), "'"));
  }
  ASSIGN_OR_RETURN(Data outputs,
                   Run(*body, inputs, &call.frame, call.frame.bindings));
  if (outputs.size() < num_outputs) {
    return absl::InvalidArgumentError(
        absl::StrCat("the graph has ", outputs.size(), " outputs, needed are ",
                     num_outputs));
  }
  return outputs;
}

absl::StatusOr<Data> Interpreter::RunIf(const Call& call) {
  ASSIGN_OR_RETURN(const int64_t condition, ScalarOf(call.input(0)));
  return RunBody(call, condition != 0 ? "then_branch" : "else_branch", {}, 0);
}

absl::StatusOr<Data> Interpreter::RunLoop(const Call& call) {
  std::optional<int64_t> trips;
  if (!call.input(0).IsAbsent()) {
    ASSIGN_OR_RETURN(trips, ScalarOf(call.input(0)));
  }
  const bool has_condition = !call.input(1).IsAbsent();
  bool condition = true;
  if (has_condition) {
    ASSIGN_OR_RETURN(const int64_t value, ScalarOf(call.input(1)));
    condition = value != 0;
  }
  Data carried;
  if (call.inputs.size() > 2) {
    carried.assign(call.inputs.begin() + 2, call.inputs.end());
  }
  const Graph* body = call.view().Body("body");
  const size_t num_results = 1 + carried.size();
  if (body == nullptr || body->outputs().size() < num_results) {
    return absl::InvalidArgumentError("the body has too few outputs");
  }
  Gatherer gatherer(*this, body->outputs().size() - num_results);
  const int64_t bytes_before = live_bytes_;
  for (int64_t i = 0; condition && (!trips || i < *trips); ++i) {
    Data inputs(2);
    ASSIGN_OR_RETURN(inputs[0], Int64Scalar(i));
    ASSIGN_OR_RETURN(inputs[1], BoolScalar(condition));
    inputs.insert(inputs.end(), carried.begin(), carried.end());
    ASSIGN_OR_RETURN(const Data outputs,
                     RunBody(call, "body", inputs, num_results));
    ASSIGN_OR_RETURN(const int64_t again, ScalarOf(outputs[0]));
    condition = again != 0;
    // The specification ignores it then; runtimes do not.
    const bool last = trips && i + 1 >= *trips;
    if (!condition && !has_condition && !last) {
      return absl::UnimplementedError(
          "has no condition, but its body returns one that is false");
    }
    carried.assign(outputs.begin() + 1, outputs.begin() + num_results);
    RETURN_IF_ERROR(gatherer.Add(std::span(outputs).subspan(num_results)));
  }
  Data results = std::move(carried);
  for (size_t i = 0; i < gatherer.size(); ++i) {
    ASSIGN_OR_RETURN(results.emplace_back(),
                     gatherer.Join(i, *body, num_results + i,
                                   /*axis=*/0, /*backward=*/false));
  }
  live_bytes_ = bytes_before;
  return results;
}

absl::StatusOr<Data> Interpreter::RunScan(const Call& call) {
  const AttributeView view = call.view();
  const Graph* body = view.Body("body");
  const int64_t num_scanned = view.Int("num_scan_inputs", 0);
  const auto num_inputs = static_cast<int64_t>(call.inputs.size());
  if (body == nullptr || num_scanned < 1 || num_scanned > num_inputs ||
      static_cast<int64_t>(body->outputs().size()) < num_inputs - num_scanned) {
    return absl::InvalidArgumentError(
        "needs a body and at least one input to scan");
  }
  const size_t num_states = num_inputs - num_scanned;
  std::vector<TensorRef> scanned;
  std::vector<int64_t> axes;
  std::optional<int64_t> length;
  for (int64_t k = 0; k < num_scanned; ++k) {
    const TensorRef& tensor = call.inputs[num_states + k].tensor();
    if (tensor == nullptr) {
      return absl::InvalidArgumentError("an input to scan is not a tensor");
    }
    ASSIGN_OR_RETURN(
        axes.emplace_back(),
        NormalizeAxis(ElementOr(view.Ints("scan_input_axes"), k, 0),
                      tensor->dims().size()));
    if (length.value_or(tensor->dims()[axes[k]]) != tensor->dims()[axes[k]]) {
      return absl::InvalidArgumentError(
          "the inputs to scan have different lengths");
    }
    length = tensor->dims()[axes[k]];
    scanned.push_back(tensor);
  }
  Data states(call.inputs.begin(), call.inputs.begin() + num_states);
  Gatherer gatherer(*this, body->outputs().size() - num_states);
  const int64_t bytes_before = live_bytes_;
  for (int64_t i = 0; i < *length; ++i) {
    Data inputs = states;
    for (int64_t k = 0; k < num_scanned; ++k) {
      const bool backward =
          ElementOr(view.Ints("scan_input_directions"), k, 0) != 0;
      ASSIGN_OR_RETURN(
          TensorRef slice,
          TakeAlong(scanned[k], axes[k], backward ? *length - 1 - i : i));
      inputs.emplace_back(std::move(slice));
    }
    ASSIGN_OR_RETURN(const Data outputs,
                     RunBody(call, "body", inputs, num_states));
    states.assign(outputs.begin(), outputs.begin() + num_states);
    RETURN_IF_ERROR(gatherer.Add(std::span(outputs).subspan(num_states)));
  }
  Data results = std::move(states);
  for (size_t i = 0; i < gatherer.size(); ++i) {
    ASSIGN_OR_RETURN(
        results.emplace_back(),
        gatherer.Join(
            i, *body, num_states + i,
            ElementOr(view.Ints("scan_output_axes"), i, 0),
            ElementOr(view.Ints("scan_output_directions"), i, 0) != 0));
  }
  live_bytes_ = bytes_before;
  return results;
}

absl::StatusOr<Data> Interpreter::RunSequenceMap(const Call& call) {
  if (!call.input(0).IsSequence()) {
    return absl::InvalidArgumentError("the first input is not a sequence");
  }
  const size_t length = call.input(0).elements().size();
  for (const Datum& input : call.inputs) {
    if (input.IsSequence() && input.elements().size() != length) {
      return absl::InvalidArgumentError("the sequences have different lengths");
    }
  }
  const size_t num_outputs = call.node.num_outputs();
  std::vector<Data> results(num_outputs);
  for (size_t i = 0; i < length; ++i) {
    Data inputs;
    for (const Datum& input : call.inputs) {
      inputs.push_back(input.IsSequence() ? input.elements()[i] : input);
    }
    ASSIGN_OR_RETURN(const Data outputs,
                     RunBody(call, "body", inputs, num_outputs));
    for (size_t k = 0; k < num_outputs; ++k) results[k].push_back(outputs[k]);
  }
  Data sequences;
  for (Data& result : results) {
    sequences.push_back(Datum::Sequence(std::move(result)));
  }
  return sequences;
}

}  // namespace onnxopt::eval
