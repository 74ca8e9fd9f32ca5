#include "decode/digest.h"

#ifdef IPM_WITH_OPENSSL
#include <openssl/crypto.h>
#include <openssl/evp.h>
#endif

namespace ipm::decode {

#ifdef IPM_WITH_OPENSSL

struct Digests::Library {
  template <auto kFree>
  struct Free {
    template <typename T>
    void operator()(T* object) const {
      kFree(object);
    }
  };
  // In the order of their making: the context goes last.
  std::unique_ptr<OSSL_LIB_CTX, Free<OSSL_LIB_CTX_free>> context{OSSL_LIB_CTX_new()};
  std::unique_ptr<EVP_MD, Free<EVP_MD_free>> kinds[2] = {fetch("MD5"), fetch("SHA256")};
  std::unique_ptr<EVP_MD_CTX, Free<EVP_MD_CTX_free>> running{EVP_MD_CTX_new()};
  bool failed = true;

  std::unique_ptr<EVP_MD, Free<EVP_MD_free>> fetch(const char* name) const {
    return std::unique_ptr<EVP_MD, Free<EVP_MD_free>>(context ? EVP_MD_fetch(context.get(), name, nullptr) : nullptr);
  }
};

Digests::Digests() : library_(std::make_unique<Library>()) {}

bool Digests::available(Kind kind) const {
  return library_->running != nullptr && library_->kinds[static_cast<std::size_t>(kind)] != nullptr;
}

std::string_view Digests::why_not(Kind kind) const {
  return available(kind) ? "" : "libcrypto does not provide it here";
}

bool Digests::start(Kind kind) {
  library_->failed = true;
  piece_bytes_ = 0;
  if (!available(kind)) return false;
  const EVP_MD* digest = library_->kinds[static_cast<std::size_t>(kind)].get();
  library_->failed = EVP_DigestInit_ex2(library_->running.get(), digest, nullptr) != 1;
  return !library_->failed;
}

void Digests::flush() {
  hash({piece_.data(), piece_bytes_});
  piece_bytes_ = 0;
}

void Digests::hash(std::string_view text) {
  if (library_->failed) return;
  library_->failed = EVP_DigestUpdate(library_->running.get(), text.data(), text.size()) != 1;
}

std::string_view Digests::finish() {
  flush();
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int bytes = 0;
  if (library_->failed || EVP_DigestFinal_ex(library_->running.get(), digest, &bytes) != 1) return {};
  library_->failed = true;
  if (bytes * 2 > hex_.size()) return {};
  static constexpr char kHex[] = "0123456789abcdef";
  for (unsigned int i = 0; i < bytes; ++i) {
    hex_[2 * i] = kHex[digest[i] >> 4];
    hex_[2 * i + 1] = kHex[digest[i] & 15];
  }
  return {hex_.data(), bytes * 2};
}

#else

struct Digests::Library {};

Digests::Digests() = default;
bool Digests::available(Kind) const {
  return false;
}
std::string_view Digests::why_not(Kind) const {
  return "built with IPM_WITH_OPENSSL=OFF";
}
bool Digests::start(Kind) {
  return false;
}
void Digests::flush() {
  piece_bytes_ = 0;
}
void Digests::hash(std::string_view) {}
std::string_view Digests::finish() {
  return {};
}

#endif

Digests::~Digests() = default;

}  // namespace ipm::decode
