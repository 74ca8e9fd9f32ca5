#include "source/replay/json_fields.h"

#include <array>
#include <bit>
#include <cmath>
#include <limits>

#include "source/replay/dns_words.h"
#ifdef IPM_WITH_SIMDJSON
#include <simdjson.h>
#endif

namespace ipm::source {

#ifdef IPM_WITH_SIMDJSON
namespace {

namespace dom = simdjson::dom;

constexpr std::uint64_t kYear2200 = 7'258'118'400ULL * kSecond;
constexpr std::uint64_t kBytesMax = std::uint64_t{1} << 62;
constexpr std::uint64_t kPidMax = (std::uint64_t{1} << model::kPidBits) - 1;

enum Field : std::uint32_t {
  kT,
  kType,
  kPid,
  kComm,
  kExe,
  kUid,
  kProto,
  kLip,
  kLport,
  kRip,
  kRport,
  kDir,
  kTx,
  kRx,
  kDur,
  kWhy,
  kN,
  kQname,
  kQtype,
  kRcode,
  kAnswer,
  kTtl,
  kSni,
  kAlpn,
  kJa3,
  kJa4,
  kEch,
  kEnt,
  kFields
};
constexpr std::array<std::string_view, kFields> kNames = {
    "t",   "type", "pid", "comm",  "exe",   "uid",   "proto",  "lip", "lport", "rip",  "rport", "dir", "tx",  "rx",
    "dur", "why",  "n",   "qname", "qtype", "rcode", "answer", "ttl", "sni",   "alpn", "ja3",   "ja4", "ech", "ent"};

constexpr std::uint32_t bit(Field field) {
  return 1U << field;
}
constexpr std::uint32_t kEveryLine = bit(kT) | bit(kType) | bit(kPid);
constexpr std::uint32_t kEveryFlow = kEveryLine | bit(kProto) | bit(kLip) | bit(kLport) | bit(kRip) | bit(kRport);

// One pass over the object, each known field into its slot; then checks, which keep the first problem.
struct Slots {
  std::array<dom::element, kFields> value;
  std::uint32_t present = 0;
  std::string problem;

  void fill(const dom::object& object) {
    std::uint32_t likely = 0;  // Lines name their fields in the schema's order.
    for (const dom::key_value_pair field : object) {
      std::uint32_t i = likely;
      for (std::uint32_t step = 0; step < kFields && kNames[i] != field.key; ++step) i = i + 1 == kFields ? 0 : i + 1;
      if (kNames[i] != field.key) continue;
      if ((present & (1U << i)) == 0) value[i] = field.value;  // Of a field given twice the first counts.
      present |= 1U << i;
      likely = i + 1 == kFields ? 0 : i + 1;
    }
  }
  bool has(Field field) const { return (present & bit(field)) != 0; }
  void say(Field field, std::string_view what) {
    if (problem.empty()) problem = std::string(kNames[field]) + " " + std::string(what);
  }
  void require(std::uint32_t fields) {
    const std::uint32_t missing = fields & ~present;
    if (missing != 0) say(static_cast<Field>(std::countr_zero(missing)), "is missing");
  }
  std::uint64_t number(Field field, std::uint64_t max, std::uint64_t otherwise = 0) {
    if (!has(field)) return otherwise;
    std::uint64_t out = 0;
    if (value[field].get(out) == simdjson::SUCCESS && out <= max) return out;
    say(field, "is no whole number from 0 to " + std::to_string(max));
    return otherwise;
  }
  // Of a number from 0 to `max`, in thousandths.
  std::uint32_t thousandths(Field field, double max) {
    double out = 0;
    if (value[field].get(out) == simdjson::SUCCESS && out >= 0 && out <= max) {
      return static_cast<std::uint32_t>(std::lround(out * 1000));
    }
    say(field, "is no number from 0 to " + std::to_string(static_cast<int>(max)));
    return 0;
  }
  std::string_view text(Field field) {
    std::string_view out;
    if (has(field) && value[field].get(out) != simdjson::SUCCESS) say(field, "is no text");
    return out;
  }
  model::IpAddress address(Field field) {
    const std::optional<model::IpAddress> parsed = model::IpAddress::parse(text(field));
    if (!parsed) say(field, "is no address");
    return parsed.value_or(model::IpAddress{});
  }
};

LineType type_of(std::string_view word) {
  if (word == "open") return LineType::kOpen;
  if (word == "close") return LineType::kClose;
  if (word == "data") return LineType::kData;
  if (word == "dns") return LineType::kDns;
  if (word == "tls") return LineType::kTls;
  if (word == "reset") return LineType::kReset;
  if (word == "retrans") return LineType::kRetrans;
  return LineType::kOther;
}

model::FlowTuple read_tuple(Slots& slots) {
  model::FlowTuple tuple;
  const std::string_view proto = slots.text(kProto);
  tuple.protocol = proto == "udp" ? model::kProtocolUdp : model::kProtocolTcp;
  if (proto != "udp" && proto != "tcp") slots.say(kProto, "is neither tcp nor udp");
  tuple.local = slots.address(kLip);
  tuple.remote = slots.address(kRip);
  tuple.local_port = static_cast<std::uint16_t>(slots.number(kLport, 65'535));
  tuple.remote_port = static_cast<std::uint16_t>(slots.number(kRport, 65'535));
  const std::string_view direction = slots.text(kDir);
  if (direction == "in") tuple.direction = model::Direction::kIn;
  if (direction == "out") tuple.direction = model::Direction::kOut;
  if (tuple.direction == model::Direction::kUnknown && slots.has(kDir)) slots.say(kDir, "is neither in nor out");
  return tuple;
}

void read_reset(Slots& slots, LineFields& out) {
  const std::string_view why = slots.text(kWhy);
  if (why == "peer") {
    out.why = ResetWhy::kPeer;
  } else if (why == "refused") {
    out.why = ResetWhy::kRefused;
  } else if (why == "timeout") {
    out.why = ResetWhy::kTimeout;
  } else {
    slots.say(kWhy, "is none of refused, peer, timeout");
  }
}

void read_dns(Slots& slots, LineFields& out) {
  if (out.tuple.direction == model::Direction::kUnknown) out.tuple.direction = model::Direction::kOut;
  out.name = slots.text(kQname);
  if (slots.has(kAnswer)) out.answered = slots.address(kAnswer);
  out.ttl_s = static_cast<std::uint32_t>(slots.number(kTtl, std::numeric_limits<std::uint32_t>::max()));
  // As words or as numbers.
  std::uint64_t number = 0;
  if (slots.has(kQtype) && slots.value[kQtype].get(number) == simdjson::SUCCESS) {
    out.question_type = static_cast<std::uint16_t>(slots.number(kQtype, 65'535));
  } else {
    out.question_type = dns_question_type(slots.text(kQtype));
  }
  if (!slots.has(kRcode)) return;
  if (slots.value[kRcode].get(number) == simdjson::SUCCESS) {
    out.response_code = static_cast<std::uint16_t>(slots.number(kRcode, 4095));  // 12 bits with EDNS, RFC 6891 §6.1.3.
    return;
  }
  const std::optional<std::uint16_t> code = dns_response_code(slots.text(kRcode));
  if (!code) slots.say(kRcode, "is no known response code");
  out.response_code = code.value_or(0);
}

void read_tls(Slots& slots, LineFields& out) {
  out.sni = slots.text(kSni);
  out.alpn = slots.text(kAlpn);
  out.ja3 = slots.text(kJa3);
  out.ja4 = slots.text(kJa4);
  if (slots.has(kEch) && slots.value[kEch].get(out.ech) != simdjson::SUCCESS)
    slots.say(kEch, "is neither true nor false");
}

void read_amounts(Slots& slots, LineFields& out) {
  out.tx_bytes = slots.number(kTx, kBytesMax);
  out.rx_bytes = slots.number(kRx, kBytesMax);
  if (slots.has(kTx)) out.measured |= model::SocketData::kTxBytes;
  if (slots.has(kRx)) out.measured |= model::SocketData::kRxBytes;
  if (slots.has(kDur)) out.duration_ns = static_cast<TimeNs>(slots.number(kDur, kBytesMax));
  if (slots.has(kEnt)) out.entropy_millibits = static_cast<std::int32_t>(slots.thousandths(kEnt, 8));
  out.segments = static_cast<std::uint32_t>(slots.number(kN, std::numeric_limits<std::uint32_t>::max()));
}

}  // namespace

struct JsonFields::Parser {
  dom::parser json{kLineBytesMax};
};

JsonFields::JsonFields() : parser_(std::make_unique<Parser>()) {}

bool JsonFields::available() {
  return true;
}

std::string JsonFields::parse(std::string_view line, LineFields& out) {
  out = {};
  dom::element root;
  if (const auto error = parser_->json.parse(line.data(), line.size()).get(root); error != simdjson::SUCCESS) {
    return simdjson::error_message(error);
  }
  dom::object object;
  if (root.get(object) != simdjson::SUCCESS) return "not a JSON object";
  Slots slots;
  slots.fill(object);
  slots.require(kEveryLine);
  out.time_ns = static_cast<TimeNs>(slots.number(kT, kYear2200));
  const LineType type = type_of(slots.text(kType));
  out.pid = static_cast<std::uint32_t>(slots.number(kPid, kPidMax));
  if (!slots.problem.empty() || type == LineType::kOther) return std::move(slots.problem);

  out.type = type;
  slots.require(kEveryFlow);
  if (type == LineType::kReset) slots.require(bit(kWhy));
  if (type == LineType::kRetrans) slots.require(bit(kN));
  if (type == LineType::kDns) slots.require(bit(kQname));
  out.comm = slots.text(kComm);
  out.exe = slots.text(kExe);
  out.uid = static_cast<std::uint32_t>(
      slots.number(kUid, std::numeric_limits<std::uint32_t>::max(), model::Process::kUidUnknown));
  out.tuple = read_tuple(slots);
  read_amounts(slots, out);
  if (type == LineType::kReset) read_reset(slots, out);
  if (type == LineType::kDns) read_dns(slots, out);
  if (type == LineType::kTls) read_tls(slots, out);
  return std::move(slots.problem);
}

#else

struct JsonFields::Parser {};
JsonFields::JsonFields() = default;
bool JsonFields::available() {
  return false;
}
std::string JsonFields::parse(std::string_view, LineFields&) {
  return "built with IPM_WITH_SIMDJSON=OFF";
}

#endif

JsonFields::~JsonFields() = default;

}  // namespace ipm::source
