// SPDX-License-Identifier: Apache-2.0
#include "support/suggest.h"

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <vector>

namespace onnxopt {
namespace {

// Insertions, deletions and replacements that make `a` into `b`.
size_t EditDistance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), 0);
  for (size_t i = 0; i < a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i + 1;
    for (size_t j = 0; j < b.size(); ++j) {
      const size_t replaced = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, row[j] + 1, row[j + 1] + 1});
    }
  }
  return row[b.size()];
}

}  // namespace

std::string_view NearestName(std::string_view wanted,
                             std::span<const std::string_view> candidates) {
  // Beyond this many typing errors a suggestion would be a guess.
  size_t best = wanted.size() / 3 + 2;
  std::string_view nearest;
  for (std::string_view candidate : candidates) {
    // The difference in length is a lower bound, and a long `wanted` costs no
    // time.
    const size_t shorter = std::min(wanted.size(), candidate.size());
    const size_t longer = std::max(wanted.size(), candidate.size());
    if (longer - shorter >= best) continue;
    const size_t distance = EditDistance(wanted, candidate);
    if (distance >= best) continue;
    best = distance;
    nearest = candidate;
  }
  return nearest;
}

}  // namespace onnxopt
