// SPDX-License-Identifier: Apache-2.0
#ifndef ONNXOPT_SUPPORT_INTERNER_H_
#define ONNXOPT_SUPPORT_INTERNER_H_

#include <cstddef>
#include <memory>
#include <string_view>

namespace onnxopt {

// Keeps one copy of every string it is given. Not thread-safe.
class Interner {
 public:
  Interner();
  Interner(const Interner&) = delete;
  Interner& operator=(const Interner&) = delete;
  ~Interner();

  // A view of the same content, valid as long as the interner lives. Equal
  // content gives an equal data() pointer, so interned strings can be compared
  // by it; data() is never null, also for the empty string.
  std::string_view Intern(std::string_view text);

  // Number of different strings.
  size_t size() const;

 private:
  struct Table;
  std::unique_ptr<Table> table_;
};

}  // namespace onnxopt

#endif  // ONNXOPT_SUPPORT_INTERNER_H_
