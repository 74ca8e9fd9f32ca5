// JA4: a client's TLS library by what its hello offers, in an order of its own, so that shuffled extensions do not
// matter. Only the client's fingerprint of the JA4 family (BSD-3); the others are under another licence.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "decode/digest.h"
#include "decode/tls_hello.h"

namespace ipm::decode {

enum class HelloTransport : char { kTls = 't', kQuic = 'q', kDtls = 'd' };

struct Ja4 {
  std::array<char, 36> text = {};  // t13d1516h2_8daaf6152771_e5627efa2ab1
  std::string_view view() const { return {text.data(), text.size()}; }
};

// The three parts before the last two are hashed. Allocates.
std::string ja4_raw(const TlsHello& hello, HelloTransport transport);

// Empty where SHA-256 is not available. Allocates nothing.
std::optional<Ja4> ja4(const TlsHello& hello, HelloTransport transport, Digests& digests);

}  // namespace ipm::decode
