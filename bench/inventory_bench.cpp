// Which sockets are there and whose are they: one look of the sock_diag source against `ss -tinpe`, in CPU time.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <stdexcept>
#include <vector>

#include "cpu_time.h"
#include "ring/lane.h"
#include "sections.h"
#include "socket_holders.h"
#include "source/sock_diag/sock_diag.h"

namespace ipm::bench {
namespace {

constexpr std::uint32_t kHolders = 10;
constexpr std::uint32_t kConnectionsEach = 2'500;
constexpr std::uint32_t kSockets = kHolders * kConnectionsEach * 2;
constexpr int kRounds = 4;

bool is_owned(const model::Event& event) {
  return event.header.kind == model::EventKind::kSocketOpen && !event.header.process.empty() &&
         event.as<model::SocketOpen>().quality == model::Quality::kExact;
}

// Opens the source and polls it through its lane until the first look is complete. Returns the sockets with owners.
std::uint32_t take_inventory(source::Source& source) {
  source::SourceOptions options;
  options.uri = *source::parse_source_uri("sock_diag:?netns=self");
  options.interval_ns = kMinute;
  if (const Status opened = source.open(options); !opened.ok()) throw std::runtime_error(std::string(opened.message()));
  ring::Lane lane(16'384);
  ring::Writer writer(lane);
  std::vector<model::Event> events(256);
  std::uint32_t owned = 0;
  while (source.next_due_ns() == 0) {  // Until the first look is done there is always work.
    const Status polled = source.poll(writer, std::chrono::nanoseconds(0));
    if (polled.is_error()) throw std::runtime_error(std::string(polled.message()));
    for (std::size_t count = lane.pop(events); count != 0; count = lane.pop(events)) {
      owned += static_cast<std::uint32_t>(
          std::count_if(events.begin(), events.begin() + static_cast<std::ptrdiff_t>(count), is_owned));
    }
  }
  return owned;
}

// In a process of its own, as ss is, so that neither profits from what is warm in the other.
double our_cpu_s(const SocketHolders& holders) {
  Child child([&](const Child::Say& say) {
    holders.enter_namespace();
    const double begin = process_cpu_s();
    const auto source = source::make_sock_diag_source();
    const std::uint32_t owned = take_inventory(*source);
    say(process_cpu_s() - begin);
    say(owned);
  });
  const double cpu_s = child.hear();
  if (child.hear() != kSockets) throw std::runtime_error("sock_diag did not find the owner of every socket");
  return cpu_s;
}

double ss_cpu_s(const SocketHolders& holders) {
  Child child([&](const Child::Say&) {
    holders.enter_namespace();
    const int nowhere = ::open("/dev/null", O_WRONLY);
    ::dup2(nowhere, STDOUT_FILENO);
    ::execlp("ss", "ss", "-tinpe", nullptr);
    throw std::runtime_error("ss(8) did not start");
  });
  return child.wait_cpu_s();
}

}  // namespace

void bench_inventory(Report& report) {
  const std::string what = "inventory, 50,000 sockets with owners, CPU";
  if (::geteuid() != 0) {
    report.skip(what, "needs root to make a network namespace");
    return;
  }
  const SocketHolders holders(kHolders, kConnectionsEach);
  double ours = our_cpu_s(holders);
  double theirs = ss_cpu_s(holders);
  for (int round = 1; round < kRounds; ++round) {
    ours = std::min(ours, our_cpu_s(holders));
    theirs = std::min(theirs, ss_cpu_s(holders));
  }
  report.compare(what, ours * 1e3, "ss -tinpe", theirs * 1e3, "ms", at_most(0.25));
}

}  // namespace ipm::bench
