#include "source/replay/log_reader.h"

#include <algorithm>
#include <utility>

#ifdef IPM_WITH_ZSTD
#include <zstd.h>
#endif

namespace ipm::source {

using log_format::FileHeader;
using log_format::FrameHeader;
using model::Event;
using model::EventKind;

namespace {
constexpr std::size_t kSearchBytes = 64 * 1024;
constexpr std::size_t kMagicBytes = sizeof log_format::kFrameMagic;
}  // namespace

bool LogReader::is_log(std::string_view first_bytes) {
  return first_bytes.size() >= sizeof log_format::kFileMagic &&
         std::memcmp(first_bytes.data(), log_format::kFileMagic, sizeof log_format::kFileMagic) == 0;
}

Status LogReader::read_header() {
  Result<std::string_view> bytes = bytes_.peek(sizeof(FileHeader));
  if (!bytes.ok()) return bytes.status();
  if (bytes->size() < sizeof(FileHeader)) {
    return bytes_.ended() ? Status::corrupt("event log: shorter than its header of 64 bytes") : Status::timeout();
  }
  FileHeader header;
  std::memcpy(&header, bytes->data(), sizeof header);
  if (!is_log(*bytes)) return Status::corrupt("event log: it does not begin with IPMLOG");
  if (header.checksum != log_format::checksum_of(header)) {
    return Status::corrupt("event log: the header does not match its checksum");
  }
  if (header.readable_by > log_format::kVersion) {
    return Status::unsupported("event log: format version " + std::to_string(header.version) +
                               ", readable from version " + std::to_string(header.readable_by) +
                               " on; this libipm reads version " + std::to_string(log_format::kVersion));
  }
  if (header.event_bytes != sizeof(Event) || header.header_bytes < sizeof header ||
      header.header_bytes > log_format::kHeaderBytesMax) {
    return Status::corrupt("event log: events of " + std::to_string(header.event_bytes) + " bytes after a header of " +
                           std::to_string(header.header_bytes));
  }
  bytes = bytes_.peek(header.header_bytes);
  if (!bytes.ok()) return bytes.status();
  if (bytes->size() < header.header_bytes) {
    return bytes_.ended() ? Status::corrupt("event log: shorter than its header of " +
                                            std::to_string(header.header_bytes) + " bytes")
                          : Status::timeout();
  }
  bytes_.consume(header.header_bytes);
  seed_ = header.checksum;
  return Status::success();
}

bool LogReader::valid(const FrameHeader& header) const {
  return header.magic == log_format::kFrameMagic && header.header_checksum == log_format::checksum_of(header, seed_) &&
         header.events != 0 && header.events <= log_format::kFrameEventsMax &&
         header.stored_bytes <= log_format::kStoredBytesMax;
}

void LogReader::note_once(std::string_view what) {
  if (note_.empty()) note_ = "event log: " + std::string(what) + " at offset " + std::to_string(bytes_.offset());
}

Status LogReader::read_frame() {
  for (;;) {
    events_.clear();
    if (searching_) {
      if (Status status = search(); !status.ok()) return status;
      end_search();
      return Status::success();
    }
    Result<std::string_view> bytes = bytes_.peek(sizeof(FrameHeader));
    if (!bytes.ok()) return bytes.status();
    if (bytes->empty() && bytes_.ended()) return Status::end();
    if (bytes->size() < sizeof(FrameHeader)) {
      if (!bytes_.ended()) return Status::timeout();
      note_once("torn tail");
      torn_tail_ = bytes_.offset();
      return Status::end();
    }
    FrameHeader header;
    std::memcpy(&header, bytes->data(), sizeof header);
    if (!valid(header)) {
      begin_search("damaged frame header", 0, 1);
      continue;
    }
    const std::size_t frame_bytes = sizeof header + header.stored_bytes;
    bytes = bytes_.peek(frame_bytes);
    if (!bytes.ok()) return bytes.status();
    if (bytes->size() < frame_bytes) {
      if (!bytes_.ended()) return Status::timeout();
      note_once("torn tail");
      torn_tail_ = bytes_.offset();
      return Status::end();
    }
    if (Status status = take_frame(*bytes, header); !status.ok()) return status;
    if (!events_.empty()) return Status::success();
  }
}

Status LogReader::take_frame(std::string_view bytes, const FrameHeader& header) {
  const std::string_view body = bytes.substr(sizeof header);
  if (log_format::checksum_of(body.data(), body.size(), seed_) != header.body_checksum) {
    // The header can be trusted: if the next frame stands where it says, exactly this frame is lost. Otherwise bytes
    // are missing, and the next frame may begin inside what the header claims.
    Result<std::string_view> beyond = bytes_.peek(bytes.size() + sizeof header);
    if (!beyond.ok()) return beyond.status();
    const std::string_view next = beyond->substr(bytes.size());
    FrameHeader following;
    if (next.size() == sizeof following) std::memcpy(&following, next.data(), sizeof following);
    const bool in_place = next.size() == sizeof following && valid(following);
    const bool skip_whole = in_place || (next.empty() && bytes_.ended());
    const bool repeats = (header.flags & log_format::kFrameRepeat) != 0;  // Their loss may cost nothing.
    begin_search("damaged frame", repeats ? 0 : header.events, skip_whole ? bytes.size() : 1);
    return Status::success();
  }
  const bool repeat = (header.flags & log_format::kFrameRepeat) != 0;
  if (!repeat && std::exchange(repeats_seen_, false)) repeats_wanted_ = false;
  if (repeat && !repeats_wanted_) {
    bytes_.consume(bytes.size());
    return Status::success();
  }
  if (Status status = unpack(body, header); !status.ok()) return status;
  if (searching_) return Status::success();
  bytes_.consume(bytes.size());
  if (repeat) {
    repeats_seen_ = true;
    keep_useful_repeats();
  } else {
    last_ns_ = events_.back().header.time_ns;
    settings_seen_ = settings_seen_ || std::any_of(events_.begin(), events_.end(), [](const Event& event) {
                       return event.header.kind == EventKind::kSettings;
                     });
  }
  return Status::success();
}

// Settings come once: a run does not change under way.
void LogReader::keep_useful_repeats() {
  std::erase_if(events_, [this](const Event& event) {
    return event.header.kind == EventKind::kSettings && std::exchange(settings_seen_, true);
  });
}

Status LogReader::unpack(std::string_view body, const FrameHeader& header) {
  const std::size_t wanted = header.events * sizeof(Event);
  const std::size_t frame_bytes = sizeof header + body.size();
  if ((header.flags & log_format::kFrameZstd) == 0) {
    if (body.size() != wanted) {
      begin_search("frame of the wrong size", header.events, frame_bytes);
      return Status::success();
    }
    events_.resize(header.events);
    std::memcpy(static_cast<void*>(events_.data()), body.data(), wanted);
    return Status::success();
  }
#ifdef IPM_WITH_ZSTD
  events_.resize(header.events);
  const std::size_t unpacked = ZSTD_decompress(events_.data(), wanted, body.data(), body.size());
  if (ZSTD_isError(unpacked) != 0 || unpacked != wanted) {
    events_.clear();
    begin_search("frame that does not decompress", header.events, frame_bytes);
  }
  return Status::success();
#else
  return Status::unsupported("event log: compressed with zstd; this libipm was built with IPM_WITH_ZSTD=OFF");
#endif
}

void LogReader::begin_search(std::string_view what, std::uint64_t events_known, std::size_t skip) {
  note_once(what);
  searching_ = true;
  repeats_wanted_ = true;
  damage_events_ = events_known;
  bytes_.consume(skip);
}

// Ok: a valid frame header stands at the front, or nothing is left.
Status LogReader::search() {
  const std::string_view magic(reinterpret_cast<const char*>(&log_format::kFrameMagic), kMagicBytes);
  for (;;) {
    Result<std::string_view> bytes = bytes_.peek(kSearchBytes);
    if (!bytes.ok()) return bytes.status();
    if (bytes->size() < sizeof(FrameHeader)) {
      if (!bytes_.ended()) return Status::timeout();
      bytes_.consume(bytes->size());
      return Status::success();
    }
    // Every place where a whole header could begin.
    const std::size_t places = bytes->size() - sizeof(FrameHeader) + 1;
    std::size_t at = bytes->find(magic);
    for (; at < places; at = bytes->find(magic, at + 1)) {
      FrameHeader header;
      std::memcpy(&header, bytes->data() + at, sizeof header);
      if (!valid(header)) continue;
      bytes_.consume(at);
      return Status::success();
    }
    bytes_.consume(places);
  }
}

void LogReader::end_search() {
  searching_ = false;
  ++damages_;
  events_lost_ += damage_events_;
  model::Loss loss;
  loss.what = model::LossWhat::kUnreadable;
  loss.events = damage_events_;
  events_.assign(1, model::make_event(last_ns_, EventKind::kLoss, {}, 0, loss));
}

}  // namespace ipm::source
