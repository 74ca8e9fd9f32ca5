#include "source/pcap/translations.h"

#include <linux/netlink.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace ipm::source::pcap {

void Translations::open() {
  Result<os::NetlinkSocket> socket = os::NetlinkSocket::open(NETLINK_NETFILTER, 0);
  if (socket.ok()) {
    socket_ = std::move(*socket);
  } else {
    why_not_ = std::string(socket.status().message());
  }
}

std::optional<os::ConntrackEntry> Translations::ask(const os::ConntrackTuple& tuple) {
  if (!socket_ || !socket_->send(os::conntrack_request(tuple, ++sequence_)).ok()) return std::nullopt;
  // The kernel answers while it is asked.
  std::array<std::byte, 4'096> buffer;
  for (;;) {
    const os::NetlinkSocket::Received received = socket_->receive(buffer);
    if (received.what == os::NetlinkSocket::What::kForeign) continue;
    if (received.what != os::NetlinkSocket::What::kData) return std::nullopt;
    os::NetlinkMessages messages(received.bytes);
    while (const auto message = messages.next()) {
      if (message->sequence != sequence_) continue;
      if (os::is_conntrack_entry(message->type)) return os::parse_conntrack(message->payload);
      if (message->type != NLMSG_ERROR) continue;
      const int error = os::netlink_error(message->payload).value_or(0);
      if (error == EPERM) {
        why_not_ = "needs CAP_NET_ADMIN, in the network namespace of the interface";
      } else if (error != ENOENT && error != 0) {
        why_not_ = std::string("the kernel's connection table: ") + std::strerror(error);
      }
      if (why_not_.empty()) return std::nullopt;
      socket_.reset();
      return std::nullopt;
    }
  }
}

std::optional<model::SocketNat> Translations::find(const model::FlowTuple& captured) {
  const os::ConntrackTuple sent{captured.local, captured.remote, captured.local_port, captured.remote_port,
                                captured.protocol};
  // One lookup finds both directions of what is not translated, and one of the two finds what is.
  std::optional<os::ConntrackEntry> entry = ask(sent);
  os::ConntrackTuple asked = sent;
  if (!entry) {
    asked = sent.reversed();
    entry = ask(asked);
  }
  if (!entry) return std::nullopt;
  const os::ConntrackTuple& opposite = asked == entry->original ? entry->reply : entry->original;
  const os::ConntrackTuple beyond = asked == sent ? opposite.reversed() : opposite;
  if (beyond == sent) return std::nullopt;
  model::SocketNat out;
  out.tuple = captured;
  out.local = beyond.src;
  out.remote = beyond.dst;
  out.local_port = beyond.src_port;
  out.remote_port = beyond.dst_port;
  return out;
}

}  // namespace ipm::source::pcap
