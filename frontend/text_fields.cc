// SPDX-License-Identifier: Apache-2.0
#include "frontend/text_fields.h"

#include <algorithm>
#include <map>
#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/string_view.h"
#include "frontend/proto_fields.h"
#include "frontend/text_lexer.h"
#include "frontend/wire_reader.h"
#include "frontend/wire_writer.h"
#include "ir/element_type.h"

namespace onnxopt {
namespace {

using FieldMap = std::map<int, std::vector<std::string>>;

absl::string_view AbslView(std::string_view text) {
  return {text.data(), text.size()};
}

// Packed numbers and numbers one by one are the same to every reader.
bool Unpack(const WireReader& reader, std::vector<std::string>* out) {
  WireWriter writer;
  if (reader.field() == proto::attribute::kInts) {
    std::vector<int64_t> ints;
    if (!AppendInts(reader, &ints).ok()) return false;
    for (int64_t value : ints) writer.Int(reader.field(), value);
  } else {
    std::vector<float> floats;
    if (!AppendFloats(reader, &floats).ok()) return false;
    for (float value : floats) writer.Float(reader.field(), value);
  }
  out->push_back(writer.small());
  return true;
}

// The fields by number, those with the same number in order.
std::optional<FieldMap> SplitAttribute(std::string_view message,
                                       std::initializer_list<int> skip) {
  namespace field = proto::attribute;
  FieldMap fields;
  WireReader reader(message);
  while (reader.Next()) {
    const int id = reader.field();
    if (std::find(skip.begin(), skip.end(), id) != skip.end()) continue;
    std::vector<std::string>& list = fields[id];
    if ((id == field::kInts || id == field::kFloats) &&
        reader.type() == WireType::kBytes) {
      if (!Unpack(reader, &list)) return std::nullopt;
    } else {
      list.emplace_back(reader.raw());
    }
    // Lists of numbers are compared as a whole, however they were cut.
    if ((id == field::kInts || id == field::kFloats) && list.size() > 1) {
      list[0] += list[1];
      list.pop_back();
    }
  }
  if (!reader.status().ok()) return std::nullopt;
  return fields;
}

}  // namespace

std::optional<std::string> MissingAttributeFields(
    std::string_view original, std::string_view printed,
    std::initializer_list<int> skip) {
  const std::optional<FieldMap> has = SplitAttribute(printed, {});
  const std::optional<FieldMap> wanted = SplitAttribute(original, skip);
  if (!has || !wanted) return std::nullopt;
  for (const auto& [id, fields] : *has) {
    const auto it = wanted->find(id);
    if (it == wanted->end() || it->second != fields) return std::nullopt;
  }
  std::string missing;
  WireReader reader(original);
  while (reader.Next()) {
    const int id = reader.field();
    if (wanted->contains(id) && !has->contains(id)) missing += reader.raw();
  }
  return missing;
}

TensorStorage TensorStorageOf(std::string_view message) {
  namespace field = proto::tensor;
  TensorStorage storage;
  std::string external;
  WireReader reader(message);
  while (reader.Next()) {
    switch (reader.field()) {
      case field::kName:
        storage.name = reader.bytes();
        break;
      case field::kFloatData:
      case field::kInt32Data:
      case field::kInt64Data:
      case field::kDoubleData:
      case field::kUint64Data:
        storage.typed_data = true;
        break;
      case field::kDataLocation:
        storage.explicit_default = reader.varint() == 0;
        break;
      case field::kExternalData: {
        std::string_view key, value;
        WireReader entry(reader.bytes());
        while (entry.Next()) {
          (entry.field() == proto::entry::kKey ? key : value) = entry.bytes();
        }
        external += external.empty() ? "[" : ", ";
        AppendTextString(key, &external);
        external += ": ";
        AppendTextString(value, &external);
        break;
      }
      default:
        break;
    }
  }
  if (!external.empty()) storage.external_data = external + "]";
  return storage;
}

// --- Spelling

void AppendTextId(std::string_view name, std::string* out) {
  const bool reserved = name == "seq" || name == "map" || name == "optional" ||
                        name == "sparse_tensor" || name == "opaque" ||
                        name == "undefined" || IsFloatWord(name) ||
                        ElementTypeFromName(name).has_value();
  if (reserved) {
    AppendTextString(name, out);
  } else {
    AppendTextWord(name, out);
  }
}

void AppendTextWord(std::string_view word, std::string* out) {
  if (IsTextIdentifier(word)) {
    *out += word;
  } else {
    AppendTextString(word, out);
  }
}

void AppendTextString(std::string_view text, std::string* out) {
  *out += '"';
  for (char c : text) {
    if (c == '"' || c == '\\') *out += '\\';
    *out += c;
  }
  *out += '"';
}

void AppendHexNote(std::string_view key, std::string_view bytes,
                   std::string* out) {
  *out += "#@ ";
  *out += key;
  *out += ": ";
  *out += absl::BytesToHexString(AbslView(bytes));
  *out += '\n';
}

void AppendStringNote(std::string_view key, std::string_view text,
                      std::string* out) {
  *out += "#@ ";
  *out += key;
  *out += ": \"";
  *out += absl::Utf8SafeCEscape(AbslView(text));
  *out += "\"\n";
}

}  // namespace onnxopt
