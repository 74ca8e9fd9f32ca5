#include <algorithm>
#include <atomic>
#include <limits>
#include <memory>
#include <string>

#include "base/key_values.h"
#include "os/linux/host_clock.h"
#include "source/host/event_out.h"
#include "source/number_parameters.h"
#include "source/pcap/capture_file.h"
#include "source/pcap/packet_story.h"
#include "source/pcap/pcap_sources.h"

namespace ipm::source {
namespace {

using pcap::PacketStory;

// One poll() reads no more than this, so that a long file does not hold the host.
constexpr std::uint32_t kPacketsPerPoll = 16'384;
constexpr std::uint64_t kRoomMin = PacketStory::kRoomMin;
constexpr std::int64_t kWaitSliceMs = 20;  // How soon a waiting poll() sees interrupt().

class FileSource final : public Source {
 public:
  std::string_view name() const noexcept override { return "pcap"; }
  bool live() const noexcept override { return false; }

  Capabilities probe() const override { return pcap::probe(); }

  Status open(const SourceOptions& options) override {
    if (!options.uri.parameters.empty()) {
      return Status::invalid_argument("pcap: unknown parameter " + quote_text(options.uri.parameters.begin()->first) +
                                      "; it takes none");
    }
    if (options.uri.path.empty()) {
      return Status::invalid_argument("pcap: names no file; write pcap:FILE, or pcap:- for standard input");
    }
    Status status = file_.open(options.uri.path);
    if (status.code() == Code::kNotFound && options.uri.path.find_first_of("./") == std::string::npos) {
      return Status::not_found("pcap: there is no file and no interface " + quote_text(options.uri.path) +
                               "; \"ip link\" lists the interfaces of this network namespace");
    }
    return status;
  }

  Status poll(ring::Writer& out, std::chrono::nanoseconds timeout) override {
    out_.bind(&out);
    if (out.lane().capacity() < 2 * kRoomMin) {
      return Status::limit("capture files need a lane of " + std::to_string(2 * kRoomMin) +
                           " events; raise lane_events");
    }
    Status status = read();
    std::int64_t left_ms = std::chrono::duration_cast<std::chrono::milliseconds>(timeout).count();
    while (status.code() == Code::kTimeout && left_ms > 0 && !interrupted_.exchange(false, std::memory_order_relaxed)) {
      file_.wait(static_cast<int>(std::min(left_ms, kWaitSliceMs)));
      left_ms -= kWaitSliceMs;
      status = read();
    }
    return status;
  }

  int fd() const noexcept override { return file_.fd(); }
  TimeNs next_due_ns() const noexcept override { return file_.fd() >= 0 ? std::numeric_limits<TimeNs>::max() : 0; }
  // Carries no data of its own, so relaxed.
  void interrupt() noexcept override { interrupted_.store(true, std::memory_order_relaxed); }
  SourceStats stats() const noexcept override { return out_.stats(); }

  Degradations degradations() const override {
    Degradations missing;
    if (!file_.note().empty()) missing.push_back({"the whole file", false, file_.note()});
    story_.add_missing(missing);
    if (const std::uint64_t dropped = file_.counters().dropped; dropped != 0) {
      missing.push_back(
          {std::to_string(dropped) + " packets", false, "the capturing host dropped them, as the file says"});
    }
    return missing;
  }

 private:
  Status read() {
    const std::uint64_t written_before = out_.written();
    Status status;
    for (std::uint32_t i = 0; status.ok() && i < kPacketsPerPoll && out_.room() >= kRoomMin; ++i) {
      status = file_over_ ? Status::end() : file_.next(packet_);
      if (status.ok()) {
        if (!anchored_) anchor();
        story_.take(packet_);
        (void)story_.advance(story_.time_ns(), false);
      } else if (status.code() == Code::kEnd) {
        file_over_ = true;
        if (!story_.finish(story_.time_ns())) return Status::success();
        if (!loss_told_) tell_loss();
      }
    }
    return out_.written() != written_before && !status.is_error() ? Status::success() : status;
  }

  void anchor() {
    anchored_ = true;
    model::ClockAnchor anchor;
    const TimeNs now = packet_.time_ns == pcap::kNoTime ? 0 : packet_.time_ns;
    anchor.boottime_ns = anchor.realtime_ns = now;
    out_.write(model::make_event(now, model::EventKind::kClockAnchor, {}, 0, anchor));
  }

  // What the capture does not have, said once at its end.
  void tell_loss() {
    loss_told_ = true;
    const std::uint64_t dropped = file_.counters().dropped;
    if (dropped == 0 && file_.note().empty()) return;
    model::Loss loss;
    loss.what = dropped != 0 ? model::LossWhat::kKernelBuffer : model::LossWhat::kUnreadable;
    loss.events = dropped;
    out_.lost(dropped);
    out_.write(model::make_event(story_.time_ns(), model::EventKind::kLoss, {}, 0, loss));
  }

  pcap::CaptureFile file_;
  pcap::CapturedPacket packet_;
  host::EventOut out_;
  pcap::PacketStory story_{{.hash_seed = os::random_u64()}, {}, out_};
  bool file_over_ = false;
  bool anchored_ = false;
  bool loss_told_ = false;
  std::atomic<bool> interrupted_{false};
};

}  // namespace

std::unique_ptr<Source> pcap::make_file_source() {
  return std::make_unique<FileSource>();
}

}  // namespace ipm::source
