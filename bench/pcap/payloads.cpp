#include "pcap/payloads.h"

#include <string>

#include "base/random.h"
#include "decode/hello_octets.h"

namespace ipm::bench {
namespace {

using test::alpn;
using test::client_hello;
using test::extension;
using test::hex;
using test::join;
using test::number;
using test::numbers16;
using test::Octets;
using test::sized;

std::string site_name(std::uint32_t site) {
  return "www.site-" + std::to_string(site) + ".example";
}

// 517 bytes and more with its record, as browsers have long sent it.
Octets hello_of(std::uint32_t site) {
  const Octets ciphers = numbers16({0x1301, 0x1302, 0x1303, 0xc02b, 0xc02f, 0xc02c, 0xc030, 0xcca9, 0xcca8, 0xc013,
                                    0xc014, 0x009c, 0x009d, 0x002f, 0x0035});
  const Octets extensions = join({
      test::server_name(site_name(site)),
      extension(0x0017, {}),
      extension(0xff01, number(0, 1)),
      extension(0x000a, sized(2, numbers16({0x001d, 0x0017, 0x0018}))),
      extension(0x000b, sized(1, number(0, 1))),
      extension(0x0023, {}),
      alpn({"h2", "http/1.1"}),
      extension(0x000d, sized(2, numbers16({0x0403, 0x0804, 0x0401, 0x0503, 0x0805, 0x0501, 0x0806, 0x0601}))),
      extension(0x0033, sized(2, join({number(0x001d, 2), sized(2, Octets(32, std::byte{3}))}))),
      extension(0x002d, sized(1, number(1, 1))),
      extension(0x002b, sized(1, numbers16({0x0304, 0x0303}))),
      extension(0x0015, Octets(200, std::byte{0})),
  });
  return test::handshake_record(client_hello(0x0303, ciphers, extensions));
}

// RFC 1035 §4.1: one question for an address and, in the answer, two addresses of it.
Octets question_of(std::uint32_t site) {
  Octets name;
  for (const std::string& label : {std::string("www"), "site-" + std::to_string(site), std::string("example")}) {
    name = join({name, sized(1, test::text(label))});
  }
  return join({name, number(0, 1), number(1, 2), number(1, 2)});
}
Octets query_of(std::uint32_t site) {
  return join({hex("0000 0100 0001 0000 0000 0000"), question_of(site)});
}
Octets answer_of(std::uint32_t site) {
  const auto record = [&](std::uint32_t which) {
    return join({hex("c00c 0001 0001 0000012c 0004"), number(0xc633'6400 + site / 256 * 512 + site % 256 + which, 4)});
  };
  return join({hex("0000 8180 0001 0002 0000 0000"), question_of(site), record(0), record(256)});
}

Octets random_bytes(std::size_t count, std::uint64_t seed) {
  Random random(seed);
  Octets out(count);
  for (std::byte& each : out) each = static_cast<std::byte>(random.next());
  return out;
}

Octets prose(std::size_t count) {
  constexpr std::string_view kWords[] = {"the ", "measured ", "packet ", "of ", "a flow ", "and ", "its bytes ", "in "};
  Random random(3);
  std::string out;
  while (out.size() < count) out += kWords[random.below(std::size(kWords))];
  return test::text(out);
}

}  // namespace

Payloads::Payloads() {
  const auto store = [&](const Octets& octets) {
    const Piece piece{static_cast<std::uint32_t>(bytes_.size()), static_cast<std::uint32_t>(octets.size())};
    bytes_.insert(bytes_.end(), octets.begin(), octets.end());
    return piece;
  };
  for (std::uint32_t site = 0; site < kSites; ++site) {
    hellos_.push_back(store(hello_of(site)));
    queries_.push_back(store(query_of(site)));
    answers_.push_back(store(answer_of(site)));
  }
  request_ =
      store(test::text("GET /index.html HTTP/1.1\r\nHost: www.site.example\r\nUser-Agent: bench/1\r\n"
                       "Accept: text/html,application/xhtml+xml\r\nAccept-Encoding: identity\r\n\r\n"));
  flight_ = store(join({hex("16 0303 0f00 02 000efc 0303"), random_bytes(kBulkBytes, 1)})).at;
  sealed_ = store(join({hex("17 0303 4000"), random_bytes(kBulkBytes, 2)})).at;
  text_ = store(join({test::text("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n"), prose(kBulkBytes)})).at;
}

}  // namespace ipm::bench
