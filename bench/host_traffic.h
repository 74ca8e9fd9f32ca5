// A host at work, made up from a seed: processes of programs, each with connections to remote hosts, and the events
// that the sock_diag source would tell of them.
#pragma once

#include <cstdint>
#include <vector>

#include "model/event.h"

namespace ipm::bench {

struct HostSize {
  std::uint32_t flows = 10'000;
  std::uint32_t processes = 500;
  std::uint32_t programs = 100;
  std::uint32_t remotes = 2'000;
};

class HostTraffic {
 public:
  explicit HostTraffic(const HostSize& size) : size_(size) {}

  // With its program's path; what is told first.
  std::vector<model::Event> process_starts(TimeNs time) const;
  std::vector<model::Event> socket_opens(TimeNs time) const;
  // One look: every flow moved some bytes. In an order of its own, which is not that of the opens.
  std::vector<model::Event> socket_data(TimeNs time) const;

  model::FlowKey key(std::uint32_t flow) const;
  model::ProcessKey process(std::uint32_t number) const { return {1'000 + number, 50'000 + number}; }

 private:
  const HostSize size_;
};

}  // namespace ipm::bench
