// Many connections: for cost and for bounds, not for variety.
#include <sys/resource.h>

#include <algorithm>
#include <cstdio>

#include "live/traffic/case.h"
#include "live/traffic/check.h"

namespace ipm::traffic {
namespace {

// Of the local ports of one address pair: each connection leaves its pair in TIME_WAIT.
constexpr std::uint32_t kPerAddress = 10'000;

// What one process may hold open, raised as far as it goes.
std::uint32_t raise_descriptors() {
  rlimit limit{};
  check(::getrlimit(RLIMIT_NOFILE, &limit), "RLIMIT_NOFILE");
  limit.rlim_cur = limit.rlim_max;
  check(::setrlimit(RLIMIT_NOFILE, &limit), "raise RLIMIT_NOFILE");
  constexpr rlim_t kSpare = 100, kUseful = 1'000'000;
  return static_cast<std::uint32_t>(std::min(limit.rlim_max, kUseful) - kSpare);
}

// count=N connections of a few bytes each, one after the other in each of workers=N pairs of processes.
void burst(Case& run) {
  const std::uint32_t workers = std::max(run.option("workers", 2), 1U);
  const std::uint32_t share = std::max(run.option("count", 100'000) / workers, 1U);
  set_sysctl("net/ipv4/ip_local_port_range", "10000 65000");
  for (std::uint32_t worker = 0; worker < workers; ++worker) {
    const Gate listening;
    const std::uint32_t first = worker * 1'000;
    const auto address_of = [first](std::uint32_t i, std::uint16_t port) {
      return loopback_number(first + i / kPerAddress, port);
    };
    run.start("server" + std::to_string(worker), [&, share](Process& self) {
      // One listener on every address at the worker's own port: the client chooses the address.
      const Fd listener = listen_at(v4("0.0.0.0", static_cast<std::uint16_t>(7'800 + worker)));
      listening.open();
      for (std::uint32_t i = 0; i < share; ++i) {
        const Fd fd = self.accept(listener.get());
        self.receive(fd.get(), 3);
        self.send(fd.get(), 5);
      }
    });
    run.start("client" + std::to_string(worker), [&, share](Process& self) {
      listening.wait();
      for (std::uint32_t i = 0; i < share; ++i) {
        const Fd fd = self.connect(address_of(i, static_cast<std::uint16_t>(7'800 + worker)));
        self.send(fd.get(), 3);
        self.receive(fd.get(), 5);
      }
    });
  }
  run.wait_all();
}

// Holds count=N connected pairs for hold_ms, in as many pairs of processes as the limit of descriptors asks for; then
// ends. Each client has sent a byte.
void idle(Case& run) {
  const std::uint32_t count = run.option("count", 50'000);
  const std::uint32_t share_max = std::min(raise_descriptors(), kPerAddress);
  const std::uint32_t pairs = (count + share_max - 1) / share_max;
  std::vector<Gate> listening(pairs);
  const Gate standing, go_on;
  set_sysctl("net/ipv4/ip_local_port_range", "10000 65000");
  for (std::uint32_t pair = 0; pair < pairs; ++pair) {
    const std::uint32_t share = std::min(share_max, count - pair * share_max);
    const Address at = loopback_number(pair, 7'900);
    run.start("server" + std::to_string(pair), [&, share](Process& self) {
      const Fd listener = listen_at(at);
      listening[pair].open();
      std::vector<Fd> all;
      all.reserve(share);
      for (std::uint32_t i = 0; i < share; ++i) {
        all.push_back(self.accept(listener.get()));
        self.receive(all.back().get(), 1);
      }
      standing.open();
      go_on.wait();
    });
    run.start("client" + std::to_string(pair), [&, share](Process& self) {
      listening[pair].wait();
      std::vector<Fd> all;
      all.reserve(share);
      for (std::uint32_t i = 0; i < share; ++i) {
        all.push_back(self.connect(at));
        self.send(all.back().get(), 1);
      }
      standing.open();
      go_on.wait();
    });
  }
  for (std::uint32_t i = 0; i < 2 * pairs; ++i) standing.wait();
  std::fprintf(stderr, "%u connections stand\n", count);
  sleep_ms(run.option("hold_ms", 2'000));
  for (std::uint32_t i = 0; i < 2 * pairs; ++i) go_on.open();
}

constexpr Entry kCases[] = {{"burst", burst}, {"idle", idle}};

}  // namespace

std::span<const Entry> load_cases() {
  return kCases;
}

}  // namespace ipm::traffic
