#include "source/replay/json_lines.h"

#include <cerrno>
#include <unordered_map>

#ifdef IPM_WITH_SIMDJSON
#include <simdjson.h>
#endif

namespace ipm::source {

using model::Event;
using model::EventKind;
using model::ProcessKey;

#ifdef IPM_WITH_SIMDJSON
namespace {

namespace dom = simdjson::dom;

constexpr std::int64_t kYear2200 = 7'258'118'400LL * kSecond;
constexpr std::uint64_t kBytesMax = std::uint64_t{1} << 62;
constexpr std::size_t kProcessesMax = 65'536;

// A field that must be a number within bounds; a missing one is `fallback`, or an error without one.
struct Fields {
  dom::object object;
  std::string problem;

  std::uint64_t number(std::string_view name, std::uint64_t max, bool required) {
    dom::element value;
    if (object[name].get(value) != simdjson::SUCCESS) {
      if (required && problem.empty()) problem = std::string(name) + " is missing";
      return 0;
    }
    std::uint64_t out = 0;
    if (value.get(out) != simdjson::SUCCESS || out > max) {
      if (problem.empty()) problem = std::string(name) + " is out of range";
      return 0;
    }
    return out;
  }
  std::string_view text(std::string_view name, bool required) {
    std::string_view out;
    if (object[name].get(out) != simdjson::SUCCESS && required && problem.empty()) problem = std::string(name) + " is missing or no text";
    return out;
  }
  model::IpAddress address(std::string_view name) {
    const std::optional<model::IpAddress> parsed = model::IpAddress::parse(text(name, true));
    if (!parsed && problem.empty()) problem = std::string(name) + " is no address";
    return parsed.value_or(model::IpAddress{});
  }
};

model::FlowTuple read_tuple(Fields& fields) {
  model::FlowTuple tuple;
  const std::string_view proto = fields.text("proto", true);
  tuple.protocol = proto == "udp" ? model::kProtocolUdp : model::kProtocolTcp;
  if (proto != "udp" && proto != "tcp" && fields.problem.empty()) fields.problem = "proto is neither tcp nor udp";
  tuple.local = fields.address("lip");
  tuple.remote = fields.address("rip");
  tuple.local_port = static_cast<std::uint16_t>(fields.number("lport", 65'535, true));
  tuple.remote_port = static_cast<std::uint16_t>(fields.number("rport", 65'535, true));
  const std::string_view direction = fields.text("dir", false);
  tuple.direction = direction == "in" ? model::Direction::kIn : model::Direction::kOut;
  return tuple;
}

}  // namespace

struct JsonLines::Parser {
  dom::parser json{kLineBytesMax};
  // What was said about each pid, so that texts and starts are written once.
  struct Known {
    std::string exe;
    std::string comm;
  };
  std::unordered_map<std::uint32_t, Known> processes;
};
#else
struct JsonLines::Parser {};
#endif

JsonLines::JsonLines() : parser_(std::make_unique<Parser>()) {}
JsonLines::~JsonLines() = default;

void JsonLines::write(const Event& event, ring::Writer& out) {
  out.write(event);
  ++events_;
}

void JsonLines::refuse(std::string_view reason, ring::Writer& out) {
  if (first_place_.empty()) {
    first_place_ = "line " + std::to_string(lines_);
    first_reason_ = std::string(reason);
  }
  ++malformed_;
  model::Loss loss;
  loss.what = model::LossWhat::kMalformed;
  loss.events = 1;
  write(model::make_event(last_ns_, EventKind::kLoss, {}, 0, loss), out);
}

void JsonLines::too_long(ring::Writer& out) {
  ++lines_;
  refuse("longer than 16 MiB", out);
}

#ifdef IPM_WITH_SIMDJSON

void JsonLines::line(std::string_view text, ring::Writer& out) {
  ++lines_;
  if (text.find_first_not_of(" \t\r") == std::string_view::npos) return;
  Fields fields;
  dom::element root;
  if (const auto error = parser_->json.parse(text.data(), text.size()).get(root); error != simdjson::SUCCESS) {
    refuse(simdjson::error_message(error), out);
    return;
  }
  if (root.get(fields.object) != simdjson::SUCCESS) {
    refuse("not a JSON object", out);
    return;
  }
  const auto time = static_cast<TimeNs>(fields.number("t", static_cast<std::uint64_t>(kYear2200), true));
  const std::string_view type = fields.text("type", true);
  const auto pid = static_cast<std::uint32_t>(fields.number("pid", (1U << model::kPidBits) - 1, true));
  if (!fields.problem.empty()) {
    refuse(fields.problem, out);
    return;
  }
  const bool known = type == "open" || type == "data" || type == "close" || type == "reset" || type == "retrans" || type == "dns";
  if (!known) {
    ++filtered_;
    return;
  }
  const model::FlowTuple tuple = read_tuple(fields);
  const std::uint64_t tx = fields.number("tx", kBytesMax, false);
  const std::uint64_t rx = fields.number("rx", kBytesMax, false);
  const auto duration = static_cast<TimeNs>(fields.number("dur", kBytesMax, false));
  const auto count = static_cast<std::uint32_t>(fields.number("n", 0xffff'ffff, type == "retrans"));
  const std::string_view comm = fields.text("comm", false);
  const std::string_view exe = fields.text("exe", false);
  const auto uid = static_cast<std::uint32_t>(fields.number("uid", 0xffff'fffe, false));
  const std::string_view why = fields.text("why", type == "reset");
  const std::string_view name = fields.text("qname", type == "dns");
  if (!fields.problem.empty()) {
    refuse(fields.problem, out);
    return;
  }
  last_ns_ = time;
  if (!anchored_) {
    model::ClockAnchor anchor;
    anchor.boottime_ns = anchor.realtime_ns = time;
    write(model::make_event(time, EventKind::kClockAnchor, {}, 0, anchor), out);
    anchored_ = true;
  }

  const ProcessKey key(pid, 0);
  if (pid != 0) {
    if (parser_->processes.size() >= kProcessesMax) parser_->processes.clear();  // They are only said again.
    const auto [at, fresh] = parser_->processes.try_emplace(pid);
    if (fresh || at->second.exe != exe || at->second.comm != comm) {
      model::Process process;
      process.uid = uid;
      process.exe = texts_.id(exe, time, out);
      comm.copy(process.comm, sizeof process.comm - 1);
      write(model::make_event(time, fresh ? EventKind::kProcessStart : EventKind::kProcessExec, key, 0, process), out);
      at->second = {std::string(exe), std::string(comm)};
    }
  }
  const auto send = [&](EventKind kind, const auto& payload) { write(model::make_event(time, kind, key, 0, payload), out); };
  const auto send_data = [&] {
    model::SocketData data;
    data.tuple = tuple;
    data.layer = model::ByteLayer::kApp;
    data.measured = model::SocketData::kBytes;
    data.tx_bytes = tx;
    data.rx_bytes = rx;
    send(EventKind::kSocketData, data);
  };
  const auto send_close = [&](model::CloseReason reason) {
    model::SocketClose close;
    close.tuple = tuple;
    close.reason = reason;
    close.duration_ns = duration;
    send(EventKind::kSocketClose, close);
  };
  if (type == "open") {
    model::SocketOpen open;
    open.tuple = tuple;
    open.how = tuple.direction == model::Direction::kIn ? model::OpenHow::kAccept : model::OpenHow::kConnect;
    open.quality = pid == 0 ? model::Quality::kUnknown : model::Quality::kExact;
    open.rule = model::Rule::kTold;
    open.uid = uid;
    send(EventKind::kSocketOpen, open);
  } else if (type == "data") {
    send_data();
  } else if (type == "close") {
    send_data();
    send_close(model::CloseReason::kOrderly);
  } else if (type == "reset") {
    if (why == "peer") {
      send_data();
      send(EventKind::kReset, model::SocketReset{.tuple = tuple, .sent_here = 0});
      send_close(model::CloseReason::kResetByPeer);
    } else {
      send(EventKind::kFailure, model::SocketFailure{.tuple = tuple, .error = why == "refused" ? ECONNREFUSED : ETIMEDOUT});
      send_close(why == "refused" ? model::CloseReason::kRefused : model::CloseReason::kTimeout);
    }
  } else if (type == "retrans") {
    send(EventKind::kRetransmit, model::SocketCount{.tuple = tuple, .count = count});
  } else {
    send_data();
    model::DnsAnswer answer;
    answer.tuple = tuple;
    answer.name = texts_.id(name, time, out);
    send(EventKind::kDnsAnswer, answer);
  }
}

#else

void JsonLines::line(std::string_view, ring::Writer& out) {
  ++lines_;
  refuse("this libipm was built with IPM_WITH_SIMDJSON=OFF", out);
}

#endif

}  // namespace ipm::source
