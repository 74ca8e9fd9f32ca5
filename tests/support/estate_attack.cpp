// Attacks and faults, each kind once, open or hidden.
#include <cmath>
#include <functional>

#include "support/estate_hosts.h"

namespace ipm::test {
namespace {

double wide(TimeNs time) {
  return static_cast<double>(time);
}
TimeNs seconds(double count) {
  return static_cast<TimeNs>(count * wide(kSecond));
}

class Attacker {
 public:
  Attacker(Plan& plan, HostScript& script) : plan_(plan), script_(script), noise_(plan.noise) {}

  std::vector<Attack> all() {
    struct Kind {
      std::string_view name;
      void (Attacker::*run)(bool hard);
    };
    constexpr Kind kKinds[] = {
        {"exfil_slow", &Attacker::exfil_slow}, {"exfil_burst", &Attacker::exfil_burst},
        {"beacon", &Attacker::beacon},         {"scan_h", &Attacker::scan_hosts},
        {"scan_v", &Attacker::scan_ports},     {"new_dest", &Attacker::new_destination},
        {"odd_port", &Attacker::odd_port},     {"dns_tunnel", &Attacker::dns_tunnel},
        {"miner", &Attacker::miner},           {"lateral", &Attacker::lateral},
        {"entropy", &Attacker::entropy},       {"fault", &Attacker::fault},
    };
    for (const Kind& each : kKinds) {
      const std::vector<std::string>& only = plan_.options.only;
      const bool wanted = only.empty() || std::find(only.begin(), only.end(), each.name) != only.end();
      kind_ = each.name;
      const bool hard = noise_.chance(0.5);
      if (wanted) (this->*each.run)(hard);
    }
    return std::move(attacks_);
  }

 private:
  // --- whose hand it is ---

  struct Carrier {
    Persona who;
    std::string what;  // Empty: the host has none that fits.
  };

  // Programs that were there from the first day on and stay: those that know few networks, and those that know many.
  Carrier narrow() {
    return one_of("narrow", [](std::size_t peers, double news) { return news == 0 && peers <= 12; });
  }
  Carrier broad() {
    return one_of("broad", [](std::size_t peers, double news) { return news > 0 || peers > 12; });
  }
  Carrier one_of(const char* what, bool (*fits)(std::size_t peers, double news)) {
    std::vector<Persona> found;
    for (const Habit& first : plan_.habits) {
      const bool listed =
          std::any_of(found.begin(), found.end(), [&](const Persona& p) { return p.pid == first.who.pid; });
      std::size_t peers = 0;
      double news = 0;
      bool stays = true, often = false;
      for (const Habit& habit : plan_.habits) {
        if (habit.who.name != first.who.name) continue;
        stays = stays && habit.span.from == 0 && habit.span.until >= plan_.end && !habit.udp;
        if (habit.serves || habit.name) continue;
        often = often || habit.every <= 3 * kHour;
        peers += habit.peers.size();
        news = std::max(news, habit.news);
      }
      if (!listed && stays && often && fits(peers, news)) found.push_back(first.who);
    }
    if (found.empty()) return {};
    return {found[noise_.below(found.size())], what};
  }
  Carrier asker() {
    std::vector<Persona> found;
    for (const Habit& habit : plan_.habits) {
      if (habit.name && habit.span.from == 0 && habit.span.until >= plan_.end) found.push_back(habit.who);
    }
    return {found[noise_.below(found.size())], "asker"};
  }
  Carrier stray() {
    constexpr std::string_view kPlaces[] = {"/tmp/", "/dev/shm/", "/var/tmp/.x/", "/home/ann/.cache/"};
    constexpr std::string_view kNames[] = {"kthreadx", "sshdd", "udevx", "php-x", "dbusw"};
    return newcomer("stray", std::string(kPlaces[noise_.below(4)]), std::string(kNames[noise_.below(5)]), 33);
  }
  Carrier plain() {
    constexpr std::string_view kPlaces[] = {"/usr/bin/", "/usr/local/bin/", "/opt/tools/bin/"};
    constexpr std::string_view kNames[] = {"socat", "ncat", "plink", "rclone", "perl"};
    return newcomer("plain", std::string(kPlaces[noise_.below(3)]), std::string(kNames[noise_.below(5)]), 1000);
  }
  Carrier newcomer(const char* what, const std::string& place, const std::string& name, std::uint32_t uid) {
    const Persona who = plan_.program(name, place + name, uid);
    return {who, what};
  }
  // Open attacks come from anywhere but busy programs; hidden ones from programs that were there.
  Carrier any(bool hard) {
    const double draw = noise_.uniform();
    Carrier carrier = hard          ? (draw < 0.6 ? broad() : narrow())
                      : draw < 0.4  ? narrow()
                      : draw < 0.75 ? stray()
                                    : plain();
    return carrier.what.empty() ? (hard ? narrow() : stray()) : carrier;
  }

  // --- when ---

  TimeNs begin(TimeNs lasts) {
    const double room = 1 - std::min(0.9, wide(lasts + kHour) / wide(plan_.end - plan_.train_end));
    TimeNs at = plan_.in_test(0, room);
    // What is short is not cut by sleep.
    for (int tries = 0; tries < 50 && lasts < 4 * kHour && !(up(at + lasts / 2) && up(at + lasts)); ++tries)
      at = plan_.in_test(0, room);
    return at;
  }
  bool up(TimeNs at) const { return !plan_.calendar.is_asleep(at) && !plan_.calendar.is_down(at) && at < plan_.end; }
  void done(const Carrier& carrier, bool hard, TimeNs from, TimeNs until) {
    if (carrier.what == "stray" || carrier.what == "plain") script_.start(from - kSecond, carrier.who);
    attacks_.push_back(
        {std::string(kind_), hard ? "hard" : "easy", carrier.who, carrier.what, {from, std::min(until, plan_.end)}});
  }
  // Somewhere in the world, or among the addresses that the host's own programs use.
  std::string remote(bool hard) {
    const bool hides = hard && noise_.chance(0.5);
    return hides ? plan_.atlas.of(plan_.providers[noise_.below(plan_.providers.size())]) : plan_.atlas.outside();
  }

  // --- what ---

  void exfil_slow(bool hard) {
    const Carrier carrier = any(hard);
    if (carrier.what.empty()) return;
    const double hours = noise_.between(8, 20);
    const double bytes = hard ? noise_.between(1.2e7, 4e7) : noise_.between(1.5e8, 8e8);
    const TimeNs lasts = seconds(hours * 3'600), from = begin(lasts);
    const std::string to = remote(hard);
    const double every = noise_.between(300, 1'200), port = noise_.uniform();
    TimeNs last = from;
    for (TimeNs at = from; at < from + lasts;) {
      const double share = noise_.between(0.5, 1.5), gap = noise_.between(0.6, 1.4);
      if (up(at)) {
        script_.connect(at, carrier.who, to, hard || port < 0.5 ? 443 : 8443,
                        static_cast<std::uint64_t>(share * bytes * every / (hours * 3'600)), 2'500, 5 * kSecond);
        last = at;
      }
      at += seconds(every * gap);
    }
    done(carrier, hard, from, last + kMinute);
  }

  void exfil_burst(bool hard) {
    const Carrier carrier = any(hard);
    if (carrier.what.empty()) return;
    const double minutes = noise_.between(4, 35);
    const double bytes = hard ? noise_.between(1e8, 4e8) : noise_.between(5e8, 4e9);
    const TimeNs lasts = seconds(minutes * 60), from = begin(lasts);
    const std::string to = remote(hard);
    constexpr std::uint16_t kPorts[] = {443, 22, 8443, 21};
    const std::uint16_t port = hard ? 443 : kPorts[noise_.below(4)];
    const auto records = static_cast<int>(lasts / (10 * kSecond));
    const auto each = static_cast<std::uint64_t>(bytes / records);
    script_.stream(from, carrier.who, to, port, 10 * kSecond, records, each, each / 200);
    done(carrier, hard, from, from + lasts);
  }

  void beacon(bool hard) {
    const Carrier carrier = any(hard);
    if (carrier.what.empty()) return;
    const double period = hard ? noise_.between(240, 1'200) : noise_.between(30, 300);
    const double jitter = hard ? noise_.between(0.15, 0.4) : noise_.between(0, 0.2);
    const double missed = hard ? noise_.between(0, 0.2) : 0;
    const TimeNs lasts = seconds(period * noise_.between(60, 200)), from = begin(lasts);
    const std::string to = remote(hard);
    const double size = noise_.between(200, 1'500);
    TimeNs last = from;
    for (TimeNs at = from; at < from + lasts;) {
      const double gap = 1 + jitter * noise_.between(-1, 1), tx = size * noise_.between(0.9, 1.2);
      const bool skips = noise_.chance(missed), works = noise_.chance(0.06);
      if (up(at) && !skips) {
        script_.connect(at, carrier.who, to, 443, static_cast<std::uint64_t>(works ? tx * 10 : tx),
                        works ? 9'000 : 300);
        last = at;
      }
      at += seconds(period * gap);
    }
    done(carrier, hard, from, last + kSecond);
  }

  void scan_hosts(bool hard) {
    const Carrier carrier = any(hard);
    if (carrier.what.empty()) return;
    constexpr std::uint16_t kPorts[] = {6379, 5432, 8080, 3306, 9200, 2375};
    const std::uint16_t port = kPorts[noise_.below(6)];
    const double pause = hard ? noise_.between(30, 240) : noise_.between(0.1, 2);
    const auto count = static_cast<int>(hard ? noise_.between(25, 80) : noise_.between(80, 400));
    probes(carrier, hard, pause, count, [&](TimeNs at) { probe(at, carrier.who, plan_.atlas.inside(), port); });
  }
  void scan_ports(bool hard) {
    const Carrier carrier = any(hard);
    if (carrier.what.empty()) return;
    const std::string host = plan_.atlas.inside();
    const double pause = hard ? noise_.between(30, 150) : noise_.between(0.02, 1);
    const auto count = static_cast<int>(hard ? noise_.between(40, 100) : noise_.between(150, 800));
    probes(carrier, hard, pause, count, [&](TimeNs at) {
      const auto port = static_cast<std::uint16_t>(1 + noise_.below(20'000));
      probe(at, carrier.who, host, port);
    });
  }
  void probes(const Carrier& carrier, bool hard, double pause, int count, const std::function<void(TimeNs)>& one) {
    const TimeNs from = begin(seconds(pause * count));
    TimeNs at = from;
    for (int i = 0; i < count; ++i) {
      if (up(at)) one(at);
      at += seconds(pause * noise_.between(0.5, 1.5));
    }
    done(carrier, hard, from, at);
  }
  void probe(TimeNs at, const Persona& who, const std::string& host, std::uint16_t port) {
    const bool open = noise_.chance(0.06), refused = noise_.chance(0.6);
    if (open) return script_.connect(at, who, host, port, 60, 100);
    script_.fail(at, who, host, port, refused ? ECONNREFUSED : ETIMEDOUT);
  }

  void new_destination(bool hard) {
    const Carrier carrier = narrow();
    if (carrier.what.empty()) return;
    const TimeNs from = begin(kHour);
    const std::string to = remote(hard);
    const auto calls = static_cast<int>(hard ? 1 + noise_.below(2) : 2 + noise_.below(5));
    TimeNs at = from;
    for (int i = 0; i < calls; ++i) {
      script_.connect(at, carrier.who, to, port_of(carrier.who), 1'500, 6'000);
      at += seconds(noise_.between(20, 200));
    }
    done(carrier, hard, from, at);
  }
  std::uint16_t port_of(const Persona& who) const {
    for (const Habit& habit : plan_.habits) {
      if (habit.who.name == who.name) return habit.port;
    }
    return 443;
  }

  void odd_port(bool hard) {
    const Carrier carrier = narrow();
    if (carrier.what.empty()) return;
    constexpr std::uint16_t kOpen[] = {6667, 4444, 1337, 31'337, 9001};
    constexpr std::uint16_t kHidden[] = {8443, 8080, 2083, 587, 993};
    const std::uint16_t drawn = hard ? kHidden[noise_.below(5)] : kOpen[noise_.below(5)];
    const std::uint16_t port = drawn == port_of(carrier.who) ? 8888 : drawn;
    const TimeNs from = begin(kHour);
    const std::string to = remote(hard);
    const auto calls = static_cast<int>(1 + noise_.below(5));
    TimeNs at = from;
    for (int i = 0; i < calls; ++i) {
      script_.connect(at, carrier.who, to, port, 900, 2'000);
      at += seconds(noise_.between(20, 300));
    }
    done(carrier, hard, from, at);
  }

  // Hidden ones also in who asks for everybody.
  void dns_tunnel(bool hard) {
    const Carrier carrier = hard && noise_.chance(0.5) ? asker() : any(hard);
    if (carrier.what.empty()) return;
    const double pause = hard ? noise_.between(15, 60) : noise_.between(0.2, 2);
    const auto count = static_cast<int>(hard ? noise_.between(350, 900) : noise_.between(600, 2'500));
    const TimeNs from = begin(seconds(pause * count));
    const std::string domain = "." + std::string(hard ? "syncstatus" : "zq4") + ".example";
    constexpr std::string_view kText = "abcdefghijklmnopqrstuvwxyz234567";
    TimeNs at = from;
    for (int i = 0; i < count; ++i) {
      std::string label;
      const std::uint64_t length = hard ? 9 + noise_.below(9) : 26 + noise_.below(30);
      for (std::uint64_t c = 0; c < length; ++c) label += kText[noise_.below(32)];
      if (up(at)) script_.ask(at, carrier.who, label + domain, hard ? 1 : 16);
      at += seconds(pause * noise_.exponential());
    }
    done(carrier, hard, from, at);
  }

  void miner(bool hard) {
    const Carrier carrier = any(hard);
    if (carrier.what.empty()) return;
    const TimeNs lasts = seconds(3'600 * noise_.between(7, 20)), from = begin(lasts);
    const std::string to = remote(hard);
    const std::uint16_t port = hard ? 443 : 3333;
    const double every = noise_.between(20, 60), hours = hard ? noise_.between(1, 4) : 24;
    TimeNs at = from;
    while (at < std::min(from + lasts, plan_.end)) {
      const TimeNs until = std::min({at + seconds(hours * 3'600), from + lasts, plan_.end});
      const auto records = static_cast<int>(wide(until - at) / (every * wide(kSecond)));
      if (up(at) && records > 0)
        script_.stream(at, carrier.who, to, port, seconds(every), records, 220 + noise_.below(60), 500);
      at = until + seconds(noise_.between(5, 60));
    }
    done(carrier, hard, from, from + lasts);
  }

  void lateral(bool hard) {
    const Carrier carrier = any(hard);
    if (carrier.what.empty()) return;
    constexpr std::uint16_t kPorts[] = {22, 445, 3389, 5985, 135};
    const std::uint16_t port = kPorts[noise_.below(5)];
    const double pause = hard ? noise_.between(200, 1'200) : noise_.between(2, 40);
    const auto count = static_cast<int>(hard ? noise_.between(7, 13) : noise_.between(12, 40));
    probes(carrier, hard, pause, count,
           [&](TimeNs at) { script_.connect(at, carrier.who, plan_.atlas.inside(), port, 9'000, 7'000, 4 * kSecond); });
  }

  // What an existing program sends changes its nature for some hours.
  void entropy(bool hard) {
    const Habit* text = nullptr;
    for (const Habit& habit : plan_.habits) {
      if (habit.entropy >= 0 && habit.span.from == 0 && habit.span.until >= plan_.end) text = &habit;
    }
    if (text == nullptr) return;
    const TimeNs lasts = seconds(3'600 * noise_.between(2, 6)), from = begin(lasts);
    const double bits = hard ? noise_.between(6.2, 7) : 7.9, changed = hard ? noise_.between(0.4, 0.8) : 1;
    plan_.spells.insert(plan_.spells.begin(),
                        {.comm = text->who.name, .span = {from, from + lasts}, .entropy = bits, .changed = changed});
    done({text->who, "narrow"}, hard, from, from + lasts);
  }

  // The connections of an existing program begin to fail.
  void fault(bool hard) {
    std::vector<const Habit*> found;
    for (const Habit& habit : plan_.habits) {
      const bool whole = habit.span.from == 0 && habit.span.until >= plan_.end;
      if (whole && !habit.serves && !habit.name && !habit.udp && habit.beat <= Beat::kDrawn && !habit.round_robin &&
          habit.every <= 4 * kMinute && habit.fails < 0.1)
        found.push_back(&habit);
    }
    if (found.empty()) return;
    const Habit& habit = *found[noise_.below(found.size())];
    const TimeNs lasts = seconds(60 * noise_.between(40, 90)), from = begin(lasts);
    const double fails = hard ? noise_.between(0.5, 0.75) : 0.95;
    const bool repeats = hard && noise_.chance(0.4);
    // People are there, so that the program has something to do.
    TimeNs at = from;
    for (int tries = 0; tries < 200 && plan_.calendar.intensity(habit.hours, at) < 0.5; ++tries) at = begin(lasts);
    plan_.spells.insert(plan_.spells.begin(),
                        {.comm = habit.who.name, .span = {at, at + lasts}, .fails = fails, .repeats = repeats});
    done({habit.who, "narrow"}, hard, at, at + lasts);
  }

  Plan& plan_;
  HostScript& script_;
  Noise& noise_;
  std::string_view kind_;
  std::vector<Attack> attacks_;
};

}  // namespace

std::vector<Attack> attack(Plan& plan, HostScript& script) {
  return Attacker(plan, script).all();
}

}  // namespace ipm::test
