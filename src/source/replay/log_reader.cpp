#include "source/replay/log_reader.h"

#include "source/replay/log_format.h"
#ifdef IPM_WITH_ZSTD
#include <zstd.h>
#endif

namespace ipm::source {

using log_format::FileHeader;
using log_format::FrameHeader;
using model::Event;

bool LogReader::is_log(std::string_view first_bytes) {
  return first_bytes.size() >= 8 && std::memcmp(first_bytes.data(), log_format::kFileMagic, 8) == 0;
}

Status LogReader::read_header() {
  Result<std::string_view> bytes = bytes_.peek(sizeof(FileHeader));
  if (!bytes.ok()) return bytes.status();
  if (bytes->size() < sizeof(FileHeader)) return Status::corrupt("event log: shorter than its header of 64 bytes");
  FileHeader header;
  std::memcpy(&header, bytes->data(), sizeof header);
  if (header.checksum != log_format::header_checksum(header)) return Status::corrupt("event log: the header does not match its checksum");
  if (header.readable_by > log_format::kVersion || header.event_bytes != sizeof(Event)) {
    return Status::unsupported("event log: format version " + std::to_string(header.version) + ", readable from version " +
                               std::to_string(header.readable_by) + " on; this libipm reads version " + std::to_string(log_format::kVersion));
  }
  bytes_.consume(sizeof header);
  return Status::success();
}

// Goes on at the next frame magic, and says in the stream that something is missing.
Status LogReader::skip_damage(std::string_view what) {
  if (note_.empty()) note_ = "event log: " + std::string(what) + " at offset " + std::to_string(bytes_.offset());
  ++damaged_;
  bytes_.consume(1);
  for (;;) {
    Result<std::string_view> bytes = bytes_.peek(4096);
    if (!bytes.ok()) return bytes.status();
    if (bytes->size() < sizeof(log_format::kFrameMagic)) {
      bytes_.consume(bytes->size());
      break;
    }
    const std::string_view magic(reinterpret_cast<const char*>(&log_format::kFrameMagic), sizeof log_format::kFrameMagic);
    const std::size_t at = bytes->find(magic);
    if (at != std::string_view::npos) {
      bytes_.consume(at);
      break;
    }
    bytes_.consume(bytes->size() - (sizeof log_format::kFrameMagic - 1));
  }
  model::Loss loss;
  loss.what = model::LossWhat::kUnreadable;
  events_.assign(1, model::make_event(last_ns_, model::EventKind::kLoss, {}, 0, loss));
  return Status::success();
}

Status LogReader::read_frame() {
  for (;;) {
    events_.clear();
    Result<std::string_view> bytes = bytes_.peek(sizeof(FrameHeader));
    if (!bytes.ok()) return bytes.status();
    if (bytes->empty() && bytes_.ended()) return Status::end();
    if (bytes->size() < sizeof(FrameHeader)) {
      if (!bytes_.ended()) return Status::timeout();
      if (note_.empty()) note_ = "event log: torn tail at offset " + std::to_string(bytes_.offset());
      return Status::end();
    }
    FrameHeader header;
    std::memcpy(&header, bytes->data(), sizeof header);
    const bool sane = header.magic == log_format::kFrameMagic && header.header_checksum == log_format::header_checksum(header) &&
                      header.events != 0 && header.events <= log_format::kFrameEventsMax && header.stored_bytes <= log_format::kStoredBytesMax;
    if (!sane) return skip_damage("damaged frame header");
    bytes = bytes_.peek(sizeof header + header.stored_bytes);
    if (!bytes.ok()) return bytes.status();
    if (bytes->size() < sizeof header + header.stored_bytes) {
      if (!bytes_.ended()) return Status::timeout();
      if (note_.empty()) note_ = "event log: torn tail at offset " + std::to_string(bytes_.offset());
      return Status::end();
    }
    const std::string_view body = bytes->substr(sizeof header);
    if (XXH3_64bits(body.data(), body.size()) != header.body_checksum) return skip_damage("damaged frame");
    if ((header.flags & log_format::kFrameRepeat) != 0) {
      bytes_.consume(bytes->size());
      continue;
    }
    events_.resize(header.events);
    const std::size_t wanted = header.events * sizeof(Event);
    if ((header.flags & log_format::kFrameZstd) == 0) {
      if (body.size() != wanted) return skip_damage("frame of the wrong size");
      std::memcpy(static_cast<void*>(events_.data()), body.data(), wanted);
    } else {
#ifdef IPM_WITH_ZSTD
      const std::size_t unpacked = ZSTD_decompress(events_.data(), wanted, body.data(), body.size());
      if (ZSTD_isError(unpacked) != 0 || unpacked != wanted) return skip_damage("frame that does not decompress");
#else
      return Status::unsupported("event log: compressed with zstd; this libipm was built with IPM_WITH_ZSTD=OFF");
#endif
    }
    bytes_.consume(bytes->size());
    last_ns_ = events_.back().header.time_ns;
    return Status::success();
  }
}

}  // namespace ipm::source
