// harness path DIR [ROUNDS]: ns per call of each flavour, net of `empty`, in interleaved rounds.
// harness drain DIR: what the reader pays per drain and for the residue.
#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace {

using Pair = std::pair<int, int>;

[[noreturn]] void fail(const std::string& what) {
  throw std::runtime_error(what + ": " + std::strerror(errno));
}

double thread_cpu_s() {
  timespec t{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return double(t.tv_sec) + double(t.tv_nsec) * 1e-9;
}
double median(std::vector<double> v) {
  std::sort(v.begin(), v.end());
  return v.empty() ? -1 : v.size() % 2 ? v[v.size() / 2] : (v[v.size() / 2 - 1] + v[v.size() / 2]) / 2;
}

void loopback_up() {
  int s = socket(AF_INET, SOCK_DGRAM, 0);
  ifreq r{};
  std::strcpy(r.ifr_name, "lo");
  r.ifr_flags = IFF_UP | IFF_RUNNING;
  if (ioctl(s, SIOCSIFFLAGS, &r)) fail("lo up");
  close(s);
}

std::vector<Pair> pairs(bool tcp, int count) {
  std::vector<Pair> out;
  int listener = -1;
  sockaddr_in to{};
  for (int i = 0; i < count; ++i) {
    sockaddr_in a{};
    a.sin_family = AF_INET;
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t n = sizeof a;
    if (tcp) {
      if (i % 5000 == 0) {
        if (listener >= 0) close(listener);
        listener = socket(AF_INET, SOCK_STREAM, 0);
        if (bind(listener, (sockaddr*)&a, sizeof a) || listen(listener, 128)) fail("listen");
        getsockname(listener, (sockaddr*)&to, &n);
      }
      int c = socket(AF_INET, SOCK_STREAM, 0);
      if (connect(c, (sockaddr*)&to, sizeof to)) fail("connect");
      int s = accept(listener, nullptr, nullptr);
      int one = 1;
      setsockopt(c, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
      out.push_back({c, s});
    } else {
      int s = socket(AF_INET, SOCK_DGRAM, 0), c = socket(AF_INET, SOCK_DGRAM, 0);
      if (bind(s, (sockaddr*)&a, sizeof a)) fail("bind");
      getsockname(s, (sockaddr*)&to, &n);
      if (connect(c, (sockaddr*)&to, sizeof to)) fail("connect");
      out.push_back({c, s});
    }
  }
  if (listener >= 0) close(listener);
  return out;
}

void traffic(const std::vector<Pair>& sockets, int calls) {
  char buffer[64] = {};
  for (int done = 0; done < calls;) {
    for (const auto& [c, s] : sockets) {
      if (send(c, buffer, sizeof buffer, 0) != sizeof buffer) fail("send");
      if (recv(s, buffer, sizeof buffer, 0) <= 0) fail("recv");
      if (++done == calls) break;
    }
  }
}

struct Stat {
  double ns = 0, runs = 0;
};

class Flavour {
 public:
  Flavour(const std::string& dir, const std::string& name) : name_(name) {
    object_ = bpf_object__open_file((dir + "/" + name + ".bpf.o").c_str(), nullptr);
    if (!object_ || bpf_object__load(object_)) fail("load " + name);
    if (bpf_map* bss = bpf_object__find_map_by_name(object_, ".bss")) {
      // Only a skeleton maps .bss by itself.
      bss_ = (volatile unsigned char*)mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, bpf_map__fd(bss), 0);
      if (bss_ == MAP_FAILED) fail("mmap .bss");
    }
    if (int free = fd("free_slots"); free >= 0) {
      for (unsigned i = 1; i < 65536; ++i) bpf_map_update_elem(free, nullptr, &i, 0);
    }
    if (int ring = fd("ring"); ring >= 0) ring_ = ring_buffer__new(ring, &Flavour::sink, this, nullptr);
  }
  ~Flavour() {
    detach();
    if (ring_) ring_buffer__free(ring_);
    bpf_object__close(object_);
  }
  int fd(const char* map) const {
    const bpf_map* m = bpf_object__find_map_by_name(object_, map);
    return m ? bpf_map__fd(m) : -1;
  }
  size_t value_bytes(const char* map) const { return bpf_map__value_size(bpf_object__find_map_by_name(object_, map)); }
  bpf_program* program(const char* n) const { return bpf_object__find_program_by_name(object_, n); }
  void attach() {
    for (const char* n : {"on_send", "on_recv"}) {
      bpf_link* link = bpf_program__attach(program(n));
      if (!link) fail("attach");
      links_.push_back(link);
    }
  }
  void detach() {
    for (bpf_link* link : links_) bpf_link__destroy(link);
    links_.clear();
  }
  Stat stat(const char* n) const {
    bpf_prog_info info{};
    __u32 length = sizeof info;
    if (bpf_obj_get_info_by_fd(bpf_program__fd(program(n)), &info, &length)) fail("info");
    return {double(info.run_time_ns), double(info.run_cnt)};
  }
  void next_epoch() {
    if (bss_) *(volatile unsigned*)(bss_ + epoch_at()) = ++epoch_;
  }
  unsigned long dropped() const { return bss_ ? *(volatile unsigned long*)(bss_ + (epoch_at() == 0 ? 8 : 0)) : 0; }
  void drain(bool keep = false) {
    keep_ = keep;
    if (keep) kept_.clear();
    if (ring_) ring_buffer__consume(ring_);
  }
  // What the reader's thread does while traffic runs.
  void consume(std::atomic<bool>& stop, bool wait, double& cpu_s) {
    const double begin = thread_cpu_s();
    while (!stop) {
      if (wait) {
        ring_buffer__poll(ring_, 20);
      } else {
        timespec nap{0, 1'000'000};
        nanosleep(&nap, nullptr);
        ring_buffer__consume(ring_);
      }
    }
    ring_buffer__consume(ring_);
    cpu_s = thread_cpu_s() - begin;
  }
  std::vector<std::array<char, 16>>& kept() { return kept_; }
  const std::string& name() const { return name_; }
  unsigned long records = 0;
  unsigned long sum = 0;

 private:
  size_t epoch_at() const {
    if (epoch_at_ == size_t(-1)) {
      const btf* b = bpf_object__btf(object_);
      int id = btf__find_by_name_kind(b, ".bss", BTF_KIND_DATASEC);
      const btf_type* sec = btf__type_by_id(b, __u32(id));
      const btf_var_secinfo* v = btf_var_secinfos(sec);
      for (int i = 0; i < btf_vlen(sec); ++i)
        if (std::string(btf__name_by_offset(b, btf__type_by_id(b, v[i].type)->name_off)) == "epoch")
          epoch_at_ = v[i].offset;
    }
    return epoch_at_;
  }
  static int sink(void* self, void* data, size_t size) {
    auto* f = static_cast<Flavour*>(self);
    ++f->records;
    if (f->keep_ && size >= 16) {
      std::array<char, 16> key;
      std::memcpy(key.data(), data, 16);
      f->kept_.push_back(key);
    } else {
      f->sum += *(unsigned char*)data;
    }
    return 0;
  }
  std::string name_;
  bpf_object* object_ = nullptr;
  ring_buffer* ring_ = nullptr;
  volatile unsigned char* bss_ = nullptr;
  mutable size_t epoch_at_ = size_t(-1);
  std::vector<bpf_link*> links_;
  bool keep_ = false;
  unsigned epoch_ = 0;
  std::vector<std::array<char, 16>> kept_;
};

struct Cost {
  double send_ns = 0, recv_ns = 0, loop_ns = 0, consumer_ns = 0, dropped = 0;
};

Cost measure(Flavour& f, const std::vector<Pair>& sockets, int calls) {
  f.attach();
  traffic(sockets, int(sockets.size()));  // Entries are there, caches are warm.
  f.drain();
  const bool record = f.name().starts_with("record");
  const unsigned long dropped = f.dropped();
  const unsigned long records = f.records;
  double consumer_s = 0;
  std::atomic<bool> stop = false;
  std::thread reader;
  if (record) reader = std::thread([&] { f.consume(stop, f.name() == "record_wake", consumer_s); });
  sched_param fifo{};
  fifo.sched_priority = 10;
  if (!record) sched_setscheduler(0, SCHED_FIFO, &fifo);
  f.next_epoch();
  const Stat s0 = f.stat("on_send"), r0 = f.stat("on_recv");
  const double begin = thread_cpu_s();
  traffic(sockets, calls);
  const double loop = thread_cpu_s() - begin;
  const Stat s1 = f.stat("on_send"), r1 = f.stat("on_recv");
  fifo.sched_priority = 0;
  sched_setscheduler(0, SCHED_OTHER, &fifo);
  stop = true;
  if (record) reader.join();
  f.detach();
  f.drain();
  return {(s1.ns - s0.ns) / (s1.runs - s0.runs), (r1.ns - r0.ns) / (r1.runs - r0.runs), loop * 1e9 / calls / 2,
          record ? consumer_s * 1e9 / double(f.records - records) : 0, double(f.dropped() - dropped)};
}

void path(const std::string& dir, int rounds, int many, std::vector<const char*> names) {
  if (names.empty())
    names = {"empty",      "filter",       "hash_full",     "hash_nosnap",  "hash_nodirty",
             "hash_dsnap", "hash_dsnap64", "hash_dsnap128", "hash_helpers", "hash_helpers_snap",
             "storage",    "storage_full", "storage_epoch", "slots_full",   "slots_nosnap",
             "record",     "record_wake"};
  std::vector<std::unique_ptr<Flavour>> flavours;
  for (const char* n : names) flavours.push_back(std::make_unique<Flavour>(dir, n));
  const int stats = bpf_enable_stats(BPF_STATS_RUN_TIME);
  if (stats < 0) fail("bpf_enable_stats");
  struct Load {
    const char* name;
    std::vector<Pair> sockets;
    int calls;
  };
  std::vector<Load> loads;
  loads.push_back({"UDP 1", pairs(false, 1), 60'000});
  loads.push_back({"UDP many", pairs(false, many), 60'000});
  loads.push_back({"TCP 1", pairs(true, 1), 60'000});
  loads.push_back({"TCP many", pairs(true, many), 60'000});
  std::map<std::string, std::map<std::string, std::vector<Cost>>> all;
  for (int round = 0; round < rounds; ++round) {
    for (auto& load : loads) {
      for (size_t i = 0; i < flavours.size(); ++i) {
        Flavour& f = *flavours[(i + size_t(round) * 7) % flavours.size()];
        all[f.name()][load.name].push_back(measure(f, load.sockets, load.calls));
      }
    }
    std::fprintf(stderr, "round %d\n", round);
  }
  const auto mid = [&](const std::string& f, const char* load, double Cost::*member) {
    std::vector<double> v;
    for (const Cost& c : all[f][load]) v.push_back(c.*member);
    return median(v);
  };
  std::printf("flavour            ");
  for (auto& load : loads) std::printf(" | %-8s net: send recv mean, loop/call", load.name);
  std::printf(" | consumer ns/event, dropped\n");
  for (const char* n : names) {
    std::printf("%-18s ", n);
    double consumer = 0, dropped = 0;
    for (auto& load : loads) {
      // Net within the round, so that a slow phase of the machine is in both.
      std::vector<double> s, r, m;
      for (size_t i = 0; i < all[n][load.name].size(); ++i) {
        const Cost& c = all[n][load.name][i];
        const Cost& e = all["empty"][load.name][i];
        const bool bare = std::string(n) == "empty";
        s.push_back(c.send_ns - (bare ? 0 : e.send_ns));
        r.push_back(c.recv_ns - (bare ? 0 : e.recv_ns));
        m.push_back((s.back() + r.back()) / 2);
      }
      std::printf(" | %5.0f %5.0f %5.0f  %5.0f", median(s), median(r), median(m), mid(n, load.name, &Cost::loop_ns));
      consumer = std::max(consumer, mid(n, load.name, &Cost::consumer_ns));
      for (auto& c : all[n][load.name]) dropped += c.dropped;
    }
    std::printf(" | %5.0f %6.0f\n", consumer, dropped);
  }
  close(stats);
}

template <typename Work>
double best_ms(int times, const Work& work) {
  double best = 1e9;
  for (int i = 0; i < times; ++i) {
    const double begin = thread_cpu_s();
    work();
    best = std::min(best, thread_cpu_s() - begin);
  }
  return best * 1e3;
}

// Processes with 5,000 idle sockets each, each of which was used once; the limit on descriptors forbids one process.
class Holders {
 public:
  explicit Holders(int sockets) {
    for (int i = 0; i < sockets / 5000; ++i) {
      int ends[2];
      if (pipe(ends)) fail("pipe");
      const pid_t pid = fork();
      if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        const auto held = pairs(true, 2500);
        traffic(held, 2500);
        if (write(ends[1], "x", 1) != 1) _exit(1);
        pause();
      }
      char c;
      pids_.push_back(pid);
      if (read(ends[0], &c, 1) != 1) fail("holder");
      close(ends[0]);
      close(ends[1]);
    }
  }
  ~Holders() {
    for (pid_t pid : pids_) {
      kill(pid, SIGKILL);
      waitpid(pid, nullptr, 0);
    }
  }

 private:
  std::vector<pid_t> pids_;
};

// CPU of a drain with `busy` dirty sockets, where `idle` others have entries.
void drain_costs(const std::string& dir, int idle_sockets) {
  auto busy = pairs(true, 2000);
  std::printf("--- %d idle sockets, 2,000 busy connections (4,000 sockets)\n", idle_sockets);
  for (const char* hash : {"hash_full", "hash_dsnap", "hash_dsnap64"}) {
    Flavour a(dir, hash);
    a.attach();
    Holders idle(idle_sockets);
    traffic(busy, 2000);
    a.drain();
    const int table = a.fd("table");
    const size_t value_bytes = a.value_bytes("table");
    std::vector<char> value(value_bytes), keys(4096 * 16), values(4096 * value_bytes);
    double ring_ms = 1e9, look_ms = 1e9, batch_dirty_ms = 1e9;
    size_t records = 0;
    for (int round = 0; round < 7; ++round) {
      a.next_epoch();
      traffic(busy, 2000);
      double begin = thread_cpu_s();
      a.drain(true);
      ring_ms = std::min(ring_ms, (thread_cpu_s() - begin) * 1e3);
      records = a.kept().size();
      begin = thread_cpu_s();
      for (auto& key : a.kept()) bpf_map_lookup_elem(table, key.data(), value.data());
      look_ms = std::min(look_ms, (thread_cpu_s() - begin) * 1e3);
    }
    size_t total = 0;
    batch_dirty_ms = best_ms(7, [&] {
      unsigned position = 0;
      total = 0;
      void* in = nullptr;
      for (;;) {
        __u32 count = 4096;
        const int r = bpf_map_lookup_batch(table, in, &position, keys.data(), values.data(), &count, nullptr);
        total += count;
        if (r) break;
        in = &position;
      }
    });
    std::printf("A %s: ring %zu dirty records %.2f ms, lookups %.2f ms, batch of all %zu entries %.2f ms\n", hash,
                records, ring_ms, look_ms, total, batch_dirty_ms);
  }
  {
    Flavour d(dir, "slots_full");
    d.attach();
    Holders idle(idle_sockets);
    traffic(busy, 2000);
    d.drain();
    const size_t slot_bytes = d.value_bytes("table");
    char* slots = (char*)mmap(nullptr, slot_bytes * 65536, PROT_READ, MAP_SHARED, d.fd("table"), 0);
    if (slots == MAP_FAILED) fail("mmap");
    double ring_ms = 1e9, all_ms = 1e9;
    unsigned long records = 0, sum = 0;
    for (int round = 0; round < 7; ++round) {
      d.next_epoch();
      traffic(busy, 2000);
      records = d.records;
      double begin = thread_cpu_s();
      d.drain();
      ring_ms = std::min(ring_ms, (thread_cpu_s() - begin) * 1e3);
      records = d.records - records;
      begin = thread_cpu_s();
      for (size_t i = 0; i < 65536; ++i) sum += *(volatile unsigned long*)(slots + i * slot_bytes + 16);
      all_ms = std::min(all_ms, (thread_cpu_s() - begin) * 1e3);
    }
    std::printf(
        "D slots: ring %lu dirty records %.2f ms (the reads are plain memory), sweep of 65,536 slots %.2f ms (%lu), "
        "lost %lu\n",
        records, ring_ms, all_ms, sum & 1, d.dropped());
  }
  {
    Flavour b(dir, "storage_full");
    b.attach();
    Holders idle(idle_sockets);
    traffic(busy, 2000);
    usleep(150'000);
    b.drain();
    double ring_ms = 1e9;
    unsigned long records = 0;
    for (int round = 0; round < 7; ++round) {
      usleep(150'000);
      traffic(busy, 2000);
      records = b.records;
      const double begin = thread_cpu_s();
      b.drain();
      ring_ms = std::min(ring_ms, (thread_cpu_s() - begin) * 1e3);
      records = b.records - records;
    }
    std::printf("B storage: ring %lu flush records %.2f ms a tenth of a second (x10 a second)\n", records, ring_ms);
    std::vector<char> buffer(256 << 10);
    for (const char* n : {"residue_tcp", "residue_file"}) {
      bpf_link* link = bpf_program__attach_iter(b.program(n), nullptr);
      if (!link) fail("attach iter");
      size_t bytes = 0;
      const double ms = best_ms(7, [&] {
        const int it = bpf_iter_create(bpf_link__fd(link));
        bytes = 0;
        for (ssize_t got; (got = read(it, buffer.data(), buffer.size())) > 0;) bytes += size_t(got);
        close(it);
      });
      std::printf("B storage: %s %zu records %.2f ms\n", n, bytes / 96, ms);
      bpf_link__destroy(link);
    }
  }
  for (auto& [c, s] : busy) close(c), close(s);
}

}  // namespace

int main(int argc, char** argv) try {
  if (argc < 3) return 2;
  setvbuf(stdout, nullptr, _IOLBF, 0);
  rlimit files{};
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
  if (unshare(CLONE_NEWNET)) fail("unshare");
  loopback_up();
  const std::string what = argv[1], dir = argv[2];
  if (what == "path")
    path(dir, argc > 3 ? std::atoi(argv[3]) : 5, argc > 4 ? std::atoi(argv[4]) : 2000,
         std::vector<const char*>(argv + std::min(argc, 5), argv + argc));
  if (what == "drain") {
    drain_costs(dir, 0);
    drain_costs(dir, 50'000);
  }
  return 0;
} catch (const std::exception& e) {
  std::fprintf(stderr, "%s\n", e.what());
  return 1;
}
