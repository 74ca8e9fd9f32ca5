// Any bytes as what the kernel side says: records of the ring, packets with names in them, records of a look, entries
// of the map of traffic. Nothing may be read past its end, every arrival is counted once, and no process is told more
// bytes than it moved; where calls are not counted, no socket more than the kernel's counters and packets have.
//
// The input is a byte that says what the kernel has, and a list of steps: a byte that says what, then what it needs.
// Records are filled from the input up to their length; the fields that name a socket and a process are made few, so
// that they meet.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <map>
#include <tuple>
#include <utility>
#include <vector>

#include "source/ebpf/intake.h"
#include "source/ebpf/own_records.h"

using namespace ipm;
using namespace ipm::source;

namespace {

constexpr std::uint32_t kLaneEvents = 64;
constexpr std::uint64_t kRoomMin = 32;
constexpr std::size_t kSocketsMax = 12;

using Key = std::pair<std::uint64_t, std::uint64_t>;  // Cookie and process reference.
struct Bytes {
  std::uint64_t tx = 0, rx = 0;
};

class Input {
 public:
  Input(const std::uint8_t* data, std::size_t size) : data_(data), size_(size) {}
  bool empty() const { return size_ == 0; }
  std::uint8_t byte() {
    std::uint8_t out = 0;
    fill(&out, 1);
    return out;
  }
  // Zeros beyond the end.
  void fill(void* out, std::size_t bytes) {
    std::memset(out, 0, bytes);
    const std::size_t there = std::min(bytes, size_);
    if (there != 0) std::memcpy(out, data_, there);
    data_ += there;
    size_ -= there;
  }
  std::span<const std::byte> rest(std::size_t bytes_max) {
    const std::size_t there = std::min(bytes_max, size_);
    const std::span<const std::byte> out(reinterpret_cast<const std::byte*>(data_), there);
    data_ += there;
    size_ -= there;
    return out;
  }

 private:
  const std::uint8_t* data_;
  std::size_t size_;
};

ipm_peer_key peer_key(const std::tuple<std::uint64_t, std::uint16_t>& id) {
  ipm_peer_key out{};
  out.cookie = std::get<0>(id);
  out.remote_port = std::get<1>(id);
  out.family = 2;
  return out;
}

class Map final : public ebpf::Traffic {
 public:
  bool read(const ipm_io_key& key, ipm_io& out) override {
    const auto found = entries.find({key.cookie, key.pid, key.image});
    if (found == entries.end()) return false;
    out = found->second;
    return true;
  }
  bool read(const ipm_peer_key& key, ipm_peer& out) override {
    const auto found = peers.find({key.cookie, key.remote_port});
    if (found == peers.end()) return false;
    out = found->second;
    return true;
  }
  void forget(const ipm_io_key& key) override { entries.erase({key.cookie, key.pid, key.image}); }
  void forget(const ipm_peer_key& key) override { peers.erase({key.cookie, key.remote_port}); }
  Status each(const std::function<bool(const ipm_io_key&, const ipm_io&)>& visit) override {
    const auto moment = entries;  // Who is visited may forget it.
    for (const auto& [id, entry] : moment) {
      const ipm_io_key key{.cookie = std::get<0>(id), .pid = std::get<1>(id), .image = std::get<2>(id)};
      if (!visit(key, entry)) break;
    }
    return Status::success();
  }
  Status each(const std::function<bool(const ipm_peer_key&, const ipm_peer&)>& visit) override {
    for (const auto& [id, peer] : peers) {
      if (!visit(peer_key(id), peer)) break;
    }
    return Status::success();
  }
  std::uint32_t epoch() const override { return now; }
  std::uint32_t uses_lost() const override { return lost; }

  std::map<std::tuple<std::uint64_t, std::uint32_t, std::uint32_t>, ipm_io> entries;
  std::map<std::tuple<std::uint64_t, std::uint16_t>, ipm_peer> peers;
  std::uint32_t now = 1;
  std::uint32_t lost = 0;
};

class Run {
 public:
  explicit Run(Input input) : input_(input), how_(input_.byte()) {
    out_.bind(&writer_);
    own_.set_pid(1);
  }

  void go() {
    while (!input_.empty()) {
      const std::uint8_t what = input_.byte();
      step(what);
      if (what < 192) drain();  // Else the lane fills.
    }
    for (int i = 0; i < 2; ++i) tick();
    const SourceStats stats = out_.stats();
    check(stats.received == stats.written + stats.filtered + stats.dropped + stats.malformed);
    check(stats.written == lane_.pushed());
    check(sockets_.size() <= kSocketsMax);
    for (const auto& [key, told] : told_) {
      if (by_calls()) check(told.tx <= moved_[key].tx && told.rx <= moved_[key].rx);
    }
    for (const auto& [cookie, told] : told_by_kernel_) {
      const Bytes most = counted_[cookie], packets = passed_[cookie];
      check(told.tx <= most.tx + packets.tx && told.rx <= most.rx + packets.rx);
    }
  }

 private:
  static void check(bool holds) {
    if (!holds) std::abort();
  }
  bool by_calls() const { return how_ % 2 == 0; }
  ebpf::Sockets::Settings settings() const {
    return {.sockets_max = kSocketsMax,
            .counting = by_calls() ? ebpf::Counting::kCalls : ebpf::Counting::kKernel,
            .ends_told = how_ / 2 % 2 == 0,
            .room_min = kRoomMin};
  }

  void step(std::uint8_t what) {
    switch (what % 16) {
      case 0:
        return take_any();
      case 1:
        return take(whole<ipm_record_io>(IPM_RECORD_IO));
      case 2:
      case 3:
      case 4:
        return on_socket(IPM_RECORD_SOCKET);
      case 5:
        return take(whole<ipm_record_process>(IPM_RECORD_PROCESS));
      case 6:
        return take(whole<ipm_record_exit>(IPM_RECORD_EXIT));
      case 7:
        return take(whole<ipm_record_owner>(input_.byte() % 2 == 0 ? IPM_RECORD_OWNER : IPM_RECORD_RELEASE));
      case 8:
      case 9:
        return by_calls() ? move() : pass();
      case 10:
        return look();
      case 11:
        return pass();
      case 12:
        return tick();
      case 13:
        return packet();
      case 14:
        return sockets_.process_gone(input_.byte() % 4, time_);
      default:
        return sockets_.note_every_use();
    }
  }

  void take_any() {
    const std::span<const std::byte> record = input_.rest(std::size_t{input_.byte()} * 4);
    const auto head = ebpf::head_of(record);
    if (head && head->type == IPM_RECORD_SOCKET) {
      if (const auto socket = ebpf::record_as<ipm_record_socket>(record)) allow(socket->cookie, socket->tcp);
    }
    take_bytes(record);
  }
  void take_bytes(std::span<const std::byte> record) {
    own_.pass(record, [&](std::span<const std::byte> each) { ebpf::take_record(each, names_, sockets_); });
  }

  static void few(ipm_actor& actor) {
    actor.pid = actor.pid % 4;
    actor.start_ns = 5'000'000'000;
    actor.image %= 2;
  }
  template <class T>
  T whole(std::uint32_t type) {
    T out;
    // What a step does not need of a record stays zero: an input is short, and says more.
    constexpr std::size_t kFromInput = 96;
    std::memset(static_cast<void*>(&out), 0, sizeof out);
    input_.fill(reinterpret_cast<unsigned char*>(&out) + sizeof out.head,
                std::min(sizeof out - sizeof out.head, kFromInput));
    time_ += kMillisecond;
    out.head = {.type = type, .bytes = sizeof out, .time_ns = static_cast<ipm_u64>(time_)};
    if constexpr (requires { out.actor; }) few(out.actor);
    if constexpr (requires { out.cookie; }) out.cookie %= 16;
    if constexpr (requires { out.key.pid; }) out.key = key_of(out.key);
    return out;
  }
  static ipm_io_key key_of(ipm_io_key key) {
    return {.cookie = key.cookie % 16, .pid = key.pid % 4, .image = key.image % 2};
  }
  template <class T>
  void take(const T& record) {
    take_bytes(std::as_bytes(std::span(&record, 1)));
  }

  ipm_record_socket socket(std::uint32_t type) {
    auto out = whole<ipm_record_socket>(type);
    const std::uint8_t what = input_.byte(), errors = input_.byte();
    out.what = what % 11;
    out.established_ns = errors >= 128 ? static_cast<ipm_u64>(time_) : 0;
    constexpr ipm_s32 kErrors[] = {0, 104, 110, 111, 113, 101};
    out.error = kErrors[errors % std::size(kErrors)];
    out.state_before = input_.byte() % 16;
    out.flags = input_.byte();
    out.tcp = tcp();
    out.tuple.protocol = protocol();
    allow(out.cookie, out.tcp);
    return out;
  }
  void on_socket(std::uint32_t type) { take(socket(type)); }
  ipm_tcp tcp() {
    ipm_tcp out;
    std::uint16_t some[6];
    input_.fill(some, sizeof some);
    std::memset(&out, 0, sizeof out);
    out.bytes_sent = some[0];
    out.bytes_retrans = some[1];
    out.bytes_received = some[2];
    out.unread = some[3] % 64;
    out.unsent = some[3] >> 12;
    out.total_retrans = some[4];
    out.segs_in = some[5];
    out.measured = some[4] % 4 != 0;
    out.fin_received = some[5] % 2;
    return out;
  }
  std::uint16_t protocol() {
    constexpr std::uint16_t kProtocols[] = {6, 6, 17, 1};
    return kProtocols[input_.byte() % std::size(kProtocols)];
  }
  static void add(std::uint64_t& sum, std::uint64_t more) { sum = more > UINT64_MAX - sum ? UINT64_MAX : sum + more; }
  // Bytes that the kernel's counters have may be told for anyone.
  void allow(std::uint64_t cookie, const ipm_tcp& tcp) {
    if (tcp.measured == 0) return;
    Bytes& most = counted_[cookie];
    // Each connection of a socket has counters of its own.
    add(most.tx, ebpf::payload_sent(tcp));
    add(most.tx, tcp.unsent);
    add(most.rx, ebpf::payload_taken(tcp));
  }

  void move() {
    const std::uint8_t cookie = input_.byte(), which = input_.byte();
    const ipm_io_key key{.cookie = cookie % 16U, .pid = which % 4U, .image = (which / 4U) % 2};
    std::uint16_t bytes[2];
    input_.fill(bytes, sizeof bytes);
    auto [found, fresh] = map_.entries.try_emplace({key.cookie, key.pid, key.image});
    ipm_io& entry = found->second;
    if (fresh) {
      std::memset(&entry, 0, sizeof entry);
      entry.actor = {.start_ns = 5'000'000'000, .pid = key.pid, .image = key.image};
      input_.fill(&entry.tuple, 48);
      entry.tuple.protocol = protocol();
      constexpr std::uint16_t kFamilies[] = {2, 10, 17, 2};
      entry.tuple.family = kFamilies[input_.byte() % std::size(kFamilies)];
    }
    entry.tx_bytes += bytes[0];
    entry.rx_bytes += bytes[1];
    Bytes& sum = moved_[{key.cookie, ebpf::key_of(entry.actor).ref()}];
    sum.tx += bytes[0];
    sum.rx += bytes[1];
    if (std::exchange(entry.epoch, map_.now) == map_.now) return;
    entry.tcp = tcp();
    allow(key.cookie, entry.tcp);
    ipm_record_io record{};
    record.head = {.type = IPM_RECORD_IO, .bytes = sizeof record, .time_ns = 0};
    record.key = key;
    tell_use(record, which);
  }
  // Some are lost.
  template <class T>
  void tell_use(const T& record, std::uint8_t which) {
    which < 240 ? take(record) : void(++map_.lost);
  }

  // A packet, which says nothing of whose bytes they are.
  void pass() {
    const std::uint8_t cookie = input_.byte(), which = input_.byte();
    ipm_record_peer record{};
    record.head = {.type = IPM_RECORD_PEER, .bytes = sizeof record, .time_ns = 0};
    record.key.cookie = cookie % 16U;
    record.key.remote_port = which % 8U;
    record.key.family = 2;
    ipm_peer& peer = map_.peers[{record.key.cookie, record.key.remote_port}];
    std::uint16_t bytes[2];
    input_.fill(bytes, sizeof bytes);
    peer.tx_packets += bytes[0] % 3;
    peer.rx_packets += bytes[1] % 3;
    peer.tx_payload += bytes[0];
    peer.rx_payload += bytes[1];
    constexpr std::uint64_t kHeaders = 28;
    passed_[record.key.cookie].tx += bytes[0] + kHeaders * (bytes[0] % 3);
    passed_[record.key.cookie].rx += bytes[1] + kHeaders * (bytes[1] % 3);
    if (std::exchange(peer.epoch, map_.now) != map_.now) tell_use(record, which);
  }

  // What a packet says that was copied: whole, or cut anywhere.
  void packet() {
    const std::uint8_t cookie = input_.byte(), what = input_.byte();
    const std::span<const std::byte> bytes = input_.rest(std::size_t{input_.byte()} * 4);
    ipm_record_packet head{};
    head.head = {.type = IPM_RECORD_PACKET,
                 .bytes = static_cast<ipm_u32>(sizeof head + bytes.size()),
                 .time_ns = static_cast<ipm_u64>(time_)};
    head.cookie = cookie % 16U;
    head.what = what % 3U;
    head.packet_bytes = static_cast<ipm_u32>(bytes.size()) + (what >= 240 ? 1U : 0U);
    head.netns = 7;
    std::vector<std::byte> record(sizeof head + bytes.size());
    std::memcpy(record.data(), &head, sizeof head);
    if (!bytes.empty()) std::memcpy(record.data() + sizeof head, bytes.data(), bytes.size());
    record.shrink_to_fit();  // So that a read past the end is seen.
    take_bytes(record);
  }

  void look() {
    const std::uint8_t how = input_.byte();
    sockets_.begin_look(time_);
    for (int i = 0; i < how % 8; ++i) {
      ipm_record_seed seed{};
      seed.socket = socket(IPM_RECORD_SOCKET);
      std::uint16_t bytes[2];
      input_.fill(bytes, sizeof bytes);
      seed.tx_bytes = bytes[0];
      seed.rx_bytes = bytes[1];
      sockets_.seen(seed);
    }
    const bool after_loss = how >= 128;
    if (after_loss) sockets_.note_loss();
    sockets_.end_look(after_loss, time_);
    tick();
  }
  void tick() {
    ++map_.now;
    time_ += kMillisecond;
    sockets_.begin_tick();
    for (int turns = 0; !names_.settle(map_.now, time_, kRoomMin); drain()) check(++turns < 1'000);
    for (int turns = 0; !sockets_.settle(time_); drain()) check(++turns < 1'000);
    drain();
  }

  void drain() {
    model::Event event;
    while (lane_.pop({&event, 1}) == 1) {
      if (event.header.kind != model::EventKind::kSocketData) continue;
      const auto data = event.as<model::SocketData>();
      constexpr unsigned kNotByHooks = model::kEventInferred | model::kEventFirstSight;
      const std::uint64_t cookie = model::socket_of_flow(event.header.flow, model::kProtocolUdp);
      if (!by_calls()) {
        add(told_by_kernel_[cookie].tx, data.tx_bytes);
        add(told_by_kernel_[cookie].rx, data.rx_bytes);
      } else if ((event.header.flags & kNotByHooks) != 0) {
        const Bytes most = counted_[cookie];
        Bytes& sum = inferred_[cookie];
        add(sum.tx, data.tx_bytes);
        add(sum.rx, data.rx_bytes);
        check(sum.tx <= most.tx && sum.rx <= most.rx);
      } else {
        Bytes& sum = told_[{cookie, event.header.process.ref()}];
        sum.tx += data.tx_bytes;
        sum.rx += data.rx_bytes;
      }
    }
  }

  Input input_;
  const std::uint8_t how_;
  TimeNs time_ = 10 * kSecond;
  Map map_;
  ring::Lane lane_{kLaneEvents};
  ring::Writer writer_{lane_};
  host::EventOut out_;
  host::Processes processes_{"", out_};
  ebpf::Sockets sockets_{map_, out_, processes_, settings()};
  ebpf::Names names_{out_, sockets_};
  ebpf::OwnRecords own_{map_, out_};
  std::map<Key, Bytes> moved_, told_;
  std::map<std::uint64_t, Bytes> counted_, inferred_;  // By cookie; the counters that were shown, added up.
  std::map<std::uint64_t, Bytes> passed_, told_by_kernel_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > 16'384) return 0;
  Run(Input(data, size)).go();
  return 0;
}
