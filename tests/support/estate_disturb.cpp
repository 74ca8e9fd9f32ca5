// What happens on honest hosts: programs come, move, grow, and the network fails.
#include "support/estate_hosts.h"

namespace ipm::test {
namespace {

bool goes_out(const Habit& habit) {
  return !habit.serves && !habit.name && habit.news == 0 && !habit.peers.empty() && habit.span.from == 0 &&
         habit.span.until == INT64_MAX;
}

// A habit that goes on from `at` as another one; the index of that.
std::size_t split(Plan& plan, std::size_t index, TimeNs at) {
  Habit later = plan.habits[index];
  plan.habits[index].span.until = at;
  later.span.from = at;
  plan.habits.push_back(std::move(later));
  return plan.habits.size() - 1;
}

std::size_t any_that(Plan& plan, bool (*fits)(const Habit&)) {
  std::vector<std::size_t> found;
  for (std::size_t i = 0; i < plan.habits.size(); ++i) {
    if (fits(plan.habits[i])) found.push_back(i);
  }
  return found.empty() ? plan.habits.size() : found[plan.noise.below(found.size())];
}

void note(Plan& plan, std::string kind, std::string comm, Span span) {
  plan.honest.push_back({std::move(kind), std::move(comm), span});
}

void new_program(Plan& plan) {
  const TimeNs at = plan.in_test(0, 0.8);
  constexpr std::string_view kNames[] = {"terrain", "kubelike", "apiclient", "reporter"};
  const std::string name(kNames[plan.noise.below(4)]);
  plan.add({.who = plan.program(name, "/usr/local/bin/" + name, 1000),
            .every = 9 * kMinute,
            .hours = Hours::kWave,
            .peers = plan.atlas.of(plan.providers[0], 7),
            .news = 0.02,
            .tx = 3'000,
            .rx = 20'000,
            .spread = 1.2,
            .batch = 4,
            .span = {at, plan.end}});
  note(plan, "new_program", name, {at, plan.end});
}

void new_agent(Plan& plan) {
  const TimeNs at = plan.in_test(0, 0.8);
  const bool inside = plan.noise.chance(0.5);
  const double seconds = plan.noise.between(15, 600), jitter = plan.noise.between(0.01, 0.2);
  const std::vector<std::string> peers = inside ? plan.atlas.inside(1) : plan.atlas.outside(1);
  plan.add({.who = plan.program("tracerd", "/usr/local/bin/tracerd", 996),
            .beat = Beat::kSteady,
            .every = static_cast<TimeNs>(seconds * static_cast<double>(kSecond)),
            .jitter = jitter,
            .peers = peers,
            .port = static_cast<std::uint16_t>(plan.noise.chance(0.5) ? 4317 : 443),
            .tx = 4'000,
            .rx = 200,
            .spread = 0.15,
            .span = {at, plan.end}});
  note(plan, "new_agent", "tracerd", {at, plan.end});
}

void rotated_addresses(Plan& plan) {
  const std::size_t index = any_that(plan, goes_out);
  if (index == plan.habits.size()) return;
  const TimeNs at = plan.in_test(0, 0.9);
  Habit& later = plan.habits[split(plan, index, at)];
  const bool inside = later.peers.front().rfind("10.", 0) == 0;
  const std::size_t count = std::min<std::size_t>(later.peers.size(), 2 + plan.noise.below(4));
  const std::string other = plan.atlas.provider();
  later.peers = inside ? plan.atlas.inside(count) : plan.atlas.of(other, count);
  note(plan, "rotated_addresses", later.who.name, {at, plan.end});
}

void redeploy(Plan& plan) {
  const std::size_t index = any_that(plan, [](const Habit& h) { return goes_out(h) && h.who.uid != 0; });
  if (index == plan.habits.size()) return;
  const TimeNs at = plan.in_test(0, 0.9);
  const std::string name = plan.habits[index].who.name;
  const Persona moved = plan.program(name, "/srv/blue/" + name + "/current/" + name, plan.habits[index].who.uid);
  const std::size_t before = plan.habits.size();
  for (std::size_t i = 0; i < before; ++i) {
    if (plan.habits[i].who.name != name || !plan.habits[i].span.has(at)) continue;
    plan.habits[split(plan, i, at)].who = moved;
  }
  note(plan, "redeploy", name, {at, plan.end});
}

// Another version of the same program in a folder that is called by it, under another pid.
void update(Plan& plan) {
  const TimeNs at = plan.in_test(0, 0.9);
  const std::size_t before = plan.habits.size();
  for (std::size_t i = 0; i < before; ++i) {
    if (plan.habits[i].who.name != "confd") continue;
    const Persona next = plan.program("confd", "/opt/confd-7.3.0/bin/confd", plan.habits[i].who.uid);
    plan.habits[split(plan, i, at)].who = next;
  }
  note(plan, "update", "confd", {at, plan.end});
}

void larger_night(Plan& plan) {
  const std::size_t index = any_that(plan, [](const Habit& h) { return h.beat == Beat::kNightly; });
  if (index == plan.habits.size()) return;
  const auto days = static_cast<std::uint64_t>(plan.options.test_days);
  const TimeNs at = plan.train_end + static_cast<TimeNs>(plan.noise.below(days)) * kDay;
  const std::size_t later = split(plan, index, at);
  const std::size_t after = split(plan, later, at + kDay);
  const double times = plan.noise.between(2, 4);
  plan.habits[later].tx *= times;
  note(plan, "larger_backup", plan.habits[after].who.name, {at, at + kDay});
}

void upload_by_hand(Plan& plan) {
  const TimeNs at = plan.in_test(0.05, 0.9);
  const double bytes = plan.noise.between(2e7, 3e8);
  const std::size_t index =
      any_that(plan, [](const Habit& h) { return h.news > 0 && h.port == 443 && h.span.from == 0; });
  const Persona who =
      index < plan.habits.size() ? plan.habits[index].who : plan.program("uploader", "/usr/bin/uploader", 1000);
  plan.add({.who = who,
            .beat = Beat::kHeld,
            .every = 2 * kSecond,
            .peers = plan.atlas.of(plan.providers[2], 1),
            .tx = bytes / 100,
            .rx = 2'000,
            .lasts = 4 * kMinute,
            .span = {at, at + 4 * kMinute}});
  note(plan, "upload_by_hand", who.name, {at, at + 20 * kMinute});
}

void crowd(Plan& plan) {
  const std::size_t index = any_that(plan, [](const Habit& h) { return h.serves || h.news > 0; });
  if (index == plan.habits.size()) return;
  const TimeNs at = plan.in_test(0.05, 0.9);
  const Span span{at, at + 40 * kMinute};
  plan.spells.push_back({.comm = plan.habits[index].who.name, .span = span, .calls = 8});
  note(plan, "crowd", plan.habits[index].who.name, span);
}

void outage(Plan& plan) {
  const TimeNs at = plan.in_test(0.05, 0.9);
  const double minutes = plan.noise.between(8, 40);
  const Span span{at, at + static_cast<TimeNs>(minutes * static_cast<double>(kMinute))};
  plan.calendar.down.push_back(span);
  note(plan, "outage", "*", {at, span.until + 20 * kMinute});
}

void log_burst(Plan& plan) {
  const TimeNs at = plan.in_test(0.05, 0.9);
  const Span span{at, at + 15 * kMinute};
  plan.spells.push_back({.comm = "logforward", .span = span, .times = 25, .calls = 4});
  note(plan, "log_burst", "logforward", span);
}

void growth(Plan& plan) {
  const std::size_t index = any_that(plan, goes_out);
  if (index == plan.habits.size()) return;
  plan.habits[index].growth = 1.15;
  note(plan, "growth", plan.habits[index].who.name, {0, plan.end});
}

// A service that begins to compress what it sends, and stays with it.
void compresses(Plan& plan) {
  const TimeNs at = plan.in_test(0, 0.6);
  plan.spells.push_back({.comm = "logforward", .span = {at, plan.end}, .entropy = 7.6});
  note(plan, "compresses", "logforward", {at, plan.end});
}

void one_more_target(Plan& plan) {
  const std::size_t index = any_that(plan, [](const Habit& h) { return h.round_robin; });
  if (index == plan.habits.size()) return;
  const TimeNs at = plan.in_test(0, 0.8);
  Habit& later = plan.habits[split(plan, index, at)];
  const bool inside = later.peers.front().rfind("10.", 0) == 0;
  later.peers.push_back(inside ? plan.atlas.inside() : plan.atlas.outside());
  note(plan, "one_more_target", later.who.name, {at, plan.end});
}

}  // namespace

void disturb(Plan& plan) {
  struct Choice {
    void (*happens)(Plan&);
    double share;
  };
  constexpr Choice kChoices[] = {{new_program, 0.35},   {new_agent, 0.35}, {rotated_addresses, 0.45},
                                 {redeploy, 0.3},       {update, 0.3},     {larger_night, 0.5},
                                 {upload_by_hand, 0.2}, {crowd, 0.3},      {outage, 0.3},
                                 {log_burst, 0.25},     {growth, 0.3},     {compresses, 0.1},
                                 {one_more_target, 0.6}};
  for (const Choice& each : kChoices) {
    if (plan.noise.chance(each.share)) each.happens(plan);
  }
}

}  // namespace ipm::test
