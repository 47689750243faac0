// SPDX-License-Identifier: Apache-2.0
// Walking over the fields of a protobuf message.
#ifndef ONNXOPT_FRONTEND_WIRE_READER_H_
#define ONNXOPT_FRONTEND_WIRE_READER_H_

#include <bit>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "frontend/wire_writer.h"

namespace onnxopt {

/// A cursor over the fields of one message, in file order. Never reads outside
/// `message`, never throws; a malformed message ends the walk:
///
///   WireReader reader(message);
///   while (reader.Next()) { switch (reader.field()) {...} }
///   RETURN_IF_ERROR(reader.status());
class WireReader {
 public:
  explicit WireReader(std::string_view message)
      : next_(message.data()), end_(message.data() + message.size()) {}

  /// Steps to the next field; false at the end and when the rest is malformed.
  bool Next();
  absl::Status status() const;

  int field() const { return field_; }
  WireType type() const { return type_; }
  bool Is(int field, WireType type) const {
    return field_ == field && type_ == type;
  }
  /// The whole field, key included.
  std::string_view raw() const {
    return {begin_, static_cast<size_t>(next_ - begin_)};
  }

  /// Value of a kVarint field.
  uint64_t varint() const { return number_; }
  int64_t int64() const { return static_cast<int64_t>(number_); }
  /// Value of a kFixed32 field.
  float float32() const {
    return std::bit_cast<float>(static_cast<uint32_t>(number_));
  }
  /// Contents of a kBytes field.
  std::string_view bytes() const { return bytes_; }

 private:
  bool ReadVarint(uint64_t* value);
  bool ReadFixed(size_t size);
  bool SkipGroup(int field, int depth);
  bool ReadValue(int depth);

  const char* begin_ = nullptr;
  const char* next_;
  const char* end_;
  int field_ = 0;
  WireType type_ = WireType::kVarint;
  uint64_t number_ = 0;
  std::string_view bytes_;
  bool malformed_ = false;
};

/// Collects fields that are kept verbatim. One field or several adjacent ones
/// stay a view of the message; otherwise they are copied.
class RawFields {
 public:
  void Add(std::string_view field);
  bool empty() const { return view_.empty() && copy_.empty(); }
  /// All fields, in order. Valid as long as the message if !copied(), else as
  /// long as this object.
  std::string_view fields() const { return copied() ? copy_ : view_; }
  bool copied() const { return !copy_.empty(); }

 private:
  std::string_view view_;
  std::string copy_;
};

/// Appends the numbers of a repeated field, packed or not: the reader is at a
/// kVarint or kBytes field. Fails if the packed bytes are malformed.
absl::Status AppendInts(const WireReader& reader, std::vector<int64_t>* out);
/// Likewise for float; the reader is at a kFixed32 or kBytes field.
absl::Status AppendFloats(const WireReader& reader, std::vector<float>* out);
/// How many numbers AppendInts would append, without decoding them.
absl::StatusOr<int64_t> CountInts(const WireReader& reader);

}  // namespace onnxopt

#endif  // ONNXOPT_FRONTEND_WIRE_READER_H_
