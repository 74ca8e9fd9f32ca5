// What a program of a simulated host does over and over, and when people, clocks and networks let it.
#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "support/host_script.h"
#include "support/noise.h"

namespace ipm::test {

struct Span {
  TimeNs from = 0;
  TimeNs until = 0;
  bool has(TimeNs at) const { return at >= from && at < until; }
};

enum class Hours { kAlways, kWave, kOffice, kEvening };

// Local time of a host. Times are since the script began, which is midnight of a Wednesday.
struct Calendar {
  int weekday = 2;           // Of the first day; 0 is Monday.
  int holiday = -1;          // A working day on which nobody works.
  int clocks_change = -1;    // From that day on local clocks show an hour more …
  int clocks_by = 1;         // … or less.
  std::vector<Span> asleep;  // The host is suspended.
  std::vector<Span> down;    // Its uplink is.

  double hour(TimeNs at) const;  // 0 to 24.
  bool is_free(TimeNs at) const;
  bool is_asleep(TimeNs at) const;
  bool is_down(TimeNs at) const;
  double intensity(Hours hours, TimeNs at) const;  // 0 to 1.
};

enum class Beat {
  kSteady,   // A timer, with jitter.
  kDrawn,    // Whenever it is needed: a Poisson process.
  kNightly,  // One long transfer at an hour of each day.
  kHeld,     // A connection that is kept, with records at intervals.
};

struct Habit {
  Persona who;
  Beat beat = Beat::kDrawn;
  TimeNs every = 10 * kMinute;
  double jitter = 0.05;  // Of a timer: share of the interval.
  Hours hours = Hours::kAlways;
  std::vector<std::string> peers = {};
  double news = 0;  // Share of calls that go to an address never met before.
  std::uint16_t port = 443;
  bool serves = false;  // Connections come in to `port`.
  bool udp = false;
  double tx = 1'000;  // Median bytes of a call, of a record, or of a night.
  double rx = 4'000;
  double spread = 0.4;   // Of the logarithm of both.
  double entropy = -1;   // Of what is sent; negative: not measured.
  double fails = 0.002;  // Share of calls that get no connection.
  double batch = 1;      // Calls at one time, about.
  TimeNs lasts = kSecond;
  double growth = 1;  // Of bytes, from day to day.
  double at_hour = 2;
  bool round_robin = false;                           // All peers in turn, each time.
  std::function<std::string(Noise&)> name = nullptr;  // It asks for names instead.
  Span span = {0, INT64_MAX};
};

// For a while a program does the same differently.
struct Spell {
  std::string comm;
  Span span;
  double fails = -1;     // Share of calls that get no connection.
  double entropy = -1;   // Of the share of records that changed.
  double changed = 1;    // That share.
  double times = 1;      // Bytes.
  double calls = 1;      // Calls.
  bool repeats = false;  // What fails does not fail to connect but has to be sent again and again.
};

// Addresses of the world, in networks that belong together.
class Atlas {
 public:
  explicit Atlas(std::uint64_t seed) : noise_(seed) {}
  std::string outside();                      // Anywhere.
  std::string provider();                     // A prefix of two octets.
  std::string of(const std::string& prefix);  // An address of that provider, in any of its networks.
  std::string inside();
  std::vector<std::string> outside(std::size_t count);
  std::vector<std::string> of(const std::string& prefix, std::size_t count);
  std::vector<std::string> inside(std::size_t count);

 private:
  Noise noise_;
};

// Writes down what the habit does until `end`.
void live(HostScript& script, const Habit& habit, const Calendar& calendar, const std::vector<Spell>& spells,
          TimeNs end, std::uint64_t seed);

}  // namespace ipm::test
