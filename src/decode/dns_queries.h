// DNS queries that wait for their response, to tell an answer from one that nobody asked for.
//
// Bound: queries_max, the oldest is forgotten first. Memory: 72 bytes a query, allocated by the constructor. What is
// found depends on no hash value. Threads: one at a time.
#pragma once

#include <optional>
#include <vector>

#include "base/time.h"
#include "model/ip_address.h"

namespace ipm::decode {

class DnsQueries {
 public:
  struct Key {
    model::IpAddress client = {}, server = {};
    std::uint16_t client_port = 0, server_port = 0;
    std::uint16_t id = 0;
    std::uint16_t protocol = 0;
    bool operator==(const Key&) const = default;
  };
  struct Query {
    std::uint64_t question = 0;  // A hash of name and type.
    TimeNs time_ns = 0;
  };

  static constexpr TimeNs kRepeatNs = 5 * kSecond;

  // The seed spoils the game for who chooses keys that fall together.
  DnsQueries(std::uint32_t queries_max, std::uint64_t seed);

  std::uint64_t question_hash(std::string_view name, std::uint16_t type) const;
  // A query repeated within kRepeatNs keeps the time of the first. True: one without a response was forgotten for it.
  bool add(const Key& key, const Query& query);
  // The query with this key, answered or not: responses are repeated too.
  std::optional<Query> answer(const Key& key);

 private:
  static constexpr std::uint32_t kNone = 0xffff'ffff;
  struct Entry {
    Key key;
    Query query;
    std::uint32_t next = kNone;  // In its bucket.
    bool used = false;
    bool answered = false;
  };
  std::uint32_t bucket_of(const Key& key) const;
  void unlink(std::uint32_t index);

  const std::uint64_t seed_;
  std::vector<Entry> entries_;          // A ring.
  std::vector<std::uint32_t> buckets_;  // A power of two of them.
  std::uint32_t oldest_ = 0;
};

}  // namespace ipm::decode
