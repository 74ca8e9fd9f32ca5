#include "source/pcap/capture_file.h"

#include <algorithm>
#include <utility>

#include "source/pcap/capture_bytes.h"
#include "source/pcap/capture_facts.h"
#include "source/pcap/not_a_capture.h"
#include "source/pcap/pcap_reader.h"
#include "source/pcap/pcapng_reader.h"
#include "source/pcap/snoop_reader.h"

namespace ipm::source::pcap {

struct CaptureFile::Parts {
  enum class Stage { kPacking, kContainer, kHeader, kRecords, kOver };

  // Until the first record. Ok, timeout, or why it is not to be read.
  Status begin();
  Status choose_reader();
  // For good.
  Status over(Status status);

  CaptureBytes bytes;
  CaptureFacts facts;
  std::unique_ptr<RecordReader> reader;
  Container container = Container::kUnknown;
  Stage stage = Stage::kPacking;
  Status last;  // In kOver.
  std::string name;
};

CaptureFile::CaptureFile() : parts_(std::make_unique<Parts>()) {}
CaptureFile::~CaptureFile() = default;

Status CaptureFile::open(const std::string& path) {
  parts_ = std::make_unique<Parts>();
  parts_->name = path == "-" ? "standard input" : path;
  if (Status status = parts_->bytes.open(path); !status.ok()) return parts_->over(std::move(status));
  const Status status = parts_->begin();
  return status.is_error() ? status : Status::success();  // A pipe may bring its first bytes later.
}

Status CaptureFile::open_memory(std::string_view bytes) {
  parts_ = std::make_unique<Parts>();
  parts_->name = "memory";
  parts_->bytes.open_memory(bytes);
  return parts_->begin();
}

Status CaptureFile::next(CapturedPacket& out) {
  Parts& parts = *parts_;
  parts.bytes.begin_call();
  if (parts.stage != Parts::Stage::kRecords) [[unlikely]] {
    if (Status status = parts.begin(); !status.ok()) return status;
  }
  Status status = parts.reader->next(parts.bytes, parts.facts, out);
  if (status.ok()) [[likely]] {
    ++parts.facts.counters.packets;
    return status;
  }
  return status.code() == Code::kTimeout ? std::move(status) : parts.over(std::move(status));
}

Status CaptureFile::Parts::begin() {
  if (stage == Stage::kOver) return last;
  Status status;
  if (stage == Stage::kPacking) {
    status = bytes.detect_packing();
    if (status.ok()) stage = Stage::kContainer;
  }
  if (stage == Stage::kContainer) {
    status = choose_reader();
    if (status.ok()) stage = Stage::kHeader;
  }
  if (stage == Stage::kHeader) {
    status = reader->begin(bytes, facts);
    if (status.ok()) stage = Stage::kRecords;
  }
  if (status.is_error()) return over(status.with_context("read " + name));
  return status;
}

Status CaptureFile::Parts::choose_reader() {
  constexpr std::size_t kEnough = 8;
  Status status = bytes.need(kEnough);
  if (status.is_error() || status.code() == Code::kTimeout) return status;
  // What is shorter than a container's first bytes is none.
  const std::byte* first = bytes.data();
  const std::size_t ready = bytes.ready();
  if (ready >= 4 && PcapReader::is_pcap(first)) {
    container = Container::kPcap;
    reader = std::make_unique<PcapReader>();
  } else if (ready >= 4 && PcapngReader::is_pcapng(first)) {
    container = Container::kPcapng;
    reader = std::make_unique<PcapngReader>();
  } else if (ready >= 8 && SnoopReader::is_snoop(first)) {
    container = Container::kSnoop;
    reader = std::make_unique<SnoopReader>();
  } else {
    std::string what = "not a capture (pcap, pcapng, snoop): ";
    if (bytes.packing() != Packing::kNone) what += "unpacked by " + std::string(packing_name(bytes.packing())) + ", ";
    if (!bytes.trouble().empty()) what += bytes.trouble() + ", ";
    return Status::corrupt(what +
                           describe_first_bytes({reinterpret_cast<const char*>(first), std::min(ready, kEnough)}));
  }
  return Status::success();
}

Status CaptureFile::Parts::over(Status status) {
  stage = Stage::kOver;
  if (!bytes.trouble().empty()) {
    // That is why the last record is cut, if it is.
    ++facts.counters.malformed;
    facts.note = bytes.trouble() + (facts.note.empty() ? "" : "; unpacked: ") + facts.note;
  }
  last = std::move(status);
  return last;
}

void CaptureFile::before_move(std::function<void()> tell) {
  parts_->bytes.before_move(std::move(tell));
}
void CaptureFile::wait(int timeout_ms) const {
  parts_->bytes.wait(timeout_ms);
}
int CaptureFile::fd() const {
  return parts_->bytes.file().fd();
}
Container CaptureFile::container() const {
  return parts_->container;
}
std::uint32_t CaptureFile::sections() const {
  return parts_->facts.sections;
}
std::span<const CapturedInterface> CaptureFile::interfaces() const {
  return parts_->facts.interfaces;
}
std::vector<CapturedName> CaptureFile::take_names() {
  return std::exchange(parts_->facts.names, {});
}
const std::string& CaptureFile::note() const {
  return parts_->facts.note;
}

CaptureCounters CaptureFile::counters() const {
  CaptureCounters counters = parts_->facts.counters;
  counters.bytes_read = parts_->bytes.file().offset();
  counters.bytes_total = parts_->bytes.file().total_bytes();
  return counters;
}

}  // namespace ipm::source::pcap
