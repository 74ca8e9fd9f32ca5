// Hosts of many kinds over some days, with what is honest and what is not: for judging detectors on hosts that nobody
// chose their constants on. Everything is drawn from the seed.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "support/habit.h"

namespace ipm::test {

enum class HostKind {
  kLaptop,
  kWorkstation,
  kBuilder,
  kWebServer,
  kAppServer,
  kDatabase,
  kMailServer,
  kGateway,
  kResolver,
  kPoller,
  kBackup,
  kMediaBox,
};
inline constexpr std::size_t kHostKinds = 12;
std::string_view name_of(HostKind kind);

struct Attack {
  std::string kind;   // As the scorer of bench/detect calls it.
  std::string level;  // "easy" or "hard".
  Persona who;
  std::string carrier;  // "narrow", "broad" and "asker" programs were there; "stray" and "plain" ones are new.
  Span span;
};

struct Honest {
  std::string kind;
  std::string comm;
  Span span;
};

struct EstateOptions {
  int train_days = 4;
  int test_days = 3;
  bool attacks = true;
  bool disturbances = true;
  std::vector<std::string> only = {};  // Of these kinds alone; empty: all.
  Disguise disguise = {};
};

struct Estate {
  HostScript script;
  std::vector<Attack> attacks = {};
  std::vector<Honest> honest = {};
  TimeNs train_end = 0;
  TimeNs end = 0;
};

Estate make_estate(HostKind kind, std::uint64_t seed, const EstateOptions& options = {});

}  // namespace ipm::test
