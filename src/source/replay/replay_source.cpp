#include <algorithm>
#include <atomic>
#include <limits>
#include <optional>

#include "base/key_values.h"
#include "source/replay/json_lines.h"
#include "source/replay/line_reader.h"
#include "source/replay/log_reader.h"
#include "source/replay/replay.h"

namespace ipm::source {
namespace {

// One poll() reads no more than this, so that a file of blank lines does not hold the host.
constexpr std::uint32_t kStepsPerPoll = 16'384;
constexpr std::int64_t kWaitSliceMs = 20;  // How soon a waiting poll() sees interrupt().

class ReplaySource final : public Source {
 public:
  std::string_view name() const noexcept override { return "replay"; }
  bool live() const noexcept override { return false; }
  bool carries_run() const noexcept override { return log_.has_value(); }

  Capabilities probe() const override {
    Capabilities all = {{"event logs", true, ""}};
#ifdef IPM_WITH_ZSTD
    all.push_back({"zstd-compressed logs and lines", true, ""});
#else
    all.push_back({"zstd-compressed logs and lines", false, "built with IPM_WITH_ZSTD=OFF"});
#endif
#ifdef IPM_WITH_ZLIB
    all.push_back({"gzip-compressed lines", true, ""});
#else
    all.push_back({"gzip-compressed lines", false, "built with IPM_WITH_ZLIB=OFF"});
#endif
    const bool json = JsonFields::available();
    all.push_back({"event lines (JSON)", json, json ? "" : "built with IPM_WITH_SIMDJSON=OFF"});
    return all;
  }

  Status open(const SourceOptions& options) override {
    if (!options.uri.parameters.empty()) {
      return Status::invalid_argument("replay: unknown parameter " + quote_text(options.uri.parameters.begin()->first) +
                                      "; it takes none");
    }
    if (options.uri.path.empty()) {
      return Status::invalid_argument("replay: names no file; write replay:FILE, or - for standard input");
    }
    if (Status status = bytes_.open(options.uri.path); !status.ok()) return status;
    const Status status = detect();
    // A pipe may bring its first bytes later.
    return status.is_error() ? status.with_context(options.uri.path) : Status::success();
  }

  Status poll(ring::Writer& out, std::chrono::nanoseconds timeout) override {
    Status status = read(out);
    std::int64_t left_ms = std::chrono::duration_cast<std::chrono::milliseconds>(timeout).count();
    while (status.code() == Code::kTimeout && left_ms > 0 && !interrupted_.exchange(false, std::memory_order_relaxed)) {
      bytes_.wait(static_cast<int>(std::min(left_ms, kWaitSliceMs)));
      left_ms -= kWaitSliceMs;
      status = read(out);
    }
    publish_counts();
    return status;
  }

  int fd() const noexcept override {
    return bytes_.fd();
  }
  TimeNs next_due_ns() const noexcept override {
    return bytes_.fd() >= 0 ? std::numeric_limits<TimeNs>::max() : 0;
  }
  // Carries no data of its own, so relaxed.
  void interrupt() noexcept override {
    interrupted_.store(true, std::memory_order_relaxed);
  }

  SourceStats stats() const noexcept override {
    SourceStats stats;
    stats.written = counts_.written.load(std::memory_order_relaxed);
    stats.malformed = counts_.malformed.load(std::memory_order_relaxed);
    stats.filtered = counts_.filtered.load(std::memory_order_relaxed);
    stats.lost = counts_.lost.load(std::memory_order_relaxed);
    stats.received = stats.written + stats.malformed + stats.filtered;
    return stats;
  }

  Degradations degradations() const override {
    Degradations missing;
    if (log_ && !log_->note().empty()) missing.push_back({"the whole log", false, log_->note()});
    if (!json_.first_place().empty()) {
      missing.push_back({json_.first_place(), false,
                         json_.first_reason() + " (malformed lines: " + std::to_string(json_.malformed()) + ")"});
    }
    if (!lines_.note().empty()) missing.push_back({"the whole file", false, lines_.note()});
    return missing;
  }

 private:
  // Numbers for other threads; each is right on its own, so relaxed.
  struct Counts {
    std::atomic<std::uint64_t> written{0}, malformed{0}, filtered{0}, lost{0};
  };

  void publish_counts() {
    counts_.written.store(log_ ? log_written_ : json_.events(), std::memory_order_relaxed);
    counts_.malformed.store(json_.malformed(), std::memory_order_relaxed);
    counts_.filtered.store(json_.filtered(), std::memory_order_relaxed);
    counts_.lost.store(log_ ? log_->events_lost() : 0, std::memory_order_relaxed);
  }

  // By the first bytes, never by the name. Timeout: a pipe has not brought enough to tell.
  Status detect() {
    Result<std::string_view> first = bytes_.peek(sizeof(log_format::FileHeader));
    if (!first.ok()) return first.status();
    if (first->size() < sizeof log_format::kFileMagic && !bytes_.ended()) return Status::timeout();
    if (LogReader::is_log(*first)) {
      if (!log_) log_.emplace(bytes_);
      if (Status status = log_->read_header(); !status.ok()) return status;
    } else if (const Packing packing = packing_of(*first); packing != Packing::kNone) {
      if (Status status = need_json(); !status.ok()) return status;
      if (Status status = lines_.unpack_by(packing); !status.ok()) return status;
    } else {
      // Control characters other than white space are no text. A line of text that is no JSON is a malformed line.
      const bool text = std::none_of(first->begin(), first->end(), [](char c) {
        const auto byte = static_cast<unsigned char>(c);
        return byte < 0x20 && c != '\t' && c != '\n' && c != '\r';
      });
      if (!text) {
        return Status::corrupt("neither an event log nor event lines: the first bytes are " +
                               quote_text(first->substr(0, 16)));
      }
      if (Status status = need_json(); !status.ok()) return status;
    }
    detected_ = true;
    return Status::success();
  }

  static Status need_json() {
    if (JsonFields::available()) return Status::success();
    return Status::unsupported("event lines: this libipm was built with IPM_WITH_SIMDJSON=OFF");
  }

  // Ok: wrote some, or stopped since the lane is nearly full or enough was read.
  Status read(ring::Writer& out) {
    if (!detected_) {
      if (Status status = detect(); !status.ok()) return status;
    }
    if (!log_ && out.lane().capacity() < JsonLines::kEventsPerLineMax) {
      return Status::limit("event lines need a lane of " + std::to_string(JsonLines::kEventsPerLineMax) +
                           " events; raise lane_events");
    }
    const std::uint64_t room = log_ ? 1 : JsonLines::kEventsPerLineMax;
    const std::uint64_t before = log_ ? log_written_ : json_.events();
    Status status;
    for (std::uint32_t step = 0; status.ok() && step < kStepsPerPoll && out.free() >= room; ++step) {
      status = log_ ? log_some(out) : line_some(out);
    }
    const std::uint64_t after = log_ ? log_written_ : json_.events();
    return after != before && !status.is_error() ? Status::success() : status;
  }

  Status log_some(ring::Writer& out) {
    if (next_ == log_->events().size()) {
      next_ = 0;
      if (Status status = log_->read_frame(); !status.ok()) return status;
    }
    const std::size_t count = out.lane().push_batch(log_->events().subspan(next_));
    next_ += count;
    log_written_ += count;
    return Status::success();
  }

  Status line_some(ring::Writer& out) {
    std::string_view line;
    LineReader::Got got = LineReader::Got::kNothing;
    Status status = lines_.next(line, got);
    if (status.code() == Code::kEnd && !finished_) {
      finished_ = true;
      json_.finish(out);
      if (!lines_.note().empty()) json_.unreadable(out);
    }
    if (!status.ok()) return status;
    if (got == LineReader::Got::kLine) json_.line(line, out);
    if (got == LineReader::Got::kTooLong) json_.too_long(out);
    return status;
  }

  ByteSource bytes_;
  bool detected_ = false;
  bool finished_ = false;
  std::optional<LogReader> log_;
  std::size_t next_ = 0;  // In log_->events().
  std::uint64_t log_written_ = 0;
  LineReader lines_{bytes_, JsonLines::kLineBytesMax};
  JsonLines json_;
  Counts counts_;
  std::atomic<bool> interrupted_{false};
};

}  // namespace

std::unique_ptr<Source> make_replay_source(const SourceUri&) {
  return std::make_unique<ReplaySource>();
}

}  // namespace ipm::source
