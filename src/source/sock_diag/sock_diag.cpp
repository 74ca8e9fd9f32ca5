// Opens, waits and hands out work.
#include "source/sock_diag/sock_diag.h"

#include <linux/netlink.h>

#include <algorithm>

#include "os/linux/clock.h"
#include "os/linux/proc_files.h"
#include "source/host/capabilities.h"
#include "source/sock_diag/privileges.h"
#include "source/sock_diag/sock_diag_source.h"

namespace ipm::source {

std::unique_ptr<Source> make_sock_diag_source(const SourceUri&) {
  return std::make_unique<sock_diag::SockDiagSource>();
}

}  // namespace ipm::source

namespace ipm::source::sock_diag {
namespace {

constexpr std::size_t kBufferBytes = 65'536;  // The kernel fills dump buffers of up to 32 KiB.
constexpr std::uint64_t kConnectorBufferBytes = 4ULL << 20;
constexpr int kStepsPerPoll = 16;  // A stretch of a tick of a few milliseconds.
constexpr TimeNs kRoomWait = kMillisecond;

}  // namespace

SockDiagSource::SockDiagSource() : buffer_(kBufferBytes) {}

Capabilities SockDiagSource::probe() const {
  return probe_capabilities(options_.proc_root);
}

Status SockDiagSource::open(const SourceOptions& options) {
  if (wait_.is_open()) return Status::state("sock_diag: is open already");
  Result<Options> read = read_options(options);
  if (!read.ok()) return read.status();
  options_ = *read;
  if (Status status = wait_.open(); !status.ok()) return status.with_context("sock_diag");
  namespaces_ =
      std::make_unique<Namespaces>(Namespaces::Settings{.proc_root = options_.proc_root,
                                                        .all = options_.all_netns,
                                                        .receive_buffer_bytes = options_.receive_buffer_bytes});
  counters_ = std::make_unique<host::Counters>(out_, *namespaces_);
  processes_ = std::make_unique<Processes>(options_.proc_root, out_);
  events_ = std::make_unique<SocketEvents>(out_, *processes_);
  walk_ = std::make_unique<OwnerWalk>(options_.proc_root);

  if (Status status = namespaces_->open_own(); !status.ok()) {
    wait_.close();
    return status.with_context("sock_diag");
  }
  // Before the first look, so that nothing happens unseen in between.
  if (Status connected = open_process_connector(); !connected.ok()) {
    degrade("process starts and exits as they happen", std::string(connected.message()) +
                                                           "; looked for at each tick instead (needs CAP_NET_ADMIN on "
                                                           "kernels before 6.6, and the initial network namespace)");
  }
  if (const auto processes = os::list_processes(options_.proc_root); !processes.ok()) {
    degrade("owners of sockets", std::string(processes.status().message()));
  } else if (processes->empty()) {
    degrade("owners of sockets", options_.proc_root + " shows no process; is it a /proc?");
  }
  const TimeNs now = os::boottime_ns();
  begin_tick(now);
  if (!os::in_initial_pid_namespace()) {
    whole_host_ = false;
    degrade("owners outside this pid namespace", "/proc shows its processes only; needs the host's, as proc=");
  }
  (void)namespaces_->scan(now, true);
  for (auto& [inode, netns] : namespaces_->all()) watch_netns(*netns);
  baseline();
  begin_owners(now);
  phase_ = Phase::kOwners;
  if (options.self_test) self_test_.begin(os::boottime_ns());
  return Status::success();
}

Status SockDiagSource::open_process_connector() {
  Result<os::NetlinkSocket> socket = os::NetlinkSocket::open(NETLINK_CONNECTOR, os::kProcessConnectorGroup);
  if (!socket.ok()) return socket.status();
  socket->set_receive_buffer(kConnectorBufferBytes);
  if (Status sent = socket->send(os::process_connector_request(true)); !sent.ok()) return sent;
  // The kernel answers at once, with an acknowledgement; in a pid or user namespace of its own it keeps silent for
  // good.
  std::byte answer[4'096];
  if (socket->receive(answer).what != os::NetlinkSocket::What::kData) {
    return Status::unsupported("the kernel tells them in the initial pid and user namespace only");
  }
  if (Status watched = wait_.watch(socket->fd()); !watched.ok()) return watched;
  connector_ = std::move(*socket);
  return Status::success();
}

void SockDiagSource::watch_netns(Netns& netns) {
  if (const Status status = wait_.watch(netns.destroy.fd()); !status.ok()) {
    degrade("closed sockets as they close", std::string(status.message()));
  }
}

TimeNs SockDiagSource::next_due_ns() const noexcept {
  if (phase_ != Phase::kIdle || looks_.waiting()) return 0;
  TimeNs due = next_due_ns_;
  if (!deferred_.empty()) due = std::min(due, deferred_.front().until);
  if (!looks_.answered() && !unheard_.empty()) due = std::min(due, unheard_until_);
  return due;
}

bool SockDiagSource::work(bool& short_of_room) {
  bool worked = false;
  for (int step = 0; step < kStepsPerPoll; ++step) {
    // What waits in the kernel's buffers goes first, in each step.
    bool now_worked = drain_destroyed(short_of_room);
    now_worked = drain_process_news(short_of_room) || now_worked;
    now_worked = advance_tick(short_of_room) || now_worked;
    if (!now_worked) break;
    worked = true;
  }
  answer_looks();
  return worked;
}

void SockDiagSource::answer_looks() {
  if (phase_ != Phase::kIdle || looks_.answered()) return;
  const TimeNs now = os::boottime_ns();
  if (!all_heard(now) || (!deferred_.empty() && now < settled_ns_)) return;
  looks_.answer();
}

bool SockDiagSource::all_heard(TimeNs now) {
  while (!unheard_.empty() && (now >= unheard_until_ || sockets_.find(unheard_.back()) == nullptr)) unheard_.pop_back();
  return unheard_.empty();
}

Status SockDiagSource::poll(ring::Writer& out, std::chrono::nanoseconds timeout) {
  if (!wait_.is_open()) return Status::state("sock_diag: poll before open");
  out_.bind(&out);
  if (looks_.take()) next_due_ns_ = 0;
  const TimeNs end = os::boottime_ns() + std::min<TimeNs>(timeout.count(), kHour);
  const std::uint64_t written_before = out_.written();
  while (true) {
    bool short_of_room = false;
    const bool worked = work(short_of_room);
    if (out_.written() != written_before || phase_ != Phase::kIdle) {
      // A full lane: leave its consumer some time, if the caller has it.
      if (!worked && short_of_room && timeout.count() > 0) {
        if (os::boottime_ns() < end) std::this_thread::sleep_for(std::chrono::nanoseconds(kRoomWait));
      }
      if (out_.written() != written_before || timeout.count() <= 0 || os::boottime_ns() >= end || short_of_room) {
        return Status::success();
      }
      continue;
    }
    if (short_of_room) return Status::success();
    if (os::boottime_ns() >= end) return Status::timeout();
    if (!worked && wait_.until(std::min(end, next_due_ns()))) return Status::timeout();
  }
}

void SockDiagSource::degrade(std::string what, std::string reason) {
  degradations_[std::move(what)] = std::move(reason);
}

Degradations SockDiagSource::degradations() const {
  Degradations out;
  const auto add = [&](std::string what, std::string reason) {
    out.push_back({std::move(what), false, std::move(reason)});
  };
  if (!wait_.is_open()) return out;
  for (const auto& [inode, status] : namespaces_->refused()) {
    add("network namespace " + std::to_string(inode), std::string(status.message()));
  }
  if (namespaces_->unreadable() > 0) {
    const bool may = host::has_capability(host::kCapSysPtrace) && host::has_capability(host::kCapSysAdmin);
    add("other network namespaces",
        "the namespaces of " + std::to_string(namespaces_->unreadable()) + " processes could not be read; " +
            (may ? "the kernel protects them from this user namespace" : "needs CAP_SYS_PTRACE and CAP_SYS_ADMIN"));
  }
  if (walk_->unreadable() > 0 || !host::has_capability(host::kCapSysPtrace)) {
    add("owners of other users' sockets", host::has_capability(host::kCapSysPtrace)
                                              ? "the kernel protects the descriptors of single processes"
                                              : "needs CAP_SYS_PTRACE to read /proc/PID/fd of other users");
  }
  if (const Netns* own = namespaces_->find(namespaces_->own());
      own != nullptr && own->receive_buffer_bytes < options_.receive_buffer_bytes) {
    add("bursts of closing connections without loss",
        "the buffer for closed sockets is " + std::to_string(own->receive_buffer_bytes) +
            " bytes; needs CAP_NET_ADMIN for more than net.core.rmem_max");
  }
  if (processes_->refused() > 0) add("processes past the bound", "more talking processes than the source keeps");
  add("udp bytes", "the kernel's socket records do not count them; needs the ebpf source");
  if (const std::optional<Capability> failed = self_test_.missing(os::boottime_ns())) out.push_back(*failed);
  for (const auto& [what, reason] : degradations_) add(what, reason);
  return out;
}

std::string SockDiagSource::self_test() const {
  return self_test_.text(os::boottime_ns());
}

}  // namespace ipm::source::sock_diag
