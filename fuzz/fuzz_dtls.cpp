// Any bytes as DTLS datagrams of a client, each behind its length; and as the body of a hello, whole and cut: where
// both can be read they say the same.
#include <cstdint>
#include <cstdlib>

#include "decode/dtls_hello.h"
#include "decode/ja4.h"

using namespace ipm::decode;

namespace {

void check(const TlsHello& hello) {
  for (const char c : hello.sni()) {
    if (c <= ' ' || c > '~' || (c >= 'A' && c <= 'Z')) std::abort();
  }
  char names[64];
  if (alpn_text(hello, names, sizeof names) > sizeof names) std::abort();
  if (ja4_raw(hello, HelloTransport::kDtls).size() < 12) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const Bytes bytes(reinterpret_cast<const std::byte*>(data), size);
  static DtlsHello hello;
  hello.reset();
  for (Cursor cursor(bytes); cursor.left() > 2;) {
    const std::uint16_t wanted = cursor.u16();
    const Bytes datagram = cursor.take(wanted < cursor.left() ? wanted : cursor.left());
    (void)begins_dtls_hello(datagram);
    if (hello.feed(datagram) == DtlsHello::State::kDone) {
      check(hello.hello());
      break;
    }
  }
  TlsHello cut;
  if (parse_client_hello_beginning(bytes, HelloForm::kDtls, cut) == Verdict::kOk) check(cut);
  TlsHello whole;
  if (parse_client_hello_body(bytes, HelloForm::kDtls, whole) == Verdict::kOk) {
    check(whole);
    if (cut.sni() != whole.sni() || cut.extensions.size() != whole.extensions.size()) std::abort();
  }
  return 0;
}
