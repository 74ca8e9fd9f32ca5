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

Domain& domain_of(Program& program, std::string_view name, TimeNs now) {
  const std::uint64_t key = hash_of(name) | 1;
  Domain* least = &program.need_domains().front();
  for (Domain& domain : program.need_domains()) {
    if (domain.key == key) {
      if (now - domain.first_ns < kDayNs) return domain;
      least = &domain;  // A new day.
      break;
    }
    if (domain.questions < least->questions ||
        (domain.questions == least->questions && domain.seen_ns < least->seen_ns))
      least = &domain;
  }
  // Domains that were asked often in the past must not keep the room for ever.
  for (Domain& domain : program.need_domains()) domain.questions *= domain.key == key ? 1 : 0.99;
  *least = {};
  least->key = key;
  least->first_ns = now;
  name.substr(0, sizeof least->name - 1).copy(least->name, sizeof least->name - 1);
  return *least;
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
  Domain& domain = domain_of(program, name.substr(at), now);
  domain.seen_ns = now;
  domain.questions += 1;
  domain.label_bytes += static_cast<double>(under.size());
  domain.label_entropy += entropy_of(under);
  if (question_type == kTxt || question_type == kNull) domain.bulky += 1;
  const std::uint64_t bit = hash_of(under) % Domain::kBits;
  const std::uint64_t mask = 1ULL << bit % 64;
  if ((domain.once[bit / 64] & mask) != 0) domain.again[bit / 64] |= mask;
  domain.once[bit / 64] |= mask;
  if (domain.questions < kNamesMin) return;

  const double set = set_bits(domain.once);
  const double names = distinct(set);
  if (names < std::max(kNamesMin, 2 * domain.told)) return;
  const double length = domain.label_bytes / domain.questions;
  const double randomness = domain.label_entropy / domain.questions;
  const double once = names / domain.questions;  // Near 1: hardly a name comes twice.
  const bool bulk = length > kLongLabel || randomness > kRandomLabel;
  if (!bulk && (once < kOnceShort || names < kNamesMinShort || length < 6)) return;
  if (once < 0.5) return;
  domain.told = names;
  const double score = std::clamp(0.6 + 0.05 * std::log2(names / kNamesMin) + (length > kLongLabel ? 0.15 : 0) +
                                      (randomness > kRandomLabel ? 0.05 : 0) + 0.1 * domain.bulky / domain.questions +
                                      (once > kOnceShort ? 0.1 : 0),
                                  0.0, 0.98);
  Finding finding{.kind = Kind::kDnsTunnel,
                  .part = static_cast<std::uint8_t>(domain.key >> 8),
                  .severity = Severity::kHigh,
                  .score = score,
                  .metric = "distinct_names",
                  .value = names,
                  .expected_low = 0,
                  .expected_high = kNamesMin,
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
