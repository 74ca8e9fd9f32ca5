// One lane into the monitor with what fills it: a source that is polled, a source on a thread of its own, or a thread
// of the embedder that pushes.
#pragma once

#include <algorithm>
#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "ring/writer.h"
#include "source/source.h"

namespace ipm::monitor {

inline constexpr std::size_t kStagedEvents = 256;
// Numbers set aside for a recorded run: its monitor, and as many sources as a monitor has.
inline constexpr std::uint16_t kSourcesOfRun = 64;

class Input {
 public:
  Input(std::uint16_t number, std::string name, std::string uri, std::unique_ptr<source::Source> source,
        std::uint32_t lane_events, bool wait_when_full)
      : number_(number),
        name_(std::move(name)),
        uri_(std::move(uri)),
        source_(std::move(source)),
        lane_(lane_events),
        writer_(lane_, wait_when_full ? ring::Writer::WhenFull::kWait : ring::Writer::WhenFull::kDrop),
        staged_(kStagedEvents) {}

  std::uint16_t number() const { return number_; }
  const std::string& name() const { return name_; }
  const std::string& uri() const { return uri_; }
  source::Source* source() const { return source_.get(); }  // Null: an embedder pushes.
  ring::Lane& lane() { return lane_; }
  const ring::Lane& lane() const { return lane_; }
  ring::Writer& writer() { return writer_; }

  // Consumer: the oldest event that was not taken yet, or null. `now` stamps events that came without a time.
  const model::Event* head(TimeNs now) {
    if (next_ == count_) refill(now);
    return next_ == count_ ? nullptr : &staged_[next_];
  }
  void take() { ++next_; }
  bool drained() const { return next_ == count_ && lane_.pushed() == lane_.popped(); }
  bool full() const { return count_ - next_ == kStagedEvents && lane_.pushed() - lane_.popped() >= lane_.capacity(); }

  bool ended() const { return ended_.load(std::memory_order_acquire); }  // Pairs with end().
  void end() { ended_.store(true, std::memory_order_release); }          // Nothing will be pushed any more.

  // Polling thread: keeps what the source says it runs without, and what became of its self-test, for whoever asks on
  // another thread. Looks again after kMissingLookNs, and at once with `now` 0.
  void note_missing(TimeNs now) {
    if (now != 0 && now - missing_looked_ns_ < kMissingLookNs) return;
    missing_looked_ns_ = now;
    std::string text = passed_over;
    for (const source::Capability& each : source_->degradations()) {
      text += (text.empty() ? "" : "\n") + each.what + ": " + each.reason;
    }
    std::string self_test = source_->self_test();
    const std::lock_guard<std::mutex> lock(missing_mutex_);
    missing_ = std::move(text);
    self_test_ = std::move(self_test);
  }
  std::string missing() const {
    const std::lock_guard<std::mutex> lock(missing_mutex_);
    return missing_;
  }
  std::string self_test() const {
    const std::lock_guard<std::mutex> lock(missing_mutex_);
    return self_test_;
  }

  // Lines of `missing` that say why auto: took this source and not a better one. Written before attach.
  std::string passed_over;
  // What poll() failed with, if it did. Written before end().
  Status failure;
  std::uint64_t drops_reported = 0;
  std::thread thread;

 private:
  void refill(TimeNs now) {
    next_ = 0;
    count_ = lane_.pop(staged_);
    for (std::size_t i = 0; i < count_; ++i) {
      model::EventHeader& header = staged_[i].header;
      // No stamp; or a live one of the future, by another clock: it would make the present look old.
      const bool ahead = now != 0 && header.time_ns > now + kAheadMax;
      if (header.time_ns == 0 || ahead) header.time_ns = now;
      // A recorded run keeps its numbers: 0 was its monitor. Every other input speaks for itself.
      const bool keep = source_ != nullptr && source_->carries_run();
      header.source = keep ? of_run(header.source) : number_;
      if (keep && header.kind == model::EventKind::kSourceInfo) {
        auto info = staged_[i].as<model::SourceInfo>();
        info.number = of_run(info.number);
        staged_[i].set(info);
      }
    }
  }
  // Numbers past those of a run would be another input's.
  std::uint16_t of_run(std::uint32_t recorded) const {
    return static_cast<std::uint16_t>(std::min<std::uint32_t>(recorded, kSourcesOfRun - 1) + number_ - 1);
  }

  static constexpr TimeNs kAheadMax = kSecond;
  static constexpr TimeNs kMissingLookNs = 250 * kMillisecond;
  const std::uint16_t number_;
  const std::string name_;
  const std::string uri_;
  const std::unique_ptr<source::Source> source_;
  ring::Lane lane_;
  ring::Writer writer_;
  std::vector<model::Event> staged_;
  std::size_t next_ = 0;
  std::size_t count_ = 0;
  std::atomic<bool> ended_{false};
  TimeNs missing_looked_ns_ = 0;
  mutable std::mutex missing_mutex_;
  std::string missing_, self_test_;
};

}  // namespace ipm::monitor
