// The fields of one event line, checked. What they mean as events is json_lines.h's.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "model/event.h"

namespace ipm::source {

enum class LineType : std::uint8_t { kOther, kOpen, kData, kClose, kReset, kRetrans, kDns, kTls };
enum class ResetWhy : std::uint8_t { kRefused, kPeer, kTimeout };

// Views are valid until the next parse().
struct LineFields {
  TimeNs time_ns = 0;
  LineType type = LineType::kOther;
  ResetWhy why = ResetWhy::kPeer;
  std::uint8_t measured = 0;  // SocketData::kTxBytes, kRxBytes.
  std::uint32_t pid = 0;
  std::uint32_t uid = model::Process::kUidUnknown;
  std::uint32_t segments = 0;
  std::uint64_t tx_bytes = 0;
  std::uint64_t rx_bytes = 0;
  TimeNs duration_ns = -1;
  std::int32_t entropy_millibits = -1;  // Of tx; -1: not said.
  std::uint16_t question_type = 0;
  std::uint16_t response_code = 0;
  model::FlowTuple tuple = {};
  std::string_view comm;
  std::string_view exe;
  std::string_view name;
  model::IpAddress answered = {};  // All zero: none.
  std::uint32_t ttl_s = 0;
  std::string_view sni;
  std::string_view alpn;
  std::string_view ja3;
  std::string_view ja4;
  bool ech = false;
};

class JsonFields {
 public:
  static constexpr std::size_t kLineBytesMax = 16U << 20;

  JsonFields();
  ~JsonFields();

  // True if this build can read JSON at all (IPM_WITH_SIMDJSON).
  static bool available();
  // Why the line cannot be taken, naming the field: "lport is no whole number from 0 to 65535". Empty: it is good. A
  // line of an unknown type is good, with nothing else set.
  std::string parse(std::string_view line, LineFields& out);

 private:
  struct Parser;
  std::unique_ptr<Parser> parser_;
};

}  // namespace ipm::source
