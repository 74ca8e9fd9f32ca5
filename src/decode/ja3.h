// JA3: a client's TLS library by what its hello offers. Chrome and others shuffle their extensions since 2023, so that
// their JA3 differs from one connection to the next: to be shown, not to be keyed on. JA4 does not have this.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "decode/digest.h"
#include "decode/tls_hello.h"

namespace ipm::decode {

struct Ja3 {
  std::array<char, 32> text = {};
  std::string_view view() const { return {text.data(), text.size()}; }
};

// The five fields in decimal before they are hashed. Allocates.
std::string ja3_fields(const TlsHello& hello);

// Their MD5. Empty where MD5 is not available. Allocates nothing.
std::optional<Ja3> ja3(const TlsHello& hello, Digests& digests);

}  // namespace ipm::decode
