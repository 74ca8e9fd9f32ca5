// Indicators in one compact block that never changes: built beside the one in use, then put in its place.
//
// IPv4: a hash table of addresses; for networks the address space cut into disjoint ranges, each with the most specific
// network that holds there, and a table by the upper bits that says where to search. IPv6: a hash table of (network,
// length), asked once for each length that occurs, the longest first. Domains and JA4: a hash table of names; of a
// domain every suffix of two labels or more. What waits for memory is asked for all at once, and most of what is on no
// list does not get that far: bits for its hash, in a table that fits a cache, say so; of a domain those of its last
// two labels, which every suffix has. Cost: see docs/enrichment.md. Threads: any number of readers.
#pragma once

#include <array>
#include <bitset>
#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/large_pages.h"
#include "enrich/feed.h"

namespace ipm::enrich {

struct Hit {
  IndicatorType type = IndicatorType::kAddress;
  bool of_url = false;
  std::uint16_t feed = 0;             // In the order in which feeds were begun.
  std::int64_t listed_s = 0;          // Unix time: by the feed, else of its file.
  std::string_view description = {};  // Good as long as the index.
  std::string_view name = {};         // Domain or JA4.
  model::IpAddress address = {};      // Of the indicator, with …
  std::uint8_t prefix = 128;          // … so many bits.
  std::string indicator() const;      // "192.0.2.0/24", "evil.example"
};

class IntelIndex {
 public:
  IntelIndex() = default;
  std::optional<Hit> find(const model::IpAddress& address) const;
  std::optional<Hit> find_domain(std::string_view name) const;  // Upper and lower case alike.
  std::optional<Hit> find_ja4(std::string_view fingerprint) const;

  std::size_t indicators() const { return indicators_; }
  std::size_t duplicates() const { return duplicates_; }  // Said again: the first feed that said it counts.
  std::size_t descriptions_left_out() const { return descriptions_left_out_; }
  std::size_t memory_bytes() const;
  // When the first of them expires, Unix time; INT64_MAX: none does. What has expired matches until another index is
  // built without it: what it stands before is in the same tables.
  std::int64_t next_expiry_s() const { return next_expiry_s_; }
  // Calls with every indicator of that feed, also those that another feed said before, in the order they came.
  void each_of(std::uint16_t feed, const std::function<void(Indicator&&)>& use) const;

 private:
  friend class IntelBuilder;
  enum class Subject : std::uint8_t { kV4, kV6, kDomain, kJa4 };
  struct Entry {
    std::uint32_t listed_s = 0;
    std::uint32_t description = 0;  // Offset in texts_: a byte for the length, then the text.
    std::uint32_t subject = 0;      // The same of a domain or JA4; the address of IPv4; an index in networks_ of IPv6.
    std::uint16_t feed = 0;
    std::uint8_t prefix = 128;
    Subject kind : 7 = Subject::kV4;
    bool of_url : 1 = false;
  };
  static_assert(sizeof(Entry) == 16);
  struct Range {
    std::uint32_t start = 0;
    std::uint32_t entry = 0;  // Index + 1; 0: of nobody.
  };
  // Of open addressing, a power of two of them.
  struct Slot {
    std::uint32_t tag = 0;    // The address of IPv4, else the upper half of the hash.
    std::uint32_t index = 0;  // + 1; 0: free.
  };
  using Slots = LargeVector<Slot>;
  // Of what is in a hash table: no is certain.
  class Filter {
   public:
    void resize(std::size_t entries);
    void add(std::uint64_t hashed) { words_[word(hashed)] |= bits(hashed); }
    bool may_have(std::uint64_t hashed) const { return (words_[word(hashed)] & bits(hashed)) == bits(hashed); }
    std::size_t memory_bytes() const { return bytes_of(words_); }

   private:
    std::size_t word(std::uint64_t hashed) const { return (hashed >> 6) & (words_.size() - 1); }
    // Three of one word, from parts of the hash that choose nothing else.
    static std::uint64_t bits(std::uint64_t hashed) {
      constexpr std::uint64_t kOne = 1;
      return kOne << (hashed & 63) | kOne << (hashed >> 45 & 63) | kOne << (hashed >> 51 & 63);
    }
    LargeVector<std::uint64_t> words_;
  };
  struct Network6 {
    std::array<std::uint64_t, 2> bits = {};
    std::uint32_t entry = 0;
    std::uint32_t prefix = 128;
  };

  std::string_view text_at(std::uint32_t offset) const;
  Hit hit_of(const Entry& entry) const;
  std::uint64_t hash(const void* data, std::size_t bytes) const;
  std::uint64_t hash(const Network6& network) const;
  static constexpr std::uint8_t kFilterBits = 32;
  std::uint64_t hash_upper(const std::array<std::uint64_t, 2>& bits) const;
  const Entry* find_v4(std::uint32_t address) const;
  const Entry* find_v6(const std::array<std::uint64_t, 2>& bits) const;
  std::optional<Hit> find_suffix(std::string_view name) const;
  const Entry* find_name(std::string_view name, std::uint64_t hashed) const;
  const Network6* find_network(const Network6& network, std::uint64_t hashed) const;

  std::uint64_t seed_ = 0;
  LargeVector<Entry> entries_;
  Slots addresses_;  // IPv4; of entries.
  Filter address_filter_;
  LargeVector<Range> ranges_;  // Ascending; the first begins at 0.
  LargeVector<std::uint32_t>
      by_upper_;  // The last range that begins at or before those upper bits; one more at the end.
  unsigned upper_shift_ = 32;
  LargeVector<Network6> networks_;
  Slots network_slots_;                // Of networks_.
  Filter network_filter_;              // Of their first kFilterBits bits, if none is shorter.
  std::vector<std::uint8_t> lengths_;  // That occur among them, longest first.
  Slots name_slots_;                   // Of entries.
  Filter name_filter_;
  Filter ends_filter_;  // Of the last two labels of each: most names end as no listed one does.
  LargeVector<char> texts_;
  LargeVector<std::uint32_t> expires_s_;  // By entry, 0: never. Empty: none does.
  std::int64_t next_expiry_s_ = std::numeric_limits<std::int64_t>::max();
  std::size_t indicators_ = 0;
  std::size_t duplicates_ = 0;
  std::size_t descriptions_left_out_ = 0;
};

class IntelBuilder final : public IndicatorSink {
 public:
  static constexpr std::size_t kDescriptionTextsMax = std::size_t{4} << 20;

  // `seed`: of its hash tables; random, because whoever writes feeds chooses the keys.
  IntelBuilder(std::size_t indicators_max, std::uint64_t seed);

  // Indicators from now on are of the next feed. `date_s`: of those that have none of their own.
  void begin_feed(std::int64_t date_s);
  bool take(const Indicator& indicator) override;
  // Forgets what came since begin_feed(): the file turned out to be unreadable.
  void take_back_feed();
  IntelIndex finish();

 private:
  struct Network4 {
    std::uint32_t start;
    std::uint32_t entry;
  };
  // How much there was of everything.
  struct Mark {
    std::size_t entries = 0, texts = 1, addresses = 0, networks = 0, networks6 = 0, names = 0;
    std::size_t description_bytes = 0, descriptions_left_out = 0;
  };
  IntelIndex::Entry& add_entry(const Indicator& indicator);
  std::uint32_t add_text(std::string_view text);
  std::uint32_t description(std::string_view text);
  void make_addresses();
  void make_ranges();
  void make_upper_table();
  void make_networks();
  void make_names();

  const std::size_t indicators_max_;
  std::int64_t feed_date_s_ = 0;
  std::uint16_t feed_ = 0;
  bool begun_ = false;
  Mark begin_of_feed_;
  IntelIndex index_;
  std::vector<Network4> addresses_;
  std::vector<Network4> networks_;
  std::vector<std::uint32_t> names_;  // Entries.
  std::unordered_map<std::string, std::uint32_t> descriptions_;
  std::size_t description_bytes_ = 0;
};

}  // namespace ipm::enrich
