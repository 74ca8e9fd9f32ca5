// The bytes of a capture, unpacked, as a window that moves over them. A record is parsed where it lies: need() brings
// all of it into the window, and only need() moves what is there.
//
// Bound: 512 KiB more than the longest need(), and twice that if it is packed; never much more than there was to read.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/status.h"
#include "source/byte_source.h"
#include "source/unpacker.h"

namespace ipm::source::pcap {

class CaptureBytes {
 public:
  Status open(const std::string& path) { return file_.open(path); }
  void open_memory(std::string_view bytes) { file_.open_memory(bytes); }
  // Looks at the first bytes whether they are packed. Before the first need(). Timeout: a pipe has not brought them.
  Status detect_packing();
  // `tell` is called each time before what is in the window moves.
  void before_move(std::function<void()> tell) { before_move_ = std::move(tell); }

  // Until the next of these, the window is filled no more than kFillsPerCall times: one call of the user stays short.
  void begin_call() { fills_left_ = kFillsPerCall; }

  // Ok: so many bytes are ready. end: fewer are left than that. timeout: a pipe has not brought them, or enough was
  // read in this call.
  Status need(std::size_t bytes) { return ready() >= bytes ? Status::success() : fill(bytes); }
  const std::byte* data() const { return at_; }
  std::size_t ready() const { return static_cast<std::size_t>(end_ - at_); }
  void take(std::size_t bytes) { at_ += bytes; }  // Of those that are ready.
  // Also of those that are not: they come and go before the next need() is ok.
  void skip(std::uint64_t bytes);
  bool skipping() const { return to_skip_ > 0; }  // Not all of what is to be skipped has come.

  std::uint64_t offset() const { return window_offset_ + static_cast<std::uint64_t>(at_ - begin_); }
  Packing packing() const { return packing_; }
  // What was wrong with the packing: "gzip: invalid distance code at byte 123 of the file". Empty: nothing.
  const std::string& trouble() const { return trouble_; }
  const ByteSource& file() const { return file_; }
  // Until a pipe has more. Not if a call ended since it had read enough.
  void wait(int timeout_ms) const {
    if (fills_left_ > 0) file_.wait(timeout_ms);
  }

 private:
  static constexpr std::uint32_t kFillsPerCall = 64;
  static constexpr std::size_t kUnpackBytes = 512 * 1024;

  Status fill(std::size_t bytes);
  Status fill_plain(std::size_t bytes);
  Status fill_unpacked(std::size_t bytes);
  // One step of the unpacker, behind the `kept` first bytes of unpacked_. Ok, end, timeout.
  Status unpack_some(std::size_t& kept);
  Status end_of_packing(std::string trouble);
  void show(const char* begin, std::size_t bytes);

  ByteSource file_;
  Packing packing_ = Packing::kNone;
  std::unique_ptr<Unpacker> unpacker_;
  std::vector<char> unpacked_;
  bool unpacked_all_ = false;
  std::string trouble_;

  // The window: bytes at window_offset_ of the capture.
  const std::byte* begin_ = nullptr;
  const std::byte* at_ = nullptr;
  const std::byte* end_ = nullptr;
  std::uint64_t window_offset_ = 0;
  std::uint64_t to_skip_ = 0;  // Behind the window, which is used up then.
  std::uint32_t fills_left_ = kFillsPerCall;
  std::function<void()> before_move_;
};

}  // namespace ipm::source::pcap
