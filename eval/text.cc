// SPDX-License-Identifier: Apache-2.0
// Operators on strings, which are UTF-8.
#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "eval/families.h"
#include "eval/ml_common.h"
#include "re2/re2.h"

namespace onnxopt::eval {
namespace {

KernelOutputs StringConcat(const KernelArgs& args) {
  const Tensor& x = *args.input(0);
  const Tensor& y = *args.input(1);
  std::optional<TensorDims> dims = BroadcastDims(x.dims(), y.dims());
  if (!dims) return Invalid("the shapes do not broadcast");
  if (NumElements(*dims).value_or(INT64_MAX) > kMaxStrings) {
    return absl::ResourceExhaustedError("the result has too many strings");
  }
  const std::array<Strides, 2> strides = {BroadcastStrides(x.dims(), *dims),
                                          BroadcastStrides(y.dims(), *dims)};
  std::vector<std::string> texts;
  size_t bytes = 0;
  ForEachRun(*dims, strides, [&](int64_t n, const auto& at, const auto& steps) {
    for (int64_t k = 0; k < n; ++k) {
      const std::string& a = x.strings()[at[0] + k * steps[0]];
      const std::string& b = y.strings()[at[1] + k * steps[1]];
      bytes += a.size() + b.size();
      if (bytes > Tensor::kMaxMaterializedBytes) return;
      texts.push_back(absl::StrCat(a, b));
    }
  });
  if (bytes > Tensor::kMaxMaterializedBytes) {
    return absl::ResourceExhaustedError("the result is too long");
  }
  return Single(Tensor::Strings(*std::move(dims), std::move(texts)));
}

KernelOutputs RegexFullMatch(const KernelArgs& args) {
  const Tensor& x = *args.input(0);
  const std::optional<std::string_view> pattern =
      args.attributes().String("pattern");
  if (!pattern) return Invalid("there is no pattern");
  RE2::Options options;
  options.set_log_errors(false);
  const RE2 regex(re2::StringPiece(pattern->data(), pattern->size()), options);
  if (!regex.ok()) {
    return Invalid(absl::StrCat("wrong pattern: ", regex.error()));
  }
  ASSIGN_OR_RETURN(
      TensorBuilder out,
      TensorBuilder::Create(ElementType::kBool, TensorDims(x.dims())));
  for (int64_t i = 0; i < out.num_elements(); ++i) {
    out.bytes()[i] = RE2::FullMatch(x.strings()[i], regex) ? 1 : 0;
  }
  return Single(std::move(out).Finish());
}

// White space of Unicode but for the space; which of it separates words is
// something runtimes differ in.
constexpr std::array<std::string_view, 28> kOtherSpaces = {
    "\t",     "\n",     "\v",     "\f",     "\r",     "\x1c",   "\x1d",
    "\x1e",   "\x1f",   "\u0085", "\u00a0", "\u1680", "\u2000", "\u2001",
    "\u2002", "\u2003", "\u2004", "\u2005", "\u2006", "\u2007", "\u2008",
    "\u2009", "\u200a", "\u2028", "\u2029", "\u202f", "\u205f", "\u3000"};

using Pieces = std::vector<std::string_view>;

// Words between spaces; the last of more than `limit` + 1 is the rest.
absl::StatusOr<Pieces> Words(std::string_view text, size_t limit) {
  for (const std::string_view space : kOtherSpaces) {
    if (text.find(space) != std::string_view::npos) {
      return Disputed("white space that is not ' '");
    }
  }
  Pieces words;
  text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
  text = text.substr(0, text.find_last_not_of(' ') + 1);
  while (!text.empty() && words.size() < limit) {
    const size_t end = text.find(' ');
    if (end == std::string_view::npos) break;
    words.push_back(text.substr(0, end));
    text.remove_prefix(text.find_first_not_of(' ', end));
  }
  if (!text.empty()) words.push_back(text);
  return words;
}

absl::StatusOr<Pieces> Split(std::string_view text, std::string_view delimiter,
                             size_t limit) {
  if (delimiter.empty()) return Words(text, limit);
  Pieces pieces;
  if (text.empty()) return pieces;  // as in ONNX Runtime
  while (pieces.size() < limit) {
    const size_t end = text.find(delimiter);
    if (end == std::string_view::npos) break;
    pieces.push_back(text.substr(0, end));
    text.remove_prefix(end + delimiter.size());
  }
  pieces.push_back(text);
  return pieces;
}

KernelOutputs StringSplit(const KernelArgs& args) {
  const Tensor& x = *args.input(0);
  const std::string_view delimiter = args.attributes().String("delimiter", "");
  const int64_t maxsplit = args.attributes().Int("maxsplit", -1);
  const size_t limit = maxsplit < 0 ? SIZE_MAX : static_cast<size_t>(maxsplit);
  std::vector<Pieces> pieces;
  size_t longest = 0;
  ASSIGN_OR_RETURN(
      TensorBuilder counts,
      TensorBuilder::Create(ElementType::kInt64, TensorDims(x.dims())));
  for (const std::string& text : x.strings()) {
    ASSIGN_OR_RETURN(Pieces parts, Split(text, delimiter, limit));
    counts.As<int64_t>()[pieces.size()] = static_cast<int64_t>(parts.size());
    longest = std::max(longest, parts.size());
    pieces.push_back(std::move(parts));
  }
  if (!pieces.empty() && longest > kMaxStrings / pieces.size()) {
    return absl::ResourceExhaustedError("the result has too many strings");
  }
  std::vector<std::string> texts(pieces.size() * longest);
  for (size_t i = 0; i < pieces.size(); ++i) {
    std::copy(pieces[i].begin(), pieces[i].end(),
              texts.begin() + static_cast<int64_t>(i * longest));
  }
  TensorDims dims = x.dims();
  dims.push_back(static_cast<int64_t>(longest));
  std::vector<TensorRef> outputs(2);
  ASSIGN_OR_RETURN(outputs[0],
                   Tensor::Strings(std::move(dims), std::move(texts)));
  ASSIGN_OR_RETURN(outputs[1], std::move(counts).Finish());
  return outputs;
}

// Changes the case of ASCII text; that of other text depends on the locale.
class CaseChange {
 public:
  enum Kind : uint8_t { kNone, kLower, kUpper };

  static absl::StatusOr<Kind> KindOf(std::string_view name) {
    if (name == "NONE") return kNone;
    if (name == "LOWER") return kLower;
    if (name == "UPPER") return kUpper;
    return Invalid(
        absl::StrCat("unknown case_change_action '", std::string(name), "'"));
  }

  explicit CaseChange(std::string_view locale)
      : is_english_(locale.empty() || locale == "C" || locale == "POSIX" ||
                    locale.starts_with("C.") || locale.starts_with("en")) {}

  absl::StatusOr<std::string> Apply(Kind kind, std::string_view text) const {
    if (kind == kNone) return std::string(text);
    const bool is_ascii =
        std::all_of(text.begin(), text.end(), absl::ascii_isascii);
    if (!is_english_ || !is_ascii) {
      return absl::UnimplementedError(
          "the case of text that is not ASCII, or not English, is not known");
    }
    const std::string copy(text);
    return kind == kLower ? absl::AsciiStrToLower(copy)
                          : absl::AsciiStrToUpper(copy);
  }

 private:
  bool is_english_;
};

KernelOutputs StringNormalizer(const KernelArgs& args) {
  const Tensor& x = *args.input(0);
  const AttributeView& attributes = args.attributes();
  TensorDims dims = x.dims();
  if (dims.size() != 1 && (dims.size() != 2 || dims[0] != 1)) {
    return Invalid("the input is neither [C] nor [1,C]");
  }
  ASSIGN_OR_RETURN(
      const CaseChange::Kind kind,
      CaseChange::KindOf(attributes.String("case_change_action", "NONE")));
  const CaseChange change(attributes.String("locale", ""));
  const auto* stopwords = attributes.Strings("stopwords");
  const bool ignores_case = attributes.Int("is_case_sensitive", 0) == 0;
  // Either case would do for comparisons.
  const CaseChange::Kind compared =
      ignores_case ? CaseChange::kLower : CaseChange::kNone;
  absl::flat_hash_set<std::string> dropped;
  if (stopwords != nullptr) {
    for (const std::string_view word : *stopwords) {
      ASSIGN_OR_RETURN(std::string key, change.Apply(compared, word));
      dropped.insert(std::move(key));
    }
  }
  std::vector<std::string> texts;
  for (const std::string& text : x.strings()) {
    if (!dropped.empty()) {
      ASSIGN_OR_RETURN(const std::string key, change.Apply(compared, text));
      if (dropped.contains(key)) continue;
    }
    ASSIGN_OR_RETURN(texts.emplace_back(), change.Apply(kind, text));
  }
  if (texts.empty()) texts.emplace_back();
  dims.back() = static_cast<int64_t>(texts.size());
  return Single(Tensor::Strings(std::move(dims), std::move(texts)));
}

}  // namespace

KernelList TextKernels() {
  return {{"RegexFullMatch"_op, RegexFullMatch},
          {"StringConcat"_op, StringConcat},
          {"StringNormalizer"_op, StringNormalizer},
          {"StringSplit"_op, StringSplit}};
}

}  // namespace onnxopt::eval
