// pcap:INTERFACE. Times of packets are those of CLOCK_REALTIME; events have those of CLOCK_BOOTTIME, as all live
// sources have.
#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "os/linux/host_clock.h"
#include "os/linux/netns.h"
#include "source/host/event_out.h"
#include "source/host/looks.h"
#include "source/host/waiting.h"
#include "source/pcap/held_events.h"
#include "source/pcap/live_options.h"
#include "source/pcap/live_packets.h"
#include "source/pcap/packet_story.h"
#include "source/pcap/pcap_sources.h"

namespace ipm::source::pcap {
namespace {

constexpr std::uint32_t kHeldMax = 16'384;
constexpr std::uint32_t kPacketsPerTurn = 4'096;
constexpr TimeNs kTurnEvery = 50 * kMillisecond;
constexpr TimeNs kCountEvery = kSecond;             // Between two looks at what the kernel dropped.
constexpr TimeNs kSettle = 60 * kMillisecond;       // What was captured until now is readable by then.
constexpr TimeNs kUdpIdle = 120 * kSecond;          // As the kernel's conntrack holds a UDP stream.
constexpr TimeNs kClosedLinger = 5 * kSecond;       // Late segments of a closed flow are still its own.
constexpr TimeNs kConnectPatience = 130 * kSecond;  // Linux gives up after 127 s: tcp_syn_retries 6.

class LiveSource final : public Source {
 public:
  std::string_view name() const noexcept override { return "pcap"; }
  bool live() const noexcept override { return true; }
  Capabilities probe() const override { return pcap::probe(); }
  std::span<const std::string_view> parameters() const override { return live_parameters(); }
  Status check(const SourceOptions& options) const override { return read_live_options(options.uri).status(); }

  Status open(const SourceOptions& options) override {
    const Result<LiveOptions> read = read_live_options(options.uri);
    if (!read.ok()) return read.status();
    if (Status status = open_packets(*read); !status.ok()) return status;
    if (Status status = wait_.open(); !status.ok()) return status;
    if (packets_.fd() < 0) {
      return Status::unsupported("pcap: interface " + options.uri.path + " cannot be waited for; capture on \"any\"");
    }
    if (Status status = wait_.watch(packets_.fd()); !status.ok()) return status;
    out_.bind(&held_.writer());
    story_.emplace(
        decode::flow::FlowTable::Options{.flows_max = read->flows_max,
                                         .hash_seed = os::random_u64(),
                                         .udp_idle_ns = kUdpIdle,
                                         .closed_linger_ns = kClosedLinger},
        FlowTeller::Options{
            .netns = packets_.netns(), .connect_patience_ns = kConnectPatience, .translations = &translations_},
        out_);
    for (const model::IpAddress& address : packets_.addresses()) story_->ends().add_local(address);
    return Status::success();
  }

  Status poll(ring::Writer& out, std::chrono::nanoseconds timeout) override {
    const TimeNs deadline = os::boottime_ns() + timeout.count();
    for (;;) {
      bool more = false;
      turn(out, more);
      if (!failure_.ok() && all_told_ && held_.empty()) return failure_;
      if (passed_on_ != 0 || more) return Status::success();
      const TimeNs now = os::boottime_ns();
      if (now >= deadline) return Status::timeout();
      if (wait_.until(std::min(deadline, next_due_ns()))) return Status::timeout();
    }
  }

  int fd() const noexcept override { return wait_.fd(); }
  TimeNs next_due_ns() const noexcept override { return next_turn_ns_; }
  void interrupt() noexcept override { wait_.interrupt(); }
  void look_now() override {
    looks_.ask();
    wait_.interrupt();
  }
  bool looking() const noexcept override { return looks_.open(); }
  SourceStats stats() const noexcept override { return out_.stats(); }

  Degradations degradations() const override {
    Degradations missing;
    if (story_) story_->add_missing(missing);
    if (!translations_.why_not().empty()) {
      missing.push_back({"ends beyond an address translation", false, translations_.why_not()});
    }
    if (told_dropped_ != 0) {
      missing.push_back(
          {std::to_string(told_dropped_) + " packets", false,
           "the kernel dropped them, its ring was full; raise buffer=, lower snaplen=, or give a filter="});
    }
    return missing;
  }

 private:
  Status open_packets(const LiveOptions& options) {
    const auto open_here = [&] {
      translations_.open();
      return packets_.open(options.packets);
    };
    if (options.netns.empty()) return open_here();
    Result<os::Fd> space = os::open_netns(options.netns);
    if (!space.ok()) return space.status().with_context("pcap: netns");
    return os::run_in_netns(space->get(), open_here);
  }

  // Reads what is there, tells what is due; all of it once no more will come. `more`: it stopped before the end.
  void turn(ring::Writer& out, bool& more) {
    TimeNs now = os::boottime_ns();
    next_turn_ns_ = now + kTurnEvery;
    if (looks_.take()) {
      (void)looks_.begin();
      settled_ns_ = now + kSettle;
    }
    if (failure_.ok()) failure_ = read(now, more);
    const bool settle = !failure_.ok() || (settled_ns_ != 0 && now >= settled_ns_);
    now = os::boottime_ns();
    all_told_ = story_->advance(now, settle);
    story_->expire(now);
    if (now >= next_count_ns_ || settle) count_drops(now);
    held_.stamp(now);
    passed_on_ = held_.pass_on(now, settle, out);
    if (settle && all_told_ && !more && held_.empty()) {
      looks_.answer();
      settled_ns_ = 0;
    }
    if (settled_ns_ != 0) next_turn_ns_ = std::min(next_turn_ns_, std::max(settled_ns_, now));
  }

  Status read(TimeNs now, bool& more) {
    const TimeNs to_boottime = now - os::realtime_ns();
    for (std::uint32_t i = 0; i < kPacketsPerTurn; ++i) {
      if (out_.room() < PacketStory::kRoomMin) break;
      Status status = packets_.next(packet_);
      if (status.code() == Code::kTimeout) return Status::success();
      if (!status.ok()) return status;
      packet_.time_ns = std::clamp<TimeNs>(packet_.time_ns + to_boottime, 0, now);
      story_->take(packet_);
    }
    more = true;
    return Status::success();
  }

  void count_drops(TimeNs now) {
    next_count_ns_ = now + kCountEvery;
    const std::uint64_t dropped = packets_.counters().dropped;
    if (dropped == told_dropped_) return;
    model::Loss loss;
    loss.what = model::LossWhat::kKernelBuffer;
    loss.events = dropped - told_dropped_;
    out_.lost(loss.events);
    told_dropped_ = dropped;
    out_.write(model::make_event(now, model::EventKind::kLoss, {}, 0, loss));
  }

  LivePackets packets_;
  CapturedPacket packet_;
  host::Waiting wait_;
  host::EventOut out_;
  HeldEvents held_{kHeldMax};
  Translations translations_;
  std::optional<PacketStory> story_;
  host::Looks looks_;
  TimeNs settled_ns_ = 0;  // A look was asked for: by then everything is to be told. 0: none was.
  TimeNs next_turn_ns_ = 0, next_count_ns_ = 0;
  std::uint64_t told_dropped_ = 0;
  std::size_t passed_on_ = 0;
  bool all_told_ = true;
  Status failure_;  // Why no more packets come: said once what came before is told.
};

}  // namespace

std::unique_ptr<Source> make_live_source() {
  return std::make_unique<LiveSource>();
}

}  // namespace ipm::source::pcap
