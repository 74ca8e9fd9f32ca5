// One process of a case. Its calls count what they hand to and take from sockets, as the return values say.
#pragma once

#include <cstdint>
#include <string>

#include "live/traffic/address.h"
#include "live/traffic/report.h"

namespace ipm::traffic {

// A megabyte of bytes to send.
inline constexpr std::size_t kPayloadBytes = 1 << 20;
const char* payload();

class Process {
 public:
  explicit Process(Slot& slot) : slot_(slot) {}

  void add(Field field, std::uint64_t amount = 1) { slot_.add(field, amount); }
  std::uint64_t value(Field field) const { return slot_.values[field].load(); }
  Slot& slot() { return slot_; }

  // Count the result of a call; a failed one ends the process.
  std::size_t sent(ssize_t result, const char* what);
  std::size_t received(ssize_t result, const char* what);

  Fd connect(const Address& to, int protocol = 0);
  Fd accept(int listener);
  void send(int fd, std::size_t bytes, int flags = 0);  // All of it.
  void send_to(int fd, const Address& to, std::size_t bytes);
  void receive(int fd, std::size_t bytes);  // Exactly so many.
  std::size_t receive_to_end(int fd);       // Until the peer has shut down.
  std::size_t receive_datagram(int fd, std::size_t room = kPayloadBytes, int flags = 0);

  // A connect that must fail with `error`.
  void connect_fails(const Address& to, int error);
  // Reads until the peer's reset.
  void receive_reset(int fd);
  // Closes with a reset.
  void abort(Fd fd);

 private:
  Slot& slot_;
};

}  // namespace ipm::traffic
