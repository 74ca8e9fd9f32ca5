// The sock_diag source. One poll() reads, in this order: closed sockets (they would be lost first), process news, and a
// stretch of the tick: the periodic look at all sockets, cut into steps that stop when the lane is short of room.
//
// The files: sock_diag.cpp opens and waits, destroy.cpp takes in what ends, tick.cpp looks at what is,
// owners.cpp finds out whose it is.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "os/linux/fd.h"
#include "os/linux/netlink_socket.h"
#include "os/linux/proc_connector.h"
#include "source/host/counters.h"
#include "source/host/event_out.h"
#include "source/host/looks.h"
#include "source/host/namespaces.h"
#include "source/host/processes.h"
#include "source/host/waiting.h"
#include "source/sock_diag/closed_sockets.h"
#include "source/sock_diag/options.h"
#include "source/sock_diag/owner_walk.h"
#include "source/sock_diag/self_test.h"
#include "source/sock_diag/socket_events.h"
#include "source/sock_diag/socket_table.h"

namespace ipm::source::sock_diag {

using host::Namespaces;
using host::Netns;

// How long the end of a socket may wait for that of its other end.
inline constexpr TimeNs kPeerWait = 20 * kMillisecond;
// How long a look waits for destroy records that are to come: on a busy host the kernel's worker waits for a processor.
inline constexpr TimeNs kBroadcastWait = 500 * kMillisecond;

class SockDiagSource final : public Source {
 public:
  SockDiagSource();
  ~SockDiagSource() override = default;

  std::string_view name() const noexcept override { return "sock_diag"; }
  bool live() const noexcept override { return true; }
  Capabilities probe() const override;
  std::span<const std::string_view> parameters() const override { return sock_diag::parameters(); }
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
  std::string self_test() const override;

 private:
  // Of one tick, in this order.
  enum class Phase { kIdle, kNamespaces, kRelease, kDump, kOwners, kAnnounce, kRecheck, kCounters, kProcesses, kSweep };
  struct DumpJob {
    std::uint32_t netns = 0;
    std::uint8_t family = 0;
    std::uint8_t protocol = 0;
  };
  // A socket's destroy record, on its way to being told.
  struct Ending {
    std::uint32_t netns = 0;
    os::DiagSocket socket = {};
    bool listener = false;  // Somebody listens at its address.
    bool existing = false;  // Was there at open().
    Remains remains = Remains::kNothing;
    TimeNs until = 0;                             // Waits for its other end until then.
    std::optional<std::uint64_t> peer_sent = {};  // Its other end came.
  };

  // sock_diag.cpp
  Status open_process_connector();
  void watch_netns(Netns& netns);
  // True: a step that does some work was done.
  bool work(bool& short_of_room);

  // destroy.cpp
  bool drain_destroyed(bool& short_of_room);
  bool drain_destroyed_of(Netns& netns, std::uint64_t messages_max);  // True: something was there.
  void on_destroyed(Netns& netns, os::DiagSocket& socket, TimeNs now);
  bool finish_deferred(bool& short_of_room);
  void finish_by_peer(const Ending& ending, TimeNs now);
  void finish_destroyed(const Ending& ending, bool fin, TimeNs now);
  void finish_unseen(const Ending& ending, bool fin, TimeNs now);
  void finish_gone(const Ending& ending, SocketRecord& record, bool fin, TimeNs now);
  std::optional<bool> fin_received(Netns& netns, Ending& ending);
  bool fin_received_at_last(const Ending& ending);
  model::CloseReason reason_of(const Ending& ending, bool fin);
  bool accepted(const Ending& ending);
  std::optional<std::uint64_t> peer_sent(const os::DiagSocket& socket);
  std::optional<os::DiagSocket> lookup(Netns& netns, std::uint8_t family, const model::FlowTuple& tuple,
                                       std::uint32_t interface);
  void on_overrun(Netns& netns, TimeNs now);
  bool drain_process_news(bool& short_of_room);
  void on_process_news(const os::ProcessNews& news, TimeNs now);

  // tick.cpp
  bool advance_tick(bool& short_of_room);
  void begin_tick(TimeNs now);
  void scan_namespaces(TimeNs now);
  bool step_release(TimeNs now);
  bool release(Netns& netns, TimeNs now);  // False: the lane has no room for the rest.
  void plan_dumps();
  bool step_dump(TimeNs now);  // True: all dumps are done.
  void baseline();
  enum class Chunk { kMore, kDone, kFailed };
  Chunk read_dump_chunk(Netns& netns, const DumpJob& job, TimeNs now);
  void on_dumped(Netns& netns, os::DiagSocket& socket, TimeNs now);
  void end_dump_job(bool complete, std::string why);
  bool step_announce(TimeNs now);
  void sweep(TimeNs now);
  void announce(std::uint64_t cookie, SocketRecord& record, TimeNs now);
  std::uint16_t flags_of(const SocketRecord& record);

  // owners.cpp
  void begin_owners(TimeNs now);
  bool step_recheck(TimeNs now);
  // What the walk found out. False: nothing that changes what is known.
  bool find_ownership(SocketRecord& record, TimeNs now, std::vector<model::ProcessKey>& owners);
  void plan_rechecks();

  void answer_looks();
  bool all_heard(TimeNs now);
  void degrade(std::string what, std::string reason);

  Options options_;
  EventOut out_;
  std::unique_ptr<Namespaces> namespaces_;
  std::unique_ptr<host::Counters> counters_;
  std::unique_ptr<Processes> processes_;
  std::unique_ptr<SocketEvents> events_;
  std::unique_ptr<OwnerWalk> walk_;
  bool whole_host_ = true;        // Every process of the host is in /proc.
  bool may_read_others_ = false;  // The descriptors of processes of other users.
  host::Looks looks_;
  TimeNs settled_ns_ = 0;  // When the endings that the last tick knew of are all told.
  // Cookies that the last dump was the first to miss: the kernel tells of their end by a worker of its own, a little
  // later. A look waits for them.
  std::vector<std::uint64_t> unheard_;
  TimeNs unheard_until_ = 0;
  bool walk_all_ = false;  // The next walk looks at every process, whatever it costs.
  SocketTable sockets_;
  ListenerBook listeners_;
  ClosedSockets closed_;

  host::Waiting wait_;
  os::NetlinkSocket connector_;
  std::vector<std::byte> buffer_;
  std::uint32_t sequence_ = 0;
  std::uint32_t dump_sequence_ = 0;  // Of the dump under way.

  Phase phase_ = Phase::kIdle;
  TimeNs next_due_ns_ = 0;
  std::uint64_t tick_ = 0;
  bool baseline_ = false;
  bool resync_ = false;  // Loss: look again soon.
  bool verify_processes_ = false;
  std::deque<DumpJob> jobs_;
  bool job_started_ = false;
  std::deque<std::unique_ptr<Netns>> releasing_;
  std::deque<Ending> deferred_;  // In order of `until`.
  // By path hash, into deferred_: those whose other end has not come.
  std::unordered_map<std::uint64_t, Ending*> waiting_;
  std::deque<std::uint64_t> pending_;               // Cookies seen and not announced yet.
  std::deque<std::uint64_t> rechecks_;              // Announced ones whose owner is to be looked for (again).
  std::unordered_set<std::uint32_t> fresh_pids_;    // Forked or executed since the last walk.
  std::unordered_set<std::uint32_t> changed_pids_;  // Known ones that forked or ended: who else holds their sockets?

  SelfTest self_test_;
  std::map<std::string, std::string> degradations_;
};

}  // namespace ipm::source::sock_diag
