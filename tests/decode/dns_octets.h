// DNS messages for tests.
#pragma once

#include <algorithm>

#include "decode/octets.h"

namespace ipm::test {

inline constexpr std::uint32_t kQueryFlags = 0x0100, kResponseFlags = 0x8180;
inline const Octets kPointerToQuestion = hex("c00c");

inline Octets dns_name(std::string_view dotted) {
  Octets out;
  while (!dotted.empty()) {
    const std::string_view label = dotted.substr(0, dotted.find('.'));
    out = join({out, sized(1, text(label))});
    dotted.remove_prefix(std::min(dotted.size(), label.size() + 1));
  }
  return join({out, hex("00")});
}
inline Octets dns_header(std::uint32_t flags, std::uint32_t questions, std::uint32_t answers, std::uint32_t id = 0x1234,
                         std::uint32_t additional = 0) {
  return join(
      {number(id, 2), number(flags, 2), number(questions, 2), number(answers, 2), number(0, 2), number(additional, 2)});
}
inline Octets dns_question(const Octets& wire_name, std::uint32_t type = 1) {
  return join({wire_name, number(type, 2), hex("0001")});
}
inline Octets dns_record(const Octets& owner, std::uint32_t type, std::uint32_t ttl, const Octets& data,
                         std::uint32_t record_class = 1) {
  return join({owner, number(type, 2), number(record_class, 2), number(ttl, 4), sized(2, data)});
}
// One question, one address of it.
inline Octets dns_query(std::string_view dotted, std::uint32_t id = 0x1234) {
  return join({dns_header(kQueryFlags, 1, 0, id), dns_question(dns_name(dotted))});
}
inline Octets dns_response(std::string_view dotted, std::string_view address_hex, std::uint32_t id = 0x1234) {
  return join({dns_header(kResponseFlags, 1, 1, id), dns_question(dns_name(dotted)),
               dns_record(kPointerToQuestion, 1, 300, hex(address_hex))});
}

}  // namespace ipm::test
