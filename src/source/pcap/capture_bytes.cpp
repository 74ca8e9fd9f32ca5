#include "source/pcap/capture_bytes.h"

#include <algorithm>
#include <cstring>
#include <span>
#include <utility>

namespace ipm::source::pcap {

Status CaptureBytes::detect_packing() {
  constexpr std::size_t kEnough = 4;
  const Result<std::string_view> first = file_.peek(kEnough);
  if (!first.ok()) return first.status();
  if (first->size() < kEnough && !file_.ended()) return Status::timeout();
  packing_ = packing_of(*first);
  if (packing_ == Packing::kNone) return Status::success();
  Result<std::unique_ptr<Unpacker>> unpacker = Unpacker::open(packing_);
  if (!unpacker.ok()) return unpacker.status();
  unpacker_ = std::move(*unpacker);
  return Status::success();
}

void CaptureBytes::skip(std::uint64_t bytes) {
  const std::uint64_t now = std::min<std::uint64_t>(bytes, ready());
  at_ += now;
  to_skip_ += bytes - now;
}

void CaptureBytes::show(const char* begin, std::size_t bytes) {
  begin_ = at_ = reinterpret_cast<const std::byte*>(begin);
  end_ = begin_ + bytes;
}

Status CaptureBytes::fill(std::size_t bytes) {
  if (fills_left_ == 0) return Status::timeout();
  --fills_left_;
  if (before_move_) before_move_();
  return unpacker_ ? fill_unpacked(bytes) : fill_plain(bytes);
}

Status CaptureBytes::fill_plain(std::size_t bytes) {
  const auto used = static_cast<std::size_t>(at_ - begin_);
  file_.consume(used);
  window_offset_ += used;
  show(nullptr, 0);
  while (to_skip_ > 0) {
    const Result<std::string_view> some = file_.peek_some();
    if (!some.ok()) return some.status();
    if (some->empty()) return file_.ended() ? Status::end() : Status::timeout();
    const auto gone = static_cast<std::size_t>(std::min<std::uint64_t>(to_skip_, some->size()));
    file_.consume(gone);
    window_offset_ += gone;
    to_skip_ -= gone;
    if (to_skip_ > 0 && fills_left_ == 0) return Status::timeout();
    if (to_skip_ > 0) --fills_left_;
  }
  const Result<std::string_view> wanted = file_.peek(bytes);
  if (!wanted.ok()) return wanted.status();
  if (wanted->empty()) return file_.ended() ? Status::end() : Status::timeout();
  const Result<std::string_view> all = file_.peek_some();  // Reads nothing: there is some.
  if (!all.ok()) return all.status();
  show(all->data(), all->size());
  if (ready() >= bytes) return Status::success();
  return file_.ended() ? Status::end() : Status::timeout();
}

Status CaptureBytes::fill_unpacked(std::size_t bytes) {
  std::size_t kept = ready();
  window_offset_ += static_cast<std::uint64_t>(at_ - begin_);
  if (kept > 0) std::memmove(unpacked_.data(), at_, kept);
  Status status;
  while (kept < bytes && status.ok()) {
    if (unpacked_.size() < kept + kUnpackBytes) unpacked_.resize(kept + kUnpackBytes);
    status = unpack_some(kept);
    if (status.ok() && kept < bytes) {
      if (fills_left_ == 0)
        status = Status::timeout();
      else
        --fills_left_;
    }
  }
  show(unpacked_.data(), kept);
  return status;
}

Status CaptureBytes::unpack_some(std::size_t& kept) {
  if (unpacked_all_) return Status::end();
  const Result<std::string_view> in = file_.peek_some();
  if (!in.ok()) return in.status();
  const bool was_inside = unpacker_->inside();
  const Result<Unpacker::Step> step = unpacker_->step(*in, std::span(unpacked_).subspan(kept));
  const auto place = [&] { return " at byte " + std::to_string(file_.offset()) + " of the file"; };
  if (!step.ok()) {
    if (was_inside) return end_of_packing(std::string(step.status().message()) + place());
    return end_of_packing("something else than " + std::string(packing_name(packing_)) + place() + ", not read");
  }
  file_.consume(step->taken);
  const auto gone = static_cast<std::size_t>(std::min<std::uint64_t>(to_skip_, step->given));
  if (gone > 0) {  // Nothing is kept then.
    std::memmove(unpacked_.data(), unpacked_.data() + gone, step->given - gone);
    window_offset_ += gone;
    to_skip_ -= gone;
  }
  kept += step->given - gone;
  if (step->taken > 0 || step->given > 0) return Status::success();
  if (!in->empty()) return end_of_packing(std::string(packing_name(packing_)) + ": no progress" + place());
  if (!file_.ended()) return Status::timeout();
  return end_of_packing(unpacker_->inside() ? std::string(packing_name(packing_)) + ": cut short" + place() : "");
}

Status CaptureBytes::end_of_packing(std::string trouble) {
  unpacked_all_ = true;
  trouble_ = std::move(trouble);
  return Status::end();
}

}  // namespace ipm::source::pcap
