// SPDX-License-Identifier: Apache-2.0
#ifndef ONNXOPT_SUPPORT_ARENA_H_
#define ONNXOPT_SUPPORT_ARENA_H_

#include <array>
#include <cstddef>
#include <memory>
#include <new>
#include <utility>
#include <vector>

namespace onnxopt {

// Memory of one owner: bump allocation from growing blocks, freed pieces are
// kept in a list per size class and reused. All memory is returned to the
// system when the arena dies; destructors of objects in it are run by their
// owner (Delete), or not at all if they have nothing to do. Not thread-safe.
class Arena {
 public:
  static constexpr size_t kAlignment = 16;

  Arena() = default;
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;
  ~Arena();

  // `bytes` of uninitialized memory aligned to kAlignment; never null.
  void* Allocate(size_t bytes);
  // Takes back what Allocate(bytes) gave, with the same `bytes`.
  void Free(void* memory, size_t bytes);

  template <typename T, typename... Args>
  T* New(Args&&... args) {
    static_assert(alignof(T) <= kAlignment);
    return new (Allocate(sizeof(T))) T(std::forward<Args>(args)...);
  }
  // Runs the destructor and frees. T must be the type given to New.
  template <typename T>
  void Delete(T* object) {
    object->~T();
    Free(object, sizeof(T));
  }

  // Bytes taken from the system.
  size_t bytes_reserved() const { return bytes_reserved_; }

 private:
  struct FreePiece {
    FreePiece* next;
  };
  // Multiples of kAlignment up to kMaxSmall, then powers of two.
  static constexpr size_t kMaxSmall = 1024;
  static constexpr size_t kClasses = kMaxSmall / kAlignment + 65;

  static size_t ClassOf(size_t bytes);
  static size_t ClassBytes(size_t size_class);
  void* Bump(size_t bytes);

  std::array<FreePiece*, kClasses> free_ = {};
  std::vector<std::unique_ptr<std::byte[]>> blocks_;
  std::byte* next_ = nullptr;  // free part of the newest block
  size_t left_ = 0;
  size_t bytes_reserved_ = 0;
};

}  // namespace onnxopt

#endif  // ONNXOPT_SUPPORT_ARENA_H_
