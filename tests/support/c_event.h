// An event as a program writes it that knows the public headers only.
#pragma once

#include <ipm/ipm.h>

#include <cstring>

namespace ipm::test {

template <typename Payload>
ipm_event c_event(int kind, std::uint64_t process, std::uint64_t flow, const Payload& payload) {
  ipm_event event{};
  event.kind = static_cast<std::uint16_t>(kind);
  event.version = 1;
  event.process = process;
  event.flow = flow;
  static_assert(sizeof payload <= sizeof event.payload);
  std::memcpy(event.payload, &payload, sizeof payload);
  return event;
}

}  // namespace ipm::test
