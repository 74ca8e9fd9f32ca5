#include "source/replay/line_reader.h"

#include <cstdint>
#include <utility>

namespace ipm::source {

namespace {
constexpr std::uint32_t kReadsPerCall = 64;
constexpr std::size_t kUnpackBytes = 128 * 1024;
}  // namespace

LineReader::LineReader(ByteSource& bytes, std::size_t line_bytes_max)
    : bytes_(bytes), line_bytes_max_(line_bytes_max) {}
LineReader::~LineReader() = default;

Status LineReader::unpack_by(Packing packing) {
  Result<std::unique_ptr<Unpacker>> unpacker = Unpacker::open(packing);
  if (!unpacker.ok()) return unpacker.status();
  unpacker_ = std::move(*unpacker);
  packing_ = packing;
  unpacked_.resize(kUnpackBytes);
  return Status::success();
}

Status LineReader::more() {
  Result<std::string_view> bytes = bytes_.peek_some();
  if (!bytes.ok()) return bytes.status();
  if (unpacker_) return unpack(*bytes);
  if (bytes->empty()) return bytes_.ended() ? Status::end() : Status::timeout();
  text_.append(*bytes);
  bytes_.consume(bytes->size());
  return Status::success();
}

Status LineReader::unpack(std::string_view bytes) {
  const bool was_inside = unpacker_->inside();
  const Result<Unpacker::Step> step = unpacker_->step(bytes, unpacked_);
  if (!step.ok()) {
    return end_unpacking(was_inside ? std::string(step.status().message()) : "something else follows");
  }
  text_.append(unpacked_.data(), step->given);
  bytes_.consume(step->taken);
  if (step->taken > 0 || step->given > 0) return Status::success();
  if (!bytes.empty()) return end_unpacking("no progress");
  if (!bytes_.ended()) return Status::timeout();
  return unpacker_->inside() ? end_unpacking("the file is cut") : Status::end();
}

Status LineReader::end_unpacking(const std::string& why) {
  note_ = std::string(packing_name(packing_)) + ": " + why + " at offset " + std::to_string(bytes_.offset());
  return Status::end();
}

Status LineReader::next(std::string_view& line, Got& got) {
  for (std::uint32_t reads = 0;; ++reads) {
    const std::size_t newline = text_.find('\n', scanned_);
    if (newline != std::string::npos) {
      line = std::string_view(text_).substr(begin_, newline - begin_);
      begin_ = scanned_ = newline + 1;
      const bool too_long = std::exchange(skipping_, false) || line.size() > line_bytes_max_;
      got = too_long ? Got::kTooLong : Got::kLine;
      return Status::success();
    }
    text_.erase(0, begin_);
    begin_ = 0;
    if (text_.size() > line_bytes_max_) {
      text_.clear();
      skipping_ = true;
    }
    scanned_ = text_.size();
    if (ended_) {
      if (text_.empty() && !skipping_) return Status::end();
      // The last line may lack its newline.
      got = std::exchange(skipping_, false) ? Got::kTooLong : Got::kLine;
      line = text_;
      begin_ = scanned_ = text_.size();
      return Status::success();
    }
    if (reads == kReadsPerCall) {
      got = Got::kNothing;
      return Status::success();
    }
    Status status = more();
    if (status.is_error() || status.code() == Code::kTimeout) return status;
    if (status.code() == Code::kEnd) ended_ = true;
  }
}

}  // namespace ipm::source
