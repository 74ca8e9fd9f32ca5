#include "live/traffic/uring.h"

#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>

#include "live/traffic/check.h"

namespace ipm::traffic {
namespace {

constexpr std::uint32_t kEntries = 8;

std::uint32_t* word(char* rings, std::uint32_t offset) {
  return reinterpret_cast<std::uint32_t*>(rings + offset);
}

// Each pairs with the kernel's opposite on the same word.
std::uint32_t acquire(std::uint32_t* at) {
  return std::atomic_ref(*at).load(std::memory_order_acquire);
}
void release(std::uint32_t* at, std::uint32_t value) {
  std::atomic_ref(*at).store(value, std::memory_order_release);
}

char* map_ring(int fd, std::size_t bytes, std::uint64_t offset) {
  void* const mapped =
      ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd, static_cast<off_t>(offset));
  if (mapped == MAP_FAILED) fail_errno("map an io_uring");
  return static_cast<char*>(mapped);
}

}  // namespace

Uring::Uring(std::uint32_t setup_flags) : flags_(setup_flags) {
  io_uring_params params{};
  params.flags = setup_flags;
  params.sq_thread_idle = 50;
  const long fd = ::syscall(SYS_io_uring_setup, kEntries, &params);
  if (fd < 0 && (errno == EPERM || errno == ENOSYS || errno == EINVAL)) throw Skip("io_uring is not permitted");
  fd_ = Fd(static_cast<int>(check(fd, "io_uring_setup")));
  require((params.features & IORING_FEAT_SINGLE_MMAP) != 0, "io_uring of before 5.4");
  sq_ = params.sq_off;
  cq_ = params.cq_off;
  rings_bytes_ = std::max(sq_.array + params.sq_entries * sizeof(std::uint32_t),
                          cq_.cqes + params.cq_entries * sizeof(io_uring_cqe));
  rings_ = map_ring(fd_.get(), rings_bytes_, IORING_OFF_SQ_RING);
  requests_bytes_ = params.sq_entries * sizeof(io_uring_sqe);
  requests_ = reinterpret_cast<io_uring_sqe*>(map_ring(fd_.get(), requests_bytes_, IORING_OFF_SQES));
}

Uring::~Uring() {
  ::munmap(rings_, rings_bytes_);
  ::munmap(requests_, requests_bytes_);
}

void Uring::submit() {
  std::uint32_t enter_flags = IORING_ENTER_GETEVENTS;
  if ((flags_ & IORING_SETUP_SQPOLL) != 0) {
    // The tail must be seen before the flag is read: the thread sets it and then looks at the tail once more.
    std::atomic_thread_fence(std::memory_order_seq_cst);
    if ((acquire(word(rings_, sq_.flags)) & IORING_SQ_NEED_WAKEUP) != 0) enter_flags |= IORING_ENTER_SQ_WAKEUP;
  }
  check(::syscall(SYS_io_uring_enter, fd_.get(), 1, 1, enter_flags, nullptr, 0), "io_uring_enter");
}

io_uring_cqe Uring::wait() {
  const std::uint32_t head = *word(rings_, cq_.head);
  while (acquire(word(rings_, cq_.tail)) == head) {
    check(::syscall(SYS_io_uring_enter, fd_.get(), 0, 1, IORING_ENTER_GETEVENTS, nullptr, 0), "io_uring_enter");
  }
  const std::uint32_t index = head & *word(rings_, cq_.ring_mask);
  const io_uring_cqe result = reinterpret_cast<const io_uring_cqe*>(rings_ + cq_.cqes)[index];
  release(word(rings_, cq_.head), head + 1);
  return result;
}

std::int32_t Uring::run(const io_uring_sqe& request, const char* what) {
  const std::uint32_t tail = *word(rings_, sq_.tail);
  const std::uint32_t index = tail & *word(rings_, sq_.ring_mask);
  requests_[index] = request;
  word(rings_, sq_.array)[index] = index;
  release(word(rings_, sq_.tail), tail + 1);
  submit();
  const io_uring_cqe result = wait();
  if ((result.flags & IORING_CQE_F_MORE) != 0) wait();  // A zero-copy send says also when it has let go of the bytes.
  if (result.res < 0) errno = -result.res;
  return check(result.res, what);
}

io_uring_sqe uring_send(int fd, const char* bytes, std::size_t count) {
  io_uring_sqe request{};
  request.opcode = IORING_OP_SEND;
  request.fd = fd;
  request.addr = reinterpret_cast<std::uint64_t>(bytes);
  request.len = static_cast<std::uint32_t>(count);
  return request;
}

io_uring_sqe uring_receive(int fd, char* room, std::size_t count) {
  io_uring_sqe request = uring_send(fd, room, count);
  request.opcode = IORING_OP_RECV;
  return request;
}

}  // namespace ipm::traffic
