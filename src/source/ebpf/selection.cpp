#include "source/ebpf/selection.h"

#include <algorithm>
#include <cerrno>
#include <utility>

#include "source/host/capabilities.h"

namespace ipm::source::ebpf {
namespace {

// Since which kernel, where that decides whether a part runs on kernels that have BTF and ring buffers at all.
struct Since {
  std::string_view name;
  std::string_view kernel;
};
constexpr std::array kSince{Since{"sock_send_length", "6.3"}, Since{"sock_recv_length", "6.3"},
                            Since{"bpf_iter_task_file", "5.8"}};

std::string listed(const std::vector<std::string>& words) {
  std::string out;
  for (std::size_t i = 0; i < words.size(); ++i) {
    out += (i == 0 ? "" : i + 1 == words.size() ? " and " : ", ") + words[i];
  }
  return out;
}

bool has(const Facts& facts, int capability) {
  const auto in_set = [&](int number) { return ((facts.capabilities >> number) & 1) != 0; };
  // CAP_SYS_ADMIN is what the others were before 5.8, and stands for each of them still.
  return facts.initial_user_namespace && (in_set(capability) || in_set(host::kCapSysAdmin));
}

std::vector<std::string> capabilities_wanted(Part part) {
  std::vector<std::string> out{"CAP_BPF", "CAP_PERFMON"};
  if (at_cgroup(part)) out.emplace_back("CAP_NET_ADMIN");
  return out;
}

int number_of(std::string_view capability) {
  if (capability == "CAP_BPF") return host::kCapBpf;
  return capability == "CAP_PERFMON" ? host::kCapPerfmon : host::kCapNetAdmin;
}

std::string lacking_capabilities(Part part, const Facts& facts) {
  std::vector<std::string> lacking = capabilities_wanted(part);
  std::erase_if(lacking, [&](const std::string& name) { return has(facts, number_of(name)); });
  if (lacking.empty()) return {};
  return "needs " + listed(lacking) + (facts.initial_user_namespace ? "" : " in the initial user namespace");
}

std::string lacking_names(Part part, const Facts& facts) {
  std::vector<std::string> lacking;
  std::string_view since;
  for (const std::string_view name : wanted_names(part)) {
    if (std::find(facts.not_in_kernel.begin(), facts.not_in_kernel.end(), name) == facts.not_in_kernel.end()) continue;
    lacking.emplace_back(name);
    const auto* const known =
        std::find_if(kSince.begin(), kSince.end(), [&](const Since& each) { return each.name == name; });
    if (known != kSince.end()) since = known->kernel;
  }
  if (lacking.empty()) return {};
  return "kernel has no " + listed(lacking) + (since.empty() ? "" : " (needs Linux " + std::string(since) + ")");
}

std::string lacking_tracefs(const Facts& facts) {
  switch (facts.tracefs) {
    case Tracefs::kReadable:
      return {};
    case Tracefs::kNotMounted:
      return "tracefs is not mounted; needs mount -t tracefs none /sys/kernel/tracing" +
             std::string(has(facts, host::kCapSysAdmin) ? "" : ", or CAP_SYS_ADMIN");
    case Tracefs::kForbidden:
      return "tracefs is not readable; needs CAP_DAC_READ_SEARCH, or tracefs mounted for this group (gid=, mode=750)";
    case Tracefs::kWithoutCalls:
      return "kernel has no tracepoints of system calls (CONFIG_FTRACE_SYSCALLS)";
  }
  return {};
}

std::string why_refused(Part part, const Facts& facts, const Outcome& outcome) {
  std::string why;
  const auto add = [&](const std::string& lacking) {
    if (!lacking.empty()) why += (why.empty() ? "" : "; ") + lacking;
  };
  if (!facts.btf) add("kernel has no BTF: /sys/kernel/btf/vmlinux is not there (CONFIG_DEBUG_INFO_BTF)");
  add(lacking_names(part, facts));
  add(lacking_capabilities(part, facts));
  if (part == Part::kAccept) add(lacking_tracefs(facts));
  if (at_cgroup(part) && !facts.cgroup2) {
    add("cgroup v2 is not mounted at /sys/fs/cgroup or /sys/fs/cgroup/unified");
  }
  if (!why.empty()) return why;
  // Nothing that is known is lacking: the kernel's own word is what there is.
  why = std::string(Status::from_errno(outcome.attempted, outcome.error).message());
  if (outcome.error == EPERM || outcome.error == EACCES) {
    why += ", although it has " + listed(capabilities_wanted(part)) +
           ": a seccomp filter, a security module or lockdown forbids it";
  }
  return why;
}

}  // namespace

std::span<const std::string_view> wanted_names(Part part) {
  static constexpr std::array<std::string_view, 2> kLength{"sock_send_length", "sock_recv_length"};
  static constexpr std::array<std::string_view, 5> kLifecycle{
      "inet_sock_set_state", "tcp_destroy_sock", "tcp_receive_reset", "tcp_send_reset", "tcp_retransmit_skb"};
  static constexpr std::array<std::string_view, 2> kProcesses{"sched_process_exec", "sched_process_exit"};
  static constexpr std::array<std::string_view, 1> kSeed{"bpf_iter_task_file"};
  switch (part) {
    case Part::kLength:
      return kLength;
    case Part::kLifecycle:
      return kLifecycle;
    case Part::kProcesses:
      return kProcesses;
    case Part::kSeed:
      return kSeed;
    case Part::kAccept:
    case Part::kRelease:
    case Part::kNames:
    case Part::kPackets:
      break;
  }
  return {};
}

Selection select(const Facts& facts, const Outcomes& outcomes) {
  Selection out;
  for (std::size_t i = 0; i < kParts; ++i) {
    const Part part{static_cast<std::uint8_t>(i)};
    if (outcomes[i].step == Outcome::Step::kLeftOut) {
      out.absent[i] = "left out by without=" + std::string(facts_of(part).name);
    } else if (!outcomes[i].runs()) {
      out.absent[i] = why_refused(part, facts, outcomes[i]);
    }
  }
  constexpr auto kLength = static_cast<std::size_t>(Part::kLength);
  const Outcome& length = outcomes[kLength];
  if (length.runs()) return out;
  const std::string why = out.absent[kLength];
  std::string lacking;
  for (const Part part : {Part::kLifecycle, Part::kSeed}) {
    const std::string& absent = out.absent[static_cast<std::size_t>(part)];
    if (!absent.empty()) lacking += "; " + std::string(facts_of(part).gives) + ": " + absent;
  }
  if (lacking.empty()) {
    const bool packets = outcomes[static_cast<std::size_t>(Part::kPackets)].runs();
    out.absent[kLength] += "; instead tcp bytes are the kernel's of each connection (layer tcp), " +
                           std::string(packets ? "udp bytes those of packets (layer ip)" : "udp bytes are not known") +
                           ", for the owner of the socket";
    return out;
  }
  if (length.step == Outcome::Step::kLeftOut) {
    out.status = Status::invalid_argument(why + ": what stands in for it is missing too" + lacking);
  } else {
    const bool forbidden = length.error == EPERM || length.error == EACCES;
    out.status = forbidden && facts.btf && lacking_names(Part::kLength, facts).empty() ? Status::permission(why)
                                                                                       : Status::unsupported(why);
  }
  for (std::string& absent : out.absent) {
    if (absent.empty()) absent = "does not run without " + std::string(facts_of(Part::kLength).gives);
  }
  return out;
}

}  // namespace ipm::source::ebpf
