#include "source/replay/log_writer.h"

#include <fcntl.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>

#include "source/replay/log_format.h"
#ifdef IPM_WITH_ZSTD
#include <zstd.h>
#endif

namespace ipm::source {

using log_format::FileHeader;
using log_format::FrameHeader;
using model::Event;
using model::EventKind;

struct LogWriter::Packer {
#ifdef IPM_WITH_ZSTD
  ZSTD_CCtx* context = ZSTD_createCCtx();
  ~Packer() { ZSTD_freeCCtx(context); }
#endif
};

LogWriter::LogWriter(int fd) : fd_(fd), packed_(log_format::kStoredBytesMax), packer_(std::make_unique<Packer>()) {
  pending_.reserve(log_format::kFrameEventsMax);
}

LogWriter::~LogWriter() {
  if (fd_ >= 0) ::close(fd_);
}

Result<std::unique_ptr<LogWriter>> LogWriter::open(const std::string& path) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
  if (fd < 0) return Status::from_errno("open event log " + path + " for writing", errno);
  std::unique_ptr<LogWriter> writer(new LogWriter(fd));
  FileHeader header;
  std::memcpy(header.magic, log_format::kFileMagic, sizeof header.magic);
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  header.created_unix_ns = static_cast<std::int64_t>(now.tv_sec) * kSecond + now.tv_nsec;
  header.checksum = log_format::header_checksum(header);
  if (Status status = writer->write_all(&header, sizeof header); !status.ok()) return status.with_context(path);
  return writer;
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
  header.first_ns = events.front().header.time_ns;
  header.last_ns = events.back().header.time_ns;
  const void* body = events.data();
  std::size_t bytes = events.size_bytes();
#ifdef IPM_WITH_ZSTD
  const std::size_t packed = ZSTD_compressCCtx(packer_->context, packed_.data(), packed_.size(), events.data(), events.size_bytes(), 1);
  if (ZSTD_isError(packed) == 0 && packed < bytes) {
    body = packed_.data();
    bytes = packed;
    header.flags |= log_format::kFrameZstd;
  }
#endif
  header.stored_bytes = static_cast<std::uint32_t>(bytes);
  header.body_checksum = XXH3_64bits(body, bytes);
  header.header_checksum = log_format::header_checksum(header);
  if (Status status = write_all(&header, sizeof header); !status.ok()) return status;
  return write_all(body, bytes);
}

void LogWriter::remember(const Event& event) {
  switch (event.header.kind) {
    case EventKind::kClockAnchor: anchor_ = event; break;
    case EventKind::kSettings: settings_ = event; break;
    case EventKind::kSourceInfo: sources_[event.as<model::SourceInfo>().number] = event; break;
    case EventKind::kText: {
      const auto text = event.as<model::Text>();
      if (text.id >= model::kTextIdsMax || text.parts > 64) return;
      std::vector<Event>& parts = texts_[{event.header.source, text.id}];
      if (text.part == 0) parts.clear();
      parts.push_back(event);
      break;
    }
    default: break;
  }
}

Status LogWriter::begin_segment() {
  segment_events_ = 0;
  std::vector<Event> repeat;
  if (settings_.header.kind == EventKind::kSettings) repeat.push_back(settings_);
  if (anchor_.header.kind == EventKind::kClockAnchor) repeat.push_back(anchor_);
  for (const auto& [number, event] : sources_) repeat.push_back(event);
  for (const auto& [id, parts] : texts_) repeat.insert(repeat.end(), parts.begin(), parts.end());
  for (std::size_t at = 0; at < repeat.size(); at += log_format::kFrameEventsMax) {
    const std::size_t count = std::min<std::size_t>(log_format::kFrameEventsMax, repeat.size() - at);
    if (Status status = write_frame({repeat.data() + at, count}, log_format::kFrameRepeat); !status.ok()) return status;
  }
  return Status::success();
}

Status LogWriter::append(std::span<const Event> events) {
  if (failed_.is_error()) return failed_;
  for (const Event& event : events) {
    if (segment_events_ >= kSegmentEvents) {
      if (Status status = flush(); !status.ok()) return status;
      if (Status status = begin_segment(); !status.ok()) return status;
    }
    remember(event);
    pending_.push_back(event);
    ++events_;
    ++segment_events_;
    if (pending_.size() == log_format::kFrameEventsMax) {
      if (Status status = flush(); !status.ok()) return status;
    }
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
