#include "source/ebpf/kernel_side.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <fcntl.h>
#include <linux/perf_event.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include <atomic>
#include <cerrno>
#include <cstring>
#include <map>
#include <vector>

#include "os/linux/netns.h"
#include "os/linux/tracefs.h"
#include "source/ebpf/facts.h"
#include "source/ebpf/libbpf_log.h"
#include "source/ebpf/objects.h"
#include "source/ebpf/selection.h"

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
  void operator()(ipm_orders* orders) const { ::munmap(orders, sizeof *orders); }
};
using Object = std::unique_ptr<bpf_object, CloseObject>;
using Link = std::unique_ptr<bpf_link, DestroyLink>;
using Ring = std::unique_ptr<ring_buffer, FreeRing>;

constexpr std::uint32_t kKeysPerCall = 4'096;
constexpr std::string_view kOrders = ".data.orders";  // The map that shared.h's `orders` is in.

// Of all processes: a program at a static tracepoint runs wherever it fires, whatever the event counts.
os::Fd open_tracepoint(std::uint64_t id) {
  perf_event_attr what{};
  what.type = PERF_TYPE_TRACEPOINT;
  what.size = sizeof what;
  what.config = id;
  return os::Fd(static_cast<int>(::syscall(SYS_perf_event_open, &what, -1, 0, -1, PERF_FLAG_FD_CLOEXEC)));
}

std::string text_of(int error) {
  return std::string(Status::from_errno("", error < 0 ? -error : error).message());
}

template <class Key, class Value>
Status read_all(int map, const std::function<bool(const Key&, const Value&)>& visit) {
  std::vector<Key> keys(kKeysPerCall);
  std::vector<Value> values(kKeysPerCall);
  std::uint32_t cursor = 0;
  bool first = true;
  while (true) {
    std::uint32_t count = kKeysPerCall;
    const int error =
        bpf_map_lookup_batch(map, first ? nullptr : &cursor, &cursor, keys.data(), values.data(), &count, nullptr);
    if (error != 0 && error != -ENOENT) return Status::from_errno("read the map of traffic", -error);
    for (std::uint32_t i = 0; i < count; ++i) {
      if (!visit(keys[i], values[i])) return Status::success();
    }
    if (error != 0) return Status::success();
    first = false;
  }
}

}  // namespace

struct KernelSide::State {
  std::vector<Object> objects;
  std::vector<Link> links;
  std::map<std::string, int, std::less<>> maps;  // The descriptors of the first object that has each.
  bpf_link* seed = nullptr;
  bpf_link* walk_tcp = nullptr;
  bpf_link* walk_udp = nullptr;
  Ring ring;
  int io = -1, peers = -1;
  int counters = -1;
  std::unique_ptr<ipm_orders, Unmap> orders;  // In memory that the kernel side reads.
  std::vector<std::uint64_t> per_cpu;
  std::function<bool(std::span<const std::byte>)> visit;
  bool stopped = false;

  Outcome load(Part part, const Options& options);
  Outcome load(Part part, std::span<const std::byte> image, const Options& options);
  Outcome attach(Part part, bpf_program* program);
  Outcome share_maps(bpf_object* object, const Options& options);
};

KernelSide::KernelSide() : state_(std::make_unique<State>()) {}
KernelSide::~KernelSide() = default;

Outcome KernelSide::State::share_maps(bpf_object* object, const Options& options) {
  bpf_map* map = nullptr;
  bpf_object__for_each_map(map, object) {
    const std::string name = bpf_map__name(map);
    if (const auto known = maps.find(name); known != maps.end()) {
      if (const int error = bpf_map__reuse_fd(map, known->second); error != 0) {
        return Outcome::refused("share map " + name, -error);
      }
      continue;
    }
    if (name == "io" || name == "peers") (void)bpf_map__set_max_entries(map, options.sockets_max);
    if (name == "ring") (void)bpf_map__set_max_entries(map, options.ring_bytes);
  }
  return {};
}

Outcome KernelSide::State::attach(Part part, bpf_program* program) {
  const std::string attempted = std::string("attach ") + bpf_program__name(program);
  os::Fd target;
  Link link;
  if (at_cgroup(part)) {
    target = os::Fd(::open(cgroup_mount().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!target.valid()) return Outcome::refused("open cgroup v2", errno);
    link.reset(bpf_program__attach_cgroup(program, target.get()));
  } else if (part == Part::kAccept) {
    // "tracepoint/syscalls/NAME"
    const std::string_view section = bpf_program__section_name(program);
    const std::string name(section.substr(section.rfind('/') + 1));
    const Result<std::uint64_t> id = os::tracepoint_id("syscalls", name);
    if (!id.ok())
      return Outcome::refused("find tracepoint " + name, id.status().code() == Code::kPermission ? EPERM : ENOENT);
    target = open_tracepoint(*id);
    if (!target.valid()) return Outcome::refused("open tracepoint " + name, errno);
    link.reset(bpf_program__attach_perf_event(program, target.get()));
    if (link) (void)target.release();  // The link closes it.
  } else {
    link.reset(bpf_program__attach(program));
  }
  if (!link) return Outcome::refused(attempted, errno);
  if (part == Part::kSeed) {
    const std::string_view name = bpf_program__name(program);
    (name == "ipm_walk_tcp" ? walk_tcp : name == "ipm_walk_udp" ? walk_udp : seed) = link.get();
  }
  links.push_back(std::move(link));
  return {};
}

Outcome KernelSide::State::load(Part part, const Options& options) {
  Outcome outcome = load(part, object_image(part), options);
  // The verifier's word, not a lack of privilege: that would be EPERM, and the same again.
  if (part == Part::kSeed && outcome.error == EACCES) return load(part, walk_image(), options);
  return outcome;
}

Outcome KernelSide::State::load(Part part, std::span<const std::byte> image, const Options& options) {
  LIBBPF_OPTS(bpf_object_open_opts, how);
  const std::string name(facts_of(part).name);
  how.object_name = name.c_str();
  Object object(bpf_object__open_mem(image.data(), image.size(), &how));
  if (!object) return Outcome::refused("open the object", errno);
  if (Outcome outcome = share_maps(object.get(), options); !outcome.runs()) return outcome;
  if (const int error = bpf_object__load(object.get()); error != 0) return Outcome::refused("load", -error);

  const std::size_t links_before = links.size();
  bpf_program* program = nullptr;
  bpf_object__for_each_program(program, object.get()) {
    if (Outcome outcome = attach(part, program); !outcome.runs()) {
      links.resize(links_before);  // All or nothing.
      return outcome;
    }
  }
  bpf_map* map = nullptr;
  bpf_object__for_each_map(map, object.get()) {
    if (bpf_map__is_internal(map) && bpf_map__name(map) != kOrders) continue;
    maps.emplace(bpf_map__name(map), bpf_map__fd(map));
  }
  objects.push_back(std::move(object));
  return {};
}

Status KernelSide::open(const Options& options) {
  const LibbpfLog log;
  Outcomes outcomes;
  bool refused = false;
  // Hooks before the seed: what both see, the hooks have.
  for (std::size_t i = 0; i < kParts; ++i) {
    outcomes[i] = options.without[i] ? Outcome::left_out() : state_->load(Part{static_cast<std::uint8_t>(i)}, options);
    refused = refused || outcomes[i].step == Outcome::Step::kRefused;
  }
  Selection selection = select(refused ? read_facts() : Facts{}, outcomes);
  absent_ = std::move(selection.absent);
  if (!selection.status.ok()) return selection.status;
  state_->io = state_->maps.at("io");
  if (has(Part::kPackets)) state_->peers = state_->maps.at("peers");
  void* const orders =
      ::mmap(nullptr, sizeof(ipm_orders), PROT_READ | PROT_WRITE, MAP_SHARED, state_->maps.at(std::string(kOrders)), 0);
  if (orders == MAP_FAILED) return Status::from_errno("map the orders", errno);
  state_->orders.reset(static_cast<ipm_orders*>(orders));
  state_->orders->without_calls = has(Part::kLength) ? 0 : 1;
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

bool KernelSide::read(const ipm_peer_key& key, ipm_peer& out) {
  return bpf_map_lookup_elem(state_->peers, &key, &out) == 0;
}

void KernelSide::forget(const ipm_io_key& key) {
  (void)bpf_map_delete_elem(state_->io, &key);
}

void KernelSide::forget(const ipm_peer_key& key) {
  (void)bpf_map_delete_elem(state_->peers, &key);
}

Status KernelSide::each(const std::function<bool(const ipm_io_key&, const ipm_io&)>& visit) {
  return read_all<ipm_io_key, ipm_io>(state_->io, visit);
}

Status KernelSide::each(const std::function<bool(const ipm_peer_key&, const ipm_peer&)>& visit) {
  if (state_->peers < 0) return Status::success();
  return read_all<ipm_peer_key, ipm_peer>(state_->peers, visit);
}

ipm_life KernelSide::life_of(int socket) const {
  ipm_life out{};
  const auto map = state_->maps.find("life");
  if (map == state_->maps.end() || bpf_map_lookup_elem(map->second, &socket, &out) != 0) return {};
  return out;
}

void KernelSide::next_epoch() noexcept {
  std::atomic_ref(state_->orders->epoch).fetch_add(1);  // Pairs with the sum before the look.
}

std::uint32_t KernelSide::epoch() const {
  return state_->orders->epoch;  // Written by this thread alone.
}

std::uint32_t KernelSide::uses_lost() const {
  return std::atomic_ref(state_->orders->uses_lost).load();
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

bool KernelSide::walks() const {
  return state_->walk_tcp != nullptr;
}

Result<std::deque<SeedStream>> KernelSide::begin_seed(const std::string& proc_root) {
  if (state_->seed == nullptr) return Status::unsupported(absent(Part::kSeed));
  std::deque<SeedStream> out;
  const auto begin = [&](bpf_link* link, SeedStream::Tells tells) {
    os::Fd fd(bpf_iter_create(bpf_link__fd(link)));
    if (!fd.valid()) return Status::from_errno("begin to read the sockets of all processes", errno);
    out.push_back({std::move(fd), tells});
    return Status::success();
  };
  if (walks()) {
    // Their iterators see the network namespace of the thread that makes them.
    const Status status = os::in_each_netns(proc_root, [&] {
      if (Status tcp = begin(state_->walk_tcp, SeedStream::Tells::kSockets); !tcp.ok()) return tcp;
      return begin(state_->walk_udp, SeedStream::Tells::kSockets);
    });
    if (!status.ok()) return status;
  }
  if (Status status = begin(state_->seed, walks() ? SeedStream::Tells::kHolders : SeedStream::Tells::kBoth);
      !status.ok()) {
    return status;
  }
  return out;
}

void KernelSide::tell_of(std::uint32_t pid, std::uint32_t image) {
  const auto told = state_->maps.find("told");
  if (told == state_->maps.end()) return;
  const os::Fd process(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  if (!process.valid()) return;  // It is over.
  const int key = process.get();
  const std::uint32_t value = image != 0 ? image : 1;
  (void)bpf_map_update_elem(told->second, &key, &value, BPF_NOEXIST);  // What is there, a hook has told.
}

}  // namespace ipm::source::ebpf
