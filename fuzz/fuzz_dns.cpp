// Any bytes as DNS, as one datagram and as a stream of messages: names are printable, counts within their bounds.
#include <cstdint>
#include <cstdlib>
#include <memory>

#include "decode/dns.h"

using namespace ipm::decode;

namespace {

void check_name(const DnsName& name) {
  if (name.bytes > kDnsNameTextMax) std::abort();
  for (const char c : name.view()) {
    if (c <= ' ' || c > '~' || (c >= 'A' && c <= 'Z')) std::abort();
  }
}

void check(Bytes bytes) {
  static const auto message = std::make_unique<DnsMessage>();
  (void)parse_dns(bytes, *message);
  check_name(message->name);
  check_name(message->canonical);
  if (message->addresses > kDnsAddressesMax || message->cnames > kDnsCnamesMax) std::abort();
  if (!message->is_response && message->addresses != 0) std::abort();
  if (message->cnames == 0 && message->canonical.bytes != 0) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const Bytes bytes(reinterpret_cast<const std::byte*>(data), size);
  check(bytes);
  Bytes stream = bytes;
  while (const auto message = next_dns_of_stream(stream)) check(*message);
  return 0;
}
