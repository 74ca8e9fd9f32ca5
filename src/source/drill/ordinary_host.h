// The programs of a small host and their ordinary days. Names are invented; addresses are those for documentation
// (RFC 5737, RFC 3849) and, inside, private ones.
#pragma once

#include <string>

#include "source/drill/host_script.h"

namespace ipm::source {

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
inline const Persona kGauge{.name = "gauge", .exe = "/usr/bin/gauge", .pid = 310};  // Measures how far a service is.

// An address outside, one network (/48) for each number below 65536.
std::string address_of(std::uint64_t network, std::uint64_t last);

void start_ordinary_programs(HostScript& script);

// What they do from `from` to `until`.
void live_ordinary_days(HostScript& script, TimeNs from, TimeNs until, std::uint64_t seed);

}  // namespace ipm::source
