// Walks a DNS message: its header, its first question, then the addresses and aliases of its answer section one by one,
// as they stand there. What parse_dns() makes of them is the other view.
//
// Unlike that, it takes messages with several questions and queries with answers (mDNS has both), and all records that
// the bytes hold: there are at most 65,535 / 16 of them. Pure; allocates nothing, so keep one and reuse it.
#pragma once

#include "decode/dns.h"

namespace ipm::decode {

struct DnsAnswerRecord {
  std::uint16_t type = 0;  // kDnsTypeA, kDnsTypeAaaa, kDnsTypeCname
  std::uint32_t ttl_s = 0;
  model::IpAddress address = {};  // Of an address record.
};

class DnsReader {
 public:
  // The payload of one datagram, or one message of a stream; to live as long as next() is called. kOther: a dynamic
  // update (RFC 2136), whose sections mean something else. kShort, kMalformed: no header, or questions that end the
  // reading; nothing follows.
  Verdict begin(Bytes message);
  // The next record of class IN; its names are owner() and target() until the next call. False: there is none.
  bool next(DnsAnswerRecord& out);

  std::uint16_t id() const { return id_; }
  bool is_response() const { return (flags_ & 0x8000U) != 0; }
  std::uint16_t questions() const { return questions_; }
  std::uint16_t answers() const { return answers_; }
  std::uint16_t question_type() const { return question_type_; }
  const DnsName& question() const { return question_; }  // Empty without one, or if it cannot be read.
  const DnsName& owner() const { return owner_; }
  const DnsName& target() const { return target_; }  // Of an alias.
  // After next() gave false: the answer section was all there and read.
  bool complete() const { return complete_; }

 private:
  bool read_owner(std::size_t at);

  Cursor cursor_{{}};
  Bytes message_;
  std::uint16_t id_ = 0, flags_ = 0, questions_ = 0, answers_ = 0, question_type_ = 0;
  std::uint32_t answers_left_ = 0;
  bool complete_ = false;
  std::size_t owner_part_ = 0;  // Where owner_ was read, if by a pointer alone; else 0.
  DnsName question_, owner_, target_;
};

// Whether the datagram is DNS as far as all its sections, down to its last byte, can tell: for ports that do not say
// so.
bool is_dns_message(Bytes datagram);

}  // namespace ipm::decode
