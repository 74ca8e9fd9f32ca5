#include "source/ebpf/facts.h"

#include <bpf/btf.h>
#include <linux/magic.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <memory>

#include "os/linux/netns.h"
#include "os/linux/tracefs.h"
#include "source/ebpf/libbpf_log.h"
#include "source/host/capabilities.h"

namespace ipm::source::ebpf {
namespace {

constexpr const char* kBtf = "/sys/kernel/btf/vmlinux";

struct FreeBtf {
  void operator()(btf* types) const { btf__free(types); }
};

std::vector<std::string> names_not_in_kernel() {
  const LibbpfLog log;
  const std::unique_ptr<btf, FreeBtf> types(btf__parse(kBtf, nullptr));
  std::vector<std::string> out;
  if (types == nullptr) return out;  // Unknown, which is not absent.
  for (std::size_t i = 0; i < kParts; ++i) {
    for (const std::string_view name : wanted_names(Part{static_cast<std::uint8_t>(i)})) {
      const bool iterator = name.starts_with("bpf_iter_");
      const std::string known = (iterator ? "" : "btf_trace_") + std::string(name);
      if (btf__find_by_name_kind(types.get(), known.c_str(), iterator ? BTF_KIND_FUNC : BTF_KIND_TYPEDEF) < 0) {
        out.emplace_back(name);
      }
    }
  }
  return out;
}

Tracefs tracefs_state() {
  const Result<std::uint64_t> id = os::tracepoint_id("syscalls", "sys_exit_accept4");
  if (id.ok()) return Tracefs::kReadable;
  if (!os::tracefs_mounted()) return Tracefs::kNotMounted;
  return id.status().code() == Code::kPermission ? Tracefs::kForbidden : Tracefs::kWithoutCalls;
}

}  // namespace

Facts read_facts() {
  Facts out;
  out.capabilities = host::effective_capabilities();
  out.initial_user_namespace = os::in_initial_user_namespace();
  out.btf = ::access(kBtf, F_OK) == 0;
  if (out.btf) out.not_in_kernel = names_not_in_kernel();
  out.cgroup2 = !cgroup_mount().empty();
  out.tracefs = tracefs_state();
  return out;
}

std::string cgroup_mount() {
  for (const char* path : {"/sys/fs/cgroup", "/sys/fs/cgroup/unified"}) {
    struct statfs info {};
    if (::statfs(path, &info) == 0 && info.f_type == CGROUP2_SUPER_MAGIC) return path;
  }
  return {};
}

}  // namespace ipm::source::ebpf
