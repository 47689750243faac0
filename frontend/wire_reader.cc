// SPDX-License-Identifier: Apache-2.0
#include "frontend/wire_reader.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <protozero/exception.hpp>
#include <protozero/varint.hpp>

namespace onnxopt {
namespace {

// Deepest nesting of groups, which ONNX itself does not use.
constexpr int kMaxGroups = 64;

// protozero throws on malformed varints.
bool DecodeVarint(const char** next, const char* end, uint64_t* value) {
  try {
    *value = protozero::decode_varint(next, end);
    return true;
  } catch (const protozero::exception&) {
    return false;
  }
}

}  // namespace

bool WireReader::ReadVarint(uint64_t* value) {
  return DecodeVarint(&next_, end_, value);
}

bool WireReader::ReadFixed(size_t size) {
  if (static_cast<size_t>(end_ - next_) < size) return false;
  number_ = 0;
  std::memcpy(&number_, next_, size);
  next_ += size;
  return true;
}

bool WireReader::SkipGroup(int field, int depth) {
  if (depth > kMaxGroups) return false;
  uint64_t key = 0;
  while (ReadVarint(&key)) {
    type_ = static_cast<WireType>(key & 7);
    if (type_ == WireType::kGroupEnd) {
      return static_cast<int>(key >> 3) == field;
    }
    field_ = static_cast<int>(key >> 3);
    if (!ReadValue(depth)) return false;
  }
  return false;
}

bool WireReader::ReadValue(int depth) {
  switch (type_) {
    case WireType::kVarint:
      return ReadVarint(&number_);
    case WireType::kFixed64:
      return ReadFixed(8);
    case WireType::kFixed32:
      return ReadFixed(4);
    case WireType::kBytes: {
      uint64_t size = 0;
      if (!ReadVarint(&size) || size > static_cast<uint64_t>(end_ - next_)) {
        return false;
      }
      bytes_ = std::string_view(next_, size);
      next_ += size;
      return true;
    }
    case WireType::kGroupStart:
      return SkipGroup(field_, depth + 1);
    case WireType::kGroupEnd:
      return false;
  }
  return false;
}

bool WireReader::Next() {
  if (next_ == end_ || malformed_) return false;
  begin_ = next_;
  uint64_t key = 0;
  constexpr uint64_t kMaxKey = std::numeric_limits<uint32_t>::max();
  malformed_ = !ReadVarint(&key) || key > kMaxKey || key < 8;
  if (malformed_) return false;
  const int field = static_cast<int>(key >> 3);
  const WireType type = static_cast<WireType>(key & 7);
  field_ = field;
  type_ = type;
  malformed_ = !ReadValue(/*depth=*/0);
  // A group has overwritten them.
  field_ = field;
  type_ = type;
  return !malformed_;
}

absl::Status WireReader::status() const {
  if (!malformed_) return absl::OkStatus();
  return absl::InvalidArgumentError(
      "not a well-formed protobuf message; the file is truncated, damaged or "
      "not an ONNX model");
}

void RawFields::Add(std::string_view field) {
  if (empty()) {
    view_ = field;
  } else if (!copied() && view_.data() + view_.size() == field.data()) {
    view_ = std::string_view(view_.data(), view_.size() + field.size());
  } else {
    if (!copied()) copy_ = std::string(view_);
    copy_ += field;
  }
}

absl::Status AppendInts(const WireReader& reader, std::vector<int64_t>* out) {
  if (reader.type() == WireType::kVarint) {
    out->push_back(reader.int64());
    return absl::OkStatus();
  }
  const char* next = reader.bytes().data();
  const char* end = next + reader.bytes().size();
  while (next != end) {
    uint64_t value = 0;
    if (!DecodeVarint(&next, end, &value)) {
      return absl::InvalidArgumentError("a packed list of integers is damaged");
    }
    out->push_back(static_cast<int64_t>(value));
  }
  return absl::OkStatus();
}

absl::StatusOr<int64_t> CountInts(const WireReader& reader) {
  if (reader.type() == WireType::kVarint) return 1;
  const std::string_view bytes = reader.bytes();
  const auto is_last = [](char byte) { return (byte & 0x80) == 0; };
  if (!bytes.empty() && !is_last(bytes.back())) {
    return absl::InvalidArgumentError("a packed list of integers is damaged");
  }
  return std::count_if(bytes.begin(), bytes.end(), is_last);
}

absl::Status AppendFloats(const WireReader& reader, std::vector<float>* out) {
  if (reader.type() == WireType::kFixed32) {
    out->push_back(reader.float32());
    return absl::OkStatus();
  }
  const std::string_view bytes = reader.bytes();
  if (bytes.size() % sizeof(float) != 0) {
    return absl::InvalidArgumentError("a packed list of floats is damaged");
  }
  const size_t old_size = out->size();
  out->resize(old_size + bytes.size() / sizeof(float));
  if (!bytes.empty()) {
    std::memcpy(out->data() + old_size, bytes.data(), bytes.size());
  }
  return absl::OkStatus();
}

}  // namespace onnxopt
