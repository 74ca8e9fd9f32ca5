// Any bytes as netlink: nothing may be read past its end, whatever the lengths say.
#include <cstdint>
#include <cstdlib>

#include "os/linux/conntrack.h"
#include "os/linux/inet_diag.h"
#include "os/linux/netlink_messages.h"
#include "os/linux/proc_connector.h"
#include "os/linux/rtnetlink.h"
#include "source/sock_diag/payload.h"

using namespace ipm;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const os::Bytes bytes(reinterpret_cast<const std::byte*>(data), size);
  const auto parse_all = [](os::Bytes payload) {
    if (const auto socket = os::parse_inet_diag(payload); socket && socket->tcp) {
      const auto with = source::sock_diag::payload_of(*socket->tcp, true);
      const auto without = source::sock_diag::payload_of(*socket->tcp, false);
      if (with.rx_bytes > without.rx_bytes) std::abort();
    }
    (void)os::parse_link(payload);
    (void)os::parse_process_news(payload);
    (void)os::netlink_error(payload);
    (void)os::parse_conntrack(payload);
  };
  std::size_t total = 0;
  os::NetlinkMessages messages(bytes);
  while (const auto message = messages.next()) {
    total += message->payload.size();
    parse_all(message->payload);
  }
  if (total > size) std::abort();
  parse_all(bytes);
  return 0;
}
