// SPDX-License-Identifier: Apache-2.0
// What messages kept as read say beyond the text printed for them.
#ifndef ONNXOPT_FRONTEND_TEXT_FIELDS_H_
#define ONNXOPT_FRONTEND_TEXT_FIELDS_H_

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

namespace onnxopt {

/// The fields of the AttributeProto `original` that `printed`, the one its
/// text gives, lacks; fields with a number in `skip` do not count. Nullopt if
/// `printed` says anything that `original` does not.
std::optional<std::string> MissingAttributeFields(
    std::string_view original, std::string_view printed,
    std::initializer_list<int> skip = {});

/// What a TensorProto says of how its data is stored.
struct TensorStorage {
  std::string_view name;
  bool typed_data = false;        // float_data, int32_data...
  bool explicit_default = false;  // data_location is given, and DEFAULT
  std::string external_data;      // as in text: ["location": "...", ...]
};
TensorStorage TensorStorageOf(std::string_view message);

// --- Spelling

/// A name: as it is if it is an identifier and cannot be taken for a type or a
/// number, else in quotes.
void AppendTextId(std::string_view name, std::string* out);
/// In quotes if it is not an identifier.
void AppendTextWord(std::string_view word, std::string* out);
void AppendTextString(std::string_view text, std::string* out);
/// "#@ KEY: ", the value and a line break.
void AppendHexNote(std::string_view key, std::string_view bytes,
                   std::string* out);
void AppendStringNote(std::string_view key, std::string_view text,
                      std::string* out);

}  // namespace onnxopt

#endif  // ONNXOPT_FRONTEND_TEXT_FIELDS_H_
