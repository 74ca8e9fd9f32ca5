#include "os/linux/conntrack.h"

#include <arpa/inet.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <linux/netlink.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstring>
#include <span>

namespace ipm::os {
namespace {

constexpr std::uint16_t message_type(std::uint16_t message) {
  return static_cast<std::uint16_t>((NFNL_SUBSYS_CTNETLINK << 8) | message);
}

// Attributes are written into one flat buffer; a nest's length is known when it ends.
class AttributeWriter {
 public:
  explicit AttributeWriter(std::vector<std::byte>& out) : out_(out) {}

  std::size_t begin(std::uint16_t type) {
    const std::size_t at = out_.size();
    out_.resize(at + sizeof(nlattr));
    const nlattr head{0, static_cast<std::uint16_t>(type | NLA_F_NESTED)};
    std::memcpy(out_.data() + at, &head, sizeof head);
    return at;
  }
  void end(std::size_t at) {
    const auto length = static_cast<std::uint16_t>(out_.size() - at);
    std::memcpy(out_.data() + at, &length, sizeof length);  // nla_len is the first field.
  }
  void add(std::uint16_t type, std::span<const std::byte> value) {
    const nlattr head{static_cast<std::uint16_t>(sizeof(nlattr) + value.size()), type};
    const std::size_t at = out_.size();
    out_.resize(at + NLA_ALIGN(sizeof head + value.size()));
    std::memcpy(out_.data() + at, &head, sizeof head);
    std::memcpy(out_.data() + at + sizeof head, value.data(), value.size());
  }

 private:
  std::vector<std::byte>& out_;
};

std::span<const std::byte> address_bytes(const model::IpAddress& address) {
  const auto all = std::as_bytes(std::span(address.bytes));
  return address.is_v4() ? all.subspan(12) : all;
}

std::optional<model::IpAddress> read_address(Bytes value, bool v4) {
  if (value.size() != (v4 ? 4U : 16U)) return std::nullopt;
  return v4 ? model::IpAddress::v4(*read_front<std::uint32_t>(value)) : model::IpAddress::v6(value.data());
}

bool read_ends(Bytes value, ConntrackTuple& out) {
  NetlinkAttributes ends(value);
  while (const auto end = ends.next()) {
    const bool v4 = end->type == CTA_IP_V4_SRC || end->type == CTA_IP_V4_DST;
    if (!v4 && end->type != CTA_IP_V6_SRC && end->type != CTA_IP_V6_DST) continue;
    const auto address = read_address(end->value, v4);
    if (!address) return false;
    (end->type == CTA_IP_V4_SRC || end->type == CTA_IP_V6_SRC ? out.src : out.dst) = *address;
  }
  return !ends.malformed();
}

bool read_ports(Bytes value, ConntrackTuple& out) {
  NetlinkAttributes ports(value);
  while (const auto port = ports.next()) {
    if (port->type == CTA_PROTO_NUM) {
      out.protocol = read_front<std::uint8_t>(port->value).value_or(0);
    } else if (port->type == CTA_PROTO_SRC_PORT) {
      out.src_port = ntohs(read_front<std::uint16_t>(port->value).value_or(0));
    } else if (port->type == CTA_PROTO_DST_PORT) {
      out.dst_port = ntohs(read_front<std::uint16_t>(port->value).value_or(0));
    }
  }
  return !ports.malformed();
}

std::optional<ConntrackTuple> read_tuple(Bytes value) {
  ConntrackTuple out;
  NetlinkAttributes parts(value);
  while (const auto part = parts.next()) {
    if (part->type == CTA_TUPLE_IP && !read_ends(part->value, out)) return std::nullopt;
    if (part->type == CTA_TUPLE_PROTO && !read_ports(part->value, out)) return std::nullopt;
  }
  if (parts.malformed()) return std::nullopt;
  return out;
}

}  // namespace

std::vector<std::byte> conntrack_request(const ConntrackTuple& tuple, std::uint32_t sequence) {
  struct {
    nlmsghdr header;
    nfgenmsg family;
  } head{};
  const bool v4 = tuple.src.is_v4();
  head.header.nlmsg_type = message_type(IPCTNL_MSG_CT_GET);
  head.header.nlmsg_flags = NLM_F_REQUEST;
  head.header.nlmsg_seq = sequence;
  head.family.nfgen_family = v4 ? AF_INET : AF_INET6;
  head.family.version = NFNETLINK_V0;
  std::vector<std::byte> out(sizeof head);
  AttributeWriter write(out);
  const std::size_t whole = write.begin(CTA_TUPLE_ORIG);
  const std::size_t ends = write.begin(CTA_TUPLE_IP);
  write.add(v4 ? CTA_IP_V4_SRC : CTA_IP_V6_SRC, address_bytes(tuple.src));
  write.add(v4 ? CTA_IP_V4_DST : CTA_IP_V6_DST, address_bytes(tuple.dst));
  write.end(ends);
  const std::size_t ports = write.begin(CTA_TUPLE_PROTO);
  const std::uint16_t src_port = htons(tuple.src_port), dst_port = htons(tuple.dst_port);
  write.add(CTA_PROTO_NUM, std::as_bytes(std::span(&tuple.protocol, 1)));
  write.add(CTA_PROTO_SRC_PORT, std::as_bytes(std::span(&src_port, 1)));
  write.add(CTA_PROTO_DST_PORT, std::as_bytes(std::span(&dst_port, 1)));
  write.end(ports);
  write.end(whole);
  head.header.nlmsg_len = static_cast<std::uint32_t>(out.size());
  std::memcpy(out.data(), &head, sizeof head);
  return out;
}

bool is_conntrack_entry(std::uint16_t type) {
  return type == message_type(IPCTNL_MSG_CT_NEW);
}

std::optional<ConntrackEntry> parse_conntrack(Bytes payload) {
  ConntrackEntry out;
  bool has_original = false, has_reply = false;
  NetlinkAttributes parts(payload.subspan(std::min(payload.size(), std::size_t{NLMSG_ALIGN(sizeof(nfgenmsg))})));
  while (const auto part = parts.next()) {
    if (part->type != CTA_TUPLE_ORIG && part->type != CTA_TUPLE_REPLY) continue;
    const auto tuple = read_tuple(part->value);
    if (!tuple) return std::nullopt;
    (part->type == CTA_TUPLE_ORIG ? out.original : out.reply) = *tuple;
    (part->type == CTA_TUPLE_ORIG ? has_original : has_reply) = true;
  }
  if (parts.malformed() || !has_original || !has_reply) return std::nullopt;
  return out;
}

}  // namespace ipm::os
