// SPDX-License-Identifier: Apache-2.0
#include "frontend/annotations_wire.h"

#include <optional>
#include <utility>

#include "frontend/proto_fields.h"

namespace onnxopt {
namespace {

// nullopt: not the plain form that WriteAnnotations makes.
std::optional<std::pair<std::string_view, std::string_view>> PlainEntry(
    std::string_view message) {
  std::pair<std::string_view, std::string_view> entry;
  int expected = proto::entry::kKey;
  WireReader reader(message);
  while (reader.Next()) {
    if (!reader.Is(expected, WireType::kBytes)) return std::nullopt;
    (expected == proto::entry::kKey ? entry.first : entry.second) =
        reader.bytes();
    ++expected;
  }
  if (!reader.status().ok() || expected != proto::entry::kValue + 1) {
    return std::nullopt;
  }
  return entry;
}

}  // namespace

void AnnotationsReader::Take(const WireReader& reader) {
  if (reader.Is(doc_field_, WireType::kBytes)) {
    annotations_.doc_string = String(reader);
    return;
  }
  if (reader.Is(metadata_field_, WireType::kBytes)) {
    if (const auto entry = PlainEntry(reader.bytes())) {
      annotations_.metadata.push_back(*entry);
      return;
    }
  }
  Keep(reader);
}

std::string_view AnnotationsReader::String(const WireReader& reader) {
  if (reader.bytes().empty()) Keep(reader);
  return reader.bytes();
}

Annotations AnnotationsReader::Finish(Model* model) {
  annotations_.unknown_fields =
      raw_.copied() ? model->Intern(raw_.fields()) : raw_.fields();
  return std::move(annotations_);
}

void WriteAnnotations(const Annotations& annotations, int doc_field,
                      int metadata_field, WireWriter* out) {
  out->Raw(annotations.unknown_fields);
  out->OptionalBytes(doc_field, annotations.doc_string);
  for (const auto& [key, value] : annotations.metadata) {
    const size_t entry = out->Begin(metadata_field);
    out->Bytes(proto::entry::kKey, key);
    out->Bytes(proto::entry::kValue, value);
    out->End(entry);
  }
}

}  // namespace onnxopt
