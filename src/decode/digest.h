// SHA-256 and MD5 by libcrypto, in a library context of its own: neither the host's OpenSSL configuration nor its
// providers are loaded, changed or asked. Built without IPM_WITH_OPENSSL, or where a provider refuses MD5 (FIPS),
// start() is false and no fingerprint is given.
//
// Memory: what the constructor allocates; starting and finishing a digest reuses it. Threads: one at a time.
#pragma once

#include <array>
#include <cstring>
#include <memory>
#include <string_view>

#include "decode/cursor.h"

namespace ipm::decode {

class Digests {
 public:
  enum class Kind : std::uint8_t { kMd5 = 0, kSha256 = 1 };
  static constexpr std::size_t kHexMax = 64;

  Digests();
  ~Digests();
  Digests(const Digests&) = delete;
  Digests& operator=(const Digests&) = delete;

  bool available(Kind kind) const;
  std::string_view why_not(Kind kind) const;  // Empty if it is available.

  // A digest is started, added to, and finished before the next one. Small pieces are gathered before libcrypto sees
  // them, whose calls cost more than they hash.
  [[nodiscard]] bool start(Kind kind);
  void add(std::string_view text) {
    if (text.size() > piece_.size() - piece_bytes_) flush();
    if (text.size() > piece_.size()) return hash(text);
    std::memcpy(piece_.data() + piece_bytes_, text.data(), text.size());
    piece_bytes_ += text.size();
  }
  // In lower-case hex; good until the next finish(). Empty if anything failed since start().
  std::string_view finish();

 private:
  struct Library;
  void flush();
  void hash(std::string_view text);

  std::unique_ptr<Library> library_;
  std::array<char, 512> piece_ = {};
  std::size_t piece_bytes_ = 0;
  std::array<char, kHexMax> hex_ = {};
};

}  // namespace ipm::decode
