#include "os/linux/inet_diag.h"

#include <arpa/inet.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <linux/tcp.h>
#include <sys/socket.h>

#include <algorithm>

namespace ipm::os {
namespace {

constexpr std::uint16_t kAttributeCgroupId = 21;  // INET_DIAG_CGROUP_ID; since 5.9.

model::IpAddress address_of(std::uint8_t family, const std::uint32_t (&words)[4]) {
  return family == AF_INET ? model::IpAddress::v4(words[0]) : model::IpAddress::v6(words);
}

void put_address(std::uint8_t family, const model::IpAddress& address, std::uint32_t (&words)[4]) {
  std::memset(words, 0, sizeof words);
  if (family == AF_INET) {
    std::memcpy(words, address.bytes.data() + 12, 4);
  } else {
    std::memcpy(words, address.bytes.data(), 16);
  }
}

TcpCounters counters_of(Bytes value) {
  const auto info = read_prefix<tcp_info>(value);
  TcpCounters out;
  out.bytes_sent = info.tcpi_bytes_sent;
  out.bytes_retrans = info.tcpi_bytes_retrans;
  out.bytes_acked = info.tcpi_bytes_acked;
  out.bytes_received = info.tcpi_bytes_received;
  out.segs_out = info.tcpi_segs_out;
  out.segs_in = info.tcpi_segs_in;
  out.total_retrans = info.tcpi_total_retrans;
  out.rcv_ooopack = info.tcpi_rcv_ooopack;
  out.rtt_us = info.tcpi_rtt;
  out.rttvar_us = info.tcpi_rttvar;
  out.min_rtt_us = info.tcpi_min_rtt;
  out.has_bytes_sent = value.size() >= offsetof(tcp_info, tcpi_bytes_retrans) + sizeof info.tcpi_bytes_retrans;
  return out;
}

struct Request {
  nlmsghdr header;
  inet_diag_req_v2 body;
};

std::vector<std::byte> bytes_of(const Request& request) {
  std::vector<std::byte> bytes(sizeof request);
  std::memcpy(bytes.data(), &request, sizeof request);
  return bytes;
}

}  // namespace

std::optional<DiagSocket> parse_inet_diag(Bytes payload) {
  const auto record = read_front<inet_diag_msg>(payload);
  if (!record || (record->idiag_family != AF_INET && record->idiag_family != AF_INET6)) return std::nullopt;
  DiagSocket out;
  out.family = record->idiag_family;
  out.state = record->idiag_state;
  out.timer = record->idiag_timer;
  out.uid = record->idiag_uid;
  out.inode = record->idiag_inode;
  out.interface = record->id.idiag_if;
  out.cookie = static_cast<std::uint64_t>(record->id.idiag_cookie[1]) << 32 | record->id.idiag_cookie[0];
  out.tuple.local = address_of(out.family, record->id.idiag_src);
  out.tuple.remote = address_of(out.family, record->id.idiag_dst);
  out.tuple.local_port = ntohs(record->id.idiag_sport);
  out.tuple.remote_port = ntohs(record->id.idiag_dport);

  NetlinkAttributes attributes(payload.subspan(std::min(payload.size(), std::size_t{NLMSG_ALIGN(sizeof *record)})));
  while (const auto attribute = attributes.next()) {
    switch (attribute->type) {
      case INET_DIAG_INFO:
        // UDP answers with an empty one.
        if (attribute->value.size() >= offsetof(tcp_info, tcpi_rtt) + 4) out.tcp = counters_of(attribute->value);
        break;
      case INET_DIAG_SKMEMINFO: {
        std::uint32_t words[SK_MEMINFO_VARS] = {};
        std::memcpy(words, attribute->value.data(), std::min(attribute->value.size(), sizeof words));
        out.rmem_bytes = words[SK_MEMINFO_RMEM_ALLOC];
        out.drops = words[SK_MEMINFO_DROPS];
        out.has_memory = true;
        break;
      }
      case INET_DIAG_SHUTDOWN:
        out.shutdown = read_prefix<std::uint8_t>(attribute->value);
        break;
      case INET_DIAG_PROTOCOL:
        out.tuple.protocol = read_prefix<std::uint8_t>(attribute->value);
        break;
      case kAttributeCgroupId:
        out.cgroup_id = read_prefix<std::uint64_t>(attribute->value);
        break;
      default:
        break;
    }
  }
  if (attributes.malformed()) return std::nullopt;
  return out;
}

std::vector<std::byte> inet_diag_dump_request(std::uint8_t family, std::uint8_t protocol, std::uint32_t states,
                                              std::uint32_t sequence) {
  Request request{};
  request.header.nlmsg_len = sizeof request;
  request.header.nlmsg_type = SOCK_DIAG_BY_FAMILY;
  request.header.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
  request.header.nlmsg_seq = sequence;
  request.body.sdiag_family = family;
  request.body.sdiag_protocol = protocol;
  request.body.idiag_ext = (1U << (INET_DIAG_INFO - 1)) | (1U << (INET_DIAG_SKMEMINFO - 1));
  request.body.idiag_states = states;
  return bytes_of(request);
}

std::vector<std::byte> inet_diag_lookup_request(std::uint8_t family, const model::FlowTuple& tuple,
                                                std::uint32_t interface, std::uint32_t sequence) {
  Request request{};
  request.header.nlmsg_len = sizeof request;
  request.header.nlmsg_type = SOCK_DIAG_BY_FAMILY;
  request.header.nlmsg_flags = NLM_F_REQUEST;
  request.header.nlmsg_seq = sequence;
  request.body.sdiag_family = family;
  request.body.sdiag_protocol = model::kProtocolTcp;
  request.body.idiag_ext = 1U << (INET_DIAG_INFO - 1);
  request.body.idiag_states = 0xffff'ffff;
  put_address(family, tuple.local, request.body.id.idiag_src);
  put_address(family, tuple.remote, request.body.id.idiag_dst);
  request.body.id.idiag_sport = htons(tuple.local_port);
  request.body.id.idiag_dport = htons(tuple.remote_port);
  request.body.id.idiag_if = interface;
  request.body.id.idiag_cookie[0] = INET_DIAG_NOCOOKIE;
  request.body.id.idiag_cookie[1] = INET_DIAG_NOCOOKIE;
  return bytes_of(request);
}

}  // namespace ipm::os
