// A bounded number of hellos under way, of one kind. What is begun lies in a place that a ticket names by index and
// generation; when all places are taken, the one that was begun first is given up, and its ticket names nothing.
//
// Memory: `max` + 1 gatherers, each allocated when first needed and then kept.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

namespace ipm::decode::flow {

template <typename Gatherer>
class HelloPool {
 public:
  struct Place {
    Gatherer gatherer;
    std::uint32_t generation = 1;  // Never 0.
    bool from_initiator = false;
    bool at_start = false;

   private:
    friend class HelloPool;
    std::uint32_t older = kNone, newer = kNone;  // While kept, by the time of keep(); `newer` also links free ones.
  };

  explicit HelloPool(std::uint32_t max) : max_(max) {}

  // A place to try in. It is given back by drop(), or kept for more to come.
  std::uint32_t take() {
    if (free_ == kNone) {
      places_.push_back(std::make_unique<Place>());
      return static_cast<std::uint32_t>(places_.size() - 1);
    }
    const std::uint32_t index = free_;
    free_ = places_[index]->newer;
    return index;
  }
  Place& at(std::uint32_t index) { return *places_[index]; }
  // Null if it was given up since.
  Place* find(std::uint32_t index, std::uint32_t generation) {
    return index < places_.size() && places_[index]->generation == generation ? places_[index].get() : nullptr;
  }

  // True: another had to be given up for it.
  bool keep(std::uint32_t index) {
    Place& place = *places_[index];
    place.older = newest_;
    place.newer = kNone;
    (newest_ == kNone ? oldest_ : places_[newest_]->newer) = index;
    newest_ = index;
    if (++kept_ <= max_) return false;
    drop_kept(oldest_);
    return true;
  }
  void drop_kept(std::uint32_t index) {
    const Place& place = *places_[index];
    (place.older == kNone ? oldest_ : places_[place.older]->newer) = place.newer;
    (place.newer == kNone ? newest_ : places_[place.newer]->older) = place.older;
    --kept_;
    drop(index);
  }
  // One that was not kept.
  void drop(std::uint32_t index) {
    Place& place = *places_[index];
    if (++place.generation == 0) place.generation = 1;
    place.newer = free_;
    free_ = index;
  }

  std::uint32_t kept() const { return kept_; }

 private:
  static constexpr std::uint32_t kNone = 0xffff'ffff;

  const std::uint32_t max_;
  std::vector<std::unique_ptr<Place>> places_;  // A place is free, kept, or taken by the one caller.
  std::uint32_t free_ = kNone;
  std::uint32_t oldest_ = kNone, newest_ = kNone;
  std::uint32_t kept_ = 0;
};

}  // namespace ipm::decode::flow
