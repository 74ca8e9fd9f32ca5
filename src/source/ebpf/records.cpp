#include "source/ebpf/records.h"

#include <algorithm>
#include <string>

#include "os/linux/clock.h"

namespace ipm::source::ebpf {
namespace {

constexpr std::uint16_t kInet = 2, kInet6 = 10;  // AF_INET, AF_INET6

std::string text_of(const char* text, std::size_t bytes_max) {
  return {text, strnlen(text, bytes_max)};
}

model::IpAddress address_of(std::uint16_t family, const ipm_u8 (&octets)[16]) {
  if (family == kInet6) return model::IpAddress::v6(octets);
  std::uint32_t v4 = 0;
  std::memcpy(&v4, octets, sizeof v4);
  return model::IpAddress::v4(v4);
}

}  // namespace

std::optional<ipm_record_head> head_of(std::span<const std::byte> record) {
  const auto head = record_as<ipm_record_head>(record);
  if (!head || head->bytes < sizeof *head || head->bytes > record.size()) return std::nullopt;
  return head;
}

Subject subject_of(std::span<const std::byte> record) {
  const auto head = head_of(record);
  if (!head) return {};
  const auto pick = [&]<class T>(auto cookie, auto pid) -> Subject {
    const std::optional<T> as = record_as<T>(record);
    if (!as) return {};
    return {head->type, cookie(*as), pid(*as)};
  };
  const auto none = [](const auto&) { return 0U; };
  const auto cookie = [](const auto& each) { return each.cookie; };
  const auto actor = [](const auto& each) { return each.actor.pid; };
  const auto key = [](const auto& each) { return each.key.cookie; };
  switch (head->type) {
    case IPM_RECORD_IO:
      return pick.operator()<ipm_record_io>(key, [](const auto& each) { return each.key.pid; });
    case IPM_RECORD_PEER:
      return pick.operator()<ipm_record_peer>(key, none);
    case IPM_RECORD_SOCKET:
      return pick.operator()<ipm_record_socket>(cookie, actor);
    case IPM_RECORD_OWNER:
    case IPM_RECORD_RELEASE:
      return pick.operator()<ipm_record_owner>(cookie, actor);
    case IPM_RECORD_PACKET:
      return pick.operator()<ipm_record_packet>(cookie, none);
    case IPM_RECORD_PROCESS:
      return pick.operator()<ipm_record_process>(none, actor);
    case IPM_RECORD_EXIT:
      return pick.operator()<ipm_record_exit>(none, actor);
    default:
      return {};
  }
}

TimeNs time_of(ipm_u64 ns) {
  return static_cast<TimeNs>(std::min<ipm_u64>(ns, kTimeMaxNs));
}

model::ProcessKey key_of(const ipm_actor& actor) {
  if (actor.pid == 0) return {};
  return {actor.pid, actor.start_ns / (static_cast<std::uint64_t>(kSecond) / os::ticks_per_second())};
}

model::FlowTuple tuple_of(const ipm_tuple& tuple) {
  model::FlowTuple out;
  out.local = address_of(tuple.family, tuple.local_addr);
  out.remote = address_of(tuple.family, tuple.remote_addr);
  out.local_port = tuple.local_port;
  out.remote_port = tuple.remote_port;
  out.netns = tuple.netns;
  out.protocol = static_cast<std::uint8_t>(tuple.protocol);
  return out;
}

ipm_peer_key peer_key_of(std::uint64_t cookie, const model::FlowTuple& tuple) {
  ipm_peer_key out{};
  out.cookie = cookie;
  const bool v4 = tuple.remote.is_v4();
  out.family = v4 ? kInet : kInet6;
  std::memcpy(out.remote_addr, tuple.remote.bytes.data() + (v4 ? 12 : 0), v4 ? 4 : 16);
  out.remote_port = tuple.remote_port;
  return out;
}

model::TcpState state_of(std::uint8_t state) {
  using model::TcpState;
  return state <= static_cast<std::uint8_t>(TcpState::kNewSynRecv) ? TcpState{state} : TcpState::kNone;
}

model::FlowTuple tuple_of(const ipm_peer_key& key, const ipm_peer& peer) {
  model::FlowTuple out;
  out.local = address_of(key.family, peer.local_addr);
  out.remote = address_of(key.family, key.remote_addr);
  out.local_port = peer.local_port;
  out.remote_port = key.remote_port;
  out.netns = peer.netns;
  out.protocol = model::kProtocolUdp;
  out.direction = peer.sent_first != 0 ? model::Direction::kOut : model::Direction::kIn;
  return out;
}

host::ToldProcess process_of(const ipm_record_process& record) {
  host::ToldProcess out;
  out.key = key_of(record.actor);
  out.exec = (record.flags & IPM_PROCESS_EXEC) != 0;
  if (record.exe_begin < IPM_EXE_BYTES) {
    const std::uint32_t begin = record.exe_begin;
    out.exe = text_of(record.exe + begin, IPM_EXE_BYTES - begin);
    if ((record.flags & IPM_PROCESS_EXE_CUT) != 0) out.exe.insert(0, "…");
    if ((record.flags & IPM_PROCESS_EXE_DELETED) != 0) out.exe += " (deleted)";
  }
  for (const ipm_ancestor& ancestor : record.ancestors) {
    if (ancestor.pid == 0) break;
    if (!out.ancestors.empty()) out.ancestors += " < ";
    out.ancestors += text_of(ancestor.comm, sizeof ancestor.comm);
  }
  model::Process& facts = out.facts;
  facts.cgroup_id = record.cgroup_id;
  facts.exe_inode = record.exe_inode;
  facts.exe_mtime_ns = record.exe_mtime_ns;
  facts.start_ns = time_of(record.actor.start_ns);
  facts.ppid = record.parent;
  facts.uid = record.uid;
  facts.netns = record.netns;
  const std::uint32_t major = record.exe_dev >> 20, minor = record.exe_dev & 0xfffff;
  facts.exe_dev = (minor & 0xff) | (major << 8) | ((minor & ~0xffU) << 12);  // new_encode_dev, as stat(2) has it.
  std::memcpy(facts.comm, record.comm, std::min(sizeof facts.comm - 1, sizeof record.comm));
  return out;
}

std::uint64_t payload_sent(const ipm_tcp& tcp) {
  return tcp.bytes_sent > tcp.bytes_retrans ? tcp.bytes_sent - tcp.bytes_retrans : 0;
}

std::uint64_t payload_taken(const ipm_tcp& tcp) {
  const std::uint64_t beside = std::uint64_t{tcp.unread} + (tcp.fin_received != 0 && tcp.unread == 0 ? 1 : 0);
  return tcp.bytes_received > beside ? tcp.bytes_received - beside : 0;
}

}  // namespace ipm::source::ebpf
