// The ebpf source: opens the kernel side, reads its ring whenever it is polled and its sums once a tick.
#pragma once

#include <map>
#include <memory>
#include <vector>

#include "os/linux/fd.h"
#include "source/ebpf/governor.h"
#include "source/ebpf/kernel_side.h"
#include "source/ebpf/look_reader.h"
#include "source/ebpf/losses.h"
#include "source/ebpf/names.h"
#include "source/ebpf/options.h"
#include "source/ebpf/own_records.h"
#include "source/ebpf/self_test.h"
#include "source/ebpf/sockets.h"
#include "source/host/counters.h"
#include "source/host/looks.h"
#include "source/host/namespaces.h"
#include "source/host/pace.h"
#include "source/host/waiting.h"

namespace ipm::source::ebpf {

class EbpfSource final : public Source {
 public:
  EbpfSource();
  ~EbpfSource() override = default;

  std::string_view name() const noexcept override { return "ebpf"; }
  bool live() const noexcept override { return true; }
  Capabilities probe() const override;
  std::span<const std::string_view> parameters() const override { return ebpf::parameters(); }
  Status check(const SourceOptions& options) const override { return read_options(options).status(); }
  Status open(const SourceOptions& options) override;
  Status poll(ring::Writer& out, std::chrono::nanoseconds timeout) override;
  int fd() const noexcept override { return wait_.fd(); }
  TimeNs next_due_ns() const noexcept override;
  void interrupt() noexcept override { wait_.interrupt(); }
  void look_now() override { looks_.ask(); }
  bool looking() const noexcept override { return looks_.open(); }
  SourceStats stats() const noexcept override { return out_.stats(); }
  Degradations degradations() const override;
  std::string self_test() const override { return self_test_.text(); }

 private:
  // Of one tick, in this order.
  enum class Phase { kIdle, kLook, kRing, kSettle, kCounters, kProcesses };

  Status poll_within(ring::Writer& out, std::chrono::nanoseconds timeout);
  bool work(bool& short_of_room);
  bool read_ring(bool& short_of_room);  // True: something was there.
  bool settle(TimeNs now);              // True: all is told.
  bool advance_tick(bool& short_of_room);
  void begin_tick(TimeNs now);
  void count_losses(TimeNs now);
  void begin_look(bool after_loss, TimeNs now);
  bool step_look(TimeNs now);  // True: done.
  void seen(const ipm_record_seed& record);
  bool step_counters(TimeNs now);
  void end_tick(TimeNs now);

  Options options_;
  host::EventOut out_;
  KernelSide kernel_;
  OwnRecords own_records_{kernel_, out_};
  SelfTest self_test_;
  std::unique_ptr<host::Processes> processes_;
  std::unique_ptr<Sockets> sockets_;
  std::unique_ptr<Names> names_;
  std::unique_ptr<host::Namespaces> namespaces_;
  std::unique_ptr<host::Counters> host_counters_;
  host::Pace counters_pace_;
  TimeNs counters_cpu_ns_ = 0;  // Of this round.
  host::Waiting wait_;

  Phase phase_ = Phase::kIdle;
  Governor governor_{Options{}.cpu_max};  // Of `options_`, once open.
  TimeNs cpu_ns_ = 0, last_tick_ns_ = 0;  // CPU time of poll() since then.
  bool beginning_told_ = false;
  bool ring_empty_ = false;  // Since the tick began.
  TimeNs tick_began_ns_ = 0, next_due_ns_ = 0, next_sweep_ns_ = 0;
  LookReader look_;
  bool look_wanted_ = false, look_after_loss_ = false, look_is_after_loss_ = false;
  bool exits_lost_ = false;
  bool pids_are_procs_ = true;  // What the kernel side calls a process, its /proc does too.
  std::uint64_t refused_before_ = 0;
  KernelCounters counters_{};

  host::Looks looks_;
  std::map<std::string, std::string> degradations_;
};

}  // namespace ipm::source::ebpf
