// The work that every queue does in the lanes' race: producers hand numbered elements to one consumer, which checks
// that none is lost, doubled or out of order.
//
// A Queue has: push(producer, span) -> how many went in; pop(span) -> how many came out. Both return 0 rather than
// wait.
#pragma once

#include <pthread.h>
#include <sched.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <latch>
#include <span>
#include <stdexcept>
#include <thread>
#include <vector>

#include "model/event.h"

namespace ipm::bench {

inline constexpr std::uint32_t kQueueEvents = 16'384;
inline constexpr std::size_t kBatch = 64;
inline constexpr std::size_t kPopBatch = 256;
inline constexpr std::size_t kProducersMax = 2;

// An element of half the event's size.
struct SmallEvent {
  std::uint64_t number = 0;
  std::uint64_t producer = 0;
  std::array<std::uint64_t, 6> payload{};
};
static_assert(sizeof(SmallEvent) == 64);

inline void set_number(SmallEvent& element, std::uint64_t number, std::size_t producer) {
  element.number = number;
  element.producer = producer;
}
inline void set_number(model::Event& event, std::uint64_t number, std::size_t producer) {
  event.header.flow = number;
  event.header.source = static_cast<std::uint16_t>(producer);
}
inline std::uint64_t number_of(const SmallEvent& element) {
  return element.number;
}
inline std::uint64_t number_of(const model::Event& event) {
  return event.header.flow;
}
inline std::size_t producer_of(const SmallEvent& element) {
  return static_cast<std::size_t>(element.producer);
}
inline std::size_t producer_of(const model::Event& event) {
  return event.header.source;
}

// About a microsecond.
inline void rest() {
  for (int i = 0; i < 64; ++i) __builtin_ia32_pause();
}

// The consumer and the second producer share a core on a machine with two; all queues face the same. Ahead of all other
// work where that is allowed (root): for milliseconds, and without it one measures who else is busy.
inline void take_core(std::size_t number) {
  const std::size_t cores = std::max(1U, std::thread::hardware_concurrency());
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(number % cores, &set);
  (void)::pthread_setaffinity_np(::pthread_self(), sizeof set, &set);
  const sched_param first{.sched_priority = 1};
  (void)::pthread_setschedparam(::pthread_self(), SCHED_FIFO, &first);
}

template <typename T, typename Queue>
void produce(Queue& queue, std::size_t producer, std::uint64_t count, std::size_t batch) {
  std::vector<T> elements(batch);
  for (std::uint64_t sent = 0; sent < count;) {
    const std::size_t now = static_cast<std::size_t>(std::min<std::uint64_t>(batch, count - sent));
    for (std::size_t i = 0; i < now; ++i) set_number(elements[i], sent + i, producer);
    for (std::size_t done = 0; done < now;) {
      const std::size_t pushed = queue.push(producer, std::span<const T>(elements).subspan(done, now - done));
      done += pushed;
      if (pushed == 0) ::sched_yield();
    }
    sent += now;
  }
}

// Like the monitor it does not look again at once where it found little: that would only take the producer's cache
// lines away. False: an element was lost, doubled or out of order.
template <typename T, typename Queue>
bool consume(Queue& queue, std::uint64_t count) {
  std::vector<T> elements(kPopBatch);
  std::array<std::uint64_t, kProducersMax> next{};
  for (std::uint64_t taken = 0; taken < count;) {
    const std::size_t popped = queue.pop(std::span<T>(elements));
    for (std::size_t i = 0; i < popped; ++i) {
      if (number_of(elements[i]) != next[producer_of(elements[i])]++) return false;
    }
    taken += popped;
    if (popped == 0) {
      ::sched_yield();
    } else if (popped < kBatch) {
      rest();
    }
  }
  return true;
}

// Seconds from the start of all until the consumer has the last of `count` elements of each producer.
template <typename T, typename Queue>
double hand_over_s(Queue& queue, std::size_t producers, std::uint64_t count, std::size_t batch) {
  std::latch start(static_cast<std::ptrdiff_t>(producers) + 1);  // Waits asleep: none may keep another from its core.
  double seconds = 0;
  bool in_order = false;
  std::vector<std::jthread> threads;
  for (std::size_t producer = 0; producer < producers; ++producer) {
    threads.emplace_back([&, producer] {
      take_core(producer + 1);
      start.arrive_and_wait();
      produce<T>(queue, producer, count, batch);
    });
  }
  threads.emplace_back([&] {
    take_core(0);
    start.arrive_and_wait();
    const auto begin = std::chrono::steady_clock::now();
    in_order = consume<T>(queue, count * producers);
    seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  });
  threads.clear();
  if (!in_order) throw std::logic_error("a queue lost, doubled or reordered an element");
  return seconds;
}

}  // namespace ipm::bench
