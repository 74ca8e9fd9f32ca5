#include "decode/dns_reader.h"

namespace ipm::decode {
namespace {

constexpr std::uint16_t kClassIn = 1;
constexpr std::uint16_t kMdnsTopBit = 0x8000;  // In the class: cache flush, or unicast wanted (RFC 6762 §10.2, §5.4).
constexpr std::uint16_t kOpcodeMask = 0x7800, kOpcodeUpdate = 5 << 11;

bool is_answer_type(std::uint16_t type, std::size_t data_bytes) {
  if (type == kDnsTypeA) return data_bytes == 4;
  if (type == kDnsTypeAaaa) return data_bytes == 16;
  return type == kDnsTypeCname && data_bytes != 0;
}

void skip_record(Cursor& cursor) {
  skip_dns_name(cursor);
  cursor.skip(8);  // Type, class, time to live.
  cursor.skip(cursor.u16());
}

}  // namespace

Verdict DnsReader::begin(Bytes message) {
  message_ = message;
  cursor_ = Cursor(message);
  question_.bytes = owner_.bytes = target_.bytes = 0;
  question_type_ = 0;
  answers_left_ = 0;
  owner_part_ = 0;
  complete_ = false;
  id_ = cursor_.u16();
  flags_ = cursor_.u16();
  questions_ = cursor_.u16();
  answers_ = cursor_.u16();
  cursor_.skip(4);
  if (cursor_.failed()) return Verdict::kShort;
  if ((flags_ & kOpcodeMask) == kOpcodeUpdate) return Verdict::kOther;
  for (std::uint32_t i = 0; i < questions_; ++i) {
    std::size_t at = cursor_.at();
    skip_dns_name(cursor_);
    const std::uint16_t type = cursor_.u16();
    cursor_.skip(2);
    if (cursor_.failed()) return Verdict::kShort;
    if (i != 0) continue;
    question_type_ = type;
    if (read_dns_name(message, at, question_) != Verdict::kOk) question_.bytes = 0;
  }
  answers_left_ = answers_;
  return Verdict::kOk;
}

// Most owners are one pointer, and the same as the record's before.
bool DnsReader::read_owner(std::size_t at) {
  const auto first = std::to_integer<unsigned>(message_[at]);
  const bool pointer = (first & 0xc0U) == 0xc0U;
  const std::size_t part = pointer ? (first & 0x3fU) * 256U + std::to_integer<unsigned>(message_[at + 1]) : 0;
  if (part != 0 && part == owner_part_) return true;
  owner_part_ = 0;
  if (read_dns_name(message_, at, owner_) != Verdict::kOk) return false;
  owner_part_ = part;
  return true;
}

bool DnsReader::next(DnsAnswerRecord& out) {
  while (answers_left_ != 0) {
    --answers_left_;
    const std::size_t owner_at = cursor_.at();
    skip_dns_name(cursor_);
    out.type = cursor_.u16();
    const std::uint16_t record_class = cursor_.u16();
    out.ttl_s = cursor_.u32();
    const std::uint16_t data_bytes = cursor_.u16();
    std::size_t data_at = cursor_.at();
    const Bytes data = cursor_.take(data_bytes);
    if (cursor_.failed()) {
      answers_left_ = 0;
      return false;
    }
    if ((record_class & ~kMdnsTopBit) != kClassIn || !is_answer_type(out.type, data_bytes)) continue;
    if (!read_owner(owner_at)) continue;
    if (out.ttl_s > 0x7fff'ffffU) out.ttl_s = 0;  // RFC 2181 §8
    if (out.type == kDnsTypeCname) {
      if (read_dns_name(message_, data_at, target_) != Verdict::kOk) continue;
      out.address = {};
    } else if (out.type == kDnsTypeAaaa) {
      out.address = model::IpAddress::v6(data.data());
    } else {
      std::uint32_t network_order = 0;
      std::memcpy(&network_order, data.data(), sizeof network_order);
      out.address = model::IpAddress::v4(network_order);
    }
    return true;
  }
  complete_ = !cursor_.failed();
  return false;
}

bool is_dns_message(Bytes datagram) {
  // Bounds of what is believed without a port that says so.
  static constexpr std::uint32_t kQuestionsMax = 1, kAnswersMax = 100, kOthersMax = 20;
  Cursor cursor(datagram);
  cursor.skip(2);
  const std::uint16_t flags = cursor.u16();
  if ((flags & (kOpcodeMask | 0x0040U)) != 0) return false;  // Tells most of what is not DNS.
  const std::uint16_t questions = cursor.u16();
  const std::uint16_t answers = cursor.u16();
  const std::uint32_t others = std::uint32_t{cursor.u16()} + cursor.u16();
  const bool is_response = (flags & 0x8000U) != 0;
  if (cursor.failed()) return false;
  if (questions > kQuestionsMax || answers > kAnswersMax || others > kOthersMax) return false;
  if (questions + answers == 0 || (!is_response && (questions != 1 || answers != 0))) return false;
  if (questions == 1) {
    skip_dns_name(cursor);
    cursor.skip(2);
    if (cursor.u16() != kClassIn) return false;
  }
  for (std::uint32_t i = 0; i < answers + others && !cursor.failed(); ++i) skip_record(cursor);
  return !cursor.failed() && cursor.left() == 0;
}

}  // namespace ipm::decode
