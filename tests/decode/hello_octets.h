// ClientHellos for tests.
#pragma once

#include "decode/octets.h"

namespace ipm::test {

inline Octets extension(std::uint16_t type, const Octets& body) {
  return join({number(type, 2), sized(2, body)});
}
inline Octets server_name(std::string_view name) {
  return extension(0, sized(2, join({number(0, 1), sized(2, text(name))})));
}
inline Octets alpn(std::initializer_list<std::string_view> names) {
  Octets list;
  for (const std::string_view name : names) list = join({list, sized(1, text(name))});
  return extension(16, sized(2, list));
}

// The handshake message.
inline Octets client_hello(std::uint16_t version, const Octets& ciphers, const Octets& extensions) {
  const Octets body = join({number(version, 2), Octets(32, std::byte{7}), sized(1, Octets(32, std::byte{9})),
                            sized(2, ciphers), sized(1, number(0, 1)), sized(2, extensions)});
  return join({number(1, 1), sized(3, body)});
}
// Of Google's QUIC: padding, the server's name, a version.
inline Octets google_hello(std::string_view name) {
  const auto little = [](std::size_t value) {
    Octets out = number(value, 4);
    return Octets(out.rbegin(), out.rend());
  };
  const std::size_t padding_bytes = 30;
  const std::size_t name_end = padding_bytes + name.size();
  return join({text("CHLO"), hex("0300 0000"), hex("50414400"), little(padding_bytes), hex("534e4900"),
               little(name_end), hex("56455200"), little(name_end + 4), Octets(padding_bytes, std::byte{'-'}),
               text(name), text("Q046")});
}
// One TLS record.
inline Octets handshake_record(const Octets& body) {
  return join({number(22, 1), number(0x0301, 2), sized(2, body)});
}

// What Chrome 2023 sends, its extensions shuffled and GREASE among them. Its JA4 is widely published.
inline constexpr std::string_view kChromeJa4 = "t13d1516h2_8daaf6152771_e5627efa2ab1";
inline Octets chrome_hello(std::size_t padding_bytes = 32) {
  const Octets ciphers = numbers16({0x2a2a, 0x1301, 0x1302, 0x1303, 0xc02b, 0xc02f, 0xc02c, 0xc030, 0xcca9, 0xcca8,
                                    0xc013, 0xc014, 0x009c, 0x009d, 0x002f, 0x0035});
  const Octets extensions = join({
      extension(0x5a5a, {}),
      extension(0x001b, sized(1, number(2, 2))),
      server_name("Www.Example.COM"),
      extension(0x0033, sized(2, join({number(0x0a0a, 2), sized(2, number(0, 1)), number(0x001d, 2),
                                       sized(2, Octets(32, std::byte{3}))}))),
      alpn({"h2", "http/1.1"}),
      extension(0x4469, sized(2, sized(1, text("h2")))),
      extension(0x000d, sized(2, numbers16({0x0403, 0x0804, 0x0401, 0x0503, 0x0805, 0x0501, 0x0806, 0x0601}))),
      extension(0x0005, number(0x0100000000, 5)),
      extension(0x0012, {}),
      extension(0x000b, sized(1, number(0, 1))),
      extension(0xff01, number(0, 1)),
      extension(0x0017, {}),
      extension(0x002b, sized(1, numbers16({0xdada, 0x0304, 0x0303}))),
      extension(0x0023, {}),
      extension(0x002d, sized(1, number(1, 1))),
      extension(0x000a, sized(2, numbers16({0x0a0a, 0x001d, 0x0017, 0x0018}))),
      extension(0xeaea, number(0, 1)),
      extension(0x0015, Octets(padding_bytes, std::byte{0})),
  });
  return client_hello(0x0303, ciphers, extensions);
}

}  // namespace ipm::test
