#include "enrich/intel_index.h"

#include <algorithm>
#include <bit>
#include <cstring>

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace ipm::enrich {
namespace {

using Bits = std::array<std::uint64_t, 2>;  // Of an address, upper half first, in the host's order.

// To the host's order, and back.
std::uint64_t swapped(std::uint64_t value) {
  return std::endian::native == std::endian::little ? __builtin_bswap64(value) : value;
}

// The first byte in memory is the lowest, and back.
std::uint64_t little_endian(std::uint64_t value) {
  return std::endian::native == std::endian::little ? value : __builtin_bswap64(value);
}

std::uint64_t big_endian(const std::uint8_t* bytes) {
  std::uint64_t value = 0;
  std::memcpy(&value, bytes, sizeof value);
  return swapped(value);
}

Bits bits_of(const model::IpAddress& address) {
  return {big_endian(address.bytes.data()), big_endian(address.bytes.data() + 8)};
}

model::IpAddress address_of(const Bits& bits) {
  const Bits network_order = {swapped(bits[0]), swapped(bits[1])};
  return model::IpAddress::v6(network_order.data());
}

Bits masked(const Bits& bits, unsigned prefix) {
  const std::uint64_t upper = prefix == 0 ? 0 : ~std::uint64_t{0} << (64 - std::min(prefix, 64U));
  const std::uint64_t lower = prefix <= 64 ? 0 : ~std::uint64_t{0} << (128 - prefix);
  return {bits[0] & upper, bits[1] & lower};
}

std::uint32_t v4_of(const model::IpAddress& address) {
  return static_cast<std::uint32_t>(big_endian(address.bytes.data() + 8));
}

model::IpAddress v4_address(std::uint32_t number) {
  return address_of({0, std::uint64_t{0xffff} << 32 | number});  // RFC 4291 §2.5.5.2.
}

// Eight bytes of a name at a time. What is not there reads as zero.
constexpr std::size_t kWord = sizeof(std::uint64_t);
constexpr std::uint64_t kEach = 0x0101'0101'0101'0101;

std::uint64_t load_word(const char* bytes) {
  std::uint64_t word = 0;
  std::memcpy(&word, bytes, kWord);
  return little_endian(word);
}

// Of a text shorter than a word.
std::uint64_t load_short(std::string_view text) {
  std::uint64_t word = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    word |= std::uint64_t{static_cast<unsigned char>(text[i])} << 8 * i;
  }
  return word;
}

// The upper bit of each byte from A to Z.
std::uint64_t capitals_of(std::uint64_t word) {
  const std::uint64_t low = word & kEach * 0x7f;
  const std::uint64_t from_a = low + kEach * (0x80 - 'A');
  const std::uint64_t behind_z = low + kEach * (0x80 - 'Z' - 1);
  return from_a & ~behind_z & ~word & kEach * 0x80;
}

// The upper bit of each byte that is a dot.
std::uint64_t dots_of(std::uint64_t word) {
  const std::uint64_t other = word ^ kEach * '.';
  return ~(((other & kEach * 0x7f) + kEach * 0x7f) | other) & kEach * 0x80;
}

// The last two labels of a name, read from its end.
struct NameEnd {
  explicit NameEnd(std::string_view text) {
    bool dotted = false;
    for (std::size_t at = text.size();; at -= kWord) {
      const bool first = at <= kWord;  // Its bytes are the upper ones of the word.
      std::uint64_t word = 0;
      if (!first) {
        word = load_word(text.data() + at - kWord);
      } else if (at != 0) {
        word = (text.size() < kWord ? load_short(text) : load_word(text.data())) << 8 * (kWord - at);
      }
      capitals |= capitals_of(word) != 0;
      std::uint64_t dots = dots_of(word);
      const auto last = [&] { return 63 - static_cast<unsigned>(std::countl_zero(dots)); };
      if (dots != 0 && !dotted) {
        dotted = true;
        dots &= ~(std::uint64_t{1} << last());
      }
      if (dots != 0) {
        labels = text.substr(at - (kWord - 1 - last() / 8));
        return;
      }
      if (!first) continue;
      if (dotted) labels = text;
      return;
    }
  }

  std::string_view labels = {};  // Empty: there is one only.
  bool capitals = false;         // Among them, or shortly before.
};

// A name in lower case, with the places where its suffixes of two labels or more begin.
struct SplitName {
  explicit SplitName(std::string_view text) : bytes(text.size()) {
    std::size_t start = 0;
    for (std::size_t at = 0; at < bytes; at += kWord) {
      std::uint64_t word = bytes - at < kWord ? load_short(text.substr(at)) : load_word(text.data() + at);
      word |= capitals_of(word) >> 2;
      const std::uint64_t stored = little_endian(word);
      std::memcpy(lower + at, &stored, kWord);
      for (std::uint64_t dots = dots_of(word); dots != 0; dots &= dots - 1) {
        starts[suffixes++] = static_cast<std::uint8_t>(start);
        start = at + static_cast<std::size_t>(std::countr_zero(dots)) / 8 + 1;
      }
    }
  }
  std::string_view suffix(std::size_t i) const { return {lower + starts[i], bytes - starts[i]}; }

  const std::size_t bytes;
  std::size_t suffixes = 0;
  std::uint8_t starts[kNameBytesMax];
  char lower[kNameBytesMax + kWord];
};

std::size_t slots_for(std::size_t entries) {
  return std::bit_ceil(entries + entries / 3 + 1);  // At most three quarters full.
}

}  // namespace

std::string Hit::indicator() const {
  if (type == IndicatorType::kDomain || type == IndicatorType::kJa4) return std::string(name);
  if (prefix == 128) return address.text();
  return address.text() + "/" + std::to_string(address.is_v4() ? prefix - 96 : prefix);
}

// --- looking up ---

// Eight bits for each: of what is not there one in thirty passes.
void IntelIndex::Filter::resize(std::size_t entries) {
  words_.assign(std::bit_ceil(entries / 8 + 1), 0);
}

std::uint64_t IntelIndex::hash(const void* data, std::size_t bytes) const {
  return XXH3_64bits_withSeed(data, bytes, seed_);
}

std::string_view IntelIndex::text_at(std::uint32_t offset) const {
  const auto bytes = static_cast<unsigned char>(texts_[offset]);
  return {texts_.data() + offset + 1, bytes};
}

Hit IntelIndex::hit_of(const Entry& entry) const {
  return {.of_url = entry.of_url,
          .feed = entry.feed,
          .listed_s = entry.listed_s,
          .description = text_at(entry.description),
          .name = {},
          .prefix = entry.prefix};
}

std::optional<Hit> IntelIndex::find(const model::IpAddress& address) const {
  const Entry* found = address.is_v4() ? find_v4(v4_of(address)) : find_v6(bits_of(address));
  if (found == nullptr) return std::nullopt;
  Hit hit = hit_of(*found);
  hit.type = found->prefix == 128 ? IndicatorType::kAddress : IndicatorType::kNetwork;
  hit.address = found->prefix == 128 ? address : address_of(masked(bits_of(address), found->prefix));
  return hit;
}

const IntelIndex::Entry* IntelIndex::find_v4(std::uint32_t address) const {
  const std::uint64_t hashed = hash(&address, sizeof address);
  if (!addresses_.empty() && address_filter_.may_have(hashed)) {
    const std::size_t mask = addresses_.size() - 1;
    for (std::size_t at = hashed & mask; addresses_[at].index != 0; at = (at + 1) & mask) {
      if (addresses_[at].tag == address) return &entries_[addresses_[at].index - 1];
    }
  }
  if (ranges_.empty()) return nullptr;
  const std::size_t upper = std::uint64_t{address} >> upper_shift_;
  const auto begin = ranges_.begin() + by_upper_[upper];
  const auto end = ranges_.begin() + by_upper_[upper + 1] + 1;
  constexpr std::ptrdiff_t kFew = 16;
  const auto begins = [&](const Range& range) { return range.start <= address; };
  // Without a branch that depends on memory where there are few, as nearly everywhere.
  const auto behind =
      end - begin <= kFew ? begin + std::count_if(begin, end, begins) : std::partition_point(begin, end, begins);
  const std::uint32_t entry = std::prev(behind)->entry;
  return entry == 0 ? nullptr : &entries_[entry - 1];
}

std::uint64_t IntelIndex::hash(const Network6& network) const {
  const std::uint64_t key[3] = {network.bits[0], network.bits[1], network.prefix};
  return hash(key, sizeof key);
}

std::uint64_t IntelIndex::hash_upper(const Bits& bits) const {
  const std::uint64_t upper = masked(bits, kFilterBits)[0];
  return hash(&upper, sizeof upper);
}

const IntelIndex::Entry* IntelIndex::find_v6(const Bits& bits) const {
  if (lengths_.empty()) return nullptr;
  if (lengths_.back() >= kFilterBits && !network_filter_.may_have(hash_upper(bits))) return nullptr;
  constexpr std::size_t kAtOnce = 8;
  for (std::size_t from = 0; from < lengths_.size(); from += kAtOnce) {
    const std::size_t count = std::min(kAtOnce, lengths_.size() - from);
    Network6 networks[kAtOnce];
    std::uint64_t hashes[kAtOnce];
    for (std::size_t i = 0; i < count; ++i) {
      const std::uint8_t length = lengths_[from + i];
      networks[i] = {.bits = masked(bits, length), .entry = 0, .prefix = length};
      hashes[i] = hash(networks[i]);
      __builtin_prefetch(&network_slots_[hashes[i] & (network_slots_.size() - 1)]);
    }
    for (std::size_t i = 0; i < count; ++i) {
      if (const Network6* found = find_network(networks[i], hashes[i])) return &entries_[found->entry];
    }
  }
  return nullptr;
}

const IntelIndex::Network6* IntelIndex::find_network(const Network6& network, std::uint64_t hashed) const {
  const std::size_t mask = network_slots_.size() - 1;
  const auto tag = static_cast<std::uint32_t>(hashed >> 32);
  for (std::size_t at = hashed & mask; network_slots_[at].index != 0; at = (at + 1) & mask) {
    if (network_slots_[at].tag != tag) continue;
    const Network6& found = networks_[network_slots_[at].index - 1];
    if (found.bits == network.bits && found.prefix == network.prefix) return &found;
  }
  return nullptr;
}

const IntelIndex::Entry* IntelIndex::find_name(std::string_view name, std::uint64_t hashed) const {
  const std::size_t mask = name_slots_.size() - 1;
  const auto tag = static_cast<std::uint32_t>(hashed >> 32);
  for (std::size_t at = hashed & mask; name_slots_[at].index != 0; at = (at + 1) & mask) {
    if (name_slots_[at].tag != tag) continue;
    const Entry& found = entries_[name_slots_[at].index - 1];
    if (text_at(found.subject) == name) return &found;
  }
  return nullptr;
}

std::optional<Hit> IntelIndex::find_domain(std::string_view text) const {
  if (text.ends_with('.')) text.remove_suffix(1);
  if (text.empty() || text.size() > kNameBytesMax || name_slots_.empty()) return std::nullopt;
  const NameEnd end(text);
  if (end.labels.empty()) return std::nullopt;  // One label is no indicator.
  if (!end.capitals && !ends_filter_.may_have(hash(end.labels.data(), end.labels.size()))) return std::nullopt;
  return find_suffix(text);
}

std::optional<Hit> IntelIndex::find_suffix(std::string_view text) const {
  const SplitName name(text);
  constexpr std::size_t kAtOnce = 8;
  std::uint64_t hashes[kAtOnce];
  for (std::size_t from = 0; from < name.suffixes; from += kAtOnce) {
    const std::size_t count = std::min(kAtOnce, name.suffixes - from);
    unsigned likely = 0;
    for (std::size_t i = 0; i < count; ++i) {
      const std::string_view suffix = name.suffix(from + i);
      hashes[i] = hash(suffix.data(), suffix.size());
      if (!name_filter_.may_have(hashes[i])) continue;
      likely |= 1U << i;
      __builtin_prefetch(&name_slots_[hashes[i] & (name_slots_.size() - 1)]);
    }
    for (; likely != 0; likely &= likely - 1) {
      const auto i = static_cast<std::size_t>(std::countr_zero(likely));
      const Entry* found = find_name(name.suffix(from + i), hashes[i]);
      if (found == nullptr) continue;
      Hit hit = hit_of(*found);
      hit.type = IndicatorType::kDomain;
      hit.name = text_at(found->subject);
      return hit;
    }
  }
  return std::nullopt;
}

std::optional<Hit> IntelIndex::find_ja4(std::string_view fingerprint) const {
  if (fingerprint.find('.') != std::string_view::npos || name_slots_.empty()) return std::nullopt;
  const std::uint64_t hashed = hash(fingerprint.data(), fingerprint.size());
  const Entry* found = name_filter_.may_have(hashed) ? find_name(fingerprint, hashed) : nullptr;
  if (found == nullptr) return std::nullopt;
  Hit hit = hit_of(*found);
  hit.type = IndicatorType::kJa4;
  hit.name = text_at(found->subject);
  return hit;
}

std::size_t IntelIndex::memory_bytes() const {
  return sizeof *this + bytes_of(entries_) + bytes_of(addresses_) + bytes_of(ranges_) + bytes_of(by_upper_) +
         bytes_of(networks_) + bytes_of(network_slots_) + lengths_.capacity() + bytes_of(name_slots_) +
         bytes_of(texts_) + bytes_of(expires_s_) + address_filter_.memory_bytes() + network_filter_.memory_bytes() +
         name_filter_.memory_bytes() + ends_filter_.memory_bytes();
}

void IntelIndex::each_of(std::uint16_t feed, const std::function<void(Indicator&&)>& use) const {
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    const Entry& entry = entries_[i];
    if (entry.feed != feed) continue;
    Indicator out;
    out.prefix = entry.prefix;
    out.of_url = entry.of_url;
    out.description = text_at(entry.description);
    out.listed_s = entry.listed_s;
    out.expires_s = expires_s_.empty() ? 0 : expires_s_[i];
    out.type = entry.prefix == 128 ? IndicatorType::kAddress : IndicatorType::kNetwork;
    switch (entry.kind) {
      case Subject::kV4:
        out.address = v4_address(entry.subject);
        break;
      case Subject::kV6:
        out.address = address_of(networks_[entry.subject].bits);
        break;
      case Subject::kDomain:
      case Subject::kJa4:
        out.type = entry.kind == Subject::kDomain ? IndicatorType::kDomain : IndicatorType::kJa4;
        out.name = text_at(entry.subject);
        break;
    }
    use(std::move(out));
  }
}

// --- building ---

IntelBuilder::IntelBuilder(std::size_t indicators_max, std::uint64_t seed) : indicators_max_(indicators_max) {
  index_.seed_ = seed;
  index_.texts_.push_back('\0');  // Offset 0 is the empty text.
}

void IntelBuilder::begin_feed(std::int64_t date_s) {
  feed_ = begun_ ? static_cast<std::uint16_t>(feed_ + 1) : feed_;
  begun_ = true;
  feed_date_s_ = date_s;
  begin_of_feed_ = {.entries = index_.entries_.size(),
                    .texts = index_.texts_.size(),
                    .addresses = addresses_.size(),
                    .networks = networks_.size(),
                    .networks6 = index_.networks_.size(),
                    .names = names_.size(),
                    .description_bytes = description_bytes_,
                    .descriptions_left_out = index_.descriptions_left_out_};
}

void IntelBuilder::take_back_feed() {
  const Mark& mark = begin_of_feed_;
  index_.entries_.resize(mark.entries);
  if (index_.expires_s_.size() > mark.entries) index_.expires_s_.resize(mark.entries);
  index_.texts_.resize(mark.texts);
  addresses_.resize(mark.addresses);
  networks_.resize(mark.networks);
  index_.networks_.resize(mark.networks6);
  names_.resize(mark.names);
  std::erase_if(descriptions_, [&](const auto& each) { return each.second >= mark.texts; });
  description_bytes_ = mark.description_bytes;
  index_.descriptions_left_out_ = mark.descriptions_left_out;
}

std::uint32_t IntelBuilder::add_text(std::string_view text) {
  const auto offset = static_cast<std::uint32_t>(index_.texts_.size());
  index_.texts_.push_back(static_cast<char>(text.size()));
  index_.texts_.insert(index_.texts_.end(), text.begin(), text.end());
  return offset;
}

// Families repeat; titles do not, and must not outgrow the indicators.
std::uint32_t IntelBuilder::description(std::string_view text) {
  if (text.empty()) return 0;
  const auto known = descriptions_.find(std::string(text));
  if (known != descriptions_.end()) return known->second;
  if (description_bytes_ + text.size() > kDescriptionTextsMax) {
    ++index_.descriptions_left_out_;
    return 0;
  }
  description_bytes_ += text.size();
  return descriptions_[std::string(text)] = add_text(text);
}

IntelIndex::Entry& IntelBuilder::add_entry(const Indicator& indicator) {
  const auto moment = [](std::int64_t unix_s) {
    return static_cast<std::uint32_t>(std::clamp<std::int64_t>(unix_s, 0, 0xffff'ffff));
  };
  IntelIndex::Entry entry;
  entry.listed_s = moment(indicator.listed_s != 0 ? indicator.listed_s : feed_date_s_);
  entry.description = description(indicator.description);
  entry.feed = feed_;
  entry.prefix = indicator.prefix;
  entry.of_url = indicator.of_url;
  index_.entries_.push_back(entry);
  if (indicator.expires_s != 0 && index_.expires_s_.empty()) index_.expires_s_.resize(index_.entries_.size() - 1);
  if (indicator.expires_s != 0 || !index_.expires_s_.empty()) index_.expires_s_.push_back(moment(indicator.expires_s));
  return index_.entries_.back();
}

bool IntelBuilder::take(const Indicator& indicator) {
  using Subject = IntelIndex::Subject;
  if (index_.entries_.size() >= indicators_max_) return false;
  const auto number = static_cast<std::uint32_t>(index_.entries_.size());
  IntelIndex::Entry& entry = add_entry(indicator);
  if (indicator.type == IndicatorType::kDomain || indicator.type == IndicatorType::kJa4) {
    entry.kind = indicator.type == IndicatorType::kDomain ? Subject::kDomain : Subject::kJa4;
    entry.subject = add_text(std::string_view(indicator.name).substr(0, kNameBytesMax));
    names_.push_back(number);
  } else if (!indicator.address.is_v4()) {
    entry.kind = Subject::kV6;
    entry.subject = static_cast<std::uint32_t>(index_.networks_.size());
    index_.networks_.push_back({.bits = bits_of(indicator.address), .entry = number, .prefix = indicator.prefix});
  } else {
    entry.subject = v4_of(indicator.address);
    (indicator.prefix == 128 ? addresses_ : networks_).push_back({.start = entry.subject, .entry = number});
  }
  return true;
}

void IntelBuilder::make_addresses() {
  if (addresses_.empty()) return;
  index_.addresses_.assign(slots_for(addresses_.size()), {});
  index_.address_filter_.resize(addresses_.size());
  const std::size_t mask = index_.addresses_.size() - 1;
  for (const Network4& address : addresses_) {
    const std::uint64_t hashed = index_.hash(&address.start, sizeof address.start);
    index_.address_filter_.add(hashed);
    std::size_t at = hashed & mask;
    while (index_.addresses_[at].index != 0 && index_.addresses_[at].tag != address.start) at = (at + 1) & mask;
    if (index_.addresses_[at].index != 0) {
      ++index_.duplicates_;
    } else {
      index_.addresses_[at] = {.tag = address.start, .index = address.entry + 1};
    }
  }
}

// A sweep over the networks in order, with a stack of those that are open: a boundary where one begins, and where one
// ends the one around it goes on.
void IntelBuilder::make_ranges() {
  if (networks_.empty()) return;
  const LargeVector<IntelIndex::Entry>& entries = index_.entries_;
  std::sort(networks_.begin(), networks_.end(), [&](const Network4& a, const Network4& b) {
    if (a.start != b.start) return a.start < b.start;
    if (entries[a.entry].prefix != entries[b.entry].prefix) return entries[a.entry].prefix < entries[b.entry].prefix;
    return a.entry < b.entry;
  });
  struct Open {
    std::uint64_t end;
    std::uint32_t entry;  // + 1
  };
  std::vector<Open> open;
  LargeVector<IntelIndex::Range>& ranges = index_.ranges_;
  const auto boundary = [&](std::uint64_t at, std::uint32_t entry) {
    if (at > 0xffff'ffff) return;
    const auto start = static_cast<std::uint32_t>(at);
    if (!ranges.empty() && ranges.back().start == start) {
      ranges.back().entry = entry;
    } else {
      ranges.push_back({.start = start, .entry = entry});
    }
  };
  const auto close_until = [&](std::uint64_t at) {
    while (!open.empty() && open.back().end <= at) {
      const std::uint64_t end = open.back().end;
      open.pop_back();
      boundary(end, open.empty() ? 0 : open.back().entry);
    }
  };
  ranges.reserve(networks_.size() * 2 + 1);
  boundary(0, 0);
  const Network4* before = nullptr;
  for (const Network4& network : networks_) {
    const std::uint8_t prefix = entries[network.entry].prefix;
    if (before != nullptr && before->start == network.start && entries[before->entry].prefix == prefix) {
      ++index_.duplicates_;
      continue;
    }
    before = &network;
    close_until(network.start);
    boundary(network.start, network.entry + 1);
    open.push_back({.end = network.start + (std::uint64_t{1} << (128 - prefix)), .entry = network.entry + 1});
  }
  close_until(std::uint64_t{1} << 32);
  ranges.shrink_to_fit();
}

// As many upper bits as make some four ranges for each.
void IntelBuilder::make_upper_table() {
  if (index_.ranges_.empty()) return;
  const auto bits = std::clamp<unsigned>(static_cast<unsigned>(std::bit_width(index_.ranges_.size())), 10, 21) - 2;
  index_.upper_shift_ = 32 - bits;
  const std::size_t uppers = std::size_t{1} << bits;
  index_.by_upper_.resize(uppers + 1);
  std::uint32_t at = 0;
  for (std::size_t upper = 0; upper <= uppers; ++upper) {
    while (at + 1 < index_.ranges_.size() && index_.ranges_[at + 1].start <= std::uint64_t{upper}
                                                                                 << index_.upper_shift_) {
      ++at;
    }
    index_.by_upper_[upper] = at;
  }
}

void IntelBuilder::make_networks() {
  if (index_.networks_.empty()) return;
  index_.networks_.shrink_to_fit();
  index_.network_slots_.assign(slots_for(index_.networks_.size()), {});
  index_.network_filter_.resize(index_.networks_.size());
  const std::size_t mask = index_.network_slots_.size() - 1;
  std::bitset<129> lengths;
  for (std::uint32_t i = 0; i < index_.networks_.size(); ++i) {
    const IntelIndex::Network6& network = index_.networks_[i];
    const std::uint64_t hashed = index_.hash(network);
    if (index_.find_network(network, hashed) != nullptr) {
      ++index_.duplicates_;
      continue;
    }
    lengths.set(network.prefix);
    index_.network_filter_.add(index_.hash_upper(network.bits));
    std::size_t at = hashed & mask;
    while (index_.network_slots_[at].index != 0) at = (at + 1) & mask;
    index_.network_slots_[at] = {.tag = static_cast<std::uint32_t>(hashed >> 32), .index = i + 1};
  }
  for (unsigned length = 129; length-- > 0;) {
    if (lengths.test(length)) index_.lengths_.push_back(static_cast<std::uint8_t>(length));
  }
}

void IntelBuilder::make_names() {
  if (names_.empty()) return;
  index_.name_slots_.assign(slots_for(names_.size()), {});
  index_.name_filter_.resize(names_.size());
  index_.ends_filter_.resize(names_.size());
  const std::size_t mask = index_.name_slots_.size() - 1;
  for (const std::uint32_t entry : names_) {
    const std::string_view text = index_.text_at(index_.entries_[entry].subject);
    const std::uint64_t hashed = index_.hash(text.data(), text.size());
    if (index_.name_filter_.may_have(hashed) && index_.find_name(text, hashed) != nullptr) {
      ++index_.duplicates_;
      continue;
    }
    index_.name_filter_.add(hashed);
    const std::string_view end = NameEnd(text).labels;
    index_.ends_filter_.add(index_.hash(end.data(), end.size()));
    std::size_t at = hashed & mask;
    while (index_.name_slots_[at].index != 0) at = (at + 1) & mask;
    index_.name_slots_[at] = {.tag = static_cast<std::uint32_t>(hashed >> 32), .index = entry + 1};
  }
}

IntelIndex IntelBuilder::finish() {
  make_addresses();
  make_ranges();
  make_upper_table();
  addresses_ = networks_ = {};
  make_networks();
  make_names();
  names_ = {};
  index_.indicators_ = index_.entries_.size() - index_.duplicates_;
  for (const std::uint32_t expires_s : index_.expires_s_) {
    if (expires_s != 0) index_.next_expiry_s_ = std::min<std::int64_t>(index_.next_expiry_s_, expires_s);
  }
  index_.expires_s_.shrink_to_fit();
  index_.entries_.shrink_to_fit();
  index_.texts_.shrink_to_fit();
  return std::move(index_);
}

}  // namespace ipm::enrich
