// SPDX-License-Identifier: Apache-2.0
#include "support/interner.h"

#include <cstring>

#include "absl/container/flat_hash_set.h"
#include "support/arena.h"

namespace onnxopt {

struct Interner::Table {
  Arena bytes;
  absl::flat_hash_set<std::string_view> strings;
};

Interner::Interner() : table_(std::make_unique<Table>()) {}
Interner::~Interner() = default;

std::string_view Interner::Intern(std::string_view text) {
  return *table_->strings.lazy_emplace(text, [&](const auto& construct) {
    char* copy = static_cast<char*>(table_->bytes.Allocate(text.size()));
    if (!text.empty()) std::memcpy(copy, text.data(), text.size());
    construct(std::string_view(copy, text.size()));
  });
}

size_t Interner::size() const { return table_->strings.size(); }

}  // namespace onnxopt
