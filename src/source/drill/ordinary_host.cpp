#include "source/drill/ordinary_host.h"

#include <cstdio>

#include "base/random.h"

namespace ipm::source {
namespace {

// The lives of the programs between two moments. Numbers are drawn into names first, since compilers evaluate arguments
// in different orders.
class Life {
 public:
  Life(HostScript& script, TimeNs from, TimeNs until, std::uint64_t seed)
      : script_(script), from_(from), until_(until), random_(seed) {}

  void ask_a_database() {
    for (TimeNs at = from_; at < until_; at += wait(5 * kMinute)) {
      const double entropy = bits(5.1, 10);
      const std::uint64_t rx = near(4'000), tx = near(900);
      script_.connect(at, kLedger, "10.4.1.9", 5432, tx, rx, kSecond, entropy);
    }
  }
  void call_home() {
    for (TimeNs at = from_; at < until_; at += 4 * kMinute + static_cast<TimeNs>(random_.below(5)) * kSecond) {
      const std::uint64_t rx = near(300), tx = near(700);
      script_.connect(at, kTally, random_.one_in(2) ? "203.0.113.10" : "2001:db8:7::10", 443, tx, rx);
    }
  }
  void browse() {
    for (TimeNs at = from_; at < until_; at += wait(6 * kMinute)) {
      const std::string site = address_of(0x1000 + random_.below(50'000), 8);
      script_.ask(at, kWeaver, "www.site" + std::to_string(random_.below(300)) + ".example");
      if (random_.one_in(60)) {
        script_.fail(at, kWeaver, site, 443, ETIMEDOUT);
        continue;
      }
      const std::uint64_t rx = near(90'000), tx = near(4'000);
      script_.connect(at, kWeaver, site, random_.one_in(20) ? 80 : 443, tx, rx, 4 * kSecond);
    }
  }
  void work_with_services() {
    for (TimeNs at = from_; at < until_; at += wait(8 * kMinute)) {
      const std::uint64_t rx = near(9'000), tx = near(5'000);
      const std::string service = address_of(0x40 + random_.below(8), 5);
      script_.connect(at, kCrate, service, 443, tx, rx);
    }
  }
  void back_up() {
    for (TimeNs at = from_; at < until_; at += 6 * kHour)
      script_.stream(at + kHour, kVault, "198.51.100.20", 443, 10 * kSecond, 40, near(1'000'000), 900);
  }
  void serve_visitors() {
    for (TimeNs at = from_; at < until_; at += wait(3 * kMinute)) {
      const std::uint64_t last = random_.below(200) + 1, network = random_.below(90);
      const std::uint64_t rx = near(900), tx = near(30'000);
      script_.serve(at, kPorter, address_of(0x200 + network, last), 443, tx, rx);
    }
  }
  void send_mail() {
    for (TimeNs at = from_; at < until_; at += wait(15 * kMinute)) {
      const double entropy = bits(5.2, 8);
      const std::uint64_t rx = near(400), tx = near(3'000);
      script_.connect(at, kLetters, "10.4.1.25", 25, tx, rx, kSecond, entropy);
    }
  }
  void audit() {
    constexpr std::uint16_t kPorts[] = {22, 80, 445, 8080};
    for (TimeNs day = from_; day < until_; day += kDay) {
      for (int i = 0; i < 48; ++i) {
        const TimeNs at = day + 3 * kHour + i * 2 * kSecond;
        const std::string host = "10.4.9." + std::to_string(10 + i % 12);
        if (i % 3 == 0) {
          script_.connect(at, kAuditor, host, kPorts[i / 12], 100, 300);
        } else {
          script_.fail(at, kAuditor, host, kPorts[i / 12]);
        }
      }
    }
  }
  void use_one_service() {
    for (TimeNs at = from_; at < until_; at += wait(2 * kHour)) {
      const std::uint64_t rx = near(6'000), tx = near(1'200);
      script_.connect(at, kPilot, "198.51.100.7", 443, tx, rx);
    }
  }
  void measure() {
    for (TimeNs at = from_; at < until_; at += wait(12 * kMinute)) {
      const std::uint64_t srtt_us = near(20'000);
      script_.round_trip(at, kGauge, "203.0.113.50", 443, static_cast<std::uint32_t>(srtt_us));
    }
  }

 private:
  std::uint64_t near(std::uint64_t value) { return value * (90 + random_.below(21)) / 100; }
  TimeNs wait(TimeNs mean) { return mean / 2 + static_cast<TimeNs>(random_.below(static_cast<std::uint64_t>(mean))); }
  double bits(double least, std::uint64_t hundredths) {
    return least + static_cast<double>(random_.below(hundredths)) / 100;
  }

  HostScript& script_;
  const TimeNs from_;
  const TimeNs until_;
  Random random_;
};

}  // namespace

std::string address_of(std::uint64_t network, std::uint64_t last) {
  char text[40];
  std::snprintf(text, sizeof text, "2001:db8:%x::%x", static_cast<unsigned>(network), static_cast<unsigned>(last));
  return text;
}

void start_ordinary_programs(HostScript& script) {
  for (const Persona* each :
       {&kLedger, &kTally, &kWeaver, &kCrate, &kVault, &kPorter, &kLetters, &kAuditor, &kPilot, &kGauge})
    script.start(0, *each);
}

void live_ordinary_days(HostScript& script, TimeNs from, TimeNs until, std::uint64_t seed) {
  Life life(script, from, until, seed);
  life.ask_a_database();
  life.call_home();
  life.browse();
  life.work_with_services();
  life.back_up();
  life.serve_visitors();
  life.send_mail();
  life.audit();
  life.use_one_service();
  life.measure();
}

}  // namespace ipm::source
