// What the packets of LinkTraffic carry: hellos and names of some hundred sites, DNS, text and what looks encrypted.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace ipm::bench {

// Bytes of a Payloads.
struct Piece {
  std::uint32_t at = 0;
  std::uint32_t bytes = 0;
};

class Payloads {
 public:
  static constexpr std::uint32_t kSites = 512;
  static constexpr std::uint32_t kBulkBytes = 64 * 1024;

  Payloads();

  const std::byte* at(std::uint32_t offset) const { return bytes_.data() + offset; }

  Piece hello(std::uint32_t site) const { return hellos_[site]; }
  Piece query(std::uint32_t site) const { return queries_[site]; }  // With an id of 0.
  Piece answer(std::uint32_t site) const { return answers_[site]; }
  Piece request() const { return request_; }
  // The beginning of a TLS server's flight, of a record of data, of a text; each goes on for kBulkBytes.
  std::uint32_t flight() const { return flight_; }
  std::uint32_t sealed() const { return sealed_; }
  std::uint32_t text() const { return text_; }

 private:
  std::vector<std::byte> bytes_;
  std::vector<Piece> hellos_, queries_, answers_;
  Piece request_;
  std::uint32_t flight_ = 0, sealed_ = 0, text_ = 0;
};

}  // namespace ipm::bench
