// The ClientHello of Google's own handshake, which its QUIC spoke before TLS (versions Q024 to Q050, until 2021): a
// table of tags, one of them the name of the server. It has no cipher suites and no extensions, hence no fingerprint.
// Pure; allocates nothing.
#pragma once

#include "decode/tls_hello.h"

namespace ipm::decode {

// The hello in a datagram of a version before Q050, where it is not sealed. Empty: there is none.
Bytes google_hello_in(Bytes datagram);

// From "CHLO" on, as far as there is. Sets the server's name and nothing else. kShort: the name is not there yet.
// kOther: no such hello.
Verdict parse_google_hello(Bytes message, TlsHello& out);

}  // namespace ipm::decode
