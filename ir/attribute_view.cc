// SPDX-License-Identifier: Apache-2.0
#include "ir/attribute_view.h"

#include <algorithm>
#include <type_traits>
#include <variant>

namespace onnxopt {
namespace {

// Whether attribute defaults (AttrDef::Value) can hold a T.
template <typename T, typename Variant>
inline constexpr bool kIsAlternative = false;
template <typename T, typename... Alternatives>
inline constexpr bool kIsAlternative<T, std::variant<Alternatives...>> =
    (std::is_same_v<T, Alternatives> || ...);

template <typename T>
std::optional<T> Copy(const T* value) {
  return value == nullptr ? std::nullopt : std::optional<T>(*value);
}

}  // namespace

const Attribute* AttributeView::Find(std::string_view name) const {
  const auto it =
      std::find_if(attributes_.begin(), attributes_.end(),
                   [&](const Attribute& a) { return a.name == name; });
  return it == attributes_.end() ? nullptr : &*it;
}

template <typename T>
const T* AttributeView::Get(std::string_view name) const {
  if (const Attribute* attribute = Find(name)) {
    return attribute->IsReference() ? nullptr
                                    : std::get_if<T>(&attribute->value);
  }
  if constexpr (kIsAlternative<T, AttrDef::Value>) {
    const AttrDef* def = op_->FindAttr(name);
    if (def != nullptr) return std::get_if<T>(&def->default_value);
  }
  return nullptr;
}

std::optional<int64_t> AttributeView::Int(std::string_view name) const {
  return Copy(Get<int64_t>(name));
}
int64_t AttributeView::Int(std::string_view name, int64_t otherwise) const {
  return Int(name).value_or(otherwise);
}
std::optional<float> AttributeView::Float(std::string_view name) const {
  return Copy(Get<float>(name));
}
float AttributeView::Float(std::string_view name, float otherwise) const {
  return Float(name).value_or(otherwise);
}
std::optional<std::string_view> AttributeView::String(
    std::string_view name) const {
  return Copy(Get<std::string_view>(name));
}
std::string_view AttributeView::String(std::string_view name,
                                       std::string_view otherwise) const {
  return String(name).value_or(otherwise);
}
const std::vector<int64_t>* AttributeView::Ints(std::string_view name) const {
  return Get<std::vector<int64_t>>(name);
}
const std::vector<float>* AttributeView::Floats(std::string_view name) const {
  return Get<std::vector<float>>(name);
}
const std::vector<std::string_view>* AttributeView::Strings(
    std::string_view name) const {
  return Get<std::vector<std::string_view>>(name);
}
TensorRef AttributeView::Tensor(std::string_view name) const {
  return Copy(Get<TensorRef>(name)).value_or(nullptr);
}
TypeRef AttributeView::Type(std::string_view name) const {
  return Copy(Get<TypeRef>(name)).value_or(nullptr);
}
Graph* AttributeView::Body(std::string_view name) const {
  return Copy(Get<Graph*>(name)).value_or(nullptr);
}

bool AttributeView::HasReferences() const {
  return std::any_of(attributes_.begin(), attributes_.end(),
                     [](const Attribute& a) { return a.IsReference(); });
}

}  // namespace onnxopt
