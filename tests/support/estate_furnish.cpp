// The programs of each kind of host.
#include "support/estate_hosts.h"

namespace ipm::test {
namespace {

std::string word(Noise& noise, std::size_t letters) {
  std::string out;
  for (std::size_t i = 0; i < letters; ++i) out += "bcdfgklmnprstvaeiou"[noise.below(19)];
  return out;
}

std::string digits(Noise& noise) {
  const std::uint64_t a = noise.below(256), b = noise.below(256), c = noise.below(256), d = noise.below(256);
  return std::to_string(a) + "." + std::to_string(b) + "." + std::to_string(c) + "." + std::to_string(d);
}

// Asks for names of sites, a few of them all the time.
auto site_names(Plan& plan, std::size_t count) {
  std::vector<std::string> sites;
  for (std::size_t i = 0; i < count; ++i) sites.push_back("www." + word(plan.noise, 7) + ".example");
  return [sites](Noise& noise) {
    const double place = noise.uniform();
    return sites[static_cast<std::size_t>(place * place * static_cast<double>(sites.size()))];
  };
}

// Objects of a content network: names that look random, of which some hundreds are in use.
auto content_names(Plan& plan, std::size_t count) {
  std::vector<std::string> names;
  for (std::size_t i = 0; i < count; ++i) names.push_back("d" + word(plan.noise, 13) + ".cdn-objects.example");
  return [names](Noise& noise) { return names[noise.below(names.size())]; };
}

void system_programs(Plan& plan) {
  plan.add({.who = plan.program("timekeeper", "/usr/sbin/timekeeper", 100),
            .beat = Beat::kSteady,
            .every = 1024 * kSecond,
            .jitter = 0.03,
            .peers = plan.atlas.outside(4),
            .port = 123,
            .udp = true,
            .tx = 48,
            .rx = 48,
            .spread = 0});
  plan.add({.who = plan.program("leased", "/usr/sbin/leased"),
            .beat = Beat::kSteady,
            .every = 2 * kHour,
            .peers = {"10.4.0.1"},
            .port = 67,
            .udp = true,
            .tx = 300,
            .rx = 300,
            .spread = 0.05});
  plan.add({.who = plan.program("pkgfetch", "/usr/lib/pkg/pkgfetch"),
            .every = 14 * kHour,
            .peers = plan.atlas.of(plan.providers[0], 6),
            .tx = 1'500,
            .rx = 2e6,
            .batch = 6});
  plan.add({.who = plan.program("resolverd", "/usr/lib/net/resolverd", 101),
            .every = 4 * kMinute,
            .hours = Hours::kWave,
            .batch = 2,
            .name = site_names(plan, 120)});
}

// What reports on the host itself.
void agents(Plan& plan) {
  const TimeNs every = static_cast<TimeNs>(plan.noise.between(1, 5) * static_cast<double>(kMinute));
  plan.add({.who = plan.program("metricd", "/opt/metricd/bin/metricd", 102),
            .beat = Beat::kSteady,
            .every = every,
            .jitter = 0.02,
            .peers = plan.atlas.outside(2),
            .tx = 3'000,
            .rx = 200,
            .spread = 0.1});
  plan.add({.who = plan.program("watchtowerd", "/usr/sbin/watchtowerd"),
            .beat = Beat::kSteady,
            .every = 5 * kMinute,
            .jitter = 0.2,
            .peers = plan.atlas.of(plan.providers[1], 8),
            .tx = 900,
            .rx = 500});
  plan.add({.who = plan.program("logforward", "/usr/bin/logforward"),
            .every = 3 * kMinute,
            .hours = Hours::kWave,
            .peers = {plan.atlas.inside()},
            .port = 1514,
            .tx = 6'000,
            .rx = 100,
            .spread = 0.8,
            .entropy = 4.6});
  plan.add({.who = plan.program("confd", "/opt/confd-7.2.1/bin/confd"),
            .beat = Beat::kSteady,
            .every = 30 * kMinute,
            .jitter = 0.3,
            .peers = plan.atlas.inside(2),
            .port = 8140,
            .tx = 8'000,
            .rx = 20'000});
}

void person(Plan& plan, Hours hours) {
  const Persona browser = plan.program("surfer", "/usr/lib/surfer/surfer", 1000);
  std::vector<std::string> sites = plan.atlas.outside(90);
  for (const std::string& provider : plan.providers) {
    for (const std::string& each : plan.atlas.of(provider, 12)) sites.push_back(each);
  }
  plan.add({.who = browser,
            .every = 6 * kMinute,
            .hours = hours,
            .peers = sites,
            .news = 0.12,
            .tx = 4'000,
            .rx = 60'000,
            .spread = 1.2,
            .fails = 0.01,
            .batch = 4});
  plan.add({.who = browser, .every = 8 * kMinute, .hours = hours, .batch = 3, .name = site_names(plan, 300)});
  plan.add({.who = browser, .every = 8 * kMinute, .hours = hours, .batch = 4, .name = content_names(plan, 60)});
  plan.add({.who = plan.program("chatter", "/usr/lib/chatter/chatter", 1000),
            .beat = Beat::kHeld,
            .every = 40 * kSecond,
            .hours = hours,
            .peers = plan.atlas.of(plan.providers[2], 5),
            .tx = 120,
            .rx = 200,
            .spread = 0.2,
            .lasts = 5 * kHour});
  plan.add({.who = plan.program("postbox", "/usr/bin/postbox", 1000),
            .beat = Beat::kSteady,
            .every = 10 * kMinute,
            .jitter = 0.1,
            .hours = hours == Hours::kOffice ? Hours::kAlways : hours,
            .peers = plan.atlas.of(plan.providers[3], 3),
            .port = 993,
            .tx = 900,
            .rx = 5'000,
            .spread = 0.9});
  plan.add({.who = plan.program("filesync", "/opt/filesync/filesync", 1000),
            .every = 25 * kMinute,
            .hours = hours,
            .peers = plan.atlas.of(plan.providers[4], 20),
            .tx = 60'000,
            .rx = 30'000,
            .spread = 1.8});
}

void calls(Plan& plan) {
  Habit talk = {.who = plan.program("facetalk", "/opt/facetalk/facetalk", 1000),
                .beat = Beat::kHeld,
                .every = 10 * kSecond,
                .peers = plan.atlas.of(plan.providers[1], 10),
                .port = 8801,
                .tx = 400'000,
                .rx = 500'000,
                .lasts = 30 * kMinute};
  for (TimeNs day = 0; day < plan.end; day += kDay) {
    const double hour = plan.noise.between(9, 16);
    const TimeNs at = day + static_cast<TimeNs>(hour * static_cast<double>(kHour));
    if (plan.calendar.is_free(at) || plan.noise.chance(0.3)) continue;
    talk.span = {at, at + 40 * kMinute};
    plan.add(talk);
  }
}

void developer(Plan& plan) {
  const Persona git = plan.program("git-remote", "/usr/lib/git/git-remote", 1000);
  plan.add({.who = git,
            .every = 40 * kMinute,
            .hours = Hours::kOffice,
            .peers = plan.atlas.of(plan.providers[0], 3),
            .tx = 8'000,
            .rx = 90'000,
            .spread = 1.5});
  plan.add({.who = plan.program("editor", "/usr/share/editor/editor", 1000),
            .every = 12 * kMinute,
            .hours = Hours::kOffice,
            .peers = plan.atlas.of(plan.providers[2], 14),
            .tx = 3'000,
            .rx = 9'000,
            .spread = 1});
  plan.add({.who = plan.program("imaged", "/usr/bin/imaged"),
            .every = 5 * kHour,
            .hours = Hours::kOffice,
            .peers = plan.atlas.of(plan.providers[3], 20),
            .tx = 4'000,
            .rx = 3e7,
            .spread = 1,
            .batch = 6});
  plan.add({.who = plan.program("nodepack", "/usr/bin/nodepack", 1000),
            .every = 2 * kHour,
            .hours = Hours::kOffice,
            .peers = plan.atlas.of(plan.providers[4], 30),
            .tx = 1'500,
            .rx = 200'000,
            .spread = 1.3,
            .batch = 14});
  plan.add({.who = plan.program("sh-client", "/usr/bin/sh-client", 1000),
            .every = 70 * kMinute,
            .hours = Hours::kOffice,
            .peers = plan.atlas.inside(9),
            .port = 22,
            .tx = 9'000,
            .rx = 30'000,
            .lasts = 4 * kMinute});
}

void laptop(Plan& plan) {
  for (TimeNs day = 0; day < plan.end; day += kDay) {
    const double wakes = plan.noise.between(7, 9), sleeps = plan.noise.between(21, 24);
    plan.calendar.asleep.push_back({day, day + static_cast<TimeNs>(wakes * static_cast<double>(kHour))});
    plan.calendar.asleep.push_back({day + static_cast<TimeNs>(sleeps * static_cast<double>(kHour)), day + kDay});
    const double lunch = plan.noise.between(11, 14);
    const TimeNs noon = day + static_cast<TimeNs>(lunch * static_cast<double>(kHour));
    if (plan.noise.chance(0.6)) plan.calendar.asleep.push_back({noon, noon + 50 * kMinute});
  }
  system_programs(plan);
  agents(plan);
  person(plan, Hours::kEvening);
}

void workstation(Plan& plan) {
  system_programs(plan);
  agents(plan);
  person(plan, Hours::kOffice);
  calls(plan);
  developer(plan);
}

// Runs builds in directories of their own, each with programs that nobody has seen before and that talk to the host's
// neighbours.
void builder(Plan& plan) {
  system_programs(plan);
  agents(plan);
  plan.add({.who = plan.program("runner", "/opt/runner/bin/runner", 990),
            .beat = Beat::kSteady,
            .every = 15 * kSecond,
            .jitter = 0.1,
            .peers = plan.atlas.of(plan.providers[0], 2),
            .tx = 700,
            .rx = 400,
            .spread = 0.1});
  plan.add({.who = plan.program("fetcher", "/usr/bin/fetcher", 990),
            .every = 12 * kMinute,
            .hours = Hours::kWave,
            .peers = plan.atlas.of(plan.providers[1], 25),
            .news = 0.01,
            .tx = 1'000,
            .rx = 900'000,
            .spread = 1.4,
            .batch = 10});
  plan.add({.who = plan.program("artifactor", "/opt/artifactor/artifactor", 990),
            .every = 50 * kMinute,
            .hours = Hours::kWave,
            .peers = plan.atlas.of(plan.providers[2], 4),
            .tx = 4e6,
            .rx = 2'000,
            .spread = 1});
  const std::vector<std::string> databases = plan.atlas.inside(3);
  for (TimeNs at = 3 * kHour; at < plan.end;) {
    const Persona tests = plan.program("suite" + std::to_string(plan.next_pid),
                                       "/tmp/build-" + std::to_string(plan.next_pid) + "/suite", 990);
    plan.add({.who = tests,
              .every = 10 * kSecond,
              .peers = databases,
              .port = 5432,
              .tx = 3'000,
              .rx = 9'000,
              .span = {at, at + 6 * kMinute}});
    at += static_cast<TimeNs>(plan.noise.between(2, 10) * static_cast<double>(kHour));
  }
}

void web_server(Plan& plan) {
  system_programs(plan);
  agents(plan);
  const Persona web = plan.program("porter", "/usr/sbin/porter", 33);
  plan.add({.who = web,
            .every = 20 * kSecond,
            .hours = Hours::kWave,
            .peers = plan.atlas.inside(3),
            .port = 8080,
            .serves = true,
            .tx = 20'000,
            .rx = 1'200,
            .spread = 1.2});
  plan.add({.who = web,
            .every = 40 * kSecond,
            .hours = Hours::kWave,
            .peers = plan.atlas.inside(4),
            .port = 9000,
            .tx = 1'500,
            .rx = 15'000,
            .spread = 1});
  plan.add({.who = plan.program("hooker", "/srv/hooks/hooker", 34),
            .every = 15 * kMinute,
            .hours = Hours::kWave,
            .peers = plan.atlas.outside(25),
            .news = 0.02,
            .tx = 2'000,
            .rx = 500,
            .fails = 0.06});
  plan.add({.who = plan.program("certbotter", "/usr/bin/certbotter"),
            .beat = Beat::kSteady,
            .every = 12 * kHour,
            .jitter = 0.3,
            .peers = plan.atlas.of(plan.providers[0], 2),
            .tx = 4'000,
            .rx = 6'000,
            .batch = 3});
  plan.add({.who = plan.program("logrotator", "/usr/bin/logrotator"),
            .beat = Beat::kNightly,
            .peers = plan.atlas.inside(1),
            .port = 873,
            .tx = 8e7,
            .rx = 9'000,
            .spread = 0.3,
            .lasts = 10 * kMinute,
            .growth = 1.06,
            .at_hour = 3.5});
}

void app_server(Plan& plan) {
  system_programs(plan);
  agents(plan);
  const Persona app = plan.program("orderd", "/srv/orders/bin/orderd", 1100);
  plan.add({.who = app,
            .every = 25 * kSecond,
            .hours = Hours::kWave,
            .peers = plan.atlas.inside(2),
            .port = 8000,
            .serves = true,
            .tx = 9'000,
            .rx = 1'500,
            .spread = 0.8});
  plan.add({.who = app, .every = 40 * kSecond, .hours = Hours::kWave, .peers = plan.atlas.inside(1), .port = 5432});
  plan.add({.who = app,
            .every = 4 * kMinute,
            .hours = Hours::kWave,
            .peers = plan.atlas.of(plan.providers[0], 8),
            .tx = 2'500,
            .rx = 3'500,
            .fails = 0.02});
  plan.add({.who = plan.program("worker", "/srv/orders/bin/worker", 1100),
            .every = 90 * kSecond,
            .hours = Hours::kWave,
            .peers = plan.atlas.of(plan.providers[1], 18),
            .tx = 6'000,
            .rx = 8'000,
            .spread = 1.2});
  plan.add({.who = plan.program("cachesrv", "/usr/bin/cachesrv", 1101),
            .beat = Beat::kHeld,
            .every = kMinute,
            .peers = plan.atlas.inside(2),
            .port = 6379,
            .tx = 2'000,
            .rx = 2'000,
            .lasts = 9 * kHour});
  plan.add({.who = plan.program("mailout", "/usr/sbin/mailout", 1102),
            .every = 12 * kMinute,
            .hours = Hours::kWave,
            .peers = plan.atlas.inside(1),
            .port = 25,
            .tx = 5'000,
            .rx = 400,
            .spread = 0.7,
            .entropy = 5.2});
}

void database(Plan& plan) {
  system_programs(plan);
  agents(plan);
  const Persona base = plan.program("basekeeper", "/usr/lib/base/14/bin/basekeeper", 1200);
  plan.add({.who = base,
            .every = 20 * kSecond,
            .hours = Hours::kWave,
            .peers = plan.atlas.inside(6),
            .port = 5432,
            .serves = true,
            .tx = 12'000,
            .rx = 3'000,
            .spread = 1.3});
  plan.add({.who = base,
            .beat = Beat::kHeld,
            .every = 20 * kSecond,
            .peers = plan.atlas.inside(1),
            .port = 5432,
            .tx = 30'000,
            .rx = 500,
            .lasts = 30 * kHour});
  // Archives to an object store behind many addresses.
  plan.add({.who = plan.program("archiver", "/usr/bin/archiver", 1200),
            .beat = Beat::kSteady,
            .every = 6 * kMinute,
            .jitter = 0.1,
            .peers = plan.atlas.of(plan.providers[0], 40),
            .tx = 1.6e6,
            .rx = 1'000,
            .spread = 0.3});
  plan.add({.who = plan.program("dumper", "/usr/bin/dumper", 1200),
            .beat = Beat::kNightly,
            .peers = plan.atlas.inside(1),
            .port = 22,
            .tx = 4e8,
            .rx = 90'000,
            .spread = 0.1,
            .lasts = 40 * kMinute,
            .growth = 1.02,
            .at_hour = 1});
}

void mail_server(Plan& plan) {
  system_programs(plan);
  agents(plan);
  const Persona in = plan.program("receiver", "/usr/lib/mail/receiver", 1300);
  const Persona out = plan.program("deliverer", "/usr/lib/mail/deliverer", 1300);
  plan.add({.who = in,
            .every = kMinute,
            .hours = Hours::kWave,
            .port = 25,
            .serves = true,
            .tx = 500,
            .rx = 20'000,
            .spread = 1.2});
  // Asks a list of bad senders about each that comes: a new name every time.
  plan.add({.who = in, .every = kMinute, .hours = Hours::kWave, .name = [](Noise& noise) {
              return digits(noise) + ".blocklist.example";
            }});
  plan.add({.who = out,
            .every = 3 * kMinute,
            .hours = Hours::kWave,
            .peers = plan.atlas.outside(120),
            .news = 0.15,
            .port = 25,
            .tx = 15'000,
            .rx = 500,
            .spread = 1.4,
            .entropy = 5.4,
            .fails = 0.08});
  // A host of the world that does not answer is tried again every quarter of an hour.
  for (TimeNs at = 5 * kHour; at < plan.end;) {
    plan.add({.who = out,
              .beat = Beat::kSteady,
              .every = 15 * kMinute,
              .jitter = 0.01,
              .peers = {plan.atlas.outside()},
              .port = 25,
              .fails = 1,
              .span = {at, at + 8 * kHour}});
    at += static_cast<TimeNs>(plan.noise.between(6, 30) * static_cast<double>(kHour));
  }
  plan.add({.who = plan.program("signatures", "/usr/bin/signatures", 1301),
            .beat = Beat::kSteady,
            .every = kHour,
            .jitter = 0.1,
            .peers = plan.atlas.of(plan.providers[0], 5),
            .tx = 800,
            .rx = 300'000,
            .batch = 2});
}

// Devices of a building: polled by address, and telling by themselves.
void gateway(Plan& plan) {
  system_programs(plan);
  agents(plan);
  const Persona broker = plan.program("brokerd", "/usr/sbin/brokerd", 1400);
  plan.add({.who = broker,
            .every = 15 * kSecond,
            .peers = plan.atlas.inside(40),
            .port = 1883,
            .serves = true,
            .tx = 60,
            .rx = 300});
  plan.add({.who = broker,
            .beat = Beat::kHeld,
            .every = 30 * kSecond,
            .peers = plan.atlas.of(plan.providers[0], 3),
            .port = 8883,
            .tx = 1'500,
            .rx = 80,
            .spread = 0.3,
            .lasts = 20 * kHour});
  std::vector<std::string> devices = plan.atlas.inside(18);
  plan.add({.who = plan.program("fieldbus", "/opt/fieldbus/fieldbus", 1401),
            .beat = Beat::kSteady,
            .every = 3 * kMinute,
            .jitter = 0.02,
            .peers = devices,
            .port = 502,
            .tx = 80,
            .rx = 200,
            .spread = 0.1,
            .fails = 0.02,
            .round_robin = true});
  // Cameras that get another address now and then: one that was known is silent, and one that is not known answers.
  const Persona viewer = plan.program("camviewer", "/opt/camviewer/camviewer", 1402);
  for (int camera = 0; camera < 3; ++camera) {
    for (TimeNs at = 0; at < plan.end;) {
      const TimeNs until = at + static_cast<TimeNs>(plan.noise.between(20, 120) * static_cast<double>(kHour));
      plan.add({.who = viewer,
                .beat = Beat::kSteady,
                .every = 4 * kMinute,
                .jitter = 0.1,
                .peers = plan.atlas.inside(1),
                .port = 554,
                .tx = 500,
                .rx = 20'000,
                .span = {at, until}});
      at = until;
    }
  }
}

void resolver(Plan& plan) {
  system_programs(plan);
  agents(plan);
  const Persona server = plan.program("nameserver", "/usr/sbin/nameserver", 1500);
  const auto asked = [&](auto names, TimeNs every) {
    plan.add({.who = server, .every = every, .hours = Hours::kWave, .batch = 2, .name = names});
  };
  asked(site_names(plan, 900), 20 * kSecond);
  asked(content_names(plan, 150), 2 * kMinute);
  asked([](Noise& noise) { return digits(noise) + ".in-addr.arpa"; }, 3 * kMinute);
  // Machines of the estate have names that count up.
  asked([](Noise& noise) { return "node-" + std::to_string(noise.below(400)) + ".estate.example"; }, kMinute);
  plan.add({.who = server,
            .every = 20 * kSecond,
            .hours = Hours::kWave,
            .peers = plan.atlas.outside(150),
            .news = 0.1,
            .port = 53,
            .udp = true,
            .tx = 70,
            .rx = 200,
            .fails = 0.03});
}

void poller(Plan& plan) {
  system_programs(plan);
  agents(plan);
  const Persona prober = plan.program("prober", "/opt/prober/prober", 1600);
  plan.add({.who = prober,
            .beat = Beat::kSteady,
            .every = 4 * kMinute,
            .jitter = 0.05,
            .peers = plan.atlas.inside(45),
            .port = 9100,
            .tx = 300,
            .rx = 30'000,
            .spread = 0.2,
            .fails = 0.01,
            .round_robin = true});
  plan.add({.who = plan.program("blackbox", "/opt/blackbox/blackbox", 1600),
            .beat = Beat::kSteady,
            .every = 2 * kMinute,
            .jitter = 0.08,
            .peers = plan.atlas.outside(12),
            .tx = 400,
            .rx = 3'000,
            .spread = 0.2,
            .fails = 0.02,
            .round_robin = true});
  plan.add({.who = plan.program("alertsender", "/opt/prober/alertsender", 1600),
            .every = 2 * kHour,
            .peers = plan.atlas.of(plan.providers[0], 3),
            .tx = 2'000,
            .rx = 500});
  // Looks for hosts that are new, every night.
  for (TimeNs day = 0; day < plan.end; day += kDay) {
    plan.add({.who = plan.habits.back().who.name == "sweeper" ? plan.habits.back().who
                                                              : plan.program("sweeper", "/opt/prober/sweeper", 1600),
              .beat = Beat::kSteady,
              .every = 2 * kSecond,
              .jitter = 0.1,
              .peers = plan.atlas.inside(40),
              .port = 22,
              .tx = 40,
              .rx = 40,
              .fails = 0.7,
              .span = {day + 4 * kHour, day + 4 * kHour + 2 * kMinute}});
  }
}

void backup(Plan& plan) {
  system_programs(plan);
  agents(plan);
  const Persona keeper = plan.program("keeper", "/usr/sbin/keeper", 1700);
  for (int i = 0; i < 5; ++i) {
    plan.add({.who = keeper,
              .every = 8 * kMinute,
              .hours = Hours::kWave,
              .peers = plan.atlas.inside(2),
              .port = 8007,
              .serves = true,
              .tx = 2'000,
              .rx = 4e6,
              .spread = 1.2});
  }
  plan.add({.who = plan.program("offsite", "/usr/bin/offsite", 1700),
            .beat = Beat::kNightly,
            .peers = plan.atlas.of(plan.providers[0], 12),
            .tx = 3e9,
            .rx = 4e5,
            .spread = 0.25,
            .lasts = 2 * kHour,
            .growth = 1.03,
            .at_hour = 0.5});
  plan.add({.who = plan.program("pruner", "/usr/bin/pruner", 1700),
            .every = 3 * kHour,
            .peers = plan.atlas.of(plan.providers[0], 12),
            .tx = 40'000,
            .rx = 300'000,
            .spread = 0.8,
            .batch = 5});
}

// Streams from a content network whose addresses come and go.
void media_box(Plan& plan) {
  system_programs(plan);
  const Persona player = plan.program("player", "/opt/player/player", 1000);
  for (TimeNs at = 0; at < plan.end; at += 12 * kHour) {
    plan.add({.who = player,
              .every = 3 * kMinute,
              .hours = Hours::kEvening,
              .peers = plan.atlas.of(plan.providers[1], 6),
              .tx = 3'000,
              .rx = 4e6,
              .spread = 0.8,
              .batch = 3,
              .span = {at, at + 12 * kHour}});
  }
  plan.add({.who = player,
            .beat = Beat::kSteady,
            .every = 5 * kMinute,
            .jitter = 0.1,
            .hours = Hours::kEvening,
            .peers = plan.atlas.of(plan.providers[2], 3),
            .tx = 900,
            .rx = 300});
  plan.add({.who = plan.program("voicehelper", "/opt/voice/voicehelper", 1001),
            .beat = Beat::kHeld,
            .every = 45 * kSecond,
            .peers = plan.atlas.of(plan.providers[3], 4),
            .tx = 90,
            .rx = 90,
            .spread = 0.05,
            .lasts = 7 * kHour});
  plan.add({.who = plan.program("updatecheck", "/opt/player/updatecheck"),
            .beat = Beat::kSteady,
            .every = 3 * kHour,
            .jitter = 0.3,
            .peers = plan.atlas.of(plan.providers[4], 5),
            .tx = 1'200,
            .rx = 4'000,
            .batch = 2});
  plan.add({.who = plan.program("torrentish", "/usr/bin/torrentish", 1000),
            .every = 4 * kMinute,
            .hours = Hours::kEvening,
            .news = 1,
            .port = 6881,
            .tx = 60'000,
            .rx = 90'000,
            .spread = 1.5,
            .fails = 0.35,
            .batch = 4});
}

}  // namespace

void furnish(Plan& plan) {
  constexpr void (*kFurnish[kHostKinds])(Plan&) = {laptop,     workstation, builder,     web_server,
                                                   app_server, database,    mail_server, gateway,
                                                   resolver,   poller,      backup,      media_box};
  kFurnish[static_cast<std::size_t>(plan.kind)](plan);
  // Machines differ: some programs do more and some less, under other names nowhere the same.
  for (Habit& habit : plan.habits) {
    const double pace = plan.noise.between(0.7, 1.5), size = plan.noise.between(0.5, 2);
    if (habit.beat == Beat::kDrawn) habit.every = static_cast<TimeNs>(static_cast<double>(habit.every) * pace);
    habit.every = std::max(habit.every, 5 * kSecond);
    habit.tx *= size;
    habit.rx *= size;
  }
}

}  // namespace ipm::test
