#include "source/drill/incidents.h"

namespace ipm::source {
namespace {

// Where programs run that nobody installed.
const Persona kStranger{.name = "kthing", .exe = "/dev/shm/kthing", .pid = 900};

// Each incident has peers of its own, so that one does not make them known to the next.
constexpr std::string_view kDropBox = "192.0.2.66";
constexpr std::uint64_t kForeign = 0xf000;  // Networks from here on.

TimeNs seconds_below(Random& random, std::uint64_t bound) {
  return static_cast<TimeNs>(random.below(bound)) * kSecond;
}

std::string random_label(Random& random, std::size_t length) {
  std::string label;
  for (std::size_t i = 0; i < length; ++i) label += "abcdefghijklmnopqrstuvwxyz234567"[random.below(32)];
  return label;
}

void leak(HostScript& script, TimeNs at, Random&) {
  script.stream(at, kPilot, kDropBox, 443, 10 * kSecond, 60, 500'000, 1'000);
}

void flood_an_old_peer(HostScript& script, TimeNs at, Random&) {
  script.stream(at, kCrate, address_of(0x40, 5), 443, 10 * kSecond, 30, 10'000'000, 5'000'000);
}

// Every five minutes, up to 90 s late; every sixth call is missed.
void call_a_master(HostScript& script, TimeNs at, Random& random) {
  for (int i = 0; i < 60; ++i) {
    const TimeNs late = seconds_below(random, 90);
    const std::uint64_t tx = 600 + random.below(40);
    if (i % 6 != 5) script.connect(at + i * 5 * kMinute + late, kCrate, address_of(kForeign, 0x66), 443, tx, 300);
  }
}

void probe_hosts(HostScript& script, TimeNs at, Random& random) {
  for (int i = 1; i <= 40; ++i) {
    const int error = random.one_in(2) ? ETIMEDOUT : ECONNREFUSED;
    script.fail(at + i * 20 * kSecond, kLedger, "10.4.77." + std::to_string(i), 6379, error);
  }
}

void log_in_all_around(HostScript& script, TimeNs at, Random&) {
  for (int i = 0; i < 8; ++i) {
    const std::string host = "10.4.3." + std::to_string(20 + i);
    script.connect(at + i * 10 * kMinute, kLetters, host, 445, 9'000, 7'000, 4 * kSecond);
  }
}

void turn_to_a_stranger(HostScript& script, TimeNs at, Random&) {
  script.connect(at, kTally, address_of(kForeign + 1, 0x90), 443, 1'500, 15'000);
}

void use_a_strange_port(HostScript& script, TimeNs at, Random&) {
  script.connect(at, kPilot, "198.51.100.7", 6667, 1'500, 4'000);
}

void tunnel_through_names(HostScript& script, TimeNs at, Random& random) {
  for (int i = 0; i < 300; ++i)
    script.ask(at + i * 30 * kSecond, kWeaver, random_label(random, 30) + ".carrier.example", 16);
}

void hold_a_connection(HostScript& script, TimeNs at, Random&) {
  script.stream(at, kPilot, address_of(kForeign + 2, 0x5e), 443, 10 * kMinute, 36, 40, 3'000);
}

void mine(HostScript& script, TimeNs at, Random&) {
  for (int i = 0; i < 6; ++i)
    script.stream(at + i * kHour, kPilot, address_of(kForeign + 3, 0x33), 443, 35 * kSecond, 100, 200, 500);
}

void encrypt_what_was_plain(HostScript& script, TimeNs at, Random&) {
  for (int i = 0; i < 30; ++i)
    script.connect(at + i * 2 * kMinute, kLetters, "10.4.1.25", 25, 20'000, 400, kSecond, 7.8);
}

void loop_without_a_pause(HostScript& script, TimeNs at, Random&) {
  for (int i = 0; i < 900; ++i) script.connect(at + i * 50 * kMillisecond, kCrate, address_of(0x41, 5), 443, 300, 300);
}

void lose_connections(HostScript& script, TimeNs at, Random&) {
  for (int i = 0; i < 30; ++i) script.reset(at + i * 20 * kSecond, kCrate, address_of(0x42, 5), 443);
}

void slow_down(HostScript& script, TimeNs at, Random&) {
  for (int i = 0; i < 60; ++i) script.round_trip(at + i * kMinute, kGauge, "203.0.113.50", 443, 300'000);
}

void run_a_stranger(HostScript& script, TimeNs at, Random&) {
  script.start(at, kStranger);
  script.connect(at + kSecond, kStranger, "192.0.2.99", 443, 500, 500);
}

void replace_a_program(HostScript& script, TimeNs at, Random&) {
  script.start(at, kPilot, true);
}

void open_a_door(HostScript& script, TimeNs at, Random&) {
  script.listen(at, kPorter, 31'337);
}

void call_a_listed_address(HostScript& script, TimeNs at, Random&) {
  script.warn(at, "192.0.2.166", "drill.txt", 3 * kDay);
  script.connect(at + kSecond, kPilot, "192.0.2.166", 443, 1'500, 4'000);
}

void pass_a_limit(HostScript& script, TimeNs at, Random&) {
  script.say(at, "threshold drill-upload metric=tx_bytes app=*/letters* above=200k per=1m for=3m severity=high");
  script.stream(at + kMinute, kLetters, "10.4.1.25", 25, 10 * kSecond, 60, 50'000, 400);
  script.say(at + kIncidentNs - kMinute, "lift threshold drill-upload");
}

const Incident kIncidents[] = {
    {"exfil", &kPilot, "A program that talks to one service sends 30 MB to an unknown address.", leak},
    {"bandwidth", &kCrate, "A worker sends 300 MB in five minutes to a service that it knows.", flood_an_old_peer},
    {"beacon", &kCrate, "A worker calls an unknown address every five minutes, with jitter and missed calls.",
     call_a_master},
    {"scan", &kLedger, "A database client tries one port of 40 hosts inside that do not answer.", probe_hosts},
    {"lateral", &kLetters, "A mailer turns to the file sharing port of eight hosts inside.", log_in_all_around},
    {"new_dest", &kTally, "A program that always calls the same two networks calls a third.", turn_to_a_stranger},
    {"odd_port", &kPilot, "A program that uses port 443 only connects to port 6667.", use_a_strange_port},
    {"dns_tunnel", &kWeaver, "A browser asks for 300 long random names under one domain.", tunnel_through_names},
    {"long_conn", &kPilot, "A program holds one connection to an unknown address for six hours.", hold_a_connection},
    {"miner", &kPilot, "A program exchanges small records with an unknown address every 35 s.", mine},
    {"entropy", &kLetters, "A mailer that sent plain text sends what looks encrypted.", encrypt_what_was_plain},
    {"churn", &kCrate, "A worker opens 900 connections in 45 s.", loop_without_a_pause},
    {"fault", &kCrate, "Connections of a worker to one of its services are reset, 30 in ten minutes.",
     lose_connections},
    {"latency", &kGauge, "Round trips of a program take 300 ms instead of 20 ms for an hour.", slow_down},
    {"new_program", &kStranger, "A program starts from /dev/shm and uses the network.", run_a_stranger},
    {"exe_changed", &kPilot, "A program starts again, and the file behind its name is another one.", replace_a_program},
    {"listener", &kPorter, "A web server begins to listen on port 31337.", open_a_door},
    {"threat_intel", &kPilot, "A program calls an address that a list of threat intelligence warns of.",
     call_a_listed_address},
    {"threshold", &kLetters, "A mailer sends 300 kB a minute, and a threshold of 200 kB for three minutes is set.",
     pass_a_limit},
};

}  // namespace

std::span<const Incident> incidents() {
  return kIncidents;
}

}  // namespace ipm::source
