#include "support/habit.h"

#include <cmath>

namespace ipm::test {

double Calendar::hour(TimeNs at) const {
  const bool changed = clocks_change >= 0 && at >= clocks_change * kDay + 3 * kHour;
  const TimeNs local = at + (changed ? clocks_by * kHour : 0);
  return static_cast<double>(((local % kDay) + kDay) % kDay) / static_cast<double>(kHour);
}

bool Calendar::is_free(TimeNs at) const {
  const auto day = static_cast<int>(at / kDay);
  return day == holiday || (weekday + day) % 7 >= 5;
}

bool Calendar::is_asleep(TimeNs at) const {
  return std::any_of(asleep.begin(), asleep.end(), [&](const Span& span) { return span.has(at); });
}

bool Calendar::is_down(TimeNs at) const {
  return std::any_of(down.begin(), down.end(), [&](const Span& span) { return span.has(at); });
}

double Calendar::intensity(Hours hours, TimeNs at) const {
  const double now = hour(at);
  switch (hours) {
    case Hours::kWave:
      return 0.55 - 0.45 * std::cos((now - 3) / 24 * 6.283185307179586);
    case Hours::kOffice:
      return !is_free(at) && now >= 8.5 && now < 18 ? (now > 12 && now < 13 ? 0.3 : 1) : 0.01;
    case Hours::kEvening:
      return now >= (is_free(at) ? 10 : 17.5) && now < 23.5 ? 1 : 0.02;
    case Hours::kAlways:
      break;
  }
  return 1;
}

std::string Atlas::provider() {
  const std::uint64_t first = 20 + noise_.below(70), second = noise_.below(256);
  return std::to_string(first) + "." + std::to_string(second);
}

std::string Atlas::of(const std::string& prefix) {
  const std::uint64_t third = noise_.below(256), last = 1 + noise_.below(254);
  return prefix + "." + std::to_string(third) + "." + std::to_string(last);
}

std::string Atlas::outside() {
  if (noise_.chance(0.12)) {
    constexpr std::string_view kHex = "0123456789abcdef";
    std::string text = "2a0";
    for (const char* each = "x:xxxx:xxxx::xxxx"; *each != '\0'; ++each)
      text += *each == 'x' ? kHex[noise_.below(15) + 1] : *each;
    return text;
  }
  return of(provider());
}

std::string Atlas::inside() {
  const std::uint64_t third = noise_.below(24), last = 10 + noise_.below(240);
  return "10.4." + std::to_string(third) + "." + std::to_string(last);
}

namespace {
template <typename Draw>
std::vector<std::string> many(std::size_t count, const Draw& draw) {
  std::vector<std::string> out;
  while (out.size() < count) {
    std::string each = draw();
    if (std::find(out.begin(), out.end(), each) == out.end()) out.push_back(std::move(each));
  }
  return out;
}
}  // namespace

std::vector<std::string> Atlas::outside(std::size_t count) {
  return many(count, [&] { return outside(); });
}
std::vector<std::string> Atlas::of(const std::string& prefix, std::size_t count) {
  return many(count, [&] { return of(prefix); });
}
std::vector<std::string> Atlas::inside(std::size_t count) {
  return many(count, [&] { return inside(); });
}

namespace {

bool is_inside(const std::string& address) {
  return address.rfind("10.", 0) == 0;
}

// One habit as it is lived: draws come one after the other, since compilers evaluate arguments in different orders.
class Life {
 public:
  Life(HostScript& script, const Habit& habit, const Calendar& calendar, const std::vector<Spell>& spells,
       std::uint64_t seed)
      : script_(script), habit_(habit), calendar_(calendar), spells_(spells), noise_(seed), atlas_(seed ^ 0xa71a5) {}

  void until(TimeNs end) {
    end = std::min(end, habit_.span.until);
    switch (habit_.beat) {
      case Beat::kSteady:
        return steady(end);
      case Beat::kDrawn:
        return drawn(end);
      case Beat::kNightly:
        return nightly(end);
      case Beat::kHeld:
        return held(end);
    }
  }

 private:
  const Spell* spell(TimeNs at) const {
    for (const Spell& each : spells_) {
      if (each.comm == habit_.who.name && each.span.has(at)) return &each;
    }
    return nullptr;
  }
  TimeNs first() {
    return habit_.span.from + kMinute + static_cast<TimeNs>(noise_.uniform() * 0.9 * wide(habit_.every));
  }
  static double wide(TimeNs time) { return static_cast<double>(time); }

  void steady(TimeNs end) {
    for (TimeNs at = first(); at < end;) {
      if (!calendar_.is_asleep(at) && noise_.chance(calendar_.intensity(habit_.hours, at))) turn(at);
      const double gap = 1 + habit_.jitter * noise_.between(-1, 1);
      at += std::max<TimeNs>(kMillisecond, static_cast<TimeNs>(wide(habit_.every) * gap));
    }
  }
  void drawn(TimeNs end) {
    for (TimeNs at = habit_.span.from + kMinute; at < end;) {
      const Spell* now = spell(at);
      at += kMillisecond +
            static_cast<TimeNs>(wide(habit_.every) * noise_.exponential() / (now == nullptr ? 1 : now->calls));
      if (at < end && !calendar_.is_asleep(at) && noise_.chance(calendar_.intensity(habit_.hours, at))) turn(at);
    }
  }
  void nightly(TimeNs end) {
    constexpr int kRecords = 60;
    for (TimeNs day = habit_.span.from / kDay * kDay; day < end; day += kDay) {
      const double drift = calendar_.hour(day + 12 * kHour) - 12;
      const double hour = habit_.at_hour - drift + noise_.between(0, 0.1);
      const TimeNs at = day + static_cast<TimeNs>(hour * wide(kHour));
      const double bytes = amount(habit_.tx, at) / kRecords, back = amount(habit_.rx, at) / kRecords;
      if (at < habit_.span.from || at >= end || calendar_.is_asleep(at) || calendar_.is_down(at)) continue;
      const std::string remote = peer();
      script_.stream(at, habit_.who, remote, habit_.port, habit_.lasts / kRecords, kRecords,
                     static_cast<std::uint64_t>(bytes), static_cast<std::uint64_t>(back));
    }
  }
  void held(TimeNs end) {
    for (TimeNs at = first(); at < end;) {
      TimeNs lasts =
          std::min(end - at, static_cast<TimeNs>(wide(habit_.lasts) * noise_.between(0.5, 1.5)) + habit_.every);
      const std::string remote = peer();
      for (const Span& span : calendar_.down) {
        if (span.from >= at && !is_inside(remote)) lasts = std::min(lasts, span.from - at);
      }
      for (const Span& span : calendar_.asleep) {
        if (span.from >= at) lasts = std::min(lasts, span.from - at);
      }
      const auto records = static_cast<int>(lasts / habit_.every);
      const auto tx = static_cast<std::uint64_t>(amount(habit_.tx, at));
      const auto rx = static_cast<std::uint64_t>(amount(habit_.rx, at));
      if (!calendar_.is_asleep(at) && !(calendar_.is_down(at) && !is_inside(remote)) && records > 0)
        script_.stream(at, habit_.who, remote, habit_.port, habit_.every, records, tx, rx);
      at += lasts + static_cast<TimeNs>(noise_.between(1, 60) * wide(kSecond));
    }
  }

  // What is due at one time.
  void turn(TimeNs at) {
    if (habit_.round_robin) {
      for (const std::string& each : habit_.peers) {
        call(at, each);
        at += static_cast<TimeNs>(noise_.between(0.05, 0.3) * wide(kSecond));
      }
      return;
    }
    const int calls = habit_.batch <= 1 ? 1 : 1 + static_cast<int>(noise_.poisson(habit_.batch - 1));
    for (int i = 0; i < calls; ++i) {
      if (habit_.name) {
        script_.ask(at, habit_.who, habit_.name(noise_));
      } else {
        const bool met_before = habit_.news <= 0 || !noise_.chance(habit_.news);
        const std::string remote = met_before ? peer() : atlas_.outside();
        call(at, remote);
      }
      at += static_cast<TimeNs>(noise_.exponential() * wide(kSecond));
    }
  }
  void call(TimeNs at, const std::string& remote) {
    const Spell* now = spell(at);
    const double times = now == nullptr ? 1 : now->times;
    const auto tx = static_cast<std::uint64_t>(amount(habit_.tx, at) * times);
    const auto rx = static_cast<std::uint64_t>(amount(habit_.rx, at) * times);
    const double fails = now != nullptr && now->fails >= 0 ? now->fails : habit_.fails;
    const bool fails_now = noise_.chance(fails), refuses = noise_.chance(0.5);
    double entropy = habit_.entropy;
    if (entropy >= 0) {
      if (now != nullptr && now->entropy >= 0 && noise_.chance(now->changed)) entropy = now->entropy;
      entropy = std::clamp(entropy + 0.06 * noise_.normal(), 0.5, 7.999);
    }
    if (habit_.serves) return script_.serve(at, habit_.who, remote, habit_.port, tx, rx, entropy);
    if (calendar_.is_down(at) && !is_inside(remote))
      return script_.fail(at, habit_.who, remote, habit_.port, ETIMEDOUT);
    if (fails_now) {
      if (now != nullptr && now->repeats) return script_.repeat(at, habit_.who, remote, habit_.port, tx, rx, 30);
      if (refuses) return script_.reset(at, habit_.who, remote, habit_.port);
      return script_.fail(at, habit_.who, remote, habit_.port, noise_.chance(0.5) ? ECONNREFUSED : ETIMEDOUT);
    }
    script_.connect(at, habit_.who, remote, habit_.port, tx, rx, habit_.lasts, entropy,
                    habit_.udp ? model::kProtocolUdp : model::kProtocolTcp);
  }
  // The first peers are called most.
  std::string peer() {
    const double place = noise_.uniform();
    if (habit_.peers.empty()) return atlas_.outside();
    return habit_.peers[static_cast<std::size_t>(place * place * wide(static_cast<TimeNs>(habit_.peers.size())))];
  }
  double amount(double median, TimeNs at) {
    const double days = wide(at) / wide(kDay);
    return median * std::exp(habit_.spread * noise_.normal()) * std::pow(habit_.growth, days);
  }

  HostScript& script_;
  const Habit& habit_;
  const Calendar& calendar_;
  const std::vector<Spell>& spells_;
  Noise noise_;
  Atlas atlas_;
};

}  // namespace

void live(HostScript& script, const Habit& habit, const Calendar& calendar, const std::vector<Spell>& spells,
          TimeNs end, std::uint64_t seed) {
  Life(script, habit, calendar, spells, seed).until(end);
}

}  // namespace ipm::test
