// Any bytes as the beginning of a client's stream: in one piece, and cut, repeated and out of order as the first byte
// says. The order of the pieces does not change a hello that all of them make. The rest is a hello by itself.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "decode/hello_assembler.h"
#include "decode/ja3.h"
#include "decode/ja4.h"

using namespace ipm::decode;
using State = HelloAssembler::State;

namespace {

void check(const TlsHello& hello) {
  static Digests digests;
  for (const char c : hello.sni()) {
    if (c <= ' ' || c > '~' || (c >= 'A' && c <= 'Z')) std::abort();
  }
  char names[64];
  if (alpn_text(hello, names, sizeof names) > sizeof names) std::abort();
  if (ja4_raw(hello, HelloTransport::kTls).size() < 12) std::abort();
  (void)ja3_fields(hello);
  (void)ja3(hello, digests);
  const auto print = ja4(hello, HelloTransport::kTls, digests);
  if (print && print->view()[10] != '_') std::abort();
}

// Two halves, each in pieces of `piece_bytes`; the second half first if told so.
State feed_in_pieces(HelloAssembler& assembler, Bytes bytes, std::size_t piece_bytes, bool second_half_first) {
  assembler.reset(7);
  const std::size_t half = bytes.size() / 2;
  const auto feed = [&](std::size_t from, std::size_t to) {
    for (; from < to; from += piece_bytes) {
      const std::size_t bytes_here = std::min(piece_bytes, to - from);
      assembler.feed(7 + static_cast<std::uint32_t>(from), bytes.subspan(from, bytes_here));
    }
  };
  if (second_half_first) feed(half, bytes.size());
  feed(0, half);
  feed(half, bytes.size());
  return assembler.state();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const Bytes bytes(reinterpret_cast<const std::byte*>(data + 1), size - 1);
  static HelloAssembler whole;
  static HelloAssembler pieces;
  whole.reset(7);
  const State state = whole.feed(7, bytes);
  if (state == State::kDone) check(whole.hello());
  const std::size_t piece_bytes = std::max<std::size_t>(1 + (data[0] & 0x7fU), size / 8);
  const State again = feed_in_pieces(pieces, bytes, piece_bytes, (data[0] & 0x80U) != 0);
  if (state == State::kDone) {
    if (again != State::kDone || pieces.hello().sni() != whole.hello().sni()) std::abort();
    if (ja4_raw(pieces.hello(), HelloTransport::kTls) != ja4_raw(whole.hello(), HelloTransport::kTls)) std::abort();
  }
  TlsHello hello;
  if (parse_client_hello(bytes, hello) == Verdict::kOk) check(hello);
  return 0;
}
