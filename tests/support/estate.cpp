#include "support/estate.h"

#include <set>

#include "support/estate_hosts.h"

namespace ipm::test {

namespace {
constexpr TimeNs kToMidnight = 6'400 * kSecond;  // Scripts begin at 22:13:20 UTC.
}

std::string_view name_of(HostKind kind) {
  constexpr std::string_view kNames[kHostKinds] = {"laptop",    "workstation", "builder", "webserver",
                                                   "appserver", "database",    "mail",    "gateway",
                                                   "resolver",  "poller",      "backup",  "mediabox"};
  return kNames[static_cast<std::size_t>(kind)];
}

Plan::Plan(HostKind host_kind, std::uint64_t seed, const EstateOptions& chosen)
    : kind(host_kind),
      options(chosen),
      noise(seed * kHostKinds + static_cast<std::uint64_t>(host_kind)),
      atlas(noise.below(UINT64_MAX)),
      train_end(chosen.train_days * kDay),
      end((chosen.train_days + chosen.test_days) * kDay) {
  const int days = chosen.train_days + chosen.test_days;
  calendar.weekday = static_cast<int>(noise.below(7));
  if (noise.chance(0.3)) calendar.holiday = static_cast<int>(noise.below(static_cast<std::uint64_t>(days)));
  if (noise.chance(0.3)) {
    calendar.clocks_change = 1 + static_cast<int>(noise.below(static_cast<std::uint64_t>(days)));
    calendar.clocks_by = noise.chance(0.5) ? 1 : -1;
  }
  for (int i = 0; i < 5; ++i) providers.push_back(atlas.provider());
}

Persona Plan::program(std::string name, std::string exe, std::uint32_t uid) {
  next_pid += 1 + static_cast<std::uint32_t>(noise.below(40));
  return {.name = std::move(name), .exe = std::move(exe), .pid = next_pid, .uid = uid};
}

Habit& Plan::add(Habit habit) {
  habits.push_back(std::move(habit));
  return habits.back();
}

TimeNs Plan::in_test(double from, double until) {
  const double days = static_cast<double>(end - train_end);
  for (int tries = 0;; ++tries) {
    const TimeNs at = train_end + static_cast<TimeNs>(days * noise.between(from, until));
    if (tries > 50 || (!calendar.is_asleep(at) && !calendar.is_down(at))) return at;
  }
}

Estate make_estate(HostKind kind, std::uint64_t seed, const EstateOptions& options) {
  Plan plan(kind, seed, options);
  furnish(plan);
  if (options.disturbances) disturb(plan);
  Disguise disguise = options.disguise;
  disguise.shift_ns += kToMidnight;
  Estate estate{.script = HostScript(disguise)};
  if (options.attacks) estate.attacks = attack(plan, estate.script);
  std::set<std::uint32_t> started;
  std::uint64_t number = 0;
  for (const Habit& habit : plan.habits) {
    if (started.insert(habit.who.pid).second) estate.script.start(habit.span.from, habit.who);
    live(estate.script, habit, plan.calendar, plan.spells, plan.end, seed * 1'000 + ++number);
  }
  estate.honest = plan.honest;
  estate.train_end = plan.train_end;
  estate.end = plan.end;
  return estate;
}

}  // namespace ipm::test
