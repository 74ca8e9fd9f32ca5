#include "source/host/counters.h"

#include <linux/rtnetlink.h>

#include <algorithm>
#include <cstring>

#include "os/linux/proc_files.h"
#include "os/linux/proc_text.h"
#include "os/linux/rtnetlink.h"

namespace ipm::source::host {
namespace {

constexpr std::size_t kBufferBytes = 65'536;  // The kernel fills dump buffers of up to 32 KiB.

model::HostCounters event_of(const os::SnmpCounters& snmp, std::uint32_t netns) {
  model::HostCounters event;
  event.tcp_active_opens = snmp.tcp_active_opens;
  event.tcp_passive_opens = snmp.tcp_passive_opens;
  event.tcp_attempt_fails = snmp.tcp_attempt_fails;
  event.tcp_estab_resets = snmp.tcp_estab_resets;
  event.tcp_retrans_segs = snmp.tcp_retrans_segs;
  event.tcp_out_rsts = snmp.tcp_out_rsts;
  event.udp_in_datagrams = snmp.udp_in_datagrams;
  event.udp_out_datagrams = snmp.udp_out_datagrams;
  event.tcp_in_segs = snmp.tcp_in_segs;
  event.tcp_out_segs = snmp.tcp_out_segs;
  event.netns = netns;
  return event;
}

model::Interface event_of(const os::Link& link, std::uint32_t netns) {
  model::Interface event;
  event.rx_bytes = link.rx_bytes;
  event.tx_bytes = link.tx_bytes;
  event.rx_packets = link.rx_packets;
  event.tx_packets = link.tx_packets;
  event.rx_drops = link.rx_drops;
  event.tx_drops = link.tx_drops;
  event.rx_errors = static_cast<std::uint32_t>(link.rx_errors);
  event.tx_errors = static_cast<std::uint32_t>(link.tx_errors);
  event.netns = netns;
  event.index = link.index;
  event.flags = link.flags;
  std::memcpy(event.name, link.name.data(), std::min(link.name.size(), sizeof event.name - 1));
  return event;
}

}  // namespace

Counters::Counters(EventOut& out, Namespaces& namespaces) : out_(out), namespaces_(namespaces), buffer_(kBufferBytes) {}

void Counters::begin() {
  round_.clear();
  for (const auto& [inode, netns] : namespaces_.all()) round_.push_back(inode);
}

bool Counters::step(TimeNs now, std::uint64_t room_min) {
  while (!round_.empty()) {
    if (out_.room() < room_min) return false;
    Netns* const netns = namespaces_.find(round_.front());
    round_.pop_front();
    if (netns == nullptr) continue;
    count_host(*netns, now);
    count_interfaces(*netns, now);
  }
  return true;
}

void Counters::count_host(Netns& netns, TimeNs now) {
  if (!netns.snmp.valid()) return;
  const Result<std::string> text = os::read_file_at(netns.snmp.get());
  const auto snmp = text.ok() ? os::parse_snmp(*text) : std::nullopt;
  if (!snmp) return out_.malformed();
  out_.write(model::make_event(now, model::EventKind::kHostCounters, {}, 0, event_of(*snmp, netns.inode)));
}

void Counters::count_interfaces(Netns& netns, TimeNs now) {
  if (!netns.route.valid() || !netns.route.send(os::link_dump_request(++sequence_)).ok()) return;
  while (true) {
    const os::NetlinkSocket::Received received = netns.route.receive(buffer_);
    if (received.what != os::NetlinkSocket::What::kData) return;
    os::NetlinkMessages messages(received.bytes);
    while (const auto message = messages.next()) {
      if (message->type == NLMSG_DONE || message->type == NLMSG_ERROR) return;
      if (message->type != RTM_NEWLINK) continue;
      if (const auto link = os::parse_link(message->payload)) {
        out_.write(model::make_event(now, model::EventKind::kInterface, {}, 0, event_of(*link, netns.inode)));
      } else {
        out_.malformed();
      }
    }
    if (messages.malformed()) return out_.malformed();
  }
}

}  // namespace ipm::source::host
