#include "alert/program.h"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace ipm::alert {

std::uint64_t net_key(const model::IpAddress& address) {
  std::uint64_t key = 0;
  if (address.is_v4()) {
    for (int i = 12; i < 15; ++i) key = (key << 8) | address.bytes[static_cast<std::size_t>(i)];
    return key | (1ULL << 63);
  }
  for (std::size_t i = 0; i < 6; ++i) key = (key << 8) | address.bytes[i];
  return key | (1ULL << 62);
}

std::uint64_t contact_key(const model::IpAddress& address, std::uint16_t port) {
  if (address.is_v4()) {
    std::uint64_t key = 0;
    for (std::size_t i = 12; i < 16; ++i) key = (key << 8) | address.bytes[i];
    return (1ULL << 63) | (key << 16) | port;
  }
  // Folded: two addresses of one program that meet here would have to be made for it.
  std::uint64_t high = 0;
  std::uint64_t low = 0;
  std::memcpy(&high, address.bytes.data(), 8);
  std::memcpy(&low, address.bytes.data() + 8, 8);
  std::uint64_t key = (high ^ (low * 0x9e37'79b9'7f4a'7c15ULL)) * 0xbf58'476d'1ce4'e5b9ULL;
  key ^= key >> 29;
  return (((key << 16) | port) & ~(1ULL << 63)) | (1ULL << 62);
}

double Fading::value(TimeNs now, TimeNs half_life) const {
  if (sum == 0) return 0;
  const double halves = static_cast<double>(now - at_ns) / static_cast<double>(half_life);
  return halves <= 0 ? sum : sum * std::exp2(-halves);
}

void Fading::add(TimeNs now, TimeNs half_life, double amount) {
  sum = value(now, half_life) + amount;
  at_ns = now;
}

void UsualDay::roll(TimeNs now, TimeNs program_first) {
  constexpr TimeNs kDayNs = 24 * kHour;
  constexpr double kFade = 0.95;
  if (since_ns == 0) since_ns = now;
  if (now - since_ns < kDayNs) return;
  const bool learning = since_ns - program_first < kDayNs;
  usual = std::max(usual * kFade, learning ? largest : std::min(largest, once));
  once = std::max(once * kFade, largest);
  largest = 0;
  since_ns = now;
}

void PortRhythm::call(TimeNs time) {
  if (last_ns != 0) {
    gap_ms[next] = static_cast<std::uint32_t>(std::clamp<TimeNs>((time - last_ns) / kMillisecond, 0, 0xffff'ffff));
    next = static_cast<std::uint8_t>((next + 1) % kRing);
    if (filled < kRing) ++filled;
  } else {
    first_ns = time;
  }
  ++calls;
  last_ns = time;
}

std::uint32_t NameSketch::count(std::uint64_t domain, std::uint64_t name) {
  if (2 * set >= kBits) *this = {};
  std::uint8_t& first = names[domain % kCounters];
  std::uint8_t& second = names[domain >> 32 & (kCounters - 1)];
  std::uint64_t& word = seen[name % kBits / 64];
  const std::uint64_t mask = 1ULL << name % 64;
  if ((word & mask) == 0) {
    word |= mask;
    ++set;
    if (first < 255) ++first;
    if (&second != &first && second < 255) ++second;
  }
  return std::min(first, second);
}

Tally::Line& Tally::at(std::uint64_t key, TimeNs now, TimeNs half_life) {
  Line* least = &lines[0];
  for (Line& line : lines) {
    if (line.key == key) return line;
    if (line.count.value(now, half_life) < least->count.value(now, half_life)) least = &line;
  }
  *least = {};
  least->key = key;
  return *least;
}

Program::Program(PageStore& page_store, std::uint32_t slot, TimeNs learn, TimeNs now)
    : learn_ns(learn),
      store(page_store),
      app(slot),
      first_ns(now),
      seen_ns(now),
      nets(page_store),
      contacts(page_store),
      systems(page_store) {
  store.account(sizeof(Program));
}

Program::~Program() {
  std::size_t freed = sizeof(Program);
  if (blocks_.pairs) freed += sizeof *blocks_.pairs;
  if (blocks_.domains) freed += sizeof *blocks_.domains;
  if (blocks_.entropies) freed += sizeof *blocks_.entropies;
  store.account(-static_cast<std::int64_t>(freed));
}

std::size_t Program::bytes() const {
  std::size_t sum = sizeof(Program) + nets.bytes() + contacts.bytes() + systems.bytes();
  if (blocks_.pairs) sum += sizeof *blocks_.pairs;
  if (blocks_.domains) sum += sizeof *blocks_.domains;
  if (blocks_.entropies) sum += sizeof *blocks_.entropies;
  return sum;
}

namespace {

template <typename Block>
Block& need(std::unique_ptr<Block>& block, PageStore& store) {
  if (!block) {
    block = std::make_unique<Block>();
    store.account(sizeof(Block));
  }
  return *block;
}

}  // namespace

std::array<Pair, kPairsMax>& Program::need_pairs() {
  return need(blocks_.pairs, store);
}
DomainTable& Program::need_domains() {
  return need(blocks_.domains, store);
}
std::array<PortEntropy, 8>& Program::need_entropies() {
  return need(blocks_.entropies, store);
}

}  // namespace ipm::alert
