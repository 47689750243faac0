// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <map>

#include "test/random_graphs/samplers.h"

namespace onnxopt::random_graphs {
namespace {

using Ints = std::vector<int64_t>;

struct Heads {
  bool flat = false;  // [batch, length, heads * size], not 4-D
  int64_t batch = 1;

  TensorDims Dims(int64_t heads, int64_t length, int64_t size) const {
    if (flat) return {batch, length, heads * size};
    return {batch, heads, length, size};
  }
};

// Every query sees the first key: what one that sees none gets, the operator
// does not say.
void ChooseMask(NodeDraft& d, const TensorDims& dims) {
  if (d.rng().Percent(50)) {
    return d.Choose(3, dims, Numbers::kFinite, d.element(0));
  }
  std::vector<double> seen(*NumElements(dims));
  for (size_t i = 0; i < seen.size(); ++i) {
    seen[i] = i % dims.back() == 0 || d.rng().Percent(60) ? 1 : 0;
  }
  d.ChooseParameter(3, TensorOf(ElementType::kBool, dims, seen));
}

void SampleAttention(NodeDraft& d) {
  const Heads heads{d.rng().Percent(50), d.rng().Between(1, 2)};
  const int64_t kv_heads = d.rng().Between(1, 2);
  const int64_t q_heads = kv_heads * d.rng().Between(1, 2);
  const int64_t length = d.rng().Between(1, 4);
  const int64_t size = d.rng().Between(1, 4);
  const int64_t value_size = d.rng().Percent(60) ? size : d.rng().Between(1, 4);
  const int64_t kv_length =
      d.rng().Percent(40) ? length : d.rng().Between(1, 5);
  d.Choose(0, heads.Dims(q_heads, length, size));
  d.Choose(1, heads.Dims(kv_heads, kv_length, size));
  d.Choose(2, heads.Dims(kv_heads, kv_length, value_size), std::nullopt,
           d.ElementFor(0));
  if (d.failed()) return;
  int64_t total = kv_length;
  if (d.Wants(4, 30)) {
    const int64_t past = d.rng().Between(1, 3);
    total += past;
    d.Choose(4, {heads.batch, kv_heads, past, size});
    d.Choose(5, {heads.batch, kv_heads, past, value_size});
  }
  if (d.Wants(3, 50)) {
    TensorDims mask = {length, total};
    if (d.rng().Percent(50)) mask.insert(mask.begin(), {heads.batch, q_heads});
    for (size_t i = 0; i + 2 < mask.size(); ++i) {
      if (d.rng().Percent(40)) mask[i] = 1;
    }
    ChooseMask(d, mask);
  }
  if (heads.flat) {
    d.SetInt("q_num_heads", q_heads);
    d.SetInt("kv_num_heads", kv_heads);
  }
  if (d.rng().Percent(40)) d.SetInt("is_causal", 1);
  if (d.rng().Percent(30)) d.SetFloat("scale", d.rng().Of({0.25F, 1.0F}));
  if (d.rng().Percent(25)) d.SetFloat("softcap", d.rng().Of({1.0F, 4.0F}));
  if (!d.rng().Percent(35)) return;
  const bool has_past = d.Has(4);
  const bool scores = d.rng().Percent(50);
  if (!has_past && !scores) return;
  if (scores) d.SetInt("qk_matmul_output_mode", d.rng().Between(0, 3));
  d.SetOutputs(scores ? 4 : 3);
}

void SampleRotaryEmbedding(NodeDraft& d) {
  const Heads heads{d.rng().Percent(50), d.rng().Between(1, 2)};
  const int64_t count = d.rng().Between(1, 3);
  const int64_t length = d.rng().Between(1, 4);
  const int64_t size = 2 * d.rng().Between(1, 4);
  const bool partial = size > 2 && d.rng().Percent(30);
  const int64_t rotated = partial ? 2 * d.rng().Between(1, size / 2) : size;
  d.Choose(0, heads.Dims(count, length, size));
  TensorDims cache = {heads.batch, length, rotated / 2};
  if (d.Wants(3, 60)) {
    const int64_t positions = d.rng().Between(1, 6);
    cache = {positions, rotated / 2};
    std::vector<double> ids(heads.batch * length);
    for (double& id : ids) {
      id = static_cast<double>(d.rng().Between(0, positions - 1));
    }
    d.ChooseParameter(
        3, TensorOf(ElementType::kInt64, {heads.batch, length}, ids));
  }
  d.Choose(1, cache);
  d.Choose(2, cache);
  if (heads.flat) d.SetInt("num_heads", count);
  if (partial) d.SetInt("rotary_embedding_dim", rotated);
  if (d.rng().Percent(50)) d.SetInt("interleaved", d.rng().Between(0, 1));
}

void SampleEinsum(NodeDraft& d) {
  const std::string_view equation =
      d.rng().Of<std::string_view>({"ij,jk->ik",
                                    "ij,jk",
                                    "bij,bjk->bik",
                                    "ij->ji",
                                    "ii->i",
                                    "ii",
                                    "ij->",
                                    "i,j->ij",
                                    "bhqd,bhkd->bhqk",
                                    "...ij,...jk->...ik",
                                    "...i->...",
                                    "ij,ij->i",
                                    "bij,bjk,kl->bil",
                                    " a b , b c -> c a",
                                    "iij->ij",
                                    "...,...->...",
                                    "ab...,bc...->ac...",
                                    "i,i->",
                                    "bid,jd->bij",
                                    "ij,i->j",
                                    "abc,cd->abd",
                                    "i,ij,j->"});
  std::map<char, int64_t> sizes;
  const int64_t dots = d.rng().Between(0, 2);
  int operand = 0;
  TensorDims dims;
  const std::string_view terms = equation.substr(0, equation.find('-'));
  const ElementType element = d.ElementFor(0);
  for (size_t i = 0; i <= terms.size(); ++i) {
    if (i == terms.size() || terms[i] == ',') {
      d.Choose(operand++, dims, Numbers::kFinite, element);
      dims.clear();
    } else if (terms[i] == '.') {
      i += 2;
      for (int64_t k = 0; k < dots; ++k) {
        dims.push_back(2 + (d.rng().Percent(20) ? -1 : k));
      }
    } else if (terms[i] != ' ') {
      dims.push_back(sizes.emplace(terms[i], d.SomeDim()).first->second);
    }
  }
  d.SetString("equation", equation);
}

}  // namespace

SamplerList AttentionSamplers() {
  return {
      {"Attention"_op, SampleAttention, 3, 4},
      {"RotaryEmbedding"_op, SampleRotaryEmbedding, 3, 4},
      {"Einsum"_op, SampleEinsum},
  };
}

}  // namespace onnxopt::random_graphs
