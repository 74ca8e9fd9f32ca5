// Processes that hold connected TCP sockets over loopback, in a network namespace of their own that goes with them.
// Needs root.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "child.h"

namespace ipm::bench {

class SocketHolders {
 public:
  // Each process holds both ends of its connections. Throws std::runtime_error.
  SocketHolders(std::uint32_t processes, std::uint32_t connections_each);

  // The calling process goes into their namespace.
  void enter_namespace() const;

 private:
  std::vector<std::unique_ptr<Child>> holders_;  // The first one made the namespace.
};

}  // namespace ipm::bench
