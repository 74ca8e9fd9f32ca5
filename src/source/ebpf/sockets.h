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
// What one record asks for (a process exits, a socket with thousands of remotes closes) may be more than the lane has
// room for. It is then told in pieces: go_on() has the rest, before the next record is taken.
//
// Bounded: sockets_max sockets and as many entries, of which the kernel side has half; what the last look saw.
// Threads: owned by the source's thread.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <optional>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "source/ebpf/entries.h"
#include "source/ebpf/kernel_side.h"
#include "source/ebpf/peers.h"
#include "source/ebpf/recent_cookies.h"
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
  struct Settings {
    std::size_t sockets_max = 131'072;
    Counting counting = Counting::kCalls;
    bool ends_told = true;           // The hooks tell the end of TCP connections; else looks find it.
    std::uint64_t room_min = 1'024;  // Events that fit into the lane before a record is taken.
  };

  Sockets(Traffic& traffic, host::EventOut& out, host::Processes& processes, Settings settings);

  // Any record of the ring; what is not one is counted as malformed. If the last one is not told to its end, it is now,
  // as far as it goes.
  void take(std::span<const std::byte> record);
  // The rest of the last record, until the lane is short of room. True: all of it is told.
  bool go_on();
  // The kernel side counted up the tick. Records of use that were lost are made up for.
  void begin_tick();
  // The end of a tick: what is open by now is told as open, what is over as closed, queued sums are read. Writes until
  // the lane is short of room. True: all is told.
  bool settle(TimeNs now);
  // As if every entry had been used.
  void note_every_use();
  // A process is gone, although no record said so: what it moved is told, and forgotten.
  void process_gone(std::uint32_t pid, TimeNs now);

  // Records were lost, now or before: what would have been in them is looked for.
  void note_loss() { records_lost_ = true; }

  // A look at all sockets that processes hold: seen() for each record, then end_look(). After loss, what the look did
  // not see is over.
  void begin_look(TimeNs now);
  void seen(const ipm_record_seed& record);
  void end_look(bool after_loss, TimeNs now);
  // Tells what the last look saw, as far as there is room. True: all is told. Part of settle().
  bool settle_look(TimeNs now);
  // A look is needed to be sure that what the last one missed is over.
  bool wants_look() const { return wants_look_; }

  // What is known of a socket by now, for what others tell of it. Empty: nothing.
  struct Known {
    model::FlowTuple tuple = {};
    model::ProcessKey owner = {};
  };
  Known known(std::uint64_t cookie) const;
  // Of a UDP socket and whom the packet came from: whose it is, and the flow that this is told as, after telling what
  // would wait for the tick. `closer`: who closes its last descriptor, if that is what happens.
  struct Introduced {
    model::ProcessKey owner = {};
    std::uint64_t flow = 0;
  };
  Introduced introduce(std::uint64_t cookie, const model::FlowTuple& packet, TimeNs now, model::ProcessKey closer = {});

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
  struct Socket {
    model::FlowTuple tuple = {};
    model::TcpState state = model::TcpState::kNone;
    model::OpenHow how = model::OpenHow::kExisting;
    bool announced = false, established = false, was_established = false, closed = false, close_told = false,
         existing = false, reset_received = false, reset_sent = false, owned = false, uncertain = false, missed = false,
         frames = false, existing_counted = false, others = false, used = false;
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
    Entry* entries = nullptr;  // The first, see Entries.
  };
  struct Holder {
    model::ProcessKey key = {};
    std::array<char, IPM_COMM_BYTES> comm = {};
  };
  struct Seen {
    ipm_record_socket record = {};
    std::vector<Holder> holders = {};  // The first kHoldersMax.
    model::ProcessKey last_holder = {};
    std::uint32_t holders_total = 0;
    std::uint64_t tx_bytes = 0, rx_bytes = 0;  // By the hooks, before that.
  };
  using Map = std::unordered_map<std::uint64_t, Socket>;
  enum class Flushed : std::uint8_t { kAll, kRest, kGone };  // Gone: the map has no such entry any more.
  struct Ending {
    std::uint64_t cookie = 0;
    std::uint32_t walk = 0;  // It ends after another than that.
  };

  // Within a record, pieces of it stop here: what ends it always fits.
  bool has_room() const { return hurried_ || out_.room() >= settings_.room_min / 2; }

  // Of connections whose beginning was not told, see unseen.cpp.
  bool began_unseen(const ipm_record_socket& record) const;
  static bool failed_unseen(const ipm_record_socket& record);
  bool infer_beginning(Socket& socket, const ipm_record_socket& record);  // True: it was not known.
  Map::iterator find_or_infer(const ipm_record_socket& record, TimeNs now);
  bool may_be_hidden(std::uint64_t cookie);  // True: it is known from now on, and is over.

  void forget_listener(std::uint64_t cookie, const Socket& socket);
  void note_use(const ipm_io_key& key);
  void note_use(Entry& entry);
  bool uses_were_lost() const { return traffic_.uses_lost() != uses_lost_; }
  void on_io(const ipm_record_io& record);
  void on_socket(const ipm_record_socket& record);
  void on_peer(const ipm_record_peer& record);
  void on_process(const ipm_record_process& record);
  void on_exit(const ipm_record_exit& record);
  void on_accept(const ipm_record_owner& record);
  void on_release(const ipm_record_owner& record);
  void on_connect(const ipm_record_socket& record, TimeNs time);
  void on_no_way(const ipm_record_socket& record, TimeNs time);
  void on_failed(const ipm_record_socket& record, TimeNs time);
  void on_listen(const ipm_record_socket& record);
  void on_established(const ipm_record_socket& record, TimeNs time);
  void on_closed(const ipm_record_socket& record, TimeNs time);
  void on_destroyed(const ipm_record_socket& record, TimeNs time);

  Socket* find(std::uint64_t cookie);
  Socket* ensure(std::uint64_t cookie);  // Null: one too many.
  Socket* begin(std::uint64_t cookie, TimeNs now);
  Entry* ensure_entry(Socket& socket, const ipm_io_key& key);
  // At most `most` of it; the rest stays queued. `settled`: more of what it is about may come in the next tick.
  Flushed flush(std::uint64_t cookie, Socket& socket, Entry& entry, TimeNs now, Bytes most = kAll,
                bool settled = false);
  Flushed flush_value(std::uint64_t cookie, Socket& socket, Entry& entry, const ipm_io& value, TimeNs now, Bytes most,
                      bool settled);
  Flushed flush_frames(Socket& socket, Entry& entry, const ipm_io& value, model::ProcessKey process, TimeNs now);
  bool flush_all(std::uint64_t cookie, Socket& socket, TimeNs now);  // False: short of room.
  void forget_if_over(Socket& socket, Entry& entry, Flushed flushed);
  void read_at_once(TimeNs now);
  bool read_queue(TimeNs now);
  // Tells and forgets what the images of a process moved that do not run any more: all, or all but one. False: short
  // of room.
  bool let_go(std::uint32_t pid, std::optional<std::uint32_t> runs, TimeNs now);
  // The end of a socket; after a walk through the map, if there may be more of it there. False: short of room.
  bool finish(Map::iterator socket, TimeNs now);
  bool end(Map::iterator socket, TimeNs now);
  bool end_waiting(TimeNs now);
  void end_before(std::uint64_t cookie, Socket& socket, TimeNs now);
  static Bytes rest_of(const Socket& socket);

  void meet(std::uint64_t cookie, Socket& socket, TimeNs now);
  struct Rest {
    Bytes bytes = {};
    bool short_of_room = false;  // Else no packet of them was seen.
  };
  Rest tell_datagrams(std::uint64_t cookie, Socket& socket, model::ProcessKey process, Bytes bytes, TimeNs now);
  bool tell_peer(std::uint64_t cookie, Socket& socket, Peer& peer, model::ProcessKey process, Bytes bytes, TimeNs now);
  bool tell_others(std::uint64_t cookie, Socket& socket, model::ProcessKey process, Bytes bytes, TimeNs now);
  bool open_conversation(std::uint64_t flow, const Socket& socket, const model::FlowTuple& tuple,
                         model::ProcessKey process, TimeNs now);
  void tell_peer_owner(const Socket& socket, Peer& peer, TimeNs now);
  void close_conversation(const Socket& socket, Peer& peer, model::CloseReason reason, TimeNs now);
  bool end_conversations(std::uint64_t cookie, Socket& socket, TimeNs now);  // False: short of room.
  bool settle_packets(TimeNs now);

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
  bool write_owner(std::uint64_t flow, const model::FlowTuple& tuple, const Socket& socket, TimeNs now);
  void tell_failure(std::uint64_t cookie, const Socket& socket, TimeNs now);
  void tell_close(std::uint64_t cookie, Socket& socket, TimeNs now);
  void note_counters(Socket& socket, const ipm_tcp& tcp);
  std::uint16_t flags_of(const Socket& socket) const;

  Traffic& traffic_;
  host::EventOut& out_;
  host::Processes& processes_;
  const Settings settings_;
  Map sockets_;
  Entries entries_;
  Peers peers_;
  TimeNs packets_swept_ns_ = 0;
  // Listeners by namespace and port: whose an accepted connection is, until somebody takes it.
  std::unordered_map<std::uint64_t, std::uint64_t> listeners_;
  std::uint32_t batch_ = 0;
  std::deque<ipm_io_key> queue_, next_queue_;  // Of this tick and of the next.
  std::uint32_t epoch_ = 0;                    // Of the last settle().
  std::uint32_t uses_lost_ = 0;                // Before the last walk through the map …
  std::uint32_t walks_ = 0;                    // … of so many.
  std::deque<std::uint64_t> opening_;          // Connects that were not told yet.
  std::deque<std::uint64_t> closing_;          // Closed, and not gone yet.
  std::deque<Ending> ending_;                  // Gone, and not read to the end.
  RecentCookies over_;                         // Told as ended while more of them may come, see unseen.cpp.
  // The record that is not told to its end, of one of these kinds.
  std::optional<ipm_record_process> image_;
  std::optional<ipm_record_exit> exit_;
  std::optional<std::uint64_t> end_;  // Of that socket.
  bool hurried_ = false;              // There is another record: rather drop events and count them.
  std::unordered_map<std::uint64_t, Seen> look_;
  std::deque<std::uint64_t> look_order_;
  std::unordered_set<std::uint64_t> gone_holders_;  // Processes of the last look that were told as gone.
  std::deque<std::uint64_t> gone_;                  // Held by nobody, by the last look.
  TimeNs look_began_ns_ = 0, look_ended_ns_ = 0;
  bool after_loss_ = false;
  bool records_lost_ = false;
  bool looked_before_ = false;
  bool wants_look_ = false;
  std::uint64_t refused_ = 0;
};

}  // namespace ipm::source::ebpf
