// Who was active when: each row of a table is in one of a few lists, longest unchanged first. The links lie beside the
// rows, where no reader looks, so that a copied page never breaks a list.
//
// A busy row is moved at most once per kIdleGrainNs, so "longest idle" is true to within that.
// Threads: the engine's. Cost: O(1); memory grows with the highest slot, in chunks.
#pragma once

#include <array>
#include <boost/intrusive/list.hpp>
#include <cstdint>
#include <memory>
#include <vector>

#include "base/page_store.h"
#include "base/paged_table.h"
#include "base/time.h"

namespace ipm {

inline constexpr TimeNs kIdleGrainNs = kSecond / 4;

template <typename Tag>
using ListHook = boost::intrusive::list_base_hook<boost::intrusive::tag<Tag>,
                                                  boost::intrusive::link_mode<boost::intrusive::normal_link>>;

struct ByAge;
struct AgeLink : ListHook<ByAge> {
  TimeNs stamp_ns = 0;  // When it was last moved.
  std::uint32_t slot = 0;
  std::uint8_t list = 0;
};

template <typename Link, std::size_t kLists>
class AgeLists {
 public:
  explicit AgeLists(PageStore& store) : store_(store) {}
  ~AgeLists() {
    for (List& list : lists_) list.clear();
    store_.account(-static_cast<std::int64_t>(chunks_.size() * kChunk * sizeof(Link)));
  }

  // A row appeared in `slot`: to the end of `list`.
  void push(std::uint32_t slot, std::uint8_t list, TimeNs now) {
    while (slot / kChunk >= chunks_.size()) {
      chunks_.push_back(std::make_unique<Link[]>(kChunk));
      store_.account(static_cast<std::int64_t>(kChunk * sizeof(Link)));
    }
    Link& link = at(slot);
    link.slot = slot;
    link.list = list;
    link.stamp_ns = now;
    lists_[list].push_back(link);
  }
  void erase(std::uint32_t slot) {
    Link& link = at(slot);
    lists_[link.list].erase(lists_[link.list].iterator_to(link));
  }
  void move(std::uint32_t slot, std::uint8_t list, TimeNs now) {
    Link& link = at(slot);
    List& from = lists_[link.list];
    lists_[list].splice(lists_[list].end(), from, from.iterator_to(link));
    link.list = list;
    link.stamp_ns = now;
  }
  void touch(std::uint32_t slot, TimeNs now) {
    Link& link = at(slot);
    if (now - link.stamp_ns >= kIdleGrainNs) move(slot, link.list, now);
  }
  // The row of `list` that has been unchanged longest, or null.
  const Link* front(std::uint8_t list) const { return lists_[list].empty() ? nullptr : &lists_[list].front(); }

  Link& at(std::uint32_t slot) { return chunks_[slot / kChunk][slot % kChunk]; }
  const Link& at(std::uint32_t slot) const { return chunks_[slot / kChunk][slot % kChunk]; }

 private:
  static constexpr std::uint32_t kChunk = 256;
  using List = boost::intrusive::list<Link, boost::intrusive::base_hook<ListHook<ByAge>>,
                                      boost::intrusive::constant_time_size<false>>;
  PageStore& store_;
  std::vector<std::unique_ptr<Link[]>> chunks_;
  std::array<List, kLists> lists_;
};

}  // namespace ipm
