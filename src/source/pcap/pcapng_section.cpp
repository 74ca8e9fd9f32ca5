#include "source/pcap/pcapng_section.h"

#include <algorithm>
#include <limits>
#include <string_view>
#include <utility>

#include "source/pcap/pcapng_options.h"

namespace ipm::source::pcap {
namespace {

constexpr std::size_t kProcessNameBytesMax = 128;
constexpr std::size_t kHostNameBytesMax = 255;

enum InterfaceOption : std::uint16_t {
  kComment = 1,
  kName = 2,
  kDescription = 3,
  kResolution = 9,
  kOs = 12,
  kFcsLength = 13,
  kOffset = 14,
};
enum StatisticsOption : std::uint16_t { kReceived = 4, kInterfaceDrops = 5, kSystemDrops = 7 };
enum ProcessOption : std::uint16_t { kProcessName = 2, kProcessPath = 3 };
enum NameRecord : std::uint16_t { kEndOfNames = 0, kNamesOfV4 = 1, kNamesOfV6 = 2 };

std::string bounded(std::string_view text, std::size_t bytes_max) {
  return std::string(text.substr(0, bytes_max));
}

std::uint64_t sum(std::uint64_t a, std::uint64_t b) {
  return a + std::min(b, std::numeric_limits<std::uint64_t>::max() - a);
}

model::IpAddress v4_at(const std::byte* at) {
  std::uint32_t network_order = 0;
  std::memcpy(&network_order, at, sizeof network_order);
  return model::IpAddress::v4(network_order);
}

}  // namespace

void PcapngSection::begin(ByteOrder order, CaptureFacts& facts) {
  order_ = order;
  interfaces_.clear();
  processes_.clear();
  facts.interfaces.clear();
  ++facts.sections;
}

CapturedProcess PcapngSection::process(std::uint32_t index) const {
  if (index >= processes_.size()) return {};
  return {processes_[index].pid, processes_[index].name};
}

bool PcapngSection::read_interface(Bytes body, CaptureFacts& facts) {
  constexpr std::size_t kFixedBytes = 8;
  if (body.size() < kFixedBytes) return false;
  if (interfaces_.size() >= kInterfacesMax) {
    ++facts.counters.forgotten;
    return true;
  }
  CapturedInterface told;
  told.link_type = order_.u16(body.data());
  told.snap_bytes = order_.u32(body.data() + 4);
  std::uint8_t resolution = 6;  // Microseconds.
  std::int64_t offset_seconds = 0;
  PcapngOptions options(body.subspan(kFixedBytes), order_);
  PcapngOption option;
  while (options.next(option)) {
    const auto text = [&] { return bounded(option.text(), kInterfaceTextBytesMax); };
    const std::size_t size = option.value.size();
    if (option.code == kComment) told.comment = text();
    if (option.code == kName) told.name = text();
    if (option.code == kDescription) told.description = text();
    if (option.code == kOs) told.os = text();
    if (option.code == kResolution && size == 1) resolution = std::to_integer<std::uint8_t>(option.value[0]);
    if (option.code == kOffset && size == 8) {
      offset_seconds = static_cast<std::int64_t>(order_.u64(option.value.data()));
    }
    if (option.code == kFcsLength && size == 1) {
      // In bits; 2 and 4 come from those who took it for octets.
      const auto length = std::to_integer<std::uint8_t>(option.value[0]);
      told.fcs_bytes = length < 8 ? length : static_cast<std::uint8_t>(length / 8);
    }
  }
  if (options.malformed()) ++facts.counters.malformed;
  interfaces_.push_back(
      {TimeScale(resolution, offset_seconds), told.link_type, told.fcs_bytes, told.snap_bytes, /*dropped=*/0});
  facts.interfaces.push_back(std::move(told));
  return true;
}

void PcapngSection::read_names(Bytes body, CaptureFacts& facts) const {
  constexpr std::size_t kHeaderBytes = 4;
  while (body.size() >= kHeaderBytes) {
    const std::uint16_t type = order_.u16(body.data());
    const std::size_t bytes = order_.u16(body.data() + 2);
    if (type == kEndOfNames) return;  // Options may follow.
    body = body.subspan(kHeaderBytes);
    const std::size_t address_bytes = type == kNamesOfV4 ? 4 : type == kNamesOfV6 ? 16 : 0;
    if (bytes > body.size() || bytes < address_bytes) break;
    if (address_bytes != 0) {
      const std::string_view all(reinterpret_cast<const char*>(body.data()), bytes);
      const auto address = type == kNamesOfV4 ? v4_at(body.data()) : model::IpAddress::v6(body.data());
      read_host_names(address, all.substr(address_bytes), facts);
    }
    body = body.subspan(std::min(body.size(), (bytes + 3) / 4 * 4));
  }
  if (!body.empty()) ++facts.counters.malformed;
}

// Each has a zero behind it.
void PcapngSection::read_host_names(const model::IpAddress& address, std::string_view names,
                                    CaptureFacts& facts) const {
  while (!names.empty()) {
    const std::string_view name = names.substr(0, names.find('\0'));
    names.remove_prefix(std::min(names.size(), name.size() + 1));
    if (name.empty() || name.size() > kHostNameBytesMax) continue;
    if (facts.names.size() < kNamesMax) {
      facts.names.push_back({address, std::string(name)});
    } else {
      ++facts.counters.forgotten;
    }
  }
}

void PcapngSection::read_statistics(Bytes body, CaptureFacts& facts) {
  constexpr std::size_t kFixedBytes = 12;
  if (body.size() < kFixedBytes || order_.u32(body.data()) >= interfaces_.size()) {
    ++facts.counters.malformed;
    return;
  }
  const std::uint32_t index = order_.u32(body.data());
  CapturedInterface& told = facts.interfaces[index];
  PcapngOptions options(body.subspan(kFixedBytes), order_);
  PcapngOption option;
  while (options.next(option)) {
    if (option.value.size() != 8) continue;
    constexpr std::uint64_t kMost = std::numeric_limits<std::int64_t>::max();
    const auto count = static_cast<std::int64_t>(std::min(order_.u64(option.value.data()), kMost));
    if (option.code == kReceived) told.received = count;
    if (option.code == kInterfaceDrops) told.dropped_by_interface = count;
    if (option.code == kSystemDrops) told.dropped_by_system = count;
  }
  if (options.malformed()) ++facts.counters.malformed;
  // They count from the start of the capture, so the last one holds all.
  const auto counted = [](std::int64_t count) { return static_cast<std::uint64_t>(std::max<std::int64_t>(count, 0)); };
  const std::uint64_t dropped = counted(told.dropped_by_interface) + counted(told.dropped_by_system);
  PcapngInterface& interface = interfaces_[index];
  if (dropped > interface.dropped) {
    dropped_by_statistics_ = sum(dropped_by_statistics_, dropped - interface.dropped);
    interface.dropped = dropped;
  }
  count_dropped(facts);
}

void PcapngSection::add_dropped(std::uint64_t packets, CaptureFacts& facts) {
  dropped_by_packets_ = sum(dropped_by_packets_, packets);
  count_dropped(facts);
}

void PcapngSection::count_dropped(CaptureFacts& facts) const {
  facts.counters.dropped = std::max(dropped_by_packets_, dropped_by_statistics_);
}

void PcapngSection::read_process(Bytes body, CaptureFacts& facts) {
  if (processes_.size() >= kProcessesMax) {
    ++facts.counters.forgotten;
    return;
  }
  Process& process = processes_.emplace_back();  // Even if it says nothing: packets count them.
  if (body.size() < 4) {
    ++facts.counters.malformed;
    return;
  }
  process.pid = static_cast<std::int32_t>(order_.u32(body.data()));
  PcapngOptions options(body.subspan(4), order_);
  PcapngOption option;
  while (options.next(option)) {
    const bool better = option.code == kProcessName || (option.code == kProcessPath && process.name.empty());
    if (better) process.name = bounded(option.text(), kProcessNameBytesMax);
  }
  if (options.malformed()) ++facts.counters.malformed;
}

}  // namespace ipm::source::pcap
