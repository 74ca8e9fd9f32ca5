#include <limits>
#include <optional>

#include "base/key_values.h"
#include "source/replay/json_lines.h"
#include "source/replay/line_reader.h"
#include "source/replay/log_reader.h"
#include "source/replay/replay.h"

namespace ipm::source {
namespace {

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
#ifdef IPM_WITH_SIMDJSON
    all.push_back({"event lines (JSON)", true, ""});
#else
    all.push_back({"event lines (JSON)", false, "built with IPM_WITH_SIMDJSON=OFF"});
#endif
    return all;
  }

  Status open(const SourceOptions& options) override {
    if (!options.uri.parameters.empty()) {
      return Status::invalid_argument("replay: takes no parameter " + quote_text(options.uri.parameters.begin()->first));
    }
    if (options.uri.path.empty()) return Status::invalid_argument("replay: names no file; write replay:FILE, or - for standard input");
    if (Status status = bytes_.open(options.uri.path); !status.ok()) return status;
    if (options.uri.path == "-") return Status::success();  // What it is shows with its first bytes.
    return detect();
  }

  Status poll(ring::Writer& out, std::chrono::nanoseconds) override {
    if (!detected_) {
      if (Status status = detect(); !status.ok()) return status;
    }
    const std::uint64_t before = written_;
    Status status;
    while (status.ok() && out.free() >= JsonLines::kEventsPerLineMax) status = log_ ? log_some(out) : line_some(out);
    if (status.is_error()) return status;
    return written_ != before ? Status::success() : status;
  }

  int fd() const noexcept override { return bytes_.fd(); }
  TimeNs next_due_ns() const noexcept override { return bytes_.fd() >= 0 ? std::numeric_limits<TimeNs>::max() : 0; }
  void interrupt() noexcept override {}

  SourceStats stats() const noexcept override {
    SourceStats stats;
    stats.written = written_;
    stats.malformed = json_.malformed() + (log_ ? log_->damaged() : 0);
    stats.filtered = json_.filtered();
    stats.received = stats.written + stats.malformed + stats.filtered;
    return stats;
  }

  Degradations degradations() const override {
    Degradations missing;
    if (log_ && !log_->note().empty()) missing.push_back({"the whole log", false, log_->note()});
    if (!json_.first_place().empty()) {
      missing.push_back({json_.first_place(), false, json_.first_reason() + " (" + std::to_string(json_.malformed()) + " malformed lines in all)"});
    }
    if (!lines_.note().empty()) missing.push_back({"the whole file", false, lines_.note()});
    return missing;
  }

 private:
  Status detect() {
    Result<std::string_view> first = bytes_.peek(64);
    if (!first.ok()) return first.status();
    if (first->size() < 64 && !bytes_.ended()) {
      // A pipe that has brought something which can be told already is not waited for.
      if (first->size() < 8) return Status::timeout();
    }
    detected_ = true;
    if (LogReader::is_log(*first)) {
      log_.emplace(bytes_);
      return log_->read_header();
    }
    if (LineReader::is_zstd(*first)) return lines_.use_zstd();
    const std::size_t begin = first->find_first_not_of(" \t\r\n");
    if (begin != std::string_view::npos && (*first)[begin] != '{') {
      return Status::corrupt("neither an event log nor event lines: the first bytes are " + quote_text(first->substr(0, 16)));
    }
    return Status::success();
  }

  Status log_some(ring::Writer& out) {
    if (next_ == log_->events().size()) {
      next_ = 0;
      if (Status status = log_->read_frame(); !status.ok()) return status;
    }
    while (next_ < log_->events().size() && out.free() != 0) {
      out.write(log_->events()[next_++]);
      ++written_;
    }
    return Status::success();
  }

  Status line_some(ring::Writer& out) {
    std::string_view line;
    LineReader::Got got = LineReader::Got::kLine;
    if (Status status = lines_.next(line, got); !status.ok()) return status;
    const std::uint64_t before = json_.events();
    if (got == LineReader::Got::kLine) {
      json_.line(line, out);
    } else {
      json_.too_long(out);
    }
    written_ += json_.events() - before;
    return Status::success();
  }

  ByteSource bytes_;
  bool detected_ = false;
  std::optional<LogReader> log_;
  std::size_t next_ = 0;  // In log_->events().
  LineReader lines_{bytes_, JsonLines::kLineBytesMax};
  JsonLines json_;
  std::uint64_t written_ = 0;
};

}  // namespace

std::unique_ptr<Source> make_replay_source() { return std::make_unique<ReplaySource>(); }

}  // namespace ipm::source
