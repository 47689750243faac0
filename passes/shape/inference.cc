// SPDX-License-Identifier: Apache-2.0
#include "passes/shape/inference.h"

#include <array>
#include <cstring>
#include <utility>

#include "fmt/core.h"
#include "ir/model.h"
#include "passes/shape/families.h"
#include "support/status.h"

namespace onnxopt {

namespace {

bool IsBodyInput(const Value& value) {
  return value.IsInput() && value.graph()->parent() != nullptr;
}

// Whether KnownType(value) is value.type().
bool HoldsType(const Value& value) {
  return !value.IsConstant() && !IsBodyInput(value);
}

}  // namespace

InferenceContext::InferenceContext(const Node& node)
    : node_(node), attributes_(node), outputs_(node.num_outputs()) {}

const TypeRef& InferenceContext::type(int i) const {
  static const TypeRef none;
  const Value* value = node_.input(i);
  if (value == nullptr) return none;
  if (HoldsType(*value)) return value->type();
  if (made_.empty()) made_.resize(num_inputs());
  if (made_[i] == nullptr) made_[i] = KnownType(*value);
  return made_[i];
}

ElementType InferenceContext::element(int i) const {
  const TypeRef& known = type(i);
  return known != nullptr && known->IsTensor() ? known->element()
                                               : ElementType::kUndefined;
}

const std::optional<Shape>& InferenceContext::shape(int i) const {
  static const std::optional<Shape> none;
  const TypeRef& known = type(i);
  return known != nullptr && known->IsTensor() ? known->shape() : none;
}

std::optional<std::vector<int64_t>> InferenceContext::ints(int i) const {
  const Value* value = node_.input(i);
  if (value == nullptr || !value->IsConstant()) return std::nullopt;
  const Tensor& tensor = *value->tensor();
  const bool wide = tensor.type() == ElementType::kInt64;
  if ((!wide && tensor.type() != ElementType::kInt32) ||
      tensor.dims().size() > 1 || tensor.num_elements() > kMaxShapeElements) {
    return std::nullopt;
  }
  const absl::StatusOr<std::string_view> bytes = tensor.bytes();
  if (!bytes.ok()) return std::nullopt;
  std::vector<int64_t> all(tensor.num_elements());
  for (size_t k = 0; k < all.size(); ++k) {
    if (wide) {
      std::memcpy(&all[k], bytes->data() + 8 * k, 8);
    } else {
      int32_t narrow;
      std::memcpy(&narrow, bytes->data() + 4 * k, 4);
      all[k] = narrow;
    }
  }
  return all;
}

void InferenceContext::SetOutput(int i, TypeRef type) {
  if (i < num_outputs()) outputs_[i] = std::move(type);
}

void InferenceContext::SetOutput(int i, ElementType element,
                                 std::optional<Shape> shape) {
  if (element == ElementType::kUndefined) return;
  if (shape) {
    for (Dim& dim : *shape) {
      if (dim.IsInteger() && dim.value() < 0) dim = Dim();
    }
  }
  SetOutput(i, Type::Tensor(element, std::move(shape)));
}

namespace {

using InferTable = std::array<shape::InferEntry, std::size(kOpNames) + 1>;

InferTable MakeTable() {
  InferTable table{};
  for (const auto family :
       {shape::ControlFunctions, shape::ElementwiseFunctions,
        shape::LinearFunctions, shape::MlFunctions, shape::MovementFunctions,
        shape::ReductionFunctions, shape::ReshapeFunctions,
        shape::SelectionFunctions, shape::SequenceFunctions,
        shape::SpecialFunctions, shape::WindowFunctions}) {
    for (const shape::InferEntry& entry : family()) {
      ONNXOPT_CHECK(table[entry.op].function == nullptr);
      table[entry.op] = entry;
    }
  }
  return table;
}

// The types of a call: those of the function's outputs, which hold for every
// argument that is of the types of the function's inputs.
std::vector<TypeRef> TypesOfCall(const Node& call) {
  const Graph& body = *call.function()->body();
  std::vector<TypeRef> types(call.num_outputs());
  for (size_t i = 0; i < body.inputs().size(); ++i) {
    const TypeRef& formal = body.inputs()[i]->type();
    if (formal == nullptr) continue;
    const Value* argument = call.input(static_cast<int>(i));
    if (argument == nullptr ||
        !SameType(JoinTypes(formal, KnownType(*argument)), formal)) {
      return types;
    }
  }
  for (size_t i = 0; i < types.size() && i < body.outputs().size(); ++i) {
    types[i] = KnownType(*body.outputs()[i]);
  }
  return types;
}

}  // namespace

InferFunction FindInferFunction(const OpDef& op) {
  static const InferTable table = MakeTable();
  const shape::InferEntry& entry = table[op.id()];
  if (!op.is_canonical()) {
    const bool is_known_version = entry.oldest_version > 0 &&
                                  !op.deprecated() &&
                                  op.since_version() >= entry.oldest_version;
    return is_known_version ? entry.function : nullptr;
  }
  if (entry.function != nullptr) return entry.function;
  return op.Has(Trait::kElementwise) && op.outputs().size() == 1
             ? shape::InferElementwise
             : nullptr;
}

absl::StatusOr<std::vector<TypeRef>> InferTypes(const Node& node) {
  if (node.function() != nullptr) return TypesOfCall(node);
  InferenceContext context(node);
  if (context.attributes().HasReferences()) return context.outputs();
  if (const InferFunction infer = FindInferFunction(node.op())) {
    RETURN_IF_ERROR(infer(context));
  }
  return std::move(context.outputs());
}

TypeRef KnownType(const Value& value) {
  if (value.IsConstant()) return TypeOf(*value.tensor());
  const TypeRef& type = value.type();
  if (!IsBodyInput(value)) return type;
  // The iteration number of a Loop. ONNX Runtime makes it a tensor of one
  // axis if the body declares it so.
  if (value.index() == 0 && value.graph()->parent()->Is("Loop"_op) &&
      (type == nullptr || !type->IsTensor() || !type->shape() ||
       type->shape()->empty())) {
    return Type::Tensor(ElementType::kInt64, Shape());
  }
  // InferModel moves what the file declares out of the way.
  const bool inferred = value.declared_type() != nullptr && !value.declared();
  if (inferred || type == nullptr) return type;
  if (!type->IsTensor()) return nullptr;
  return Type::Tensor(type->element(), std::nullopt);
}

TypeRef TypeToTrust(const Node& node, const Value& output) {
  const OpDef& op = node.op();
  const bool upgradable =
      op.id() != kOpaqueOp && op.domain().empty() && !op.is_canonical();
  const TypeRef& declared = output.declared_type();
  if (node.function() != nullptr || upgradable || declared == nullptr ||
      FindInferFunction(op) != nullptr) {
    return nullptr;
  }
  if (!declared->IsTensor() || !declared->shape()) {
    return declared->IsTensor() ? declared : nullptr;
  }
  Shape shape = *declared->shape();
  for (Dim& dim : shape) {
    if (!dim.IsInteger()) dim = Dim();
  }
  return Type::Tensor(declared->element(), std::move(shape));
}

void InferOutputs(Node& node) {
  const absl::StatusOr<std::vector<TypeRef>> types = InferTypes(node);
  if (!types.ok()) return;
  for (int i = 0; i < node.num_outputs(); ++i) {
    Value* output = node.output(i);
    if (output == nullptr) continue;
    const TypeRef& inferred = (*types)[i];
    const TypeRef merged =
        MergeTypes(inferred != nullptr ? inferred : TypeToTrust(node, *output),
                   output->type());
    if (!SameType(merged, output->type())) {
      node.graph()->SetType(output, merged);
    }
  }
}

TypeRef TypeOf(const Tensor& tensor) {
  Shape shape;
  for (const int64_t dim : tensor.dims()) shape.emplace_back(dim);
  return Type::Tensor(tensor.type(), std::move(shape));
}

TypeRef MergeTypes(const TypeRef& a, const TypeRef& b) {
  if (a == nullptr) return b;
  if (b == nullptr || Contradict(a, b) || !a->IsTensor() || !b->shape()) {
    return a;
  }
  if (!a->shape()) return Type::Tensor(a->element(), b->shape());
  Shape merged = *a->shape();
  for (size_t i = 0; i < merged.size(); ++i) {
    const Dim& other = (*b->shape())[i];
    if (!merged[i].IsInteger() &&
        (other.IsInteger() || merged[i].IsUnknown())) {
      merged[i] = other;
    }
  }
  return Type::Tensor(a->element(), std::move(merged));
}

TypeRef JoinTypes(const TypeRef& a, const TypeRef& b) {
  if (a == b) return a;
  if (a == nullptr || b == nullptr || a->kind() != b->kind()) return nullptr;
  switch (a->kind()) {
    case Type::Kind::kSequence:
      return Type::Sequence(JoinTypes(a->inner(), b->inner()));
    case Type::Kind::kOptional:
      return Type::Optional(JoinTypes(a->inner(), b->inner()));
    case Type::Kind::kTensor:
      break;
    default:
      return SameType(a, b) ? a : nullptr;
  }
  if (a->element() != b->element()) return nullptr;
  if (SameType(a, b)) return a;
  if (!a->shape() || !b->shape() || a->shape()->size() != b->shape()->size()) {
    return Type::Tensor(a->element(), std::nullopt);
  }
  Shape joined = *a->shape();
  for (size_t i = 0; i < joined.size(); ++i) {
    joined[i] = shape::Common(joined[i], (*b->shape())[i]);
  }
  return Type::Tensor(a->element(), std::move(joined));
}

namespace shape {

absl::Status Invalid(const InferenceContext& c, const std::string& message) {
  return absl::InvalidArgumentError(
      fmt::format("{}: {}", c.node().op().FullName(), message));
}

Dim Common(const Dim& a, const Dim& b) { return a == b ? a : Dim(); }

std::optional<Shape> Broadcast(const Shape& a, const Shape& b) {
  const Shape& longer = a.size() >= b.size() ? a : b;
  const Shape& shorter = a.size() >= b.size() ? b : a;
  Shape result = longer;
  const size_t offset = longer.size() - shorter.size();
  for (size_t i = 0; i < shorter.size(); ++i) {
    const Dim& x = longer[offset + i];
    const Dim& y = shorter[i];
    if (y.IsInteger() && y.value() == 1) continue;
    if (x.IsInteger() && x.value() == 1) {
      result[offset + i] = y;
    } else if (x.IsInteger() && y.IsInteger()) {
      if (x.value() != y.value()) return std::nullopt;
    } else if (y.IsInteger()) {
      // The other is 1 or the same; a 0 would make 0 of a 1.
      result[offset + i] = y;
    } else if (!x.IsInteger() && (x.IsUnknown() || !(x == y))) {
      result[offset + i] = Dim();
    }
  }
  return result;
}

std::optional<int64_t> Normalize(int64_t axis, size_t rank) {
  const auto n = static_cast<int64_t>(rank);
  if (axis < -n || axis >= n) return std::nullopt;
  return axis < 0 ? axis + n : axis;
}

Shape UnknownShape(size_t rank) { return Shape(rank); }

Dim Product(const Shape& shape, size_t begin, size_t end) {
  Dim product(1);
  for (size_t i = begin; i < end; ++i) product = product * shape[i];
  return product;
}

Dim Divide(const Dim& dim, int64_t by) {
  if (by == 1) return dim;
  if (!dim.IsInteger() || by <= 0 || dim.value() % by != 0) return Dim();
  return Dim(dim.value() / by);
}

std::optional<int64_t> LengthOf(const InferenceContext& c, int i) {
  const std::optional<Shape>& shape = c.shape(i);
  if (!shape || shape->size() != 1 || !(*shape)[0].IsInteger()) {
    return std::nullopt;
  }
  return (*shape)[0].value();
}

std::optional<Shape> ShapeOfRank(std::optional<int64_t> rank) {
  constexpr int64_t kMaxRank = 64;
  if (!rank || *rank < 0 || *rank > kMaxRank) return std::nullopt;
  return UnknownShape(*rank);
}

std::optional<int64_t> ScalarOf(const InferenceContext& c, int i) {
  const auto all = c.ints(i);
  return all && all->size() == 1 ? std::optional((*all)[0]) : std::nullopt;
}

ElementType ElementNamed(const InferenceContext& c, std::string_view attribute,
                         ElementType otherwise) {
  const auto number = c.attributes().Int(attribute);
  if (!number) return otherwise;
  return ElementTypeFromNumber(*number).value_or(ElementType::kUndefined);
}

}  // namespace shape
}  // namespace onnxopt
