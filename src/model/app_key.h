// Which program, across restarts, versions and machines: the key of baselines. A pure function of what is known about a
// process; the same facts give the same text on every host.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace ipm::model {

struct AppFacts {
  std::string_view exe = {};  // Target of /proc/PID/exe, or the image path. Empty: not known, comm stands in.
  std::string_view comm = {};
  std::string_view script = {};    // What an interpreter runs; from script_of().
  std::string_view workload = {};  // The host's own name for it (image, pod owner); wins over unit and cgroup.
  std::string_view unit = {};      // systemd unit.
  std::string_view cgroup = {};    // Path in the cgroup v2 hierarchy.
  std::uint32_t uid = 0xffff'ffff;
};

// "exe [script] [@workload] uid_class", its parts separated by one space; spaces inside a part become "\x20".
std::string app_key(const AppFacts& facts);

// The parts, each usable alone.
std::string normalise_exe(std::string_view exe);  // Without versions, store hashes and " (deleted)".
std::string normalise_unit(std::string_view unit);  // sshd@3-1.service → sshd@.service, session-4.scope → session.scope
std::string normalise_cgroup(std::string_view cgroup);  // /docker/4f1c…(64 hex) → /docker
std::string_view uid_class(std::uint32_t uid);          // root, system (1–999 and nobody), user, unknown

// What an interpreter was told to run, from its argument vector; empty for other programs and for interactive use.
// "-m module" gives "-m module", "-jar x.jar" the jar, a Java class its name, an inline program (-c, -e) its switch.
std::string script_of(std::string_view exe, std::span<const std::string_view> argv);

// Container id (64 hex digits, RFC-less convention of Docker, containerd, CRI-O, Podman) and systemd unit in a cgroup
// path.
std::string_view container_of(std::string_view cgroup);
std::string_view unit_of(std::string_view cgroup);

}  // namespace ipm::model
