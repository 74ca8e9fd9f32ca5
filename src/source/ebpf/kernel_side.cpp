#include "source/ebpf/kernel_side.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/perf_event.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/vfs.h>

#include <atomic>
#include <cerrno>
#include <cstring>
#include <map>
#include <vector>

#include "os/linux/tracefs.h"
#include "source/ebpf/libbpf_log.h"
#include "source/ebpf/objects.h"

namespace ipm::source::ebpf {
namespace {

struct CloseObject {
  void operator()(bpf_object* object) const { bpf_object__close(object); }
};
struct DestroyLink {
  void operator()(bpf_link* link) const { bpf_link__destroy(link); }
};
struct FreeRing {
  void operator()(ring_buffer* ring) const { ring_buffer__free(ring); }
};
struct Unmap {
  void operator()(std::uint32_t* word) const { ::munmap(word, sizeof *word); }
};
using Object = std::unique_ptr<bpf_object, CloseObject>;
using Link = std::unique_ptr<bpf_link, DestroyLink>;
using Ring = std::unique_ptr<ring_buffer, FreeRing>;

constexpr std::uint32_t kKeysPerCall = 4'096;

std::string cgroup_mount() {
  for (const char* path : {"/sys/fs/cgroup", "/sys/fs/cgroup/unified"}) {
    struct statfs info {};
    if (::statfs(path, &info) == 0 && info.f_type == CGROUP2_SUPER_MAGIC) return path;
  }
  return {};
}

// Of all processes: a program at a static tracepoint runs wherever it fires, whatever the event counts.
Result<os::Fd> open_tracepoint(std::string_view category, std::string_view name) {
  const Result<std::uint64_t> id = os::tracepoint_id(category, name);
  if (!id.ok()) return id.status();
  perf_event_attr what{};
  what.type = PERF_TYPE_TRACEPOINT;
  what.size = sizeof what;
  what.config = *id;
  os::Fd event(static_cast<int>(::syscall(SYS_perf_event_open, &what, -1, 0, -1, PERF_FLAG_FD_CLOEXEC)));
  if (!event.valid()) return Status::from_errno("open tracepoint " + std::string(name), errno);
  return event;
}

std::string text_of(int error) {
  return std::string(Status::from_errno("", error < 0 ? -error : error).message());
}

}  // namespace

struct KernelSide::State {
  std::vector<Object> objects;
  std::vector<Link> links;
  std::map<std::string, int, std::less<>> maps;  // The descriptors of the first object that has each.
  bpf_link* seed = nullptr;
  Ring ring;
  int io = -1;
  int counters = -1;
  std::unique_ptr<std::uint32_t, Unmap> epoch;  // In memory that the kernel side reads.
  std::vector<std::uint64_t> per_cpu;
  std::function<bool(std::span<const std::byte>)> visit;
  bool stopped = false;

  Status load(Part part, const Options& options);
  Status attach(Part part, bpf_program* program);
  Status share_maps(bpf_object* object, const Options& options);
};

KernelSide::KernelSide() : state_(std::make_unique<State>()) {}
KernelSide::~KernelSide() = default;

Status KernelSide::State::share_maps(bpf_object* object, const Options& options) {
  bpf_map* map = nullptr;
  bpf_object__for_each_map(map, object) {
    const std::string name = bpf_map__name(map);
    if (const auto known = maps.find(name); known != maps.end()) {
      if (const int error = bpf_map__reuse_fd(map, known->second); error != 0) {
        return Status::internal("share map " + name + ": " + text_of(error));
      }
      continue;
    }
    if (name == "io") (void)bpf_map__set_max_entries(map, options.sockets_max);
    if (name == "ring") (void)bpf_map__set_max_entries(map, options.ring_bytes);
  }
  return Status::success();
}

Status KernelSide::State::attach(Part part, bpf_program* program) {
  if (part == Part::kRelease) {
    const std::string path = cgroup_mount();
    if (path.empty()) return Status::unsupported("cgroup v2 is not mounted");
    const os::Fd cgroup(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!cgroup.valid()) return Status::from_errno("open " + path, errno);
    Link link(bpf_program__attach_cgroup(program, cgroup.get()));
    if (!link) return Status::from_errno("attach to " + path, errno);
    links.push_back(std::move(link));
    return Status::success();
  }
  if (part == Part::kAccept) {
    // "tracepoint/syscalls/NAME"
    const std::string_view section = bpf_program__section_name(program);
    const Result<os::Fd> event = open_tracepoint("syscalls", section.substr(section.rfind('/') + 1));
    if (!event.ok()) return event.status();
    Link link(bpf_program__attach_perf_event(program, event->get()));
    if (!link) return Status::from_errno(std::string("attach ") + bpf_program__name(program), errno);
    links.push_back(std::move(link));
    return Status::success();
  }
  Link link(bpf_program__attach(program));
  if (!link) return Status::from_errno(std::string("attach ") + bpf_program__name(program), errno);
  if (part == Part::kSeed) seed = link.get();
  links.push_back(std::move(link));
  return Status::success();
}

Status KernelSide::State::load(Part part, const Options& options) {
  const std::span<const std::byte> image = object_image(part);
  LIBBPF_OPTS(bpf_object_open_opts, how);
  const std::string name(facts_of(part).name);
  how.object_name = name.c_str();
  Object object(bpf_object__open_mem(image.data(), image.size(), &how));
  if (!object) return Status::internal("open object: " + text_of(errno));
  if (Status status = share_maps(object.get(), options); !status.ok()) return status;
  if (const int error = bpf_object__load(object.get()); error != 0) return Status::from_errno("load", -error);

  const std::size_t links_before = links.size();
  bpf_program* program = nullptr;
  bpf_object__for_each_program(program, object.get()) {
    if (Status status = attach(part, program); !status.ok()) {
      links.resize(links_before);  // All or nothing.
      return status;
    }
  }
  bpf_map* map = nullptr;
  bpf_object__for_each_map(map, object.get()) {
    if (bpf_map__is_internal(map)) continue;
    maps.emplace(bpf_map__name(map), bpf_map__fd(map));
  }
  if (part == Part::kLength) {
    // Its only variable.
    bpf_map* const data = bpf_object__find_map_by_name(object.get(), ".data");
    if (data == nullptr || bpf_map__value_size(data) != sizeof(std::uint32_t)) return Status::internal("no epoch");
    void* const page = ::mmap(nullptr, sizeof(std::uint32_t), PROT_READ | PROT_WRITE, MAP_SHARED, bpf_map__fd(data), 0);
    if (page == MAP_FAILED) return Status::from_errno("map the epoch", errno);
    epoch.reset(static_cast<std::uint32_t*>(page));
  }
  objects.push_back(std::move(object));
  return Status::success();
}

Status KernelSide::open(const Options& options) {
  const LibbpfLog log;
  Status why;
  // Hooks before the seed: what both see, the hooks have.
  for (std::size_t i = 0; i < kParts; ++i) {
    const Part part{static_cast<std::uint8_t>(i)};
    if (options.without[i]) {
      absent_[i] = "left out by without=" + std::string(facts_of(part).name);
      continue;
    }
    const Status status = state_->load(part, options);
    if (status.ok()) continue;
    absent_[i] = std::string(status.message()) + "; " + std::string(facts_of(part).needs);
    if (why.ok()) why = status;
  }
  if (!has(Part::kLength)) {
    const Status status = why.ok() ? Status::unsupported("") : why;
    return status.code() == Code::kPermission ? Status::permission(absent(Part::kLength))
                                              : Status::unsupported(absent(Part::kLength));
  }
  state_->io = state_->maps.at("io");
  state_->counters = state_->maps.at("counters");
  const int cpus = libbpf_num_possible_cpus();
  if (cpus <= 0) return Status::internal("how many processors there are: " + text_of(cpus));
  state_->per_cpu.resize(static_cast<std::size_t>(cpus));
  const auto on_record = [](void* context, void* data, std::size_t bytes) {
    auto* const state = static_cast<State*>(context);
    if (state->visit({static_cast<const std::byte*>(data), bytes})) return 0;
    state->stopped = true;
    return -ECANCELED;  // This record is taken; those behind it wait.
  };
  state_->ring.reset(ring_buffer__new(state_->maps.at("ring"), on_record, state_.get(), nullptr));
  if (!state_->ring) return Status::from_errno("map the ring", errno);
  return Status::success();
}

bool KernelSide::read(const ipm_io_key& key, ipm_io& out) {
  return bpf_map_lookup_elem(state_->io, &key, &out) == 0;
}

void KernelSide::forget(const ipm_io_key& key) {
  (void)bpf_map_delete_elem(state_->io, &key);
}

Status KernelSide::for_each_key(const std::function<void(const ipm_io_key&)>& visit) {
  std::vector<ipm_io_key> keys(kKeysPerCall);
  std::vector<ipm_io> values(kKeysPerCall);
  std::uint32_t cursor = 0;
  bool first = true;
  while (true) {
    std::uint32_t count = kKeysPerCall;
    const int error = bpf_map_lookup_batch(state_->io, first ? nullptr : &cursor, &cursor, keys.data(), values.data(),
                                           &count, nullptr);
    if (error != 0 && error != -ENOENT) return Status::from_errno("read the map of traffic", -error);
    for (std::uint32_t i = 0; i < count; ++i) visit(keys[i]);
    if (error != 0) return Status::success();
    first = false;
  }
}

void KernelSide::next_epoch() noexcept {
  if (state_->epoch != nullptr) std::atomic_ref(*state_->epoch).fetch_add(1);  // Pairs with the sum before the look.
}

std::uint32_t KernelSide::epoch() const {
  return state_->epoch != nullptr ? *state_->epoch : 0;  // Written by this thread alone.
}

bool KernelSide::consume(const std::function<bool(std::span<const std::byte>)>& visit) {
  state_->visit = visit;
  state_->stopped = false;
  (void)ring_buffer__consume(state_->ring.get());
  return state_->stopped;
}

int KernelSide::ring_fd() const {
  return state_->maps.at("ring");
}

std::array<std::uint64_t, IPM_COUNTERS> KernelSide::counters() const {
  std::array<std::uint64_t, IPM_COUNTERS> out{};
  for (std::uint32_t i = 0; i < IPM_COUNTERS; ++i) {
    if (bpf_map_lookup_elem(state_->counters, &i, state_->per_cpu.data()) != 0) continue;
    for (const std::uint64_t count : state_->per_cpu) out[i] += count;
  }
  return out;
}

Result<os::Fd> KernelSide::begin_seed() {
  if (state_->seed == nullptr) return Status::unsupported(absent(Part::kSeed));
  os::Fd fd(bpf_iter_create(bpf_link__fd(state_->seed)));
  if (!fd.valid()) return Status::from_errno("begin to read the sockets of all processes", errno);
  return fd;
}

}  // namespace ipm::source::ebpf
