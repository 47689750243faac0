// SPDX-License-Identifier: Apache-2.0
#include "support/intrusive_list.h"

#include <deque>
#include <memory>
#include <random>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace onnxopt {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

struct Item : IntrusiveListNode<Item> {
  explicit Item(int value) : value(value) {}
  int value;
};
using List = IntrusiveList<Item>;

class IntrusiveListTest : public testing::Test {
 protected:
  Item& Make(int value) { return items_.emplace_back(value); }
  void Fill(int count) {
    for (int i = 1; i <= count; ++i) list_.push_back(Make(i));
  }
  Item& At(int value) {
    for (Item& item : list_) {
      if (item.value == value) return item;
    }
    ADD_FAILURE() << "no element " << value;
    return items_.front();
  }
  std::vector<int> Values() const {
    std::vector<int> values;
    for (const Item& item : list_) values.push_back(item.value);
    return values;
  }

  std::deque<Item> items_;
  List list_;
};

TEST_F(IntrusiveListTest, InsertsAndErases) {
  EXPECT_TRUE(list_.empty());
  Fill(3);
  list_.push_front(Make(0));
  list_.insert_before(At(2), Make(15));
  list_.insert_after(At(3), Make(4));
  EXPECT_THAT(Values(), ElementsAre(0, 1, 15, 2, 3, 4));
  EXPECT_EQ(list_.size(), 6u);
  EXPECT_EQ(list_.front().value, 0);
  EXPECT_EQ(list_.back().value, 4);
  EXPECT_EQ(list_.next(At(1))->value, 15);
  EXPECT_EQ(list_.prev(At(15))->value, 1);
  EXPECT_EQ(list_.next(list_.back()), nullptr);
  EXPECT_EQ(list_.prev(list_.front()), nullptr);

  Item& erased = At(15);
  list_.erase(erased);
  EXPECT_FALSE(erased.is_linked());
  EXPECT_THAT(Values(), ElementsAre(0, 1, 2, 3, 4));
  list_.push_back(erased);
  EXPECT_THAT(Values(), ElementsAre(0, 1, 2, 3, 4, 15));
}

TEST_F(IntrusiveListTest, IteratesBothWays) {
  Fill(3);
  std::vector<int> values;
  for (auto it = list_.end(); it != list_.begin();) {
    values.push_back((--it)->value);
  }
  EXPECT_THAT(values, ElementsAre(3, 2, 1));
  EXPECT_EQ(std::next(List::iterator_to(At(1)))->value, 2);
}

TEST_F(IntrusiveListTest, SafeRangeSurvivesErasingTheCurrentElement) {
  Fill(5);
  std::vector<int> visited;
  for (Item& item : list_.SafeRange()) {
    visited.push_back(item.value);
    list_.erase(item);
  }
  EXPECT_THAT(visited, ElementsAre(1, 2, 3, 4, 5));
  EXPECT_THAT(Values(), IsEmpty());
}

TEST_F(IntrusiveListTest, SafeRangeSurvivesErasingNeighbours) {
  Fill(7);
  std::vector<int> visited;
  for (Item& item : list_.SafeRange()) {
    visited.push_back(item.value);
    if (item.value == 3) {
      for (int value : {2, 4, 3, 5}) list_.erase(At(value));
    }
  }
  EXPECT_THAT(visited, ElementsAre(1, 2, 3, 6, 7));
}

TEST_F(IntrusiveListTest, SafeRangeVisitsWhatIsInsertedAfter) {
  Fill(2);
  std::vector<int> visited;
  for (Item& item : list_.SafeRange()) {
    visited.push_back(item.value);
    if (item.value != 1) continue;
    list_.insert_before(item, Make(10));
    list_.insert_after(item, Make(11));
    list_.erase(item);
    list_.insert_before(At(2), Make(12));
  }
  EXPECT_THAT(visited, ElementsAre(1, 11, 12, 2));
  EXPECT_THAT(Values(), ElementsAre(10, 11, 12, 2));
}

TEST_F(IntrusiveListTest, SafeReverseRangeIsTheMirrorImage) {
  Fill(4);
  std::vector<int> visited;
  for (Item& item : list_.SafeReverseRange()) {
    visited.push_back(item.value);
    if (item.value != 3) continue;
    list_.erase(At(2));
    list_.insert_before(item, Make(10));
    list_.insert_after(item, Make(11));
    list_.erase(item);
  }
  EXPECT_THAT(visited, ElementsAre(4, 3, 10, 1));
}

TEST_F(IntrusiveListTest, SafeRangesNestAndMayEndEarly) {
  Fill(4);
  std::vector<int> visited;
  for (Item& outer : list_.SafeRange()) {
    visited.push_back(outer.value);
    for (Item& inner : list_.SafeRange()) {
      if (inner.value <= outer.value + 1) list_.erase(inner);
      if (inner.value == outer.value + 1) break;
    }
  }
  EXPECT_THAT(visited, ElementsAre(1, 3));
  Fill(2);
  EXPECT_THAT(Values(), ElementsAre(1, 2));
}

TEST_F(IntrusiveListTest, AnElementMovesBetweenLists) {
  Fill(3);
  List other;
  for (Item& item : list_.SafeRange()) {
    if (item.value == 3) continue;
    list_.erase(item);
    other.push_back(item);
  }
  EXPECT_EQ(other.size(), 2u);
  EXPECT_THAT(Values(), ElementsAre(3));
}

TEST_F(IntrusiveListTest, MisuseIsCaught) {
  Fill(1);
  EXPECT_DEATH(list_.push_back(At(1)), "is_linked");
  EXPECT_DEATH(list_.erase(Make(2)), "is_linked");
}

// Every step changes the list at random places while a loop runs, with real
// destruction; the loop must visit no element twice and none that is gone.
TEST_F(IntrusiveListTest, RandomChangesWhileIterating) {
  std::mt19937 random(3);
  for (int round = 0; round < 200; ++round) {
    std::vector<std::unique_ptr<Item>> alive;
    List list;
    for (int i = 0; i < 20; ++i) {
      list.push_back(*alive.emplace_back(std::make_unique<Item>(i)));
    }
    std::vector<bool> visited(1000);
    int made = 20;
    for (Item& item : list.SafeRange()) {
      ASSERT_FALSE(visited[static_cast<size_t>(item.value)]);
      visited[static_cast<size_t>(item.value)] = true;
      for (int change = 0; change < 3 && !alive.empty(); ++change) {
        const size_t at = random() % alive.size();
        if (random() % 3 == 0 && made < 1000) {
          auto fresh = std::make_unique<Item>(made++);
          list.insert_before(*alive[at], *fresh);
          alive.push_back(std::move(fresh));
        } else {
          list.erase(*alive[at]);
          alive.erase(alive.begin() + static_cast<std::ptrdiff_t>(at));
        }
      }
    }
    ASSERT_EQ(list.size(), alive.size());
  }
}

}  // namespace
}  // namespace onnxopt
