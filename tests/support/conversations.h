// What children of live tests say to each other. Each waits between its stages: connected and done talking, closed.
#pragma once

#include <string>
#include <vector>

#include "support/net_fixture.h"
#include "support/tcp_pair.h"

namespace ipm::test {

// Listens; accepts `connections`, reads `bytes` from each and answers with twice as many; closes.
inline Child::Work server_of(const std::string& address, std::uint16_t port, int connections, std::size_t bytes) {
  return [=](Child::Turn& turn) {
    const os::Fd listener = listen_at(address, port);
    turn.done_and_wait();
    std::vector<os::Fd> open;
    for (int i = 0; i < connections; ++i) open.push_back(accept_one(listener.get()));
    for (const os::Fd& fd : open) receive_bytes(fd.get(), bytes);
    for (const os::Fd& fd : open) send_bytes(fd.get(), bytes * 2);
    turn.done_and_wait();
    open.clear();
    turn.done_and_wait();
  };
}

inline Child::Work client_of(const std::string& address, std::uint16_t port, int connections, std::size_t bytes) {
  return [=](Child::Turn& turn) {
    std::vector<os::Fd> open;
    for (int i = 0; i < connections; ++i) open.push_back(connect_to(address, port));
    for (const os::Fd& fd : open) send_bytes(fd.get(), bytes);
    for (const os::Fd& fd : open) receive_bytes(fd.get(), bytes * 2);
    turn.done_and_wait();
    open.clear();
    turn.done_and_wait();
  };
}

}  // namespace ipm::test
