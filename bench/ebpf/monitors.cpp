#include "ebpf/monitors.h"

#include <bpf/libbpf.h>
#include <ipm/ipm.h>
#include <time.h>
#include <unistd.h>

#include <stdexcept>

#include "cpu_time.h"
#include "ebpf/record_per_send.h"
#include "record_per_send.skel.h"

namespace ipm::bench {
namespace {

struct OwnPrograms {
  record_per_send_bpf* skeleton = record_per_send_bpf__open_and_load();
  OwnPrograms() {
    if (skeleton == nullptr) throw std::runtime_error("the benchmark's BPF programs do not load");
  }
  ~OwnPrograms() { record_per_send_bpf__destroy(skeleton); }
  OwnPrograms(const OwnPrograms&) = delete;
  OwnPrograms& operator=(const OwnPrograms&) = delete;
};

void attach(const bpf_program* program) {
  if (bpf_program__attach(program) == nullptr) throw std::runtime_error("cannot attach a BPF program");
}

void do_nothing(const Child::Say& say) {
  const OwnPrograms own;
  attach(own.skeleton->progs.bench_nop_send);
  attach(own.skeleton->progs.bench_nop_recv);
  say(0);
  for (;;) ::pause();
}

int add_bytes(void* sum, void* record, std::size_t) {
  *static_cast<std::uint64_t*>(sum) += static_cast<const send_record*>(record)->bytes;
  return 0;
}

void read_records(const Child::Say& say) {
  const OwnPrograms own;
  attach(own.skeleton->progs.bench_rec_send);
  attach(own.skeleton->progs.bench_rec_recv);
  std::uint64_t sum = 0;
  ring_buffer* ring = ring_buffer__new(bpf_map__fd(own.skeleton->maps.records), add_bytes, &sum, nullptr);
  if (ring == nullptr) throw std::runtime_error("cannot map the ring");
  say(0);
  for (;;) ring_buffer__poll(ring, -1);
}

void run_libipm(const Child::Say& say) {
  ipm_monitor* monitor = nullptr;
  if (ipm_monitor_open(&monitor, nullptr) != IPM_OK || ipm_monitor_add_source(monitor, "ebpf:") != IPM_OK) {
    throw std::runtime_error(ipm_last_error());
  }
  (void)ipm_monitor_step(monitor, 0);
  say(0);
  for (;;) {
    if (ipm_monitor_step(monitor, IPM_S) < 0) throw std::runtime_error(ipm_last_error());
  }
}

}  // namespace

std::string programs_of(Watcher watcher) {
  switch (watcher) {
    case Watcher::kNobody:
      break;
    case Watcher::kEmpty:
      return "bench_nop_";
    case Watcher::kRecordPerSend:
      return "bench_rec_";
    case Watcher::kLibipm:
      return "ipm_";
  }
  throw std::logic_error("nobody has no programs");
}

std::string why_no_ebpf_source() {
  ipm_monitor* monitor = nullptr;
  if (ipm_monitor_open(&monitor, nullptr) != IPM_OK) return ipm_last_error();
  const std::string why = ipm_monitor_add_source(monitor, "ebpf:") == IPM_OK ? "" : ipm_last_error();
  ipm_monitor_close(monitor);
  return why;
}

RunningMonitor::RunningMonitor(Watcher watcher) {
  switch (watcher) {
    case Watcher::kNobody:
      return;
    case Watcher::kEmpty:
      process_ = std::make_unique<Child>(do_nothing);
      break;
    case Watcher::kRecordPerSend:
      process_ = std::make_unique<Child>(read_records);
      break;
    case Watcher::kLibipm:
      process_ = std::make_unique<Child>(run_libipm);
      break;
  }
  (void)process_->hear();
}

double RunningMonitor::cpu_s() const {
  return process_ == nullptr ? 0 : cpu_s_of_process(process_->pid());
}

}  // namespace ipm::bench
