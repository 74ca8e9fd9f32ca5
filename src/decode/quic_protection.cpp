#include "decode/quic_protection.h"

#include <algorithm>
#include <vector>

#ifdef IPM_WITH_OPENSSL
#include <openssl/crypto.h>
#include <openssl/evp.h>
#endif

namespace ipm::decode {

#ifdef IPM_WITH_OPENSSL

namespace {

constexpr std::size_t kTagBytes = 16;
constexpr std::size_t kSampleBytes = 16;
constexpr std::size_t kSampleAfterNumber = 4;  // RFC 9001 §5.4.2: as if the number had four bytes.
constexpr std::size_t kHashBytes = 32;
constexpr std::size_t kBlockBytes = 64;

using Hash = std::array<std::uint8_t, kHashBytes>;
using Octets = std::span<const std::uint8_t>;

template <auto kFree>
struct Free {
  template <typename T>
  void operator()(T* object) const {
    kFree(object);
  }
};

Octets octets(Bytes bytes) {
  return {reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()};
}
Octets octets(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

// RFC 9000 §A.3: the number nearest to the expected one that ends in these bytes.
std::uint64_t whole_number(std::uint64_t expected, std::uint64_t truncated, std::size_t bytes) {
  const std::uint64_t window = std::uint64_t{1} << (8 * bytes);
  const std::uint64_t candidate = (expected & ~(window - 1)) | truncated;
  if (candidate + window / 2 <= expected && candidate < (std::uint64_t{1} << 62) - window) return candidate + window;
  if (candidate > expected + window / 2 && candidate >= window) return candidate - window;
  return candidate;
}

}  // namespace

struct QuicProtection::Library {
  // In the order of their making: the context goes last.
  std::unique_ptr<OSSL_LIB_CTX, Free<OSSL_LIB_CTX_free>> context{OSSL_LIB_CTX_new()};
  std::unique_ptr<EVP_MD, Free<EVP_MD_free>> sha256{context ? EVP_MD_fetch(context.get(), "SHA256", nullptr) : nullptr};
  std::unique_ptr<EVP_CIPHER, Free<EVP_CIPHER_free>> block{cipher("AES-128-ECB")};
  std::unique_ptr<EVP_CIPHER, Free<EVP_CIPHER_free>> sealed{cipher("AES-128-GCM")};
  std::unique_ptr<EVP_MD_CTX, Free<EVP_MD_CTX_free>> hashing{EVP_MD_CTX_new()};
  std::unique_ptr<EVP_CIPHER_CTX, Free<EVP_CIPHER_CTX_free>> masking{EVP_CIPHER_CTX_new()};
  std::unique_ptr<EVP_CIPHER_CTX, Free<EVP_CIPHER_CTX_free>> opening{EVP_CIPHER_CTX_new()};
  std::vector<std::uint8_t> plain = std::vector<std::uint8_t>(kQuicPacketBytesMax);

  EVP_CIPHER* cipher(const char* name) const {
    return context ? EVP_CIPHER_fetch(context.get(), name, nullptr) : nullptr;
  }
  bool complete() const { return sha256 && block && sealed && hashing && masking && opening; }

  bool hash(std::initializer_list<Octets> parts, Hash& out) {
    if (EVP_DigestInit_ex2(hashing.get(), sha256.get(), nullptr) != 1) return false;
    for (const Octets part : parts) {
      if (EVP_DigestUpdate(hashing.get(), part.data(), part.size()) != 1) return false;
    }
    unsigned int bytes = 0;
    return EVP_DigestFinal_ex(hashing.get(), out.data(), &bytes) == 1 && bytes == out.size();
  }

  // RFC 2104. The key is no longer than a block here.
  bool hmac(Octets key, std::initializer_list<Octets> parts, Hash& out) {
    std::array<std::uint8_t, kBlockBytes> inner = {};
    std::copy(key.begin(), key.end(), inner.begin());
    std::array<std::uint8_t, kBlockBytes> outer = inner;
    for (std::uint8_t& byte : inner) byte ^= 0x36U;
    for (std::uint8_t& byte : outer) byte ^= 0x5cU;
    Hash first = {};
    std::array<Octets, 4> message;
    message[0] = inner;
    std::copy(parts.begin(), parts.end(), message.begin() + 1);
    return hash({message[0], message[1], message[2], message[3]}, first) && hash({outer, first}, out);
  }

  // HKDF-Expand-Label (RFC 8446 §7.1) with an empty context, of at most one hash.
  bool expand(const Hash& secret, std::string_view label, std::span<std::uint8_t> out) {
    const std::uint8_t head[] = {0, static_cast<std::uint8_t>(out.size()), static_cast<std::uint8_t>(label.size())};
    static constexpr std::uint8_t kTail[] = {0, 1};  // No context; the first block.
    Hash okm = {};
    if (!hmac(secret, {Octets(head), octets(label), Octets(kTail)}, okm)) return false;
    std::copy_n(okm.begin(), out.size(), out.begin());
    return true;
  }

  bool mask(const QuicKeys& keys, Octets sample, std::array<std::uint8_t, kSampleBytes>& out) {
    int bytes = 0;
    return EVP_EncryptInit_ex2(masking.get(), block.get(), keys.header_key.data(), nullptr, nullptr) == 1 &&
           EVP_CIPHER_CTX_set_padding(masking.get(), 0) == 1 &&
           EVP_EncryptUpdate(masking.get(), out.data(), &bytes, sample.data(), kSampleBytes) == 1 &&
           bytes == static_cast<int>(kSampleBytes);
  }

  // AES-128-GCM over `text`, behind which the tag stands. True: it is genuine, and `plain` begins with it.
  bool unseal(const QuicKeys& keys, std::uint64_t number, std::initializer_list<Octets> header, Octets text,
              Octets tag) {
    std::array<std::uint8_t, 12> nonce = keys.iv;
    for (std::size_t i = 0; i < 8; ++i) nonce[11 - i] ^= static_cast<std::uint8_t>(number >> (8 * i));
    std::array<std::uint8_t, kTagBytes> expected_tag = {};
    std::copy(tag.begin(), tag.end(), expected_tag.begin());
    EVP_CIPHER_CTX* gcm = opening.get();
    int bytes = 0;
    if (EVP_DecryptInit_ex2(gcm, sealed.get(), keys.key.data(), nonce.data(), nullptr) != 1) return false;
    for (const Octets part : header) {
      if (EVP_DecryptUpdate(gcm, nullptr, &bytes, part.data(), static_cast<int>(part.size())) != 1) return false;
    }
    return EVP_DecryptUpdate(gcm, plain.data(), &bytes, text.data(), static_cast<int>(text.size())) == 1 &&
           EVP_CIPHER_CTX_ctrl(gcm, EVP_CTRL_AEAD_SET_TAG, kTagBytes, expected_tag.data()) == 1 &&
           EVP_DecryptFinal_ex(gcm, plain.data() + bytes, &bytes) == 1;
  }
};

QuicProtection::QuicProtection() : library_(std::make_unique<Library>()) {}

bool QuicProtection::available() const {
  return library_->complete();
}

std::string_view QuicProtection::why_not() const {
  return available() ? "" : "libcrypto does not provide AES-128-GCM and SHA-256 here";
}

bool QuicProtection::client_keys(const QuicVersion& version, Bytes first_destination, QuicKeys& out) {
  if (!available()) return false;
  Hash initial = {};
  Hash client = {};
  return library_->hmac(version.salt, {octets(first_destination), Octets(), Octets()}, initial) &&
         library_->expand(initial, "tls13 client in", client) &&
         library_->expand(client, version.second ? "tls13 quicv2 key" : "tls13 quic key", out.key) &&
         library_->expand(client, version.second ? "tls13 quicv2 iv" : "tls13 quic iv", out.iv) &&
         library_->expand(client, version.second ? "tls13 quicv2 hp" : "tls13 quic hp", out.header_key);
}

std::optional<QuicProtection::Opened> QuicProtection::open(const QuicKeys& keys, const QuicPacket& packet,
                                                           std::uint64_t expected) {
  const Octets whole = octets(packet.whole);
  const std::size_t sample_at = packet.number_at + kSampleAfterNumber;
  if (!available() || whole.size() > kQuicPacketBytesMax || whole.size() < sample_at + kSampleBytes) {
    return std::nullopt;
  }
  std::array<std::uint8_t, kSampleBytes> mask = {};
  if (!library_->mask(keys, whole.subspan(sample_at, kSampleBytes), mask)) return std::nullopt;
  const std::uint8_t first[] = {static_cast<std::uint8_t>(whole[0] ^ (mask[0] & 0x0fU))};
  const std::size_t number_bytes = (first[0] & 3U) + 1;
  std::array<std::uint8_t, 4> number = {};
  std::uint64_t truncated = 0;
  for (std::size_t i = 0; i < number_bytes; ++i) {
    number[i] = static_cast<std::uint8_t>(whole[packet.number_at + i] ^ mask[1 + i]);
    truncated = (truncated << 8) | number[i];
  }
  Opened opened;
  opened.number = whole_number(expected, truncated, number_bytes);
  const std::size_t text_at = packet.number_at + number_bytes;
  const std::size_t text_bytes = whole.size() - text_at - kTagBytes;  // Not negative: the sample fits.
  const bool genuine = library_->unseal(
      keys, opened.number, {Octets(first), whole.subspan(1, packet.number_at - 1), Octets(number).first(number_bytes)},
      whole.subspan(text_at, text_bytes), whole.subspan(text_at + text_bytes));
  if (!genuine) return std::nullopt;
  opened.frames = {reinterpret_cast<const std::byte*>(library_->plain.data()), text_bytes};
  return opened;
}

#else

struct QuicProtection::Library {};

QuicProtection::QuicProtection() = default;
bool QuicProtection::available() const {
  return false;
}
std::string_view QuicProtection::why_not() const {
  return "built with IPM_WITH_OPENSSL=OFF";
}
bool QuicProtection::client_keys(const QuicVersion&, Bytes, QuicKeys&) {
  return false;
}
std::optional<QuicProtection::Opened> QuicProtection::open(const QuicKeys&, const QuicPacket&, std::uint64_t) {
  return std::nullopt;
}

#endif

QuicProtection::~QuicProtection() = default;

}  // namespace ipm::decode
