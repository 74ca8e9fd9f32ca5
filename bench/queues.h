// The queues of the lanes' race behind one shape: push(producer, span), pop(span).
#pragma once

#include <concurrentqueue/concurrentqueue.h>

#include <boost/lockfree/queue.hpp>
#include <boost/lockfree/spsc_queue.hpp>
#include <deque>
#include <memory>
#include <span>
#include <vector>

#include "hand_over.h"
#include "ring/lane.h"
#include "textbook_ring.h"

namespace ipm::bench {

// One lane per producer, as in the monitor.
template <typename T>
class LaneQueue {
 public:
  explicit LaneQueue(std::size_t producers) {
    for (std::size_t i = 0; i < producers; ++i) {
      lanes_.push_back(std::make_unique<ring::BasicLane<T>>(static_cast<std::uint32_t>(kQueueEvents / producers)));
    }
  }
  std::size_t push(std::size_t producer, std::span<const T> elements) {
    ring::BasicLane<T>& lane = *lanes_[producer];
    if (elements.size() == 1) return lane.push(elements[0]) ? 1 : 0;
    return lane.push_batch(elements);
  }
  std::size_t pop(std::span<T> out) {
    if (++next_ >= lanes_.size()) next_ = 0;
    return lanes_[next_]->pop(out);
  }

 private:
  std::vector<std::unique_ptr<ring::BasicLane<T>>> lanes_;
  std::size_t next_ = 0;
};

// With a token for each producer and the consumer. As it comes: without a bound, so a producer never waits.
template <typename T>
class MoodycamelQueue {
 public:
  explicit MoodycamelQueue(std::size_t producers) : queue_(kQueueEvents), consumer_(queue_) {
    for (std::size_t i = 0; i < producers; ++i) producers_.emplace_back(queue_);
  }
  std::size_t push(std::size_t producer, std::span<const T> elements) {
    const bool done = elements.size() == 1
                          ? queue_.enqueue(producers_[producer], elements[0])
                          : queue_.enqueue_bulk(producers_[producer], elements.data(), elements.size());
    return done ? elements.size() : 0;
  }
  std::size_t pop(std::span<T> out) { return queue_.try_dequeue_bulk(consumer_, out.data(), out.size()); }
  // About; costs a look at every producer's counters.
  std::size_t size() const { return queue_.size_approx(); }

 private:
  moodycamel::ConcurrentQueue<T> queue_;
  moodycamel::ConsumerToken consumer_;
  std::deque<moodycamel::ProducerToken> producers_;
};

// The same with memory bounded as that of the others: a producer looks every 64 elements whether the consumer is a ring
// behind.
template <typename T>
class BoundedMoodycamelQueue {
 public:
  explicit BoundedMoodycamelQueue(std::size_t producers) : queue_(producers), sides_(producers) {}
  std::size_t push(std::size_t producer, std::span<const T> elements) {
    Side& side = sides_[producer];
    if (side.until_look < elements.size()) {
      if (queue_.size() >= kQueueEvents) return 0;
      side.until_look = kBatch;
    }
    side.until_look -= elements.size();
    return queue_.push(producer, elements);
  }
  std::size_t pop(std::span<T> out) { return queue_.pop(out); }

 private:
  struct alignas(ring::kLineBytes) Side {
    std::size_t until_look = 0;
  };
  MoodycamelQueue<T> queue_;
  std::vector<Side> sides_;
};

// Many producers, one element at a time: it has no other way.
template <typename T>
class BoostQueue {
 public:
  explicit BoostQueue(std::size_t) : queue_(std::make_unique<Queue>()) {}
  std::size_t push(std::size_t, std::span<const T> elements) {
    std::size_t done = 0;
    while (done < elements.size() && queue_->bounded_push(elements[done])) ++done;
    return done;
  }
  std::size_t pop(std::span<T> out) {
    std::size_t done = 0;
    while (done < out.size() && queue_->pop(out[done])) ++done;
    return done;
  }

 private:
  using Queue = boost::lockfree::queue<T, boost::lockfree::capacity<kQueueEvents>>;
  std::unique_ptr<Queue> queue_;
};

// One producer.
template <typename T>
class BoostSpscQueue {
 public:
  explicit BoostSpscQueue(std::size_t) : queue_(kQueueEvents) {}
  std::size_t push(std::size_t, std::span<const T> elements) {
    if (elements.size() == 1) return queue_.push(elements[0]) ? 1 : 0;
    return queue_.push(elements.data(), elements.size());
  }
  std::size_t pop(std::span<T> out) { return queue_.pop(out.data(), out.size()); }

 private:
  boost::lockfree::spsc_queue<T> queue_;
};

// One producer, one element at a time: it has no other way.
template <typename T>
class TextbookQueue {
 public:
  explicit TextbookQueue(std::size_t) : ring_(kQueueEvents) {}
  std::size_t push(std::size_t, std::span<const T> elements) {
    std::size_t done = 0;
    while (done < elements.size() && ring_.push(elements[done])) ++done;
    return done;
  }
  std::size_t pop(std::span<T> out) {
    std::size_t done = 0;
    while (done < out.size() && ring_.pop(out[done])) ++done;
    return done;
  }

 private:
  TextbookRing<T> ring_;
};

}  // namespace ipm::bench
