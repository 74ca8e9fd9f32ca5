#include "decode/tls_hello.h"

#include <algorithm>

namespace ipm::decode {
namespace {

constexpr std::uint8_t kClientHello = 1;

// A list that a number of bytes (in `length_bytes` bytes) precedes, and nothing follows. Empty if that does not hold.
Bytes list_of(Bytes body, std::size_t length_bytes) {
  Cursor cursor(body);
  const std::size_t length = length_bytes == 1 ? cursor.u8() : cursor.u16();
  const Bytes list = cursor.take(length);
  return cursor.failed() || cursor.left() != 0 ? Bytes{} : list;
}
U16List numbers_of(Bytes body, std::size_t length_bytes) {
  const Bytes list = list_of(body, length_bytes);
  return U16List(list.size() % 2 == 0 ? list : Bytes{});
}

bool is_printable(std::byte byte) {
  return byte > std::byte{' '} && byte < std::byte{0x7f};
}

// RFC 6066 §3: the first name of type host_name.
void read_server_name(Bytes body, TlsHello& out) {
  Cursor cursor(list_of(body, 2));
  while (cursor.left() != 0) {
    const std::uint8_t type = cursor.u8();
    const Bytes name = cursor.take(cursor.u16());
    if (cursor.failed()) return;
    if (type != 0) continue;
    set_server_name(name, out);
    return;
  }
}

Bytes read_alpn(Bytes body) {
  const Bytes list = list_of(body, 2);
  Cursor cursor(list);
  while (cursor.left() != 0) {
    const std::uint8_t bytes = cursor.u8();
    cursor.skip(bytes);
    if (cursor.failed() || bytes == 0) return {};
  }
  return list;
}

// Of an extension that comes twice, which no RFC allows, the first counts.
void read_extension(std::uint16_t type, Bytes body, TlsHello& out) {
  switch (type) {
    case kExtServerName:
      if (!out.has_server_name) read_server_name(body, out);
      out.has_server_name = true;
      break;
    case kExtSupportedGroups:
      if (out.groups.empty()) out.groups = numbers_of(body, 2);
      break;
    case kExtPointFormats:
      if (out.point_formats.empty()) out.point_formats = list_of(body, 1);
      break;
    case kExtSignatureAlgorithms:
      if (out.signatures.empty()) out.signatures = numbers_of(body, 2);
      break;
    case kExtAlpn:
      if (out.alpn.empty()) out.alpn = read_alpn(body);
      break;
    case kExtSupportedVersions:
      if (!out.has_supported_versions) out.supported_versions = numbers_of(body, 1);
      out.has_supported_versions = true;
      break;
    case kExtEncryptedClientHello:
      out.has_ech = true;
      break;
    default:
      break;
  }
}

bool read_before_extensions(Cursor& cursor, HelloForm form, TlsHello& out) {
  out.version = cursor.u16();
  cursor.skip(32);                                         // random
  cursor.skip(cursor.u8());                                // session id
  if (form == HelloForm::kDtls) cursor.skip(cursor.u8());  // cookie
  const Bytes ciphers = cursor.take(cursor.u16());
  cursor.skip(cursor.u8());  // compression methods
  if (cursor.failed() || ciphers.size() % 2 != 0) return false;
  out.ciphers = U16List(ciphers);
  return true;
}

// As many of them as are whole.
Bytes whole_extensions(Bytes block) {
  Cursor cursor(block);
  std::size_t whole = 0;
  while (cursor.left() != 0) {
    cursor.skip(2);
    cursor.skip(cursor.u16());
    if (cursor.failed()) break;
    whole = cursor.at();
  }
  return block.first(whole);
}

void read_extensions(Bytes extensions, TlsHello& out) {
  out.extensions = extensions;
  for_each_extension(out, [&](std::uint16_t type, Bytes body) { read_extension(type, body, out); });
}

}  // namespace

void set_server_name(Bytes name, TlsHello& out) {
  if (name.size() > kServerNameBytesMax) return;
  std::uint16_t bytes = 0;
  for (const std::byte byte : name) {
    if (!is_printable(byte)) return;
    char letter = static_cast<char>(byte);
    if (letter >= 'A' && letter <= 'Z') letter = static_cast<char>(letter - 'A' + 'a');
    out.server_name[bytes++] = letter;
  }
  out.server_name_bytes = bytes;
}

Verdict parse_client_hello(Bytes message, TlsHello& out) {
  out = {};
  Cursor cursor(message);
  const std::uint8_t type = cursor.u8();
  const std::uint32_t bytes = cursor.u24();
  if (cursor.failed()) return Verdict::kShort;
  if (type != kClientHello) return Verdict::kOther;
  if (bytes + 4 > kHelloBytesMax) return Verdict::kMalformed;
  const Bytes body = cursor.take(bytes);
  return cursor.failed() ? Verdict::kShort : parse_client_hello_body(body, HelloForm::kTls, out);
}

Verdict parse_client_hello_body(Bytes body, HelloForm form, TlsHello& out) {
  out = {};
  Cursor cursor(body);
  if (!read_before_extensions(cursor, form, out)) return Verdict::kMalformed;
  if (cursor.left() == 0) return Verdict::kOk;  // Before TLS 1.2 a hello may end here.
  const std::uint16_t bytes = cursor.u16();
  const Bytes rest = cursor.rest();
  const Bytes whole = whole_extensions(rest.first(std::min<std::size_t>(rest.size(), bytes)));
  read_extensions(whole, out);
  return !cursor.failed() && rest.size() == bytes && whole.size() == bytes ? Verdict::kOk : Verdict::kMalformed;
}

Verdict parse_client_hello_beginning(Bytes body, HelloForm form, TlsHello& out) {
  out = {};
  Cursor cursor(body);
  if (!read_before_extensions(cursor, form, out)) return Verdict::kShort;
  const std::uint16_t bytes = cursor.u16();
  const Bytes rest = cursor.rest();
  read_extensions(whole_extensions(rest.first(std::min<std::size_t>(rest.size(), bytes))), out);
  return Verdict::kOk;
}

std::size_t alpn_text(const TlsHello& hello, char* buffer, std::size_t size) {
  std::size_t written = 0;
  for_each_alpn(hello, [&](Bytes name) {
    const std::size_t comma = written == 0 ? 0 : 1;
    if (written + comma + name.size() > size) {
      size = written;  // Nor any that comes later: a list with a hole would mislead.
      return;
    }
    if (comma != 0) buffer[written++] = ',';
    for (const std::byte byte : name) {
      buffer[written++] = is_printable(byte) && byte != std::byte{','} ? static_cast<char>(byte) : '?';
    }
  });
  return written;
}

}  // namespace ipm::decode
