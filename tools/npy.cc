// SPDX-License-Identifier: Apache-2.0
#include "tools/npy.h"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <iterator>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "eval/dense.h"
#include "fmt/format.h"
#include "support/status.h"
#include "support/text_escape.h"

namespace onnxopt {
namespace {

constexpr std::string_view kMagic("\x93NUMPY", 6);
constexpr size_t kAlignment = 64;

struct NumpyType {
  std::string_view code;  // kind and bytes, as after the byte order
  ElementType type;
};
constexpr NumpyType kTypes[] = {
    {"f4", ElementType::kFloat},     {"f8", ElementType::kDouble},
    {"f2", ElementType::kFloat16},   {"b1", ElementType::kBool},
    {"i1", ElementType::kInt8},      {"i2", ElementType::kInt16},
    {"i4", ElementType::kInt32},     {"i8", ElementType::kInt64},
    {"u1", ElementType::kUint8},     {"u2", ElementType::kUint16},
    {"u4", ElementType::kUint32},    {"u8", ElementType::kUint64},
    {"c8", ElementType::kComplex64}, {"c16", ElementType::kComplex128},
};

struct Header {
  std::string descr;
  bool fortran_order = false;
  TensorDims dims;
};

// The header is a Python dict with three keys in any order.
class HeaderParser {
 public:
  explicit HeaderParser(std::string_view text) : rest_(text) {}

  absl::StatusOr<Header> Parse() {
    Header header;
    bool has_descr = false, has_order = false, has_shape = false;
    if (!Take('{')) return Bad();
    while (!Take('}')) {
      const std::optional<std::string_view> key = TakeString();
      if (!key || !Take(':')) return Bad();
      if (*key == "descr") {
        const std::optional<std::string_view> descr = TakeString();
        if (!descr) {
          return absl::UnimplementedError("structured arrays are not read");
        }
        header.descr = std::string(*descr);
        has_descr = true;
      } else if (*key == "fortran_order") {
        header.fortran_order = TakeWord("True");
        if (!header.fortran_order && !TakeWord("False")) return Bad();
        has_order = true;
      } else if (*key == "shape") {
        if (!TakeShape(&header.dims)) return Bad();
        has_shape = true;
      } else {
        return Bad();
      }
      if (!Take(',') && !rest_.starts_with('}')) return Bad();
    }
    if (!has_descr || !has_order || !has_shape) return Bad();
    return header;
  }

 private:
  static absl::Status Bad() {
    return absl::InvalidArgumentError("the header of the array is malformed");
  }
  void SkipSpaces() {
    rest_.remove_prefix(std::min(rest_.find_first_not_of(" \n"), rest_.size()));
  }
  bool TakeWord(std::string_view word) {
    SkipSpaces();
    if (!rest_.starts_with(word)) return false;
    rest_.remove_prefix(word.size());
    SkipSpaces();
    return true;
  }
  bool Take(char c) { return TakeWord({&c, 1}); }
  std::optional<std::string_view> TakeString() {
    SkipSpaces();
    if (!rest_.starts_with('\'') && !rest_.starts_with('"')) {
      return std::nullopt;
    }
    const size_t end = rest_.find(rest_.front(), 1);
    if (end == std::string_view::npos) return std::nullopt;
    const std::string_view text = rest_.substr(1, end - 1);
    rest_.remove_prefix(end + 1);
    SkipSpaces();
    return text;
  }
  bool TakeShape(TensorDims* dims) {
    if (!Take('(')) return false;
    while (!Take(')')) {
      int64_t dim = 0;
      const char* end = rest_.data() + rest_.size();
      const auto [next, error] = std::from_chars(rest_.data(), end, dim);
      if (error != std::errc() || dim < 0) return false;
      dims->push_back(dim);
      rest_.remove_prefix(static_cast<size_t>(next - rest_.data()));
      Take('L');  // of Python 2
      if (!Take(',') && !rest_.starts_with(')')) return false;
    }
    return true;
  }

  std::string_view rest_;
};

// Little-endian.
uint32_t LoadSize(std::string_view bytes) {
  uint32_t size = 0;
  for (size_t i = bytes.size(); i-- > 0;) {
    size = size << 8 | static_cast<uint8_t>(bytes[i]);
  }
  return size;
}

// The header's text; `file` becomes what comes after it.
absl::StatusOr<std::string_view> TakeHeader(std::string_view* file) {
  if (!file->starts_with(kMagic)) {
    return absl::InvalidArgumentError("this is no .npy file");
  }
  const std::string_view version = file->substr(kMagic.size(), 2);
  if (version.size() == 2 && (version[0] < 1 || version[0] > 3)) {
    return absl::UnimplementedError(
        fmt::format("version {}.{} of the .npy format is not known",
                    int{version[0]}, int{version[1]}));
  }
  const size_t size_at = kMagic.size() + 2;
  const size_t size_bytes = version.starts_with('\1') ? 2 : 4;
  if (file->size() >= size_at + size_bytes) {
    const size_t begin = size_at + size_bytes;
    const size_t size = LoadSize(file->substr(size_at, size_bytes));
    if (size <= file->size() - begin) {
      const std::string_view header = file->substr(begin, size);
      file->remove_prefix(begin + size);
      return header;
    }
  }
  return absl::InvalidArgumentError("the file ends within its header");
}

// Element i of the result, in row-major order, is at `next()` in a column-major
// array.
class ColumnMajorOrder {
 public:
  explicit ColumnMajorOrder(const TensorDims& dims)
      : dims_(dims), index_(dims.size()), strides_(dims.size()) {
    int64_t stride = 1;
    for (size_t i = 0; i < dims.size(); ++i) {
      strides_[i] = stride;
      stride *= dims[i];
    }
  }

  int64_t Next() {
    const int64_t at = offset_;
    for (size_t axis = dims_.size(); axis-- > 0;) {
      offset_ += strides_[axis];
      if (++index_[axis] < dims_[axis]) break;
      offset_ -= strides_[axis] * dims_[axis];
      index_[axis] = 0;
    }
    return at;
  }

 private:
  const TensorDims& dims_;
  TensorDims index_;
  TensorDims strides_;
  int64_t offset_ = 0;
};

absl::Status AppendUtf8(uint32_t code, std::string* text) {
  const auto add = [text](uint32_t byte) { *text += static_cast<char>(byte); };
  if (code > 0x10ffff || (code >= 0xd800 && code < 0xe000)) {
    return absl::InvalidArgumentError("a string holds no valid Unicode");
  }
  if (code < 0x80) {
    add(code);
    return absl::OkStatus();
  }
  const int more = code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
  constexpr uint32_t kLead[] = {0, 0xc0, 0xe0, 0xf0};
  add(kLead[more] | code >> (6 * more));
  for (int i = more; i-- > 0;) add(0x80 | (code >> (6 * i) & 0x3f));
  return absl::OkStatus();
}

// Of fixed length, filled up with zeros.
absl::StatusOr<std::string> ReadString(char kind, std::string_view bytes) {
  std::string text;
  if (kind == 'S') {
    text = std::string(bytes);
    text.erase(text.find_last_not_of('\0') + 1);
    return text;
  }
  std::vector<uint32_t> codes(bytes.size() / 4);
  std::memcpy(codes.data(), bytes.data(), bytes.size());
  while (!codes.empty() && codes.back() == 0) codes.pop_back();
  for (const uint32_t code : codes) RETURN_IF_ERROR(AppendUtf8(code, &text));
  return text;
}

absl::Status UnknownType(std::string_view descr) {
  if (descr.ends_with('O')) {
    return absl::UnimplementedError(
        "this is an array of Python objects, which are not read; save it with "
        "a type of numbers or strings");
  }
  return absl::UnimplementedError(
      fmt::format("arrays of type {} are not read", QuoteForMessage(descr)));
}

class ArrayReader {
 public:
  ArrayReader(Header header, std::string_view data,
              std::shared_ptr<const Buffer> file)
      : header_(std::move(header)), data_(data), file_(std::move(file)) {}

  absl::StatusOr<TensorRef> Read() {
    std::string_view code = header_.descr;
    const char order = code.empty() ? '\0' : code.front();
    const bool has_order =
        order == '<' || order == '>' || order == '|' || order == '=';
    if (has_order) code.remove_prefix(1);
    for (const NumpyType& known : kTypes) {
      if (known.code != code) continue;
      const int64_t size = BitWidth(known.type) / 8;
      RETURN_IF_ERROR(CheckData(order, size));
      return ReadNumbers(known.type, size);
    }
    int64_t length = 0;
    const std::string_view digits =
        code.substr(std::min<size_t>(1, code.size()));
    const char* end = digits.data() + digits.size();
    const auto [rest, error] = std::from_chars(digits.data(), end, length);
    if ((!code.starts_with('U') && !code.starts_with('S')) ||
        error != std::errc() || rest != end || length < 0 ||
        length > INT32_MAX) {
      return UnknownType(header_.descr);
    }
    const int64_t size = code[0] == 'U' ? 4 * length : length;
    RETURN_IF_ERROR(CheckData(order, size));
    return ReadStrings(code[0], size);
  }

 private:
  absl::Status CheckData(char order, int64_t size) {
    if (order == '>' && size > 1 && !header_.descr.starts_with(">S")) {
      return absl::UnimplementedError("big-endian arrays are not read");
    }
    const std::optional<int64_t> count = NumElements(header_.dims);
    int64_t wanted = 0;
    if (!count || __builtin_mul_overflow(*count, size, &wanted)) {
      return absl::InvalidArgumentError("the shape is too large");
    }
    count_ = *count;
    if (static_cast<int64_t>(data_.size()) == wanted) return absl::OkStatus();
    return absl::InvalidArgumentError(
        fmt::format("the array needs {} bytes of data, but the file holds {}",
                    wanted, data_.size()));
  }

  absl::StatusOr<TensorRef> ReadNumbers(ElementType type, int64_t size) {
    if (!header_.fortran_order) {
      return Tensor::Borrowed(type, std::move(header_.dims), data_, file_);
    }
    ASSIGN_OR_RETURN(eval::TensorBuilder builder,
                     eval::TensorBuilder::Create(type, header_.dims));
    ColumnMajorOrder order(header_.dims);
    char* to = builder.bytes().data();
    for (int64_t i = 0; i < count_; ++i, to += size) {
      std::memcpy(to, data_.data() + order.Next() * size,
                  static_cast<size_t>(size));
    }
    return std::move(builder).Finish();
  }

  absl::StatusOr<TensorRef> ReadStrings(char kind, int64_t size) {
    // Strings of length 0 take no bytes, so there can be too many of them.
    if (size == 0 && count_ > (1 << 20)) {
      return absl::InvalidArgumentError("the shape is too large");
    }
    std::vector<std::string> strings;
    ColumnMajorOrder order(header_.dims);
    for (int64_t i = 0; i < count_; ++i) {
      const int64_t at = header_.fortran_order ? order.Next() : i;
      ASSIGN_OR_RETURN(strings.emplace_back(),
                       ReadString(kind, data_.substr(at * size, size)));
    }
    return Tensor::Strings(std::move(header_.dims), std::move(strings));
  }

  Header header_;
  std::string_view data_;
  std::shared_ptr<const Buffer> file_;
  int64_t count_ = 0;
};

}  // namespace

absl::StatusOr<TensorRef> ReadNpy(std::shared_ptr<const Buffer> file) {
  std::string_view rest = file->bytes();
  ASSIGN_OR_RETURN(const std::string_view text, TakeHeader(&rest));
  ASSIGN_OR_RETURN(Header header, HeaderParser(text).Parse());
  return ArrayReader(std::move(header), rest, std::move(file)).Read();
}

bool NpyCanHold(ElementType type) {
  return std::any_of(std::begin(kTypes), std::end(kTypes),
                     [type](const NumpyType& t) { return t.type == type; });
}

std::string NpyHeader(ElementType type, const TensorDims& dims) {
  const auto known =
      std::find_if(std::begin(kTypes), std::end(kTypes),
                   [type](const NumpyType& t) { return t.type == type; });
  ONNXOPT_CHECK(known != std::end(kTypes));
  std::string text = fmt::format(
      "{{'descr': '{}{}', 'fortran_order': False, 'shape': ({}{}), }}",
      BitWidth(type) == 8 ? '|' : '<', known->code, fmt::join(dims, ", "),
      dims.size() == 1 ? "," : "");
  constexpr size_t kLongPrefix = kMagic.size() + 2 + 4;
  // Spaces and a newline end the header at a multiple of the alignment.
  const bool is_long = text.size() + kAlignment > UINT16_MAX;
  const size_t prefix = is_long ? kLongPrefix : kLongPrefix - 2;
  while ((prefix + text.size() + 1) % kAlignment != 0) text += ' ';
  text += '\n';
  std::string header(kMagic);
  header += is_long ? '\2' : '\1';
  header += '\0';
  for (size_t i = header.size(), shift = 0; i < prefix; ++i, shift += 8) {
    header += static_cast<char>(text.size() >> shift);
  }
  return header + text;
}

}  // namespace onnxopt
