#include "source/ebpf/look_reader.h"

#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "model/event.h"

namespace ipm::source::ebpf {
namespace {

constexpr std::size_t kRecordsPerRead = 256;

}  // namespace

LookReader::LookReader() : buffer_(kRecordsPerRead * sizeof(ipm_record_seed)) {}

void LookReader::begin(std::deque<SeedStream> streams, std::size_t sockets_max) {
  streams_ = std::move(streams);
  sockets_max_ = sockets_max;
  sockets_.clear();
  buffered_ = 0;
}

void LookReader::next_stream() {
  if (buffered_ != 0) ++malformed_;
  buffered_ = 0;
  streams_.pop_front();
  if (streams_.empty()) sockets_ = {};
}

Status LookReader::step(const std::function<void(const ipm_record_seed&)>& visit) {
  if (streams_.empty()) return Status::end();
  const ssize_t bytes = ::read(streams_.front().fd.get(), buffer_.data() + buffered_, buffer_.size() - buffered_);
  if (bytes < 0) {
    if (errno == EINTR || errno == EAGAIN) return Status::success();
    Status failed = Status::from_errno("read the sockets of all processes", errno);
    begin({}, 0);
    return failed;
  }
  if (bytes == 0) {
    next_stream();
    return streams_.empty() ? Status::end() : Status::success();
  }
  const std::size_t filled = buffered_ + static_cast<std::size_t>(bytes);
  std::size_t at = 0;
  for (; filled - at >= sizeof(ipm_record_seed); at += sizeof(ipm_record_seed)) {
    ipm_record_seed record;
    std::memcpy(&record, buffer_.data() + at, sizeof record);
    take(record, visit);
  }
  buffered_ = filled - at;
  std::memmove(buffer_.data(), buffer_.data() + at, buffered_);
  return Status::success();
}

void LookReader::take(const ipm_record_seed& record, const std::function<void(const ipm_record_seed&)>& visit) {
  switch (streams_.front().tells) {
    case SeedStream::Tells::kBoth:
      return visit(record);
    case SeedStream::Tells::kSockets:
      if (sockets_.size() < sockets_max_) sockets_.try_emplace(record.socket.cookie, record.socket);
      return;
    case SeedStream::Tells::kHolders:
      break;
  }
  const auto socket = sockets_.find(record.socket.cookie);
  if (socket == sockets_.end()) {
    // It came since, or it is in no use. Of UDP all is in the record; a connection's counters come with the next look.
    if (record.socket.tuple.protocol == model::kProtocolUdp) visit(record);
    return;
  }
  ipm_record_seed whole = record;
  whole.socket = socket->second;
  whole.socket.actor = record.socket.actor;
  whole.socket.inode = record.socket.inode;
  visit(whole);
}

}  // namespace ipm::source::ebpf
