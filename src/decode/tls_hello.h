// A TLS ClientHello (RFC 8446 §4.1.2, and all versions before it) as facts: who is asked for, what is offered. Lists
// are views of the hello's own bytes, in wire order, GREASE included. Pure; allocates nothing.
#pragma once

#include <string_view>

#include "decode/cursor.h"

namespace ipm::decode {

inline constexpr std::uint32_t kHelloBytesMax = 16 * 1024;  // A longer one is refused.
inline constexpr std::uint32_t kServerNameBytesMax = 255;

// IANA "TLS ExtensionType Values".
enum TlsExtension : std::uint16_t {
  kExtServerName = 0,
  kExtSupportedGroups = 10,
  kExtPointFormats = 11,
  kExtSignatureAlgorithms = 13,
  kExtAlpn = 16,
  kExtSupportedVersions = 43,
  kExtEncryptedClientHello = 0xfe0d,
};

// RFC 8701: both bytes equal, low nibbles 10.
constexpr bool is_grease(std::uint16_t value) {
  return (value & 0x0f0fU) == 0x0a0aU && (value >> 8) == (value & 0xffU);
}

// Big-endian 16-bit numbers, one after the other.
class U16List {
 public:
  class Iterator {
   public:
    explicit Iterator(const std::byte* at) : at_(at) {}
    std::uint16_t operator*() const {
      return static_cast<std::uint16_t>((std::to_integer<unsigned>(at_[0]) << 8) | std::to_integer<unsigned>(at_[1]));
    }
    Iterator& operator++() {
      at_ += 2;
      return *this;
    }
    bool operator!=(const Iterator& other) const { return at_ != other.at_; }

   private:
    const std::byte* at_;
  };

  U16List() = default;
  explicit U16List(Bytes bytes) : bytes_(bytes.first(bytes.size() & ~std::size_t{1})) {}
  std::size_t size() const { return bytes_.size() / 2; }
  bool empty() const { return bytes_.empty(); }
  Iterator begin() const { return Iterator(bytes_.data()); }
  Iterator end() const { return Iterator(bytes_.data() + bytes_.size()); }

 private:
  Bytes bytes_;
};

struct TlsHello {
  std::uint16_t version = 0;  // Of the body: 0x0303 since TLS 1.2.
  U16List ciphers;
  Bytes extensions;                     // The block: types and bodies, well formed. See for_each_extension().
  U16List supported_versions;           // Extension 43
  U16List groups;                       // 10
  Bytes point_formats;                  // 11
  U16List signatures;                   // 13
  Bytes alpn;                           // 16: the list, well formed. See for_each_alpn().
  bool has_server_name = false;         // The extension is there, whatever it holds.
  bool has_supported_versions = false;  // As above.
  bool has_ech = false;                 // Encrypted ClientHello: server_name is that of the front, not of the site.
  std::uint16_t server_name_bytes = 0;
  char server_name[kServerNameBytesMax] = {};

  // The host_name in lower case; empty if there is none, or one that is not printable ASCII.
  std::string_view sni() const { return {server_name, server_name_bytes}; }
};

// The handshake message: its 4-byte header and its body. The hello's lists point into `message`. An extension whose own
// lengths contradict each other counts as there and empty, as far as the block around it is sound. kMalformed: what is
// sound before the contradiction is set.
Verdict parse_client_hello(Bytes message, TlsHello& out);

// DTLS has a cookie before the cipher suites, and a longer message header that says where a fragment belongs.
enum class HelloForm : std::uint8_t { kTls = 0, kDtls = 1 };

// The same without the message header, which the caller has read.
Verdict parse_client_hello_body(Bytes body, HelloForm form, TlsHello& out);

// The beginning of a body, of a capture that cut the rest off: all that is whole. kShort: not even the cipher suites.
Verdict parse_client_hello_beginning(Bytes body, HelloForm form, TlsHello& out);

// Takes it in lower case, unless it is too long or not printable ASCII.
void set_server_name(Bytes name, TlsHello& out);

// visit(std::uint16_t type, Bytes body), in wire order.
template <typename Visit>
void for_each_extension(const TlsHello& hello, const Visit& visit) {
  Cursor cursor(hello.extensions);
  while (cursor.left() != 0) {
    const std::uint16_t type = cursor.u16();
    const Bytes body = cursor.take(cursor.u16());
    if (cursor.failed()) return;
    visit(type, body);
  }
}

// visit(Bytes protocol_name), in the order of preference. Names are any bytes but never empty.
template <typename Visit>
void for_each_alpn(const TlsHello& hello, const Visit& visit) {
  Cursor cursor(hello.alpn);
  while (cursor.left() != 0) {
    const Bytes name = cursor.take(cursor.u8());
    if (cursor.failed()) return;
    visit(name);
  }
}

// The ALPN names joined by commas, as far as they fit into `size` bytes; what is not printable ASCII, and a comma
// inside a name, become '?'. Returns the bytes written.
std::size_t alpn_text(const TlsHello& hello, char* buffer, std::size_t size);

}  // namespace ipm::decode
