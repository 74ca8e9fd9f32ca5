// What is known of each socket, and the events that tell it. Records and sums go in; each byte comes out once, for the
// process that moved it.
//
// A byte's way: the kernel side adds it to the entry of (socket, process, image) and says once a tick that the entry is
// in use. note_use() queues it; flush() reads the sum and writes what was not told yet. An entry whose use belongs to
// the tick under way may move more without another word: it stays queued for the next. Before anything that changes
// what the bytes mean (an exec, an exit, a close) the entries that it concerns are flushed at once.
//
// What the two tracepoints do not see of TCP (splice out of a socket, zero-copy receive), the kernel's own counters do:
// when a socket is gone, what it took in beyond the sums is told for its owner, as inferred.
//
// Bounded: as many sockets as the kernel side has entries for, and connections that are being opened.
// Threads: owned by the source's thread.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "source/ebpf/kernel_side.h"
#include "source/ebpf/peers.h"
#include "source/ebpf/records.h"
#include "source/host/event_out.h"
#include "source/host/processes.h"

namespace ipm::source::ebpf {

inline constexpr std::uint16_t kRawType = 3;  // SOCK_RAW: what stands for a port is the protocol.

// Where bytes are from: from the calls of processes; or, where the kernel does not tell those, from its counters of
// each TCP connection, by a look in every tick, and from packets of UDP.
enum class Counting : std::uint8_t { kCalls, kKernel };

class Sockets {
 public:
  Sockets(Traffic& traffic, host::EventOut& out, host::Processes& processes, std::size_t sockets_max,
          Counting counting = Counting::kCalls);

  // Any record of the ring; what is not one is counted as malformed.
  void take(std::span<const std::byte> record);
  // The end of a tick: what is open by now is told as open, what is over as closed, queued sums are read. Writes until
  // the lane is short of room. True: all is told.
  bool settle(TimeNs now, std::uint64_t room_min);
  // As if every entry had been used: after records of use were lost.
  void note_every_use();

  // Records were lost, now or before: what would have been in them is looked for.
  void note_loss() { records_lost_ = true; }

  // A look at all sockets that processes hold: seen() for each record, then end_look(). After loss, what the look did
  // not see is over.
  void begin_look(TimeNs now);
  void seen(const ipm_record_seed& record);
  void end_look(bool after_loss, TimeNs now);
  // Tells what the last look saw, as far as there is room. True: all is told. Part of settle().
  bool settle_look(TimeNs now, std::uint64_t room_min);

  // What is known of a socket by now, for what others tell of it. Empty: nothing.
  struct Known {
    model::FlowTuple tuple = {};
    model::ProcessKey owner = {};
  };
  Known known(std::uint64_t cookie) const;

  std::size_t size() const { return sockets_.size(); }
  std::uint64_t refused() const { return refused_; }
  std::uint64_t peers_refused() const { return peers_.refused(); }

 private:
  static constexpr std::size_t kHoldersMax = 8;
  static constexpr Bytes kAll{UINT64_MAX, UINT64_MAX};
  static constexpr std::size_t kBatchMin = 256;
  static constexpr TimeNs kPacketsSweep = 30 * kSecond;
  static std::uint64_t listener_key(const model::FlowTuple& tuple) {
    return (std::uint64_t{tuple.netns} << 16) | tuple.local_port;
  }
  struct Entry {
    ipm_io_key key = {};
    std::uint64_t tx_bytes = 0;  // Told so far.
    std::uint64_t rx_bytes = 0;
    bool queued = false;
    bool waited = false;                 // For the packets of what it moved.
    std::uint32_t batch = 0;             // The last that had it, see read_at_once().
    std::uint32_t counters_void_in = 0;  // An epoch in which the counters of its socket may be another connection's.
  };
  struct Socket {
    model::FlowTuple tuple = {};
    model::TcpState state = model::TcpState::kNone;
    model::OpenHow how = model::OpenHow::kExisting;
    bool announced = false, established = false, was_established = false, closed = false, close_told = false,
         existing = false, reset_received = false, reset_sent = false, owned = false, uncertain = false, missed = false,
         frames = false, existing_counted = false, others = false;
    model::TcpState state_before = model::TcpState::kNone;
    std::int32_t error = 0;
    TimeNs opened_ns = 0, established_ns = 0, closed_ns = 0;
    model::ProcessKey origin = {};  // Who connected, accepted or listens.
    model::Rule rule = model::Rule::kNone;
    model::ProcessKey last_holder = {};
    std::uint64_t inode = 0;
    std::uint32_t uid = model::Process::kUidUnknown;
    // TCP payload, by the kernel's counters: before the source was there, and the most seen.
    std::uint64_t tx_before = 0, rx_before = 0, tx_most = 0, rx_most = 0;
    std::uint64_t tx_told = 0, rx_told = 0;  // Over all entries, with what was inferred. Of TCP.
    ipm_tcp told = {};                       // The counters as of the last snapshot …
    ipm_tcp last = {};                       // … and as they were in the end.
    std::uint32_t packets_out = 0, packets_in = 0;
    std::vector<Entry> entries;
  };
  struct Seen {
    ipm_record_socket record = {};
    std::vector<model::ProcessKey> holders = {};  // The first kHoldersMax.
    model::ProcessKey last_holder = {};
    std::uint32_t holders_total = 0;
    std::array<char, IPM_COMM_BYTES> comm = {};  // Of the first.
    std::uint64_t tx_bytes = 0, rx_bytes = 0;    // By the hooks, before that.
  };
  using Map = std::unordered_map<std::uint64_t, Socket>;
  using Queue = std::unordered_map<std::uint32_t, std::vector<ipm_io_key>>;  // By process.

  void forget_listener(std::uint64_t cookie, const Socket& socket);
  void note_use(const ipm_io_key& key);
  void on_io(const ipm_record_io& record);
  void on_socket(const ipm_record_socket& record);
  void on_peer(const ipm_record_peer& record);
  void on_process(const ipm_record_process& record);
  void on_exit(const ipm_record_exit& record);
  void on_accept(const ipm_record_owner& record);
  void on_release(const ipm_record_owner& record);
  void on_connect(const ipm_record_socket& record, TimeNs time);
  void on_no_way(const ipm_record_socket& record, TimeNs time);
  void on_listen(const ipm_record_socket& record);
  void on_established(const ipm_record_socket& record, TimeNs time);
  void on_closed(const ipm_record_socket& record, TimeNs time);
  void on_destroyed(const ipm_record_socket& record, TimeNs time);

  Socket* find(std::uint64_t cookie);
  Socket* ensure(std::uint64_t cookie);  // Null: one too many.
  Socket* begin(std::uint64_t cookie, TimeNs now);
  Entry& entry_of(Socket& socket, const ipm_io_key& key);
  // At most `most` of it; the rest stays queued. `settled`: more of what it is about may come in the next tick.
  void flush(std::uint64_t cookie, Socket& socket, Entry& entry, TimeNs now, Bytes most = kAll, bool settled = false);
  void flush_value(std::uint64_t cookie, Socket& socket, Entry& entry, const ipm_io& value, TimeNs now, Bytes most,
                   bool settled);
  void read_at_once(TimeNs now, std::uint64_t room_min);
  void flush_frames(Socket& socket, Entry& entry, const ipm_io& value, model::ProcessKey process, TimeNs now);
  void flush_all(std::uint64_t cookie, Socket& socket, TimeNs now);
  void flush_process(std::uint32_t pid, TimeNs now);
  void end(Map::iterator socket, TimeNs now);
  void end_before(std::uint64_t cookie, Socket& socket, TimeNs now);
  static Bytes rest_of(const Socket& socket);

  void meet(std::uint64_t cookie, Socket& socket, TimeNs now);
  // What is left: no packet of it was seen.
  Bytes tell_datagrams(std::uint64_t cookie, Socket& socket, model::ProcessKey process, Bytes bytes, TimeNs now);
  bool tell_peer(std::uint64_t cookie, Socket& socket, Peer& peer, model::ProcessKey process, Bytes bytes, TimeNs now);
  bool tell_others(std::uint64_t cookie, Socket& socket, model::ProcessKey process, Bytes bytes, TimeNs now);
  bool open_conversation(std::uint64_t flow, const Socket& socket, const model::FlowTuple& tuple,
                         model::ProcessKey process, TimeNs now);
  void close_conversation(const Peer& peer, model::CloseReason reason, TimeNs now);
  void end_conversations(std::uint64_t cookie, Socket& socket, TimeNs now);
  bool settle_packets(TimeNs now, std::uint64_t room_min);

  void tell_seen(std::uint64_t cookie, const Seen& seen, TimeNs now);
  void count_before(Socket& socket, const Seen& seen);
  void count_seen(std::uint64_t cookie, Socket& socket, const Seen& seen, TimeNs now);
  void count_unseen(std::uint64_t cookie, TimeNs now);
  model::ByteLayer layer_of(const Socket& socket) const;

  void announce(std::uint64_t cookie, Socket& socket, TimeNs now);
  void tell_established(std::uint64_t cookie, Socket& socket);
  bool tell_data(std::uint64_t cookie, Socket& socket, model::ProcessKey process, std::uint64_t tx, std::uint64_t rx,
                 TimeNs now, std::uint16_t flags);
  void tell_snapshot(std::uint64_t cookie, Socket& socket, const ipm_tcp& tcp, TimeNs now);
  void tell_rest(std::uint64_t cookie, Socket& socket, TimeNs now);
  void tell_owner(std::uint64_t cookie, Socket& socket, TimeNs now);
  void tell_close(std::uint64_t cookie, Socket& socket, TimeNs now);
  void note_counters(Socket& socket, const ipm_tcp& tcp);
  std::uint16_t flags_of(const Socket& socket) const;

  Traffic& traffic_;
  host::EventOut& out_;
  host::Processes& processes_;
  const std::size_t sockets_max_;
  const Counting counting_;
  Map sockets_;
  Peers peers_;
  TimeNs packets_swept_ns_ = 0;
  // Listeners by namespace and port: whose an accepted connection is, until somebody takes it.
  std::unordered_map<std::uint64_t, std::uint64_t> listeners_;
  std::uint32_t batch_ = 0;
  Queue queue_, next_queue_;           // Of this tick and of the next.
  std::uint32_t epoch_ = 0;            // Of the last settle().
  std::deque<std::uint64_t> opening_;  // Connects that were not told yet.
  std::deque<std::uint64_t> closing_;  // Closed, and not gone yet.
  std::unordered_map<std::uint64_t, Seen> look_;
  std::deque<std::uint64_t> look_order_;
  std::unordered_set<std::uint64_t> gone_holders_;  // Processes of the last look that were told as gone.
  std::deque<std::uint64_t> gone_;                  // Held by nobody, by the last look.
  TimeNs look_began_ns_ = 0, look_ended_ns_ = 0;
  bool after_loss_ = false;
  bool records_lost_ = false;
  bool looked_before_ = false;
  std::uint64_t refused_ = 0;
};

}  // namespace ipm::source::ebpf
