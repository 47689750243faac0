// SPDX-License-Identifier: Apache-2.0
#include "support/arena.h"

#include <algorithm>
#include <bit>

#if defined(__SANITIZE_ADDRESS__)
#define ONNXOPT_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ONNXOPT_ASAN 1
#endif
#endif
#if defined(ONNXOPT_ASAN)
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(address, size) \
  (static_cast<void>(address), static_cast<void>(size))
#define ASAN_UNPOISON_MEMORY_REGION(address, size) \
  (static_cast<void>(address), static_cast<void>(size))
#endif

namespace onnxopt {
namespace {

// A small model should cost little, a large one few calls of the system.
constexpr size_t kFirstBlock = size_t{4} << 10;
constexpr size_t kLargestBlock = size_t{1} << 20;

}  // namespace

Arena::~Arena() = default;

size_t Arena::ClassOf(size_t bytes) {
  if (bytes <= kMaxSmall) {
    return (std::max<size_t>(bytes, 1) - 1) / kAlignment;
  }
  const auto log2 = static_cast<size_t>(std::bit_width(bytes - 1));
  return kMaxSmall / kAlignment + log2;
}

size_t Arena::ClassBytes(size_t size_class) {
  constexpr size_t kSmallClasses = kMaxSmall / kAlignment;
  if (size_class < kSmallClasses) return (size_class + 1) * kAlignment;
  return size_t{1} << (size_class - kSmallClasses);
}

// Freed and unused memory is poisoned under AddressSanitizer: with the free
// lists, use after free would otherwise go unseen.
void* Arena::Allocate(size_t bytes) {
  const size_t size_class = ClassOf(bytes);
  const size_t rounded = ClassBytes(size_class);
  FreePiece* piece = free_[size_class];
  if (piece == nullptr) {
    void* memory = Bump(rounded);
    ASAN_UNPOISON_MEMORY_REGION(memory, bytes);
    return memory;
  }
  ASAN_UNPOISON_MEMORY_REGION(piece, std::max(bytes, sizeof(FreePiece)));
  free_[size_class] = piece->next;
  return piece;
}

void Arena::Free(void* memory, size_t bytes) {
  const size_t size_class = ClassOf(bytes);
  ASAN_UNPOISON_MEMORY_REGION(memory, sizeof(FreePiece));
  free_[size_class] = new (memory) FreePiece{free_[size_class]};
  ASAN_POISON_MEMORY_REGION(memory, ClassBytes(size_class));
}

void* Arena::Bump(size_t bytes) {
  if (bytes > left_) {
    const size_t doubled =
        std::clamp(bytes_reserved_, kFirstBlock, kLargestBlock);
    const size_t block = std::max(bytes, doubled);
    // operator new[] aligns to 16 bytes, see __STDCPP_DEFAULT_NEW_ALIGNMENT__.
    static_assert(kAlignment <= __STDCPP_DEFAULT_NEW_ALIGNMENT__);
    blocks_.emplace_back(new std::byte[block]);
    bytes_reserved_ += block;
    ASAN_POISON_MEMORY_REGION(blocks_.back().get(), block);
    // A piece larger than the rest of the current block must not waste it.
    if (block - bytes < left_) return blocks_.back().get();
    next_ = blocks_.back().get();
    left_ = block;
  }
  void* memory = next_;
  next_ += bytes;
  left_ -= bytes;
  return memory;
}

}  // namespace onnxopt
