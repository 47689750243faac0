// SPDX-License-Identifier: Apache-2.0
// Writing protobuf wire format around data that stays where it is.
#ifndef ONNXOPT_FRONTEND_WIRE_WRITER_H_
#define ONNXOPT_FRONTEND_WIRE_WRITER_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "ir/tensor.h"
#include "support/buffer.h"

namespace onnxopt {

/// Wire types of the protobuf encoding.
enum class WireType : uint8_t {
  kVarint = 0,
  kFixed64 = 1,
  kBytes = 2,
  kGroupStart = 3,
  kGroupEnd = 4,
  kFixed32 = 5,
};

/// Builds a message. Large contents are not copied: they are remembered as
/// splices, and whoever sends the message to a file inserts them there.
class WireWriter {
 public:
  /// Contents inserted before byte `at` of small(). Either bytes that `buffer`
  /// holds, or those of `tensor`, produced piece by piece.
  struct Splice {
    size_t at;
    std::string_view bytes;
    std::shared_ptr<const Buffer> buffer;
    TensorRef tensor;
    size_t size() const {
      return tensor ? static_cast<size_t>(tensor->byte_size()) : bytes.size();
    }
  };
  /// Contents shorter than this are copied.
  static constexpr size_t kMinSpliceBytes = 1 << 12;

  void Varint(int field, uint64_t value);
  void Int(int field, int64_t value) {
    Varint(field, static_cast<uint64_t>(value));
  }
  void Float(int field, float value);
  void Bytes(int field, std::string_view value);
  /// Bytes only if there are any.
  void OptionalBytes(int field, std::string_view value) {
    if (!value.empty()) Bytes(field, value);
  }
  /// Encoded fields, verbatim. `buffer` holds `fields` (null: copied).
  void Raw(std::string_view fields, std::shared_ptr<const Buffer> buffer);
  void Raw(std::string_view fields) { Raw(fields, nullptr); }
  /// A bytes field whose content is that of a tensor.
  void TensorBytes(int field, const TensorRef& tensor);

  /// A submessage: the fields written between Begin and the End that gets its
  /// result.
  [[nodiscard]] size_t Begin(int field);
  void End(size_t begin);

  /// Bytes of the message, splices included.
  size_t size() const { return small_.size() + spliced_; }
  const std::string& small() const { return small_; }
  /// In ascending order of `at`.
  const std::vector<Splice>& splices() const { return splices_; }

 private:
  void Key(int field, WireType type);
  void RawVarint(uint64_t value);

  struct Open {
    size_t at;       // of the length byte, in small_
    size_t spliced;  // before the submessage
    size_t splices;
  };
  std::string small_;
  std::vector<Splice> splices_;
  std::vector<Open> open_;
  size_t spliced_ = 0;
};

/// Appends `value` in base-128 varint encoding.
void AppendVarint(uint64_t value, std::string* out);

}  // namespace onnxopt

#endif  // ONNXOPT_FRONTEND_WIRE_WRITER_H_
