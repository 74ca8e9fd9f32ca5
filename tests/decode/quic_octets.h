// Initial packets of a QUIC client for tests, sealed by libcrypto with keys that the test gives.
#pragma once

#include <openssl/evp.h>

#include "decode/octets.h"
#include "decode/quic_protection.h"

namespace ipm::test {

inline Octets quic_number(std::uint64_t value) {
  if (value < 64) return number(value, 1);
  return value < 16'384 ? number(value | 0x4000U, 2) : number(value | 0x8000'0000U, 4);
}
inline Octets crypto_frame(std::uint64_t at, const Octets& data) {
  return join({number(6, 1), quic_number(at), quic_number(data.size()), data});
}
inline Octets part(const Octets& of, std::size_t from, std::size_t to) {
  return {of.begin() + static_cast<std::ptrdiff_t>(from), of.begin() + static_cast<std::ptrdiff_t>(to)};
}

struct InitialPacket {
  std::uint32_t version = decode::kQuicVersion1;
  Octets destination = {};
  Octets source = {};
  Octets token = {};
  std::uint64_t packet_number = 0;
  std::size_t number_bytes = 2;
  Octets frames = {};
  std::size_t padded_to = 0;  // Bytes of the frames, PADDING included.
};

inline Octets seal(const InitialPacket& packet, const decode::QuicKeys& keys) {
  const auto octets = [](const Octets& bytes) { return reinterpret_cast<const unsigned char*>(bytes.data()); };
  Octets frames = packet.frames;
  if (frames.size() < packet.padded_to) frames.resize(packet.padded_to);
  const unsigned type = packet.version == decode::kQuicVersion2 ? 0xd0 : 0xc0;
  Octets whole = join({number(type | (packet.number_bytes - 1), 1), number(packet.version, 4),
                       sized(1, packet.destination), sized(1, packet.source), quic_number(packet.token.size()),
                       packet.token, number((packet.number_bytes + frames.size() + 16) | 0x4000U, 2)});
  const std::size_t number_at = whole.size();
  whole = join({whole, number(packet.packet_number, packet.number_bytes)});
  const std::size_t header_bytes = whole.size();

  unsigned char nonce[12];
  for (std::size_t i = 0; i < sizeof nonce; ++i) {
    nonce[i] = keys.iv[i];
    if (i >= 4) nonce[i] ^= static_cast<unsigned char>(packet.packet_number >> (8 * (11 - i)));
  }
  Octets sealed(frames.size() + 16);
  int bytes = 0;
  EVP_CIPHER_CTX* gcm = EVP_CIPHER_CTX_new();
  EVP_EncryptInit_ex(gcm, EVP_aes_128_gcm(), nullptr, keys.key.data(), nonce);
  EVP_EncryptUpdate(gcm, nullptr, &bytes, octets(whole), static_cast<int>(header_bytes));
  EVP_EncryptUpdate(gcm, reinterpret_cast<unsigned char*>(sealed.data()), &bytes, octets(frames),
                    static_cast<int>(frames.size()));
  EVP_EncryptFinal_ex(gcm, nullptr, &bytes);
  EVP_CIPHER_CTX_ctrl(gcm, EVP_CTRL_AEAD_GET_TAG, 16, sealed.data() + frames.size());
  EVP_CIPHER_CTX_free(gcm);
  whole = join({whole, sealed});

  unsigned char mask[16];
  EVP_CIPHER_CTX* block = EVP_CIPHER_CTX_new();
  EVP_EncryptInit_ex(block, EVP_aes_128_ecb(), nullptr, keys.header_key.data(), nullptr);
  EVP_EncryptUpdate(block, mask, &bytes, octets(whole) + number_at + 4, 16);
  EVP_CIPHER_CTX_free(block);
  whole[0] ^= static_cast<std::byte>(mask[0] & 0x0f);
  for (std::size_t i = 0; i < packet.number_bytes; ++i) whole[number_at + i] ^= static_cast<std::byte>(mask[1 + i]);
  return whole;
}

// RFC 9001 and RFC 9369 §A.1: the client's keys of the connection ID 8394c8f03e515708.
inline Octets rfc_cid() {
  return hex("8394c8f03e515708");
}
inline decode::QuicKeys keys_of(std::string_view key, std::string_view iv, std::string_view header_key) {
  decode::QuicKeys keys;
  const auto fill = [](auto& to, const Octets& from) {
    for (std::size_t i = 0; i < to.size(); ++i) to[i] = std::to_integer<std::uint8_t>(from[i]);
  };
  fill(keys.key, hex(key));
  fill(keys.iv, hex(iv));
  fill(keys.header_key, hex(header_key));
  return keys;
}
inline decode::QuicKeys rfc9001_keys() {
  return keys_of("1f369613dd76d5467730efcbe3b1a22d", "fa044b2f42a3fd3b46fb255c", "9f50449e04a0e810283a1e9933adedd2");
}
inline decode::QuicKeys rfc9369_keys() {
  return keys_of("8b1a0bc121284290a29e0971b5cd045d", "91f73e2351d8fa91660e909f", "45b95e15235d6f45a6b19cbcb0294ba9");
}

// §A.2 of both: the ClientHello for example.com in a CRYPTO frame.
inline Octets rfc_frames() {
  return hex(
      "060040f1010000ed0303ebf8fa56f12939b9584a3896472ec40bb863cfd3e868"
      "04fe3a47f06a2b69484c00000413011302010000c000000010000e00000b6578"
      "616d706c652e636f6dff01000100000a00080006001d00170018001000070005"
      "04616c706e000500050100000000003300260024001d00209370b2c9caa47fba"
      "baf4559fedba753de171fa71f50f1ce15d43e994ec74d748002b000302030400"
      "0d0010000e0403050306030203080408050806002d00020101001c0002400100"
      "3900320408ffffffffffffffff05048000ffff07048000ffff08011001048000"
      "75300901100f088394c8f03e51570806048000ffff");
}
inline InitialPacket rfc_packet(std::uint32_t version) {
  return {.version = version,
          .destination = rfc_cid(),
          .packet_number = 2,
          .number_bytes = 4,
          .frames = rfc_frames(),
          .padded_to = 1162};
}

}  // namespace ipm::test
