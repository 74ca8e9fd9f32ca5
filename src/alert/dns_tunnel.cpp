// Data in the names of questions: many different names under one registered domain, long or random, asked once each.
//
// Statistic per program and domain over a day: distinct names by linear counting in 1024 bits (Whang, Vander-Zanden,
// Taylor, 1990), mean length and entropy of what stands before the domain, share of names asked once.
#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstring>

#include "alert/detectors.h"

namespace ipm::alert {
namespace {

constexpr TimeNs kDayNs = 24 * kHour;
constexpr double kNamesMin = 50;
constexpr double kNamesMinShort = 100;
constexpr double kLongLabel = 20;
constexpr double kRandomLabel = 3.5;  // Bits per character of all labels together; words of a language have less.
constexpr double kOnceShort = 0.95;
constexpr double kOnceLong = 0.7;
constexpr double kTimesUsual = 3;  // Of the domain's busiest day so far.
constexpr double kFadePerDay = 0.95;
constexpr std::uint32_t kNamesForPlace = 4;

std::uint64_t hash_of(std::string_view text) {  // FNV-1a, 64 bits.
  std::uint64_t hash = 0xcbf2'9ce4'8422'2325ULL;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c | 0x20)) * 0x100'0000'01b3ULL;
  return hash ^ hash >> 29;
}

// "a.b.example.co.uk" -> "example.co.uk": the last two labels, three where the second-last is a registry's own. Without
// a list of public suffixes, which would be one more thing to keep up to date.
std::size_t registered_domain(std::string_view name) {
  constexpr std::string_view kRegistry[] = {"co", "com", "net", "org", "gov", "edu", "ac", "or", "ne", "go"};
  const std::size_t last = name.rfind('.');
  if (last == std::string_view::npos || last == 0) return 0;
  std::size_t second = name.rfind('.', last - 1);
  if (second == std::string_view::npos) return 0;
  const std::string_view label = name.substr(second + 1, last - second - 1);
  const bool country = name.size() - last - 1 == 2;
  if (country && std::find(std::begin(kRegistry), std::end(kRegistry), label) != std::end(kRegistry)) {
    if (second == 0) return 0;
    const std::size_t third = name.rfind('.', second - 1);
    return third == std::string_view::npos ? 0 : third + 1;
  }
  return second + 1;
}

double entropy_of(std::string_view text) {
  std::array<std::uint32_t, 256> counts{};
  for (const char c : text) ++counts[static_cast<unsigned char>(c)];
  double bits = 0;
  for (const std::uint32_t count : counts) {
    if (count == 0) continue;
    const double share = static_cast<double>(count) / static_cast<double>(text.size());
    bits -= share * std::log2(share);
  }
  return bits;
}

double set_bits(const std::uint64_t (&bitmap)[Domain::kBits / 64]) {
  int bits = 0;
  for (const std::uint64_t word : bitmap) bits += std::popcount(word);
  return bits;
}

double distinct(double set) {
  constexpr double kBits = Domain::kBits;
  return -kBits * std::log(1 - std::min(set, kBits - 1) / kBits);
}

// The day ends: what was asked in it is usual for that domain. Days that were told of teach a part of it.
void begin_day(Domain& domain, TimeNs now) {
  const double names = distinct(set_bits(domain.seen));
  const double taught = domain.told != 0 && domain.usual != 0 ? std::min(names, 2 * domain.usual) : names;
  Domain next;
  next.key = domain.key;
  std::memcpy(next.name, domain.name, sizeof next.name);
  next.usual = std::max(domain.usual * kFadePerDay, taught);
  next.asked = domain.asked;
  next.first_ns = now;
  domain = next;
}

// Null: too few names so far to be worth a place.
Domain* domain_of(Program& program, std::string_view name, std::uint64_t under, TimeNs now) {
  const std::uint64_t key = hash_of(name) | 1;
  DomainTable& table = program.need_domains();
  const auto known =
      std::find_if(table.domains.begin(), table.domains.end(), [&](const Domain& each) { return each.key == key; });
  if (known != table.domains.end()) {
    if (now - known->first_ns >= kDayNs) begin_day(*known, now);
    return &*known;
  }
  const auto less = [&](const Domain& a, const Domain& b) {
    return a.asked.value(now, kDayNs) < b.asked.value(now, kDayNs);
  };
  Domain& least = *std::min_element(table.domains.begin(), table.domains.end(), less);
  if (table.sketch.count(key, under ^ key) < kNamesForPlace && least.key != 0) return nullptr;
  least = {};
  least.key = key;
  least.first_ns = now;
  name.substr(0, sizeof least.name - 1).copy(least.name, sizeof least.name - 1);
  return &least;
}

}  // namespace

void look_for_dns_tunnel(Stage& stage, Program& program, const model::FlowFacts& flow, std::string_view name,
                         std::uint16_t question_type) {
  constexpr std::uint16_t kPtr = 12, kNull = 10, kTxt = 16;
  while (!name.empty() && name.back() == '.') name.remove_suffix(1);
  if (question_type == kPtr || name.size() > 255) return;  // Names of addresses are long and asked once.
  const std::size_t at = registered_domain(name);
  if (at < 2) return;
  const std::string_view under = name.substr(0, at - 1);
  const TimeNs now = stage.now;
  Domain* place = domain_of(program, name.substr(at), hash_of(under), now);
  if (place == nullptr) return;
  Domain& domain = *place;
  domain.questions += 1;
  domain.asked.add(now, kDayNs, 1);
  domain.label_bytes += static_cast<double>(under.size());
  domain.label_entropy += entropy_of(under);
  if (question_type == kTxt || question_type == kNull) domain.bulky += 1;
  const std::uint64_t bit = hash_of(under) % Domain::kBits;
  domain.seen[bit / 64] |= 1ULL << bit % 64;
  if (domain.questions < kNamesMin) return;

  const double set = set_bits(domain.seen);
  const double names = distinct(set);
  if (names < std::max({kNamesMin, 2 * domain.told, kTimesUsual * domain.usual})) return;
  const double length = domain.label_bytes / domain.questions;
  const double randomness = domain.label_entropy / domain.questions;
  const double once = names / domain.questions;  // Near 1: hardly a name comes twice.
  const bool bulk = length > kLongLabel || randomness > kRandomLabel;
  if (!bulk && (once < kOnceShort || names < kNamesMinShort || length < 6)) return;
  if (once < kOnceLong) return;
  domain.told = names;
  const double score = std::clamp(0.6 + 0.05 * std::log2(names / kNamesMin) + (length > kLongLabel ? 0.15 : 0) +
                                      (randomness > kRandomLabel ? 0.05 : 0) + 0.1 * domain.bulky / domain.questions +
                                      (once > kOnceShort ? 0.1 : 0),
                                  0.0, 0.98);
  Finding finding{.kind = Kind::kDnsTunnel,
                  .part = domain.key,
                  .severity = Severity::kHigh,
                  .score = score,
                  .strength = names,
                  .metric = "distinct_names",
                  .value = names,
                  .expected_low = 0,
                  .expected_high = std::max(kNamesMin, domain.usual),
                  .samples = static_cast<std::uint64_t>(domain.questions),
                  .since_ns = domain.first_ns,
                  .remote = flow.tuple->remote,
                  .remote_port = flow.tuple->remote_port};
  Sentence text = stage.about(program, flow.process);
  text << "asked for ";
  text.number(names) << " different names under " << std::string_view(domain.name) << " since ";
  text.moment(domain.first_ns) << ", ";
  text.number(100 * std::min(once, 1.0)) << " % of its questions there for a name not asked before, ";
  text.number(length) << " characters long with ";
  text.number(randomness, 1) << " bits each on average; ordinary domains have fewer than ";
  text.number(kNamesMin) << " names a day.";
  stage.raise(program, flow.process, finding, text);
}

}  // namespace ipm::alert
