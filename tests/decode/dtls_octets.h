// DTLS records for tests.
#pragma once

#include "decode/hello_octets.h"

namespace ipm::test {

// The body of a ClientHello, without a message header.
inline Octets dtls_hello_body(const Octets& cookie, const Octets& extensions, std::uint16_t version = 0xfefd) {
  return join({number(version, 2), Octets(32, std::byte{7}), sized(1, {}), sized(1, cookie),
               sized(2, numbers16({0xc02b, 0xc02f})), sized(1, number(0, 1)), sized(2, extensions)});
}
// A fragment of the message with its header: the bytes from `from` to `to` of the body.
inline Octets dtls_fragment(const Octets& body, std::size_t from, std::size_t to, std::uint16_t message_number = 0,
                            std::uint8_t type = 1) {
  return join(
      {number(type, 1), number(body.size(), 3), number(message_number, 2), number(from, 3),
       sized(3, {body.begin() + static_cast<std::ptrdiff_t>(from), body.begin() + static_cast<std::ptrdiff_t>(to)})});
}
inline Octets dtls_message(const Octets& body, std::uint16_t message_number = 0) {
  return dtls_fragment(body, 0, body.size(), message_number);
}
inline Octets dtls_record(const Octets& messages, std::uint16_t epoch = 0, std::uint8_t type = 22,
                          std::uint16_t version = 0xfeff) {
  return join({number(type, 1), number(version, 2), number(epoch, 2), number(0, 6), sized(2, messages)});
}

}  // namespace ipm::test
