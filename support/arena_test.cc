// SPDX-License-Identifier: Apache-2.0
#include "support/arena.h"

#include <cstdint>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "gtest/gtest.h"

namespace onnxopt {
namespace {

TEST(ArenaTest, PiecesAreAlignedAndDoNotOverlap) {
  struct Piece {
    unsigned char* memory;
    size_t size;
    unsigned char mark;
  };
  Arena arena;
  std::vector<Piece> pieces;
  std::mt19937 random(4);
  for (int i = 0; i < 20000; ++i) {
    if (!pieces.empty() && random() % 2 == 0) {
      std::swap(pieces[random() % pieces.size()], pieces.back());
      const Piece piece = pieces.back();
      for (size_t j = 0; j < piece.size; ++j) {
        ASSERT_EQ(piece.memory[j], piece.mark);
      }
      arena.Free(piece.memory, piece.size);
      pieces.pop_back();
      continue;
    }
    const size_t size = random() % 50 == 0 ? random() % 100000 : random() % 300;
    auto* memory = static_cast<unsigned char*>(arena.Allocate(size));
    ASSERT_NE(memory, nullptr);
    ASSERT_EQ(reinterpret_cast<uintptr_t>(memory) % Arena::kAlignment, 0u);
    const auto mark = static_cast<unsigned char>(i);
    std::memset(memory, mark, size);
    pieces.push_back({memory, size, mark});
  }
}

TEST(ArenaTest, FreedMemoryIsReused) {
  Arena arena;
  for (const size_t size : {size_t{1}, size_t{100}, size_t{5000}}) {
    void* first = arena.Allocate(size);
    arena.Free(first, size);
    EXPECT_EQ(arena.Allocate(size), first);
  }
  const size_t reserved = arena.bytes_reserved();
  for (int i = 0; i < 100000; ++i) arena.Free(arena.Allocate(200), 200);
  EXPECT_LE(arena.bytes_reserved(), reserved + 4096);
}

TEST(ArenaTest, SizesNearTheClassBorders) {
  Arena arena;
  for (const size_t size : {0, 1, 15, 16, 17, 1023, 1024, 1025, 2048, 2049,
                            1 << 20, (1 << 20) + 1}) {
    void* memory = arena.Allocate(size);
    std::memset(memory, 1, size);
    arena.Free(memory, size);
    EXPECT_EQ(arena.Allocate(size), memory) << size;
  }
}

TEST(ArenaTest, SmallArenasStaySmall) {
  Arena arena;
  EXPECT_EQ(arena.bytes_reserved(), 0u);
  arena.Allocate(10);
  EXPECT_LE(arena.bytes_reserved(), 4096u);
}

TEST(ArenaTest, NewAndDeleteRunConstructorAndDestructor) {
  Arena arena;
  auto* text = arena.New<std::string>(1000, 'x');
  EXPECT_EQ(text->size(), 1000u);
  arena.Delete(text);
}

}  // namespace
}  // namespace onnxopt
