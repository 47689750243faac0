// SPDX-License-Identifier: Apache-2.0
#include "eval/interpreter.h"

#include <algorithm>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "eval/dense.h"
#include "eval/interpreter_impl.h"
#include "eval/kernel.h"
#include "eval/sequence_ops.h"
#include "ir/walk.h"
#include "support/status.h"

namespace onnxopt {
namespace eval {
namespace {

// Graphs running at once: deeper nesting than any model needs, and no danger
// to the stack.
constexpr int kMaxDepth = 1000;

// The attributes of `node`, with those that refer to an attribute of the
// function replaced by what the call binds it to; one that the call leaves out
// is left out. `storage` holds them if anything had to be replaced.
std::span<const Attribute> Resolve(const Node& node,
                                   std::span<const Attribute> bindings,
                                   std::vector<Attribute>* storage) {
  const auto attributes = node.attributes();
  if (std::none_of(attributes.begin(), attributes.end(),
                   [](const Attribute& a) { return a.IsReference(); })) {
    return attributes;
  }
  for (const Attribute& attribute : attributes) {
    if (!attribute.IsReference()) {
      storage->push_back(attribute);
      continue;
    }
    const auto bound = std::find_if(
        bindings.begin(), bindings.end(),
        [&](const Attribute& b) { return b.name == attribute.reference; });
    if (bound == bindings.end()) continue;
    storage->push_back(*bound);
    storage->back().name = attribute.name;
  }
  return *storage;
}

}  // namespace

const Datum& Interpreter::Call::input(size_t i) const {
  static const Datum& absent = *new Datum();
  return i < inputs.size() ? inputs[i] : absent;
}

absl::Status Interpreter::Step() {
  if (++steps_ <= options_.max_steps) return absl::OkStatus();
  return absl::ResourceExhaustedError(
      absl::StrCat("no end after ", options_.max_steps, " steps"));
}

absl::Status Interpreter::Charge(int64_t bytes) {
  live_bytes_ += bytes;
  if (live_bytes_ <= options_.max_bytes) return absl::OkStatus();
  return absl::ResourceExhaustedError(
      absl::StrCat("the values take more than ", options_.max_bytes, " bytes"));
}

absl::StatusOr<Datum> Interpreter::Read(const Frame& frame,
                                        const Value& value) const {
  if (value.IsConstant()) return Datum(value.tensor());
  for (const Frame* f = &frame; f != nullptr; f = f->caller) {
    if (f->graph != value.graph()) continue;
    const auto it = f->values.find(&value);
    if (it != f->values.end()) return it->second;
    break;
  }
  return absl::InternalError(
      absl::StrCat("'", std::string(value.name()), "' has not been computed"));
}

absl::Status Interpreter::Bind(Frame& frame, const Value& value, Datum datum) {
  RETURN_IF_ERROR(Charge(datum.byte_size()));
  frame.values[&value] = std::move(datum);
  return absl::OkStatus();
}

Interpreter::Plan Interpreter::MakePlan(const Graph& graph) {
  Plan plan;
  absl::flat_hash_map<const Node*, int> order;
  for (const Node& node : graph.nodes()) {
    order.emplace(&node, static_cast<int>(order.size()));
  }
  ForEachValue(graph, [&](const Value& value) {
    if (value.IsConstant() || value.IsReturned()) return;
    const Node* last = value.producer();
    for (const Use& use : value.uses()) {
      const Node* user = AncestorIn(graph, use.user());
      if (last == nullptr || order.at(user) > order.at(last)) last = user;
    }
    if (last != nullptr) plan[last].push_back(&value);
  });
  return plan;
}

absl::StatusOr<Data> Interpreter::Run(const Graph& graph,
                                      std::span<const Datum> inputs,
                                      const Frame* caller,
                                      std::span<const Attribute> bindings) {
  if (depth_ >= kMaxDepth) {
    return absl::ResourceExhaustedError("graphs are nested too deeply");
  }
  ++depth_;
  Frame frame{caller, &graph, bindings, {}};
  const int64_t bytes_before = live_bytes_;
  absl::Status status;
  size_t next = 0;
  for (const Value* input : graph.inputs()) {
    if (!input->IsInput()) continue;
    Datum datum = next < inputs.size() ? inputs[next] : Datum();
    ++next;
    if (datum.IsAbsent()) datum = Datum(input->tensor());
    status.Update(Bind(frame, *input, std::move(datum)));
  }
  if (next < inputs.size()) {
    status.Update(absl::InvalidArgumentError(
        absl::StrCat(inputs.size(), " inputs for a graph that has ", next)));
  }
  if (status.ok()) status = RunNodes(graph, frame);
  --depth_;
  live_bytes_ = bytes_before;
  RETURN_IF_ERROR(status);
  Data outputs;
  for (const Value* output : graph.outputs()) {
    ASSIGN_OR_RETURN(outputs.emplace_back(), Read(frame, *output));
  }
  return outputs;
}

absl::Status Interpreter::RunNodes(const Graph& graph, Frame& frame) {
  std::unique_ptr<const Plan>& plan = plans_[&graph];
  if (plan == nullptr) plan = std::make_unique<const Plan>(MakePlan(graph));
  const Plan& dead_after = *plan;
  for (const Node& node : graph.nodes()) {
    absl::StatusOr<Data> outputs = RunNode(node, frame);
    if (!outputs.ok()) return Annotate(outputs.status(), node.Describe());
    for (int i = 0; i < node.num_outputs(); ++i) {
      if (node.output(i) == nullptr) continue;
      if (options_.on_value) {
        RETURN_IF_ERROR(options_.on_value(*node.output(i), (*outputs)[i]));
      }
      RETURN_IF_ERROR(
          Annotate(Bind(frame, *node.output(i), std::move((*outputs)[i])),
                   node.Describe()));
    }
    const auto dead = dead_after.find(&node);
    if (dead == dead_after.end()) continue;
    for (const Value* value : dead->second) {
      const auto it = frame.values.find(value);
      live_bytes_ -= it->second.byte_size();
      frame.values.erase(it);
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<Data> Interpreter::RunNode(const Node& node,
                                          const Frame& frame) {
  RETURN_IF_ERROR(Step());
  std::vector<Attribute> storage;
  Call call{node, frame, Resolve(node, frame.bindings, &storage), {}};
  for (const Value* input : node.inputs()) {
    Datum datum;
    if (input != nullptr) {
      ASSIGN_OR_RETURN(datum, Read(frame, *input));
    }
    call.inputs.push_back(std::move(datum));
  }
  ASSIGN_OR_RETURN(Data outputs, node.function() != nullptr
                                     ? RunFunction(call)
                                     : RunOperator(call));
  if (static_cast<int>(outputs.size()) < node.num_outputs()) {
    return absl::InvalidArgumentError(
        absl::StrCat("has ", outputs.size(), " results for ",
                     node.num_outputs(), " outputs"));
  }
  return outputs;
}

absl::StatusOr<Data> Interpreter::RunOperator(const Call& call) {
  const OpDef& op = call.node.op();
  if (const Runner runner = FindRunner(op)) return (this->*runner)(call);
  if (const DatumKernel kernel = FindDatumKernel(op)) {
    ASSIGN_OR_RETURN(Datum output, kernel(call.view(), call.inputs));
    return Data{std::move(output)};
  }
  if (FindKernel(op) == nullptr) {
    return absl::UnimplementedError(absl::StrCat(std::string(op.FullName()),
                                                 "-", op.since_version(),
                                                 " cannot be evaluated"));
  }
  std::vector<TensorRef> tensors;
  for (const Datum& input : call.inputs) {
    if (input.IsTensor() || input.IsAbsent()) {
      tensors.push_back(input.tensor());
    } else if (op.Has(Trait::kForwardsInput)) {
      return Data{input};
    } else {
      return absl::InvalidArgumentError(
          absl::StrCat("an input is ", input.Describe(), ", not a tensor"));
    }
  }
  ASSIGN_OR_RETURN(
      std::vector<TensorRef> results,
      Evaluate(op, call.attributes, tensors, call.node.num_outputs()));
  return Data(std::make_move_iterator(results.begin()),
              std::make_move_iterator(results.end()));
}

absl::StatusOr<Data> Interpreter::RunFunction(const Call& call) {
  const Function& function = *call.node.function();
  std::vector<Attribute> bindings(call.attributes.begin(),
                                  call.attributes.end());
  for (const Attribute& attribute : function.attribute_defaults()) {
    const bool given = std::any_of(
        call.attributes.begin(), call.attributes.end(),
        [&](const Attribute& a) { return a.name == attribute.name; });
    if (!given) bindings.push_back(attribute);
  }
  return Run(*function.body(), call.inputs, &call.frame, bindings);
}

bool CanRun(const OpDef& op) {
  return Interpreter::FindRunner(op) != nullptr ||
         FindDatumKernel(op) != nullptr || FindKernel(op) != nullptr;
}

namespace {

void CountUnsupported(const Graph& graph,
                      absl::flat_hash_set<const Function*>& seen,
                      std::map<std::string, int64_t>& counts) {
  for (const Node& node : graph.nodes()) {
    if (const Function* function = node.function()) {
      if (seen.insert(function).second) {
        CountUnsupported(*function->body(), seen, counts);
      }
    } else if (!CanRun(node.op())) {
      ++counts[std::string(node.op().FullName())];
    }
    for (const Graph* nested : node.graphs()) {
      CountUnsupported(*nested, seen, counts);
    }
  }
}

// Whether a caller may pass `datum` for an input of that type.
bool Fits(const Datum& datum, const TypeRef& type) {
  if (type == nullptr) return true;
  switch (type->kind()) {
    case Type::Kind::kTensor: {
      if (!datum.IsTensor() || datum.tensor()->type() != type->element()) {
        return false;
      }
      if (!type->shape()) return true;
      const TensorDims& dims = datum.tensor()->dims();
      return dims.size() == type->shape()->size() &&
             std::equal(dims.begin(), dims.end(), type->shape()->begin(),
                        [](int64_t size, const Dim& dim) {
                          return !dim.IsInteger() || dim.value() == size;
                        });
    }
    case Type::Kind::kSequence:
    case Type::Kind::kOptional:
      if (type->kind() == Type::Kind::kSequence ? !datum.IsSequence()
                                                : !datum.IsOptional()) {
        return false;
      }
      return std::all_of(
          datum.elements().begin(), datum.elements().end(),
          [&](const Datum& element) { return Fits(element, type->inner()); });
    case Type::Kind::kMap:
      return datum.IsMap() && datum.keys()->type() == type->element() &&
             (type->inner() == nullptr || !type->inner()->IsTensor() ||
              datum.values()->type() == type->inner()->element());
    default:
      return false;
  }
}

}  // namespace
}  // namespace eval

std::vector<Value*> RunInputs(const Model& model) {
  std::vector<Value*> inputs;
  for (Value* input : model.graph()->inputs()) {
    if (input->IsInput()) inputs.push_back(input);
  }
  return inputs;
}

absl::StatusOr<std::vector<Datum>> InputsByName(
    const Model& model, const std::map<std::string, Datum>& inputs) {
  std::vector<Datum> data;
  size_t found = 0;
  for (const Value* input : RunInputs(model)) {
    const auto it = inputs.find(std::string(input->name()));
    found += it != inputs.end();
    data.push_back(it == inputs.end() ? Datum() : it->second);
  }
  if (found == inputs.size()) return data;
  return absl::InvalidArgumentError("a name given is not that of an input");
}

absl::StatusOr<std::vector<Datum>> RunGraph(const Model& model,
                                            std::span<const Datum> inputs,
                                            const RunOptions& options) {
  const std::vector<Value*> expected = RunInputs(model);
  for (size_t i = 0; i < expected.size(); ++i) {
    const Value& input = *expected[i];
    const Datum datum = i < inputs.size() ? inputs[i] : Datum();
    if (datum.IsAbsent() ? input.tensor() != nullptr
                         : eval::Fits(datum, input.type())) {
      continue;
    }
    return absl::InvalidArgumentError(absl::StrCat(
        "input '", std::string(input.name()), "' is ",
        input.type() == nullptr ? "unknown" : input.type()->ToString(),
        ", given is ", datum.Describe()));
  }
  return eval::Interpreter(options).Run(*model.graph(), inputs, nullptr, {});
}

absl::StatusOr<std::vector<Datum>> EvaluateNode(const Node& node,
                                                const KnownData& known,
                                                const RunOptions& options) {
  // A frame for each graph around the node, outermost first.
  std::vector<const Graph*> graphs;
  for (const Graph* graph = node.graph(); graph != nullptr;
       graph = graph->enclosing()) {
    graphs.push_back(graph);
  }
  std::vector<std::unique_ptr<eval::Frame>> frames;
  for (auto graph = graphs.rbegin(); graph != graphs.rend(); ++graph) {
    const eval::Frame* caller = frames.empty() ? nullptr : frames.back().get();
    frames.push_back(
        std::make_unique<eval::Frame>(eval::Frame{caller, *graph, {}, {}}));
    for (const auto& [value, datum] : known) {
      if (value->graph() == *graph) frames.back()->values[value] = datum;
    }
  }
  return eval::Interpreter(options).RunNode(node, *frames.back());
}

std::vector<std::string> Unsupported(const Model& model) {
  absl::flat_hash_set<const Function*> seen;
  std::map<std::string, int64_t> counts;
  eval::CountUnsupported(*model.graph(), seen, counts);
  std::vector<std::string> names;
  for (const auto& [name, count] : counts) {
    names.push_back(absl::StrCat(name, " (", count, ")"));
  }
  return names;
}

}  // namespace onnxopt
