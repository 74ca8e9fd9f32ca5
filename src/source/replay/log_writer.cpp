#include "source/replay/log_writer.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "source/replay/log_format.h"
#ifdef IPM_WITH_ZSTD
#include <zstd.h>
#endif

namespace ipm::source {

using log_format::FileHeader;
using log_format::FrameHeader;
using model::Event;

struct LogWriter::Packer {
#ifdef IPM_WITH_ZSTD
  ZSTD_CCtx* context = ZSTD_createCCtx();
  ~Packer() {
    ZSTD_freeCCtx(context);
  }
#endif
};

LogWriter::LogWriter(int fd, std::uint64_t segment_events)
    : fd_(fd),
      segment_events_max_(std::max<std::uint64_t>(segment_events, 1)),
      packed_(log_format::kStoredBytesMax),
      packer_(std::make_unique<Packer>()) {
  pending_.reserve(log_format::kFrameEventsMax);
}

LogWriter::~LogWriter() {
  if (fd_ >= 0) ::close(fd_);
}

Result<std::unique_ptr<LogWriter>> LogWriter::open(const std::string& path, std::uint64_t segment_events) {
  const std::string attempted = "open event log " + path + " for writing";
  // O_NONBLOCK: a pipe without a reader must not hold the host before it is refused. O_TRUNC comes after the look at
  // what it is.
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, 0640);
  if (fd < 0) {
    if (errno == EISDIR) return Status::invalid_argument(attempted + ": it is a directory; name a file in it");
    if (errno == ENXIO) return Status::invalid_argument(attempted + ": it is a pipe or a socket; name a file");
    return Status::from_errno(attempted, errno);
  }
  std::unique_ptr<LogWriter> writer(new LogWriter(fd, segment_events));
  struct stat info {};
  if (::fstat(fd, &info) != 0) return Status::from_errno(attempted, errno);
  if (!S_ISREG(info.st_mode) && !S_ISCHR(info.st_mode)) {
    return Status::invalid_argument(attempted + ": it is a pipe or a block device; name a file");
  }
  if (S_ISREG(info.st_mode) && ::ftruncate(fd, 0) != 0) return Status::from_errno(attempted, errno);
  if (Status status = writer->write_header(); !status.ok()) return status.with_context(path);
  return writer;
}

Status LogWriter::write_header() {
  FileHeader header;
  std::memcpy(header.magic, log_format::kFileMagic, sizeof header.magic);
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  header.created_unix_ns = static_cast<std::int64_t>(now.tv_sec) * kSecond + now.tv_nsec;
  header.checksum = seed_ = log_format::checksum_of(header);
  return write_all(&header, sizeof header);
}

Status LogWriter::write_all(const void* data, std::size_t bytes) {
  const auto* at = static_cast<const char*>(data);
  while (bytes != 0) {
    const ssize_t written = ::write(fd_, at, bytes);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return failed_ = Status::from_errno("write event log", errno);
    at += written;
    bytes -= static_cast<std::size_t>(written);
    bytes_ += static_cast<std::uint64_t>(written);
  }
  return Status::success();
}

Status LogWriter::write_frame(std::span<const Event> events, std::uint32_t flags) {
  FrameHeader header;
  header.events = static_cast<std::uint32_t>(events.size());
  header.flags = flags;
  if (std::exchange(segment_begins_, false)) header.flags |= log_format::kFrameSegment;
  header.first_ns = events.front().header.time_ns;
  header.last_ns = events.back().header.time_ns;
  const void* body = events.data();
  std::size_t bytes = events.size_bytes();
#ifdef IPM_WITH_ZSTD
  if (packer_->context != nullptr) {
    const std::size_t packed =
        ZSTD_compressCCtx(packer_->context, packed_.data(), packed_.size(), events.data(), events.size_bytes(), 1);
    if (ZSTD_isError(packed) == 0 && packed < bytes) {  // An error means "does not fit", which raw does.
      body = packed_.data();
      bytes = packed;
      header.flags |= log_format::kFrameZstd;
    }
  }
#endif
  header.stored_bytes = static_cast<std::uint32_t>(bytes);
  header.body_checksum = log_format::checksum_of(body, bytes, seed_);
  header.header_checksum = log_format::checksum_of(header, seed_);
  const std::uint64_t whole = bytes_;
  Status status = write_all(&header, sizeof header);
  if (status.ok()) status = write_all(body, bytes);
  // A full disk leaves part of a frame: take it back. Where that fails too, a reader reports a torn tail.
  if (!status.ok() && ::ftruncate(fd_, static_cast<off_t>(whole)) == 0) bytes_ = whole;
  return status;
}

Status LogWriter::begin_segment() {
  segment_events_ = 0;
  segment_begins_ = true;
  const std::vector<Event> repeat = head_.events();
  for (std::size_t at = 0; at < repeat.size(); at += log_format::kFrameEventsMax) {
    const std::size_t count = std::min<std::size_t>(log_format::kFrameEventsMax, repeat.size() - at);
    if (Status status = write_frame({repeat.data() + at, count}, log_format::kFrameRepeat); !status.ok()) return status;
  }
  return Status::success();
}

Status LogWriter::append(const Event& event) {
  if (failed_.is_error()) return failed_;
  if (fd_ < 0) return Status::state("append to event log: it is closed");
  if (segment_events_ >= segment_events_max_) {
    if (Status status = flush(); !status.ok()) return status;
    if (Status status = begin_segment(); !status.ok()) return status;
  }
  head_.remember(event);
  pending_.push_back(event);
  ++events_;
  ++segment_events_;
  return pending_.size() == log_format::kFrameEventsMax ? flush() : Status::success();
}

Status LogWriter::append(std::span<const Event> events) {
  for (const Event& event : events) {
    if (Status status = append(event); !status.ok()) return status;
  }
  return Status::success();
}

Status LogWriter::flush() {
  if (failed_.is_error()) return failed_;
  if (pending_.empty()) return Status::success();
  Status status = write_frame(pending_, 0);
  pending_.clear();
  return status;
}

Status LogWriter::close() {
  Status status = flush();
  if (fd_ >= 0 && ::close(fd_) != 0 && status.ok()) status = Status::from_errno("close event log", errno);
  fd_ = -1;
  return status;
}

}  // namespace ipm::source
