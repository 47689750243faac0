// SPDX-License-Identifier: Apache-2.0
#ifndef ONNXOPT_SUPPORT_INTRUSIVE_LIST_H_
#define ONNXOPT_SUPPORT_INTRUSIVE_LIST_H_

#include <cstddef>
#include <iterator>
#include <type_traits>

#include "support/status.h"

namespace onnxopt {

template <typename T>
class IntrusiveList;

// Base class of the elements: `class Node : public IntrusiveListNode<Node>`.
template <typename T>
class IntrusiveListNode {
 public:
  IntrusiveListNode() = default;
  IntrusiveListNode(const IntrusiveListNode&) = delete;
  IntrusiveListNode& operator=(const IntrusiveListNode&) = delete;

  bool is_linked() const { return next_ != nullptr; }

 private:
  friend class IntrusiveList<T>;
  IntrusiveListNode* prev_ = nullptr;
  IntrusiveListNode* next_ = nullptr;
};

// Doubly linked list through its elements; it does not own them. All single
// element operations are O(1). An element is in at most one list.
//
// Plain iterators hold an element: they survive every change of the list except
// the erasure of that element. A loop that erases or moves elements uses
// SafeRange():
//
//   for (Node& node : nodes.SafeRange()) { ... }
//
// In its body any element may be erased (and destroyed), the current one and
// its neighbours included, and elements may be inserted anywhere. The loop
// continues with what then follows the current element, or, if that was erased,
// the place where it was. So what is inserted right before the current element
// is not visited and what is inserted after it is. SafeReverseRange() is the
// mirror image.
template <typename T>
class IntrusiveList {
  using Link = IntrusiveListNode<T>;

  template <bool kConst>
  class Iterator {
   public:
    using iterator_category = std::bidirectional_iterator_tag;
    using value_type = T;
    using difference_type = std::ptrdiff_t;
    using reference = std::conditional_t<kConst, const T&, T&>;
    using pointer = std::conditional_t<kConst, const T*, T*>;

    Iterator() = default;
    reference operator*() const { return *static_cast<T*>(link_); }
    pointer operator->() const { return static_cast<T*>(link_); }
    Iterator& operator++() { return *this = Iterator(link_->next_); }
    Iterator& operator--() { return *this = Iterator(link_->prev_); }
    Iterator operator++(int) {
      Iterator old = *this;
      ++*this;
      return old;
    }
    Iterator operator--(int) {
      Iterator old = *this;
      --*this;
      return old;
    }
    bool operator==(const Iterator&) const = default;

   private:
    friend class IntrusiveList;
    explicit Iterator(Link* link) : link_(link) {}
    Link* link_ = nullptr;
  };

  // The state of a running safe loop, known to the list so that erase() can
  // move it off an element that goes away.
  template <bool kForward>
  class Cursor;
  struct CursorBase {
    Link* at;
    bool forward;
    CursorBase* outer;  // loops nest, so the cursors form a stack
  };

 public:
  using iterator = Iterator<false>;
  using const_iterator = Iterator<true>;

  IntrusiveList() { end_.prev_ = end_.next_ = &end_; }
  IntrusiveList(const IntrusiveList&) = delete;
  IntrusiveList& operator=(const IntrusiveList&) = delete;

  iterator begin() { return iterator(end_.next_); }
  iterator end() { return iterator(&end_); }
  const_iterator begin() const { return const_iterator(end_.next_); }
  const_iterator end() const { return const_iterator(End()); }

  bool empty() const { return size_ == 0; }
  size_t size() const { return size_; }
  T& front() { return *begin(); }
  T& back() { return *std::prev(end()); }
  const T& front() const { return *begin(); }
  const T& back() const { return *std::prev(end()); }

  // The neighbour of an element of this list, null at the ends.
  T* next(const T& element) const { return AtOrNull(AsLink(element).next_); }
  T* prev(const T& element) const { return AtOrNull(AsLink(element).prev_); }

  static iterator iterator_to(T& element) { return iterator(&element); }

  void push_back(T& element) { Insert(&end_, &element); }
  void push_front(T& element) { Insert(end_.next_, &element); }
  // `position` must be in this list.
  void insert_before(T& position, T& element) { Insert(&position, &element); }
  void insert_after(T& position, T& element) {
    Insert(AsLink(position).next_, &element);
  }
  // Unlinks an element of this list.
  void erase(T& element) {
    Link* link = &element;
    ONNXOPT_CHECK(link->is_linked());
    for (CursorBase* cursor = cursors_; cursor; cursor = cursor->outer) {
      if (cursor->at != link) continue;
      cursor->at = cursor->forward ? link->prev_ : link->next_;
    }
    link->prev_->next_ = link->next_;
    link->next_->prev_ = link->prev_;
    link->prev_ = link->next_ = nullptr;
    --size_;
  }

  // See the class comment. Only one thread may hold such a range at a time.
  Cursor<true> SafeRange() { return Cursor<true>(this); }
  Cursor<false> SafeReverseRange() { return Cursor<false>(this); }

 private:
  static const Link& AsLink(const T& element) { return element; }
  Link* End() const { return const_cast<Link*>(&end_); }
  T* AtOrNull(Link* link) const {
    return link == &end_ ? nullptr : static_cast<T*>(link);
  }
  void Insert(Link* position, Link* link) {
    ONNXOPT_CHECK(!link->is_linked());
    link->next_ = position;
    link->prev_ = position->prev_;
    link->prev_->next_ = link;
    position->prev_ = link;
    ++size_;
  }

  Link end_;  // before the first and after the last element
  size_t size_ = 0;
  CursorBase* cursors_ = nullptr;
};

template <typename T>
template <bool kForward>
class IntrusiveList<T>::Cursor : CursorBase {
 public:
  class Step {
   public:
    T& operator*() const { return *static_cast<T*>(cursor_->at); }
    Step& operator++() {
      cursor_->Advance();
      return *this;
    }
    bool operator==(std::default_sentinel_t) const {
      return cursor_->at == cursor_->list_->End();
    }

   private:
    friend class Cursor;
    explicit Step(Cursor* cursor) : cursor_(cursor) {}
    Cursor* cursor_;
  };

  Cursor(const Cursor&) = delete;
  Cursor& operator=(const Cursor&) = delete;
  ~Cursor() {
    CursorBase** place = &list_->cursors_;
    while (*place != this) place = &(*place)->outer;
    *place = this->outer;
  }

  Step begin() {
    Advance();
    return Step(this);
  }
  std::default_sentinel_t end() const { return std::default_sentinel; }

 private:
  friend class IntrusiveList;
  explicit Cursor(IntrusiveList* list)
      : CursorBase{list->End(), kForward, list->cursors_}, list_(list) {
    list->cursors_ = this;
  }
  void Advance() { this->at = kForward ? this->at->next_ : this->at->prev_; }

  IntrusiveList* list_;
};

}  // namespace onnxopt

#endif  // ONNXOPT_SUPPORT_INTRUSIVE_LIST_H_
