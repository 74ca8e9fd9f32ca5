// Any bytes as packets of four connections that carry DNS, over TCP or UDP and to the port that the first byte says:
// names are printable, types and values fit, and what is given is counted. The rest is one message by itself.
#include <cstdint>
#include <cstdlib>
#include <memory>

#include "decode/dns_reader.h"
#include "decode/dns_watch.h"
#include "packets_input.h"

using namespace ipm::decode;

namespace {

void check_name(std::string_view name, bool may_be_empty) {
  if (name.size() > kDnsNameTextMax || (name.empty() && !may_be_empty)) std::abort();
  for (const char c : name) {
    if (c <= ' ' || c > '~' || (c >= 'A' && c <= 'Z')) std::abort();
  }
}

struct Checker : DnsListener {
  std::uint64_t records = 0;
  std::uint64_t namings = 0;

  void on_dns_record(const DnsAnswer& answer, const DnsRecord& record) override {
    ++records;
    check_name(record.qname, false);
    check_name(record.owner, false);
    const bool alias = record.type == kDnsTypeCname;
    if (!alias && record.type != kDnsTypeA && record.type != kDnsTypeAaaa) std::abort();
    if (alias == record.target.empty()) std::abort();
    if (record.type == kDnsTypeA && !record.address.is_v4()) std::abort();
    check_name(record.target, !alias);
    if ((answer.asked == DnsAsked::kMatched) != (answer.waited_ns >= 0)) std::abort();
  }
  void on_dns_naming(const DnsAnswer& answer, const DnsNaming& naming) override {
    ++namings;
    check_name(naming.name, false);
    check_name(naming.canonical, true);
    if (answer.in_query) std::abort();
  }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  static constexpr std::uint16_t kPorts[] = {53, 5353, 5355, 9999};
  const Bytes bytes(reinterpret_cast<const std::byte*>(data + 1), size - 1);
  DnsWatch watch({.queries_max = 3, .streams_max = 2});
  Checker checker;
  ipm::TimeNs time_ns = 0;
  ipm::fuzz::each_packet(bytes, (data[0] & 1U) != 0 ? 17 : 6, kPorts[(data[0] >> 1) & 3U],
                         [&](const Packet& packet, unsigned, bool) {
                           const std::uint64_t before = checker.records;
                           watch.add(packet, time_ns += 1000, checker);
                           if (checker.records != before && !watch.wants(packet)) std::abort();
                         });
  if (watch.stats().records != checker.records || watch.stats().namings != checker.namings) std::abort();
  static const auto reader = std::make_unique<DnsReader>();
  DnsAnswerRecord record;
  if (reader->begin(bytes) == Verdict::kOk) {
    while (reader->next(record)) check_name(reader->owner().view(), false);
    if (is_dns_message(bytes) && !reader->complete()) std::abort();
  }
  return 0;
}
