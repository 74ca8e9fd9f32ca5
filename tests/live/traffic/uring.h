// The least of io_uring: one request at a time, by the bare system calls.
#pragma once

#include <linux/io_uring.h>

#include <cstdint>

#include "os/linux/fd.h"

namespace ipm::traffic {

using os::Fd;

class Uring {
 public:
  // `setup_flags`: IORING_SETUP_SQPOLL or 0. Throws Skip where the kernel does not permit it.
  explicit Uring(std::uint32_t setup_flags = 0);
  Uring(const Uring&) = delete;
  Uring& operator=(const Uring&) = delete;
  ~Uring();

  // Submits the request and waits for its result, and for the notice of a zero-copy send. Throws on a failed request.
  std::int32_t run(const io_uring_sqe& request, const char* what);

 private:
  void submit();
  io_uring_cqe wait();

  std::uint32_t flags_;
  Fd fd_;
  char* rings_ = nullptr;  // Both queues, in one mapping.
  std::size_t rings_bytes_ = 0;
  io_uring_sqe* requests_ = nullptr;
  std::size_t requests_bytes_ = 0;
  io_sqring_offsets sq_{};
  io_cqring_offsets cq_{};
};

// Requests of the kinds that the cases use.
io_uring_sqe uring_send(int fd, const char* bytes, std::size_t count);
io_uring_sqe uring_receive(int fd, char* room, std::size_t count);

}  // namespace ipm::traffic
