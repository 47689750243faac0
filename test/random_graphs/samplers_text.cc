// SPDX-License-Identifier: Apache-2.0
// Operators on strings.
#include <algorithm>
#include <set>

#include "test/random_graphs/samplers.h"

namespace onnxopt::random_graphs {
namespace {

using Texts = std::vector<std::string_view>;

const Texts& Words() {
  static const auto& words = *new Texts{"one",
                                        "One",
                                        "TWO",
                                        "two",
                                        "",
                                        "a,b",
                                        "a b  c",
                                        " a ",
                                        ",x,,y,",
                                        "zwölf",
                                        "\u20ac\U0001f600",
                                        "a1b22"};
  return words;
}

void SampleStringConcat(NodeDraft& d) {
  const TensorDims dims = d.SomeDims();
  d.ChooseData(0, RandomTexts(d.rng(), Words(), dims));
  d.ChooseData(1, RandomTexts(d.rng(), Words(), d.BroadcastableWith(dims)));
}

void SampleRegexFullMatch(NodeDraft& d) {
  d.ChooseData(0, RandomTexts(d.rng(), Words(), d.SomeDims()));
  d.SetString("pattern", d.rng().Of({"[a-z]*", ".*b.*", "(one|TWO)", "a\\d.*",
                                     "[^,]+", "", "\\p{L}+"}));
}

void SampleStringNormalizer(NodeDraft& d) {
  const int64_t count = d.rng().Between(1, 6);
  // Of few words, all may be stopwords.
  const Texts words(Words().begin(),
                    Words().begin() + (d.rng().Percent(30) ? 3 : 12));
  d.ChooseData(0, RandomTexts(d.rng(), words,
                              d.rng().Percent(50) ? TensorDims{count}
                                                  : TensorDims{1, count}));
  if (d.rng().Percent(75)) {
    d.SetString("case_change_action", d.rng().Of({"NONE", "LOWER", "UPPER"}));
  }
  if (d.rng().Percent(60)) {
    d.SetInt("is_case_sensitive", d.rng().Between(0, 1));
  }
  // Few machines have the default, which is en_US.
  if (d.rng().Percent(90)) d.SetString("locale", "C");
  if (d.rng().Percent(60)) {
    d.SetStrings("stopwords", {d.rng().Of(words), d.rng().Of(words)});
  }
}

void SampleStringSplit(NodeDraft& d) {
  d.ChooseData(0, RandomTexts(d.rng(), Words(), d.SomeDims()));
  if (d.rng().Percent(70)) {
    d.SetString("delimiter", d.rng().Of({"", " ", ",", "b", ",,", "zw"}));
  }
  if (d.rng().Percent(40)) d.SetInt("maxsplit", d.rng().Between(0, 3));
  d.SetOutputs(2);
}

// The n-grams of TfIdfVectorizer, as numbers of words.
struct Pool {
  std::vector<int64_t> words;
  std::vector<int64_t> starts;  // of each length
  int64_t num_ngrams = 0;
};

Pool DrawPool(Rng& rng, int64_t max_length, int64_t num_words) {
  Pool pool;
  for (int64_t length = 1; length <= max_length; ++length) {
    pool.starts.push_back(static_cast<int64_t>(pool.words.size()));
    std::set<std::vector<int64_t>> ngrams;
    const int64_t wanted = rng.Between(length == max_length ? 1 : 0, 4);
    for (int64_t i = 0; i < wanted; ++i) {
      std::vector<int64_t> ngram(length);
      for (int64_t& word : ngram) word = rng.Between(0, num_words - 1);
      if (!ngrams.insert(ngram).second) continue;
      pool.words.insert(pool.words.end(), ngram.begin(), ngram.end());
    }
    pool.num_ngrams += static_cast<int64_t>(ngrams.size());
  }
  return pool;
}

void SampleTfIdfVectorizer(NodeDraft& d) {
  constexpr int64_t kNumWords = 4;
  Rng& rng = d.rng();
  const int64_t length = rng.Between(1, 7);
  const TensorDims dims = rng.Percent(50)
                              ? TensorDims{length}
                              : TensorDims{rng.Between(1, 3), length};
  const int64_t max_length = rng.Between(1, 3);
  const Pool pool = DrawPool(rng, max_length, kNumWords);
  if (rng.Percent(40)) {
    const Texts words(Words().begin(), Words().begin() + kNumWords + 1);
    d.ChooseData(0, RandomTexts(rng, words, dims));
    Texts texts;
    for (const int64_t word : pool.words) texts.push_back(Words()[word]);
    d.SetStrings("pool_strings", texts);
  } else {
    std::vector<double> words(*NumElements(dims));
    for (double& word : words) {
      word = static_cast<double>(rng.Between(0, kNumWords));
    }
    d.ChooseData(
        0, TensorOf(rng.Percent(50) ? ElementType::kInt32 : ElementType::kInt64,
                    dims, words));
    d.SetInts("pool_int64s", pool.words);
  }
  d.SetString("mode", rng.Of({"TF", "IDF", "TFIDF"}));
  d.SetInt("min_gram_length", rng.Between(1, max_length));
  d.SetInt("max_gram_length", max_length);
  d.SetInt("max_skip_count", rng.Between(0, 2));
  d.SetInts("ngram_counts", pool.starts);
  std::vector<int64_t> columns;
  for (int64_t i = 0; i < pool.num_ngrams; ++i) columns.push_back(i);
  if (rng.Percent(40)) rng.Shuffle(columns);
  d.SetInts("ngram_indexes", columns);
  if (rng.Percent(50)) d.SetFloats("weights", SomeFloats(rng, pool.num_ngrams));
}

}  // namespace

SamplerList TextSamplers() {
  return {
      {"RegexFullMatch"_op, SampleRegexFullMatch},
      {"StringConcat"_op, SampleStringConcat},
      {"StringNormalizer"_op, SampleStringNormalizer, 1, 2},
      {"StringSplit"_op, SampleStringSplit},
      {"TfIdfVectorizer"_op, SampleTfIdfVectorizer, 1, 2},
  };
}

}  // namespace onnxopt::random_graphs
