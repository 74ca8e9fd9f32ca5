// The programs of a small host and their ordinary days.
#pragma once

#include <string>

#include "support/host_script.h"

namespace ipm::test {

inline const Persona kLedger{.name = "ledgerd", .exe = "/usr/sbin/ledgerd", .pid = 301};  // One database, all day.
inline const Persona kTally{.name = "tallyd", .exe = "/usr/sbin/tallyd", .pid = 302};     // Calls home.
inline const Persona kWeaver{.name = "weaver", .exe = "/usr/bin/weaver", .pid = 303};     // A browser.
inline const Persona kCrate{
    .name = "crate", .exe = "/srv/crate/bin/crate", .pid = 304};                    // A worker with known services.
inline const Persona kVault{.name = "vault", .exe = "/usr/bin/vault", .pid = 305};  // Backups.
inline const Persona kPorter{.name = "porter", .exe = "/usr/sbin/porter", .pid = 306, .uid = 33};  // A web server.
inline const Persona kLetters{.name = "letters", .exe = "/usr/sbin/letters", .pid = 307};  // Plain text to a relay.
inline const Persona kAuditor{
    .name = "auditor", .exe = "/opt/audit/auditor", .pid = 308};                    // Scans, every day the same.
inline const Persona kPilot{.name = "pilot", .exe = "/usr/bin/pilot", .pid = 309};  // A few calls to one service.

inline std::string address(std::string_view net, std::uint64_t last) {
  return std::string(net) + "." + std::to_string(last);
}

// What they do from `from` to `until`.
inline void ordinary_days(HostScript& script, TimeNs from, TimeNs until, std::uint64_t seed = 1) {
  Random random(seed);
  const auto near = [&](std::uint64_t value) { return value * (90 + random.below(21)) / 100; };
  const auto wait = [&](TimeNs mean) {
    return mean / 2 + static_cast<TimeNs>(random.below(static_cast<std::uint64_t>(mean)));
  };
  const auto bits = [&](double least, std::uint64_t hundredths) {
    return least + static_cast<double>(random.below(hundredths)) / 100;
  };
  // Drawn one after the other, since compilers evaluate arguments in different orders.
  for (TimeNs at = from; at < until; at += wait(5 * kMinute)) {
    const double entropy = bits(5.1, 10);
    const std::uint64_t rx = near(4'000), tx = near(900);
    script.connect(at, kLedger, "10.4.1.9", 5432, tx, rx, kSecond, entropy);
  }
  for (TimeNs at = from; at < until; at += 4 * kMinute + static_cast<TimeNs>(random.below(5)) * kSecond) {
    const std::uint64_t rx = near(300), tx = near(700);
    script.connect(at, kTally, random.one_in(2) ? "203.0.113.10" : "198.18.7.10", 443, tx, rx);
  }
  for (TimeNs at = from; at < until; at += wait(6 * kMinute)) {
    const std::uint64_t low = random.below(250), high = random.below(200);
    const std::string site = "151." + std::to_string(high) + "." + std::to_string(low) + ".8";
    script.ask(at - kSecond + kSecond, kWeaver, "www.site" + std::to_string(random.below(300)) + ".example");
    if (random.one_in(60)) {
      script.fail(at, kWeaver, site, 443, ETIMEDOUT);
    } else {
      const std::uint64_t rx = near(90'000), tx = near(4'000);
      script.connect(at, kWeaver, site, random.one_in(20) ? 80 : 443, tx, rx, 4 * kSecond);
    }
  }
  for (TimeNs at = from; at < until; at += wait(8 * kMinute)) {
    const std::uint64_t rx = near(9'000), tx = near(5'000);
    script.connect(at, kCrate, address("203.0." + std::to_string(40 + random.below(8)), 5), 443, tx, rx);
  }
  for (TimeNs at = from; at < until; at += 6 * kHour)
    script.stream(at + kHour, kVault, "198.51.100.20", 443, 10 * kSecond, 40, near(1'000'000), 900);
  for (TimeNs at = from; at < until; at += wait(3 * kMinute)) {
    const std::uint64_t last = random.below(200) + 1, second = random.below(90);
    const std::uint64_t rx = near(900), tx = near(30'000);
    script.serve(at, kPorter, "151." + std::to_string(second) + ".7." + std::to_string(last), 443, tx, rx);
  }
  for (TimeNs at = from; at < until; at += wait(15 * kMinute)) {
    const double entropy = bits(5.2, 8);
    const std::uint64_t rx = near(400), tx = near(3'000);
    script.connect(at, kLetters, "10.4.1.25", 25, tx, rx, kSecond, entropy);
  }
  for (TimeNs day = from; day < until; day += kDay) {
    for (int i = 0; i < 48; ++i) {
      const TimeNs at = day + 3 * kHour + i * 2 * kSecond;
      const std::string host = address("10.4.9", 10 + static_cast<std::uint64_t>(i % 12));
      constexpr std::uint16_t kPorts[] = {22, 80, 445, 8080};
      if (i % 3 == 0) {
        script.connect(at, kAuditor, host, kPorts[i / 12], 100, 300);
      } else {
        script.fail(at, kAuditor, host, kPorts[i / 12]);
      }
    }
  }
  for (TimeNs at = from; at < until; at += wait(2 * kHour)) {
    const std::uint64_t rx = near(6'000), tx = near(1'200);
    script.connect(at, kPilot, "198.51.99.7", 443, tx, rx);
  }
}

inline void start_all(HostScript& script) {
  for (const Persona& each : {kLedger, kTally, kWeaver, kCrate, kVault, kPorter, kLetters, kAuditor, kPilot})
    script.start(0, each);
}

// Learned for two days; what a test adds comes on the third, whose ordinary hours are there too.
inline HostScript learned_host(Disguise disguise = {}, std::uint64_t seed = 1) {
  HostScript script(disguise);
  start_all(script);
  ordinary_days(script, kMinute, 3 * kDay, seed);
  return script;
}
inline constexpr TimeNs kThirdDay = 2 * kDay + 9 * kHour;

}  // namespace ipm::test
