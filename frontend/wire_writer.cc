// SPDX-License-Identifier: Apache-2.0
#include "frontend/wire_writer.h"

#include <bit>
#include <utility>

#include "support/status.h"

namespace onnxopt {

void AppendVarint(uint64_t value, std::string* out) {
  while (value >= 0x80) {
    out->push_back(static_cast<char>(value | 0x80));
    value >>= 7;
  }
  out->push_back(static_cast<char>(value));
}

void WireWriter::RawVarint(uint64_t value) { AppendVarint(value, &small_); }

void WireWriter::Key(int field, WireType type) {
  RawVarint(static_cast<uint64_t>(field) << 3 | static_cast<uint64_t>(type));
}

void WireWriter::Varint(int field, uint64_t value) {
  Key(field, WireType::kVarint);
  RawVarint(value);
}

void WireWriter::Float(int field, float value) {
  Key(field, WireType::kFixed32);
  const uint32_t bits = std::bit_cast<uint32_t>(value);
  small_.append(reinterpret_cast<const char*>(&bits), sizeof(bits));
}

void WireWriter::Bytes(int field, std::string_view value) {
  Key(field, WireType::kBytes);
  RawVarint(value.size());
  small_ += value;
}

void WireWriter::Raw(std::string_view fields,
                     std::shared_ptr<const Buffer> buffer) {
  if (buffer == nullptr || fields.size() < kMinSpliceBytes) {
    small_ += fields;
    return;
  }
  splices_.push_back({small_.size(), fields, std::move(buffer), nullptr});
  spliced_ += fields.size();
}

void WireWriter::TensorBytes(int field, const TensorRef& tensor) {
  Key(field, WireType::kBytes);
  RawVarint(tensor->byte_size());
  splices_.push_back({small_.size(), {}, nullptr, tensor});
  spliced_ += tensor->byte_size();
}

size_t WireWriter::Begin(int field) {
  Key(field, WireType::kBytes);
  open_.push_back({small_.size(), spliced_, splices_.size()});
  // Most submessages are shorter than 128 bytes: one byte of length will do.
  small_.push_back('\0');
  return open_.size();
}

void WireWriter::End(size_t begin) {
  ONNXOPT_CHECK(begin == open_.size());
  const Open open = open_.back();
  open_.pop_back();
  const size_t length = small_.size() - open.at - 1 + spliced_ - open.spliced;
  std::string varint;
  AppendVarint(length, &varint);
  small_.replace(open.at, 1, varint);
  for (size_t i = open.splices; i < splices_.size(); ++i) {
    splices_[i].at += varint.size() - 1;
  }
}

}  // namespace onnxopt
