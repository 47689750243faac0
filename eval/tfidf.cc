// SPDX-License-Identifier: Apache-2.0
// TfIdfVectorizer.
#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "eval/element_keys.h"
#include "eval/families.h"
#include "eval/ml_common.h"

namespace onnxopt::eval {
namespace {

// More steps take too long.
constexpr int64_t kMaxSteps = int64_t{1} << 36;

// The n-grams of the pool: a tree whose edges are words. Words are numbers
// here.
class Pool {
 public:
  static constexpr int64_t kUnknownWord = -1;
  static constexpr int64_t kRoot = 0;

  static absl::StatusOr<Pool> Of(const AttributeView& attributes,
                                 ElementType type) {
    Pool pool;
    std::vector<int64_t> words;
    if (type == ElementType::kString) {
      if (const auto* texts = attributes.Strings("pool_strings")) {
        for (const std::string_view text : *texts) {
          words.push_back(pool.NumberOf({text.data(), text.size()}));
        }
      }
    } else {
      ASSIGN_OR_RETURN(const TensorRef ints,
                       MakeInt64s(IntList(attributes, "pool_int64s")));
      RETURN_IF_ERROR(ForEachKey(*ints, [&](int64_t, absl::string_view key) {
        words.push_back(pool.NumberOf(key));
      }));
    }
    if (words.empty()) return Invalid("there is no pool for the input's type");
    RETURN_IF_ERROR(pool.AddAll(words, attributes));
    return pool;
  }

  int64_t num_ngrams() const { return num_ngrams_; }

  int64_t FindWord(absl::string_view key) const {
    const auto it = numbers_.find(key);
    return it == numbers_.end() ? kUnknownWord : it->second;
  }
  // The node after `node`; -1 if no n-gram goes on like this.
  int64_t Next(int64_t node, int64_t word) const {
    const auto it = edges_.find(std::pair(node, word));
    return it == edges_.end() ? -1 : it->second;
  }
  // Which n-gram ends at `node`; -1: none.
  int64_t NgramAt(int64_t node) const { return ngrams_[node]; }

 private:
  int64_t NumberOf(absl::string_view key) {
    return numbers_.emplace(key, numbers_.size()).first->second;
  }

  // ngram_counts says where the n-grams of each length begin in the pool.
  absl::Status AddAll(const std::vector<int64_t>& words,
                      const AttributeView& attributes) {
    const auto starts = IntList(attributes, "ngram_counts");
    const auto size = static_cast<int64_t>(words.size());
    for (size_t k = 0; k < starts.size(); ++k) {
      const auto length = static_cast<int64_t>(k) + 1;
      const int64_t end = k + 1 < starts.size() ? starts[k + 1] : size;
      if (starts[k] < 0 || end > size || starts[k] > end ||
          (end - starts[k]) % length != 0) {
        return Invalid("ngram_counts do not fit the pool");
      }
      for (int64_t at = starts[k]; at < end; at += length) {
        RETURN_IF_ERROR(Add(std::span(words).subspan(at, length)));
      }
    }
    return absl::OkStatus();
  }

  absl::Status Add(std::span<const int64_t> words) {
    int64_t node = kRoot;
    for (const int64_t word : words) {
      const auto next = static_cast<int64_t>(ngrams_.size());
      const auto [it, is_new] = edges_.emplace(std::pair(node, word), next);
      if (is_new) ngrams_.push_back(-1);
      node = it->second;
    }
    if (ngrams_[node] >= 0) return Invalid("an n-gram is there twice");
    ngrams_[node] = num_ngrams_++;
    return absl::OkStatus();
  }

  absl::flat_hash_map<std::string, int64_t> numbers_;
  absl::flat_hash_map<std::pair<int64_t, int64_t>, int64_t> edges_;
  std::vector<int64_t> ngrams_ = {-1};  // by node
  int64_t num_ngrams_ = 0;
};

// Which lengths and gaps are looked for.
struct Shapes {
  static absl::StatusOr<Shapes> Of(const AttributeView& attributes) {
    const Shapes shapes{attributes.Int("min_gram_length", 0),
                        attributes.Int("max_gram_length", 0),
                        attributes.Int("max_skip_count", 0)};
    const auto starts = IntList(attributes, "ngram_counts");
    if (shapes.min_length < 1 || shapes.max_length < shapes.min_length ||
        shapes.max_length > static_cast<int64_t>(starts.size()) ||
        shapes.max_skip < 0) {
      return Invalid("wrong lengths of n-grams, or skip count");
    }
    return shapes;
  }

  int64_t min_length;
  int64_t max_length;
  int64_t max_skip;
};

// Calls count(ngram) for each n-gram in a row of words. Of one word there is
// nothing to skip.
template <typename Count>
void ForEachNgram(const Pool& pool, const Shapes& shapes,
                  std::span<const int64_t> row, Count count) {
  const auto size = static_cast<int64_t>(row.size());
  for (int64_t gap = 1; gap <= size && gap - 1 <= shapes.max_skip; ++gap) {
    for (int64_t start = 0; start < size; ++start) {
      int64_t node = Pool::kRoot;
      int64_t at = start;
      for (int64_t length = 1; length <= shapes.max_length && at < size;
           ++length, at += gap) {
        node = pool.Next(node, row[at]);
        if (node < 0) break;
        const int64_t ngram = pool.NgramAt(node);
        if (ngram >= 0 && length >= shapes.min_length &&
            (length > 1 || gap == 1)) {
          count(ngram);
        }
      }
    }
  }
}

// What a count of each column is multiplied with; none: nothing.
absl::StatusOr<std::vector<float>> WeightsOf(const AttributeView& attributes,
                                             std::string_view mode,
                                             int64_t columns) {
  const auto indexes = IntList(attributes, "ngram_indexes");
  const auto weights = FloatList(attributes, "weights");
  if (!weights.empty() && weights.size() != indexes.size()) {
    return Invalid("the weights are not one for each n-gram");
  }
  std::vector<float> by_column;
  if (weights.empty() || mode == "TF") return by_column;
  by_column.resize(columns);
  for (size_t k = 0; k < indexes.size(); ++k) {
    // Weights are of n-grams, but runtimes take them for those of columns.
    const auto column = static_cast<size_t>(indexes[k]);
    if (column >= weights.size() || weights[column] != weights[k]) {
      return Disputed("weights with n-grams in another order than columns");
    }
    by_column[column] = weights[k];
  }
  return by_column;
}

KernelOutputs TfIdfVectorizer(const KernelArgs& args) {
  const Tensor& x = *args.input(0);
  const AttributeView& attributes = args.attributes();
  if (RankOf(x) != 1 && RankOf(x) != 2) {
    return Invalid("the input is neither [N,C] nor [C]");
  }
  const std::string_view mode = attributes.String("mode", "");
  if (mode != "TF" && mode != "IDF" && mode != "TFIDF") {
    return Invalid(absl::StrCat("unknown mode '", std::string(mode), "'"));
  }
  ASSIGN_OR_RETURN(const Shapes shapes, Shapes::Of(attributes));
  ASSIGN_OR_RETURN(const Pool pool, Pool::Of(attributes, x.type()));
  const auto columns_of = IntList(attributes, "ngram_indexes");
  if (columns_of.empty() ||
      static_cast<int64_t>(columns_of.size()) < pool.num_ngrams() ||
      *std::min_element(columns_of.begin(), columns_of.end()) < 0) {
    return Invalid("ngram_indexes are too few, or negative");
  }
  const int64_t last = *std::max_element(columns_of.begin(), columns_of.end());
  const int64_t width = last < INT64_MAX ? last + 1 : last;
  const int64_t rows = RankOf(x) == 2 ? x.dims()[0] : 1;
  const int64_t length = x.dims().back();
  TensorDims dims = x.dims();
  dims.back() = width;
  ASSIGN_OR_RETURN(TensorBuilder out,
                   TensorBuilder::Create(ElementType::kFloat, std::move(dims)));
  if (out.num_elements() == 0) return Single(std::move(out).Finish());
  ASSIGN_OR_RETURN(const std::vector<float> weights,
                   WeightsOf(attributes, mode, width));
  const double steps = static_cast<double>(x.num_elements()) *
                       static_cast<double>(std::min(shapes.max_skip, length)) *
                       static_cast<double>(shapes.max_length);
  if (steps > kMaxSteps || x.num_elements() > kMaxStrings) {
    return absl::ResourceExhaustedError(
        "there are too many n-grams to look at");
  }
  std::vector<int64_t> words(x.num_elements());
  RETURN_IF_ERROR(ForEachKey(x, [&](int64_t i, absl::string_view key) {
    words[i] = pool.FindWord(key);
  }));
  for (int64_t i = 0; i < rows; ++i) {
    const auto counts = out.As<float>().subspan(i * width, width);
    ForEachNgram(pool, shapes, std::span(words).subspan(i * length, length),
                 [&](int64_t ngram) { counts[columns_of[ngram]] += 1; });
    for (int64_t k = 0; k < width; ++k) {
      if (mode == "IDF") counts[k] = std::min(counts[k], 1.0F);
      if (!weights.empty()) counts[k] *= weights[k];
    }
  }
  return Single(std::move(out).Finish());
}

}  // namespace

KernelList TfIdfKernels() { return {{"TfIdfVectorizer"_op, TfIdfVectorizer}}; }

}  // namespace onnxopt::eval
