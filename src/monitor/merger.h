// Makes one totally ordered stream of several lanes: by (time, lane, place in the lane). An event waits until no other
// lane can bring an earlier one: in files that is when each has shown its next event, live when the merge window has
// passed. What comes later than that keeps its stamp; the engine counts it as late.
#pragma once

#include <limits>
#include <memory>
#include <span>
#include <vector>

#include "monitor/input.h"

namespace ipm::monitor {

class Merger {
 public:
  // Calls feed(span) with batches in order until nothing more is ripe; returns how many events.
  // horizon: nothing later than this is taken. wait_for_files: an unfinished file without an event holds the rest back.
  template <typename Feed>
  std::uint64_t run(std::span<const std::unique_ptr<Input>> inputs, TimeNs now, TimeNs horizon, bool wait_for_files,
                    Feed&& feed) {
    std::uint64_t total = 0;
    std::size_t filled = 0;
    for (;;) {
      Input* first = nullptr;
      TimeNs first_time = std::numeric_limits<TimeNs>::max();
      TimeNs second_time =
          std::numeric_limits<TimeNs>::max();  // Up to which `first` may run on, including ties of later lanes.
      bool blocked = false;
      for (const std::unique_ptr<Input>& input : inputs) {
        const model::Event* head = input->head(now);
        if (head == nullptr) {
          blocked = blocked || (wait_for_files && !input->ended());
          continue;
        }
        const TimeNs time = head->header.time_ns;
        if (first == nullptr || time < first_time) {
          // The lane that was first so far comes before this one on a tie: this one must stop before it.
          second_time = first == nullptr ? second_time : std::min(second_time, first_time - 1);
          first = input.get();
          first_time = time;
        } else {
          second_time = std::min(second_time, time);
        }
      }
      if (first == nullptr || blocked || first_time > horizon) break;
      const TimeNs until = std::min(horizon, std::max(second_time, first_time));
      while (const model::Event* head = first->head(now)) {
        if (head->header.time_ns > until) break;
        batch_[filled++] = *head;
        first->take();
        if (filled == batch_.size()) {
          feed(std::span<const model::Event>(batch_));
          total += filled;
          filled = 0;
        }
      }
    }
    if (filled != 0) feed(std::span<const model::Event>(batch_.data(), filled));
    return total + filled;
  }

 private:
  std::vector<model::Event> batch_ = std::vector<model::Event>(kStagedEvents);
};

}  // namespace ipm::monitor
