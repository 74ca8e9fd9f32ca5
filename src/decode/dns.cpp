#include "decode/dns.h"

#include <algorithm>
#include <cstring>

namespace ipm::decode {
namespace {

constexpr std::uint16_t kClassIn = 1;
constexpr std::uint16_t kMdnsTopBit = 0x8000;  // In the class: cache flush, or unicast wanted (RFC 6762 §10.2, §5.4).

struct Record {
  std::size_t owner_at = 0;
  std::size_t data_at = 0;
  std::uint32_t ttl_s = 0;
  std::uint16_t type = 0;
};

struct Records {
  Record record[kDnsRecordsMax];
  std::uint32_t count = 0;
};

class Answers {
 public:
  Answers(Bytes message, DnsMessage& out) : message_(message), out_(out) {}

  // Where the records of interest lie. One that is not whole ends it.
  void find_records(Cursor& cursor, std::uint32_t answers) {
    if (answers > kDnsRecordsMax) out_.incomplete = true;
    for (std::uint32_t i = 0; i < std::min(answers, kDnsRecordsMax); ++i) {
      Record record;
      record.owner_at = cursor.at();
      skip_dns_name(cursor);
      record.type = cursor.u16();
      const std::uint16_t record_class = cursor.u16();
      record.ttl_s = cursor.u32();
      if (record.ttl_s > 0x7fff'ffffU) record.ttl_s = 0;  // RFC 2181 §8
      const std::uint16_t data_bytes = cursor.u16();
      record.data_at = cursor.at();
      cursor.skip(data_bytes);
      if (cursor.failed()) {
        out_.incomplete = true;
        return;
      }
      const bool fits = (record.type == kDnsTypeA && data_bytes == 4) ||
                        (record.type == kDnsTypeAaaa && data_bytes == 16) || record.type == kDnsTypeCname;
      if (fits && (record_class & ~kMdnsTopBit) == kClassIn) records_.record[records_.count++] = record;
    }
  }

  // Without a question the first address says what the message is about.
  void name_by_first_address() {
    for (std::uint32_t i = 0; i < records_.count; ++i) {
      std::size_t at = records_.record[i].owner_at;
      if (records_.record[i].type == kDnsTypeCname) continue;
      if (read_dns_name(message_, at, out_.name) == Verdict::kOk) return;
    }
    out_.name.bytes = 0;
  }

  // From alias to alias. Two that point at each other end at the bound.
  void follow_aliases() {
    owner_.assign(out_.name);
    while (const Record* alias = alias_of_owner()) {
      if (out_.cnames == kDnsCnamesMax) {
        out_.incomplete = true;
        break;
      }
      std::size_t at = alias->data_at;
      if (read_dns_name(message_, at, out_.canonical) != Verdict::kOk) {
        out_.canonical.bytes = 0;
        out_.incomplete = true;
        break;
      }
      owner_.assign(out_.canonical);
      ++out_.cnames;
      ttl_s_ = std::min(ttl_s_, alias->ttl_s);
    }
  }

  void take_addresses() {
    for (std::uint32_t i = 0; i < records_.count; ++i) {
      const Record& record = records_.record[i];
      if (record.type == kDnsTypeCname || !owned(record)) continue;
      if (out_.addresses == kDnsAddressesMax) {
        out_.incomplete = true;
        return;
      }
      std::uint8_t bytes[16] = {};
      const std::size_t size = record.type == kDnsTypeA ? 4 : 16;
      std::memcpy(bytes, message_.data() + record.data_at, size);
      std::uint32_t network_order = 0;
      std::memcpy(&network_order, bytes, sizeof network_order);
      out_.address[out_.addresses++] = {
          .address = size == 4 ? model::IpAddress::v4(network_order) : model::IpAddress::v6(bytes),
          .ttl_s = std::min(ttl_s_, record.ttl_s)};
    }
  }

 private:
  bool owned(const Record& record) {
    std::size_t at = record.owner_at;
    return read_dns_name(message_, at, scratch_) == Verdict::kOk && scratch_.view() == owner_.view();
  }
  const Record* alias_of_owner() {
    for (std::uint32_t i = 0; i < records_.count; ++i) {
      if (records_.record[i].type == kDnsTypeCname && owned(records_.record[i])) return &records_.record[i];
    }
    return nullptr;
  }

  Bytes message_;
  DnsMessage& out_;
  Records records_;
  DnsName owner_;  // Whose records count.
  DnsName scratch_;
  std::uint32_t ttl_s_ = 0xffff'ffff;
};

void clear(DnsMessage& out) {
  out.is_response = out.cut_short = out.incomplete = false;
  out.id = out.question_type = out.questions = 0;
  out.response_code = out.cnames = out.addresses = 0;
  out.name.bytes = out.canonical.bytes = 0;
}

}  // namespace

Verdict parse_dns(Bytes bytes, DnsMessage& out) {
  clear(out);
  Cursor cursor(bytes);
  out.id = cursor.u16();
  const std::uint16_t flags = cursor.u16();
  out.questions = cursor.u16();
  const std::uint16_t answers = cursor.u16();
  cursor.skip(4);
  if (cursor.failed()) return Verdict::kShort;
  out.is_response = (flags & 0x8000U) != 0;
  out.cut_short = (flags & 0x0200U) != 0;
  out.response_code = flags & 15U;
  if ((flags & 0x7800U) != 0) return Verdict::kOther;
  for (std::uint32_t i = 0; i < out.questions; ++i) {
    std::size_t at = cursor.at();
    if (i == 0) {
      const Verdict verdict = read_dns_name(bytes, at, out.name);
      if (verdict != Verdict::kOk) {
        out.name.bytes = 0;
        return verdict;
      }
    }
    skip_dns_name(cursor);
    const std::uint16_t type = cursor.u16();
    cursor.skip(2);
    if (cursor.failed()) return Verdict::kShort;
    if (i == 0) out.question_type = type;
  }
  if (out.is_response) {
    Answers found(bytes, out);
    found.find_records(cursor, answers);
    if (out.questions == 0) found.name_by_first_address();
    found.follow_aliases();
    found.take_addresses();
  }
  return out.questions > 1 ? Verdict::kOther : Verdict::kOk;
}

std::optional<Bytes> next_dns_of_stream(Bytes& stream) {
  Cursor cursor(stream);
  const std::uint16_t length = cursor.u16();
  const Bytes message = cursor.take(length);
  if (cursor.failed()) return std::nullopt;
  stream = cursor.rest();
  return message;
}

}  // namespace ipm::decode
