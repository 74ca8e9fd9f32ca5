// Look-ups in an index of a million indicators, and the memory that it takes, beside hash maps and libmaxminddb.
#include <absl/container/flat_hash_map.h>
#include <absl/strings/string_view.h>
#include <arpa/inet.h>

#include <cstring>
#include <fstream>
#include <stdexcept>
#include <string>
#include <unordered_map>
#include <vector>
#ifdef IPM_WITH_MAXMINDDB
#include <maxminddb.h>
#include <netinet/in.h>
#include <unistd.h>

#include "../tests/support/mmdb_writer.h"
#endif

#include "base/random.h"
#include "child.h"
#include "cpu_time.h"
#include "enrich/intel_index.h"
#include "race.h"
#include "sections.h"

namespace ipm::bench {
namespace {

using enrich::Indicator;
using enrich::IndicatorType;
using enrich::IntelIndex;
using model::IpAddress;

constexpr std::size_t kIndicators = 1'000'000;
constexpr std::size_t kLookUps = 200'000;
constexpr int kRounds = 10;
constexpr double kMebibyte = 1024.0 * 1024.0;

IntelIndex index_of(const std::vector<Indicator>& indicators) {
  enrich::IntelBuilder builder(kIndicators, 7);
  builder.begin_feed(1'700'000'000);
  for (const Indicator& each : indicators) builder.take(each);
  return builder.finish();
}

std::uint32_t host_order(const IpAddress& address) {
  std::uint32_t number = 0;
  std::memcpy(&number, address.bytes.data() + 12, 4);
  return ntohl(number);
}

Indicator v4(std::uint32_t number, unsigned bits) {
  Indicator out;
  out.type = bits == 32 ? IndicatorType::kAddress : IndicatorType::kNetwork;
  out.address = IpAddress::v4(htonl(bits == 32 ? number : number & (~std::uint32_t{0} << (32 - bits))));
  out.prefix = static_cast<std::uint8_t>(96 + bits);
  return out;
}

std::vector<Indicator> addresses(Random& random) {
  std::vector<Indicator> out;
  for (std::size_t i = 0; i < kIndicators; ++i)
    out.push_back(v4(static_cast<std::uint32_t>(random.below(1ULL << 32)), 32));
  return out;
}

std::vector<Indicator> networks(Random& random) {
  std::vector<Indicator> out;
  for (std::size_t i = 0; i < kIndicators; ++i) {
    const auto bits = 20 + static_cast<unsigned>(random.below(13));
    out.push_back(v4(static_cast<std::uint32_t>(random.below(1ULL << 32)), bits));
  }
  return out;
}

IpAddress six(Random& random) {
  std::uint64_t halves[2] = {0x20 | (random.below(1ULL << 56) << 8), random.below(~0ULL)};
  return IpAddress::v6(halves);
}

std::vector<Indicator> networks6(Random& random) {
  constexpr unsigned kLengths[] = {32, 40, 48, 56, 64, 128};
  std::vector<Indicator> out;
  for (std::size_t i = 0; i < kIndicators; ++i) {
    Indicator each;
    each.address = six(random);
    each.prefix = static_cast<std::uint8_t>(kLengths[random.below(std::size(kLengths))]);
    for (unsigned bit = each.prefix; bit < 128; ++bit) {
      each.address.bytes[bit / 8] = static_cast<std::uint8_t>(each.address.bytes[bit / 8] & ~(0x80U >> bit % 8));
    }
    each.type = each.prefix == 128 ? IndicatorType::kAddress : IndicatorType::kNetwork;
    out.push_back(each);
  }
  return out;
}

std::string name(Random& random) {
  std::string out;
  for (std::size_t i = 6 + random.below(12); i > 0; --i) out += static_cast<char>('a' + random.below(26));
  return out;
}

std::vector<Indicator> domains(Random& random) {
  std::vector<Indicator> out;
  for (std::size_t i = 0; i < kIndicators; ++i) {
    Indicator each;
    each.type = IndicatorType::kDomain;
    each.name = name(random) + ".example";
    out.push_back(each);
  }
  return out;
}

// One look-up in sixteen is of something listed: more than on any host that is well.
template <typename Listed, typename Other>
auto mixed(Random& random, const std::vector<Indicator>& indicators, const Listed& listed, const Other& other) {
  std::vector<decltype(other())> out;
  for (std::size_t i = 0; i < kLookUps; ++i) {
    out.push_back(i % 16 == 0 ? listed(indicators[random.below(indicators.size())]) : other());
  }
  return out;
}

template <typename Key, typename Find>
Contestant contestant(const char* who, const std::vector<Key>& keys, const Find& find) {
  return {who, [&keys, find] {
            std::uint64_t found = 0;
            const double seconds = timed_s([&] {
              for (const Key& key : keys) found += find(key) ? 1 : 0;
            });
            return found == 0 ? 1e9 : seconds;  // Some are there.
          }};
}

double nanoseconds(double per_second) {
  return 1e9 / per_second;
}

void memory(Report& report, const std::string& what, const IntelIndex& index) {
  report.value("index of " + what + ", memory", static_cast<double>(index.memory_bytes()) / kMebibyte, "MiB",
               at_most(64));
}

// VmRSS, VmHWM of proc(5).
double resident_mebibytes(const std::string& what) {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;) {
    double kibibytes = 0;
    if (word == what + ":" && status >> kibibytes) return kibibytes / 1024;
  }
  throw std::runtime_error("/proc/self/status does not say " + what);
}

void bench_addresses(Report& report) {
  Random random(1);
  const std::vector<Indicator> listed = addresses(random);
  const IntelIndex index = index_of(listed);
  std::unordered_map<std::uint32_t, std::uint32_t> standard;
  absl::flat_hash_map<std::uint32_t, std::uint32_t> swiss;
  for (std::uint32_t i = 0; i < listed.size(); ++i)
    standard[host_order(listed[i].address)] = swiss[host_order(listed[i].address)] = i;
  const auto keys = mixed(
      random, listed, [](const Indicator& each) { return each.address; },
      [&] { return IpAddress::v4(static_cast<std::uint32_t>(random.below(1ULL << 32))); });
  const auto rates =
      race("1 M IPv4 addresses", kLookUps,
           {contestant("index", keys, [&](const IpAddress& key) { return index.find(key).has_value(); }),
            contestant("unordered_map", keys, [&](const IpAddress& key) { return standard.contains(host_order(key)); }),
            contestant("absl", keys, [&](const IpAddress& key) { return swiss.contains(host_order(key)); })},
           kRounds);
  report.value("look-up among 1 M IPv4 addresses", nanoseconds(rates[0]), "ns", at_most(100));
  report.compare("look-up among 1 M IPv4 addresses", nanoseconds(rates[0]), "std::unordered_map", nanoseconds(rates[1]),
                 "ns", kNoBudget);
  report.compare("look-up among 1 M IPv4 addresses", nanoseconds(rates[0]), "absl::flat_hash_map",
                 nanoseconds(rates[2]), "ns", kNoBudget);
  memory(report, "1 M IPv4 addresses", index);
}

#ifdef IPM_WITH_MAXMINDDB
// A tree of the same networks, in a file as libmaxminddb wants it; of few, since its tree grows by some nodes a
// network.
class Tree {
 public:
  explicit Tree(const std::vector<Indicator>& networks)
      : path_("/tmp/ipm-bench-" + std::to_string(::getpid()) + ".mmdb") {
    test::MmdbWriter writer(4);
    for (const Indicator& each : networks) {
      writer.add(each.address.text() + "/" + std::to_string(each.prefix - 96), test::MmdbValue::uint32(1));
    }
    std::ofstream(path_, std::ios::binary) << writer.bytes();
    open_ = MMDB_open(path_.c_str(), MMDB_MODE_MMAP, &handle_) == MMDB_SUCCESS;
  }
  ~Tree() {
    if (open_) MMDB_close(&handle_);
    ::unlink(path_.c_str());
  }
  Tree(const Tree&) = delete;
  Tree& operator=(const Tree&) = delete;
  bool find(const IpAddress& address) const {
    sockaddr_in four{};
    four.sin_family = AF_INET;
    std::memcpy(&four.sin_addr, address.bytes.data() + 12, 4);
    int error = 0;
    return MMDB_lookup_sockaddr(&handle_, reinterpret_cast<const sockaddr*>(&four), &error).found_entry;
  }

 private:
  const std::string path_;
  MMDB_s handle_ = {};
  bool open_ = false;
};
#endif

void bench_networks(Report& report) {
  Random random(2);
  std::vector<Indicator> listed = networks(random);
  const IntelIndex index = index_of(listed);
  const auto other = [&] { return IpAddress::v4(static_cast<std::uint32_t>(random.below(1ULL << 32))); };
  const auto itself = [](const Indicator& each) { return each.address; };
  const auto keys = mixed(random, listed, itself, other);
  const auto rates =
      race("1 M IPv4 networks", kLookUps,
           {contestant("index", keys, [&](const IpAddress& key) { return index.find(key).has_value(); })}, kRounds);
  report.value("look-up among 1 M nested IPv4 networks", nanoseconds(rates[0]), "ns", at_most(100));
  memory(report, "1 M nested IPv4 networks", index);
#ifdef IPM_WITH_MAXMINDDB
  // /24 of different /20: they do not overlap, which the writer asks for.
  std::vector<Indicator> apart;
  for (std::uint32_t i = 1; i < 500'000; ++i) apart.push_back(v4(i << 13, 24));
  const Tree tree(apart);
  const IntelIndex small = index_of(apart);
  const auto both = mixed(random, apart, itself, other);
  const auto against =
      race("500 k networks", kLookUps,
           {contestant("index", both, [&](const IpAddress& key) { return small.find(key).has_value(); }),
            contestant("maxminddb", both, [&](const IpAddress& key) { return tree.find(key); })},
           kRounds);
  report.compare("look-up among 500,000 IPv4 networks", nanoseconds(against[0]), "libmaxminddb",
                 nanoseconds(against[1]), "ns", at_most(1));
#endif
}

void bench_networks6(Report& report) {
  Random random(3);
  const std::vector<Indicator> listed = networks6(random);
  const IntelIndex index = index_of(listed);
  const auto keys = mixed(
      random, listed, [](const Indicator& each) { return each.address; }, [&] { return six(random); });
  const auto rates =
      race("1 M IPv6 networks", kLookUps,
           {contestant("index", keys, [&](const IpAddress& key) { return index.find(key).has_value(); })}, kRounds);
  report.value("look-up among 1 M IPv6 addresses and networks of 6 lengths", nanoseconds(rates[0]), "ns", at_most(100));
  memory(report, "1 M IPv6 addresses and networks", index);
}

void bench_domains(Report& report) {
  Random random(4);
  const std::vector<Indicator> listed = domains(random);
  const IntelIndex index = index_of(listed);
  absl::flat_hash_map<std::string, std::uint32_t> swiss;
  for (std::uint32_t i = 0; i < listed.size(); ++i) swiss[listed[i].name] = i;
  const auto keys = mixed(
      random, listed, [](const Indicator& each) { return "www." + each.name; },
      [&] { return "www." + name(random) + ".test"; });
  const auto suffixes = [&](const std::string& key) {
    for (std::string_view rest = key; rest.find('.') != std::string_view::npos;
         rest.remove_prefix(rest.find('.') + 1)) {
      if (swiss.contains(absl::string_view(rest.data(), rest.size()))) return true;
    }
    return false;
  };
  const auto rates =
      race("1 M domains", kLookUps,
           {contestant("index", keys, [&](const std::string& key) { return index.find_domain(key).has_value(); }),
            contestant("absl", keys, suffixes)},
           kRounds);
  report.value("look-up of three labels among 1 M domains", nanoseconds(rates[0]), "ns", at_most(100));
  report.compare("look-up of three labels among 1 M domains", nanoseconds(rates[0]), "absl::flat_hash_map, each suffix",
                 nanoseconds(rates[1]), "ns", at_most(1));
  memory(report, "1 M domains", index);
}

std::string plain_list(std::size_t lines) {
  Random random(5);
  std::string text;
  for (std::size_t i = 0; i < lines; ++i)
    text += IpAddress::v4(static_cast<std::uint32_t>(random.below(1ULL << 32))).text() + " # listed\n";
  return text;
}

void bench_reading(Report& report) {
  const std::string text = plain_list(kIndicators);
  const auto read = [&] {
    return timed_s([&] {
      enrich::IntelBuilder builder(kIndicators, 7);
      builder.begin_feed(1);
      enrich::FeedReport feed;
      (void)enrich::read_feed(enrich::read_from(text), enrich::FeedFormat::kPlain, 0, builder, feed).ok();
      (void)builder.finish().indicators();
    });
  };
  const auto rates = race("plain list", kIndicators, {{"read and build", read}}, 3);
  report.value("plain list of 1 M addresses, read and built", rates[0] / 1e6, "M lines/s", kNoBudget);
}

// Ten times as many lines as there is room for, in a process of its own: what is beyond is read, counted and forgotten.
void bench_long_feed(Report& report) {
  constexpr std::uint64_t kLines = 10'000'000;
  const std::string text = plain_list(kIndicators);
  Child child([&](const Child::Say& say) {
    forget_peak();
    const double resident = resident_mebibytes("VmRSS");
    enrich::IntelBuilder builder(kIndicators, 7);
    builder.begin_feed(1);
    enrich::FeedReport feed;
    std::uint64_t at = 0;
    const enrich::ReadBlock again = [&](std::span<char> block) -> Result<std::size_t> {
      if (at == text.size() * (kLines / kIndicators)) return std::size_t{0};
      const std::size_t bytes = text.copy(block.data(), block.size(), at % text.size());
      at += bytes;
      return bytes;
    };
    bool read = false;
    const double seconds = timed_s([&] {
      read = enrich::read_feed(again, enrich::FeedFormat::kPlain, 0, builder, feed).ok();
      (void)builder.finish().indicators();
    });
    const double peak = resident_mebibytes("VmHWM");
    const bool right =
        feed.records == kLines && feed.indicators() == kIndicators && feed.beyond == kLines - kIndicators;
    if (!read || !right) throw std::runtime_error("the report of a long feed does not add up");
    say(static_cast<double>(kLines) / seconds / 1e6);
    say(peak - resident);
  });
  const double rate = child.hear();
  report.value("plain list of 10 M lines, room for 1 M", rate, "M lines/s", at_least(1));
  report.value("plain list of 10 M lines, room for 1 M, peak of resident memory", child.hear(), "MiB", at_most(128));
}

}  // namespace

void bench_enrich(Report& report) {
  bench_addresses(report);
  bench_networks(report);
  bench_networks6(report);
  bench_domains(report);
  bench_reading(report);
  bench_long_feed(report);
}

}  // namespace ipm::bench
