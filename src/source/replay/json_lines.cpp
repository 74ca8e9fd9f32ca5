#include "source/replay/json_lines.h"

#include <algorithm>
#include <cerrno>
#include <utility>

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace ipm::source {

using model::EventKind;
using model::ProcessKey;

JsonLines::JsonLines() = default;

std::uint64_t& JsonLines::Programs::at(std::uint32_t pid) {
  std::unique_ptr<std::uint64_t[]>& page = pages_[pid / kPage];
  if (!page) page = std::make_unique<std::uint64_t[]>(kPage);
  return page[pid % kPage];
}

template <typename T>
void JsonLines::say(const LineFields& fields, EventKind kind, const T& payload, ring::Writer& out) {
  out.write(model::make_event(fields.time_ns, kind, ProcessKey(fields.pid, 0), 0, payload));
  ++own_events_;
}

void JsonLines::refuse(std::string_view reason, ring::Writer& out) {
  if (first_place_.empty()) {
    first_place_ = "line " + std::to_string(lines_);
    first_reason_ = std::string(reason);
  }
  ++malformed_;
  ++losses_unsaid_;
  // Before the first good line there is no time yet to say it at.
  if (anchored_ && lines_ >= next_loss_line_) say_losses(out);
}

void JsonLines::say_losses(ring::Writer& out) {
  if (losses_unsaid_ == 0) return;
  model::Loss loss;
  loss.what = model::LossWhat::kMalformed;
  loss.events = std::exchange(losses_unsaid_, 0);
  next_loss_line_ = lines_ + kLinesPerLoss;
  out.write(model::make_event(last_ns_, EventKind::kLoss, {}, 0, loss));
  ++own_events_;
}

void JsonLines::finish(ring::Writer& out) {
  say_losses(out);
}

void JsonLines::unreadable(ring::Writer& out) {
  model::Loss loss;
  loss.what = model::LossWhat::kUnreadable;
  out.write(model::make_event(last_ns_, EventKind::kLoss, {}, 0, loss));
  ++own_events_;
}

void JsonLines::too_long(ring::Writer& out) {
  ++lines_;
  refuse("longer than 16 MiB", out);
}

void JsonLines::line(std::string_view text, ring::Writer& out) {
  ++lines_;
  if (text.find_first_not_of(" \t\r") == std::string_view::npos) return;
  if (const std::string problem = json_.parse(text, fields_); !problem.empty()) return refuse(problem, out);
  if (fields_.type == LineType::kOther) {
    ++filtered_;
    return;
  }
  last_ns_ = fields_.time_ns;
  if (!anchored_) {
    anchored_ = true;
    model::ClockAnchor anchor;
    anchor.boottime_ns = anchor.realtime_ns = fields_.time_ns;
    out.write(model::make_event(fields_.time_ns, EventKind::kClockAnchor, {}, 0, anchor));
    ++own_events_;
  }
  if (losses_unsaid_ != 0 && lines_ >= next_loss_line_) say_losses(out);
  if (fields_.pid != 0) say_process(fields_, out);
  say_flow(fields_, out);
}

// A pid that shows another executable has called exec: lines have no start times that would tell a reused pid.
void JsonLines::say_process(const LineFields& fields, ring::Writer& out) {
  const std::string_view program = fields.exe.empty() ? fields.comm : fields.exe;
  const std::uint64_t hash = XXH3_64bits(program.data(), program.size()) | 1;  // 0 is "not seen".
  std::uint64_t& known = programs_.at(fields.pid);
  if (known == hash) return;
  const EventKind kind = known == 0 ? EventKind::kProcessStart : EventKind::kProcessExec;
  known = hash;
  model::Process process;
  process.uid = fields.uid;
  process.exe = texts_.id(fields.exe, fields.time_ns, out);
  fields.comm.copy(process.comm, sizeof process.comm - 1);
  say(fields, kind, process, out);
}

void JsonLines::say_flow(const LineFields& fields, ring::Writer& out) {
  switch (fields.type) {
    case LineType::kOpen: {
      model::SocketOpen open;
      open.tuple = fields.tuple;
      open.how = fields.tuple.direction == model::Direction::kIn ? model::OpenHow::kAccept : model::OpenHow::kConnect;
      open.quality = fields.pid == 0 ? model::Quality::kUnknown : model::Quality::kExact;
      open.rule = model::Rule::kTold;
      open.uid = fields.uid;
      say(fields, EventKind::kSocketOpen, open, out);
      break;
    }
    case LineType::kData:
      say_data(fields, out);
      break;
    case LineType::kClose:
    case LineType::kReset:
      say_data(fields, out);
      say_end(fields, out);
      break;
    case LineType::kRetrans:
      say(fields, EventKind::kRetransmit, model::SocketCount{.tuple = fields.tuple, .count = fields.segments}, out);
      break;
    case LineType::kDns: {
      say_data(fields, out);
      model::DnsAnswer answer;
      answer.tuple = fields.tuple;
      answer.name = texts_.id(fields.name, fields.time_ns, out);
      answer.question_type = fields.question_type;
      answer.response_code = fields.response_code;
      answer.address = fields.answered;
      answer.ttl_s = fields.ttl_s;
      say(fields, EventKind::kDnsAnswer, answer, out);
      break;
    }
    case LineType::kTls:
      say_hello(fields, out);
      break;
    case LineType::kOther:
      break;
  }
}

void JsonLines::say_hello(const LineFields& fields, ring::Writer& out) {
  const auto id = [&](std::string_view text) { return texts_.id(text.substr(0, kNameBytesMax), fields.time_ns, out); };
  model::TlsHello hello;
  hello.tuple = fields.tuple;
  hello.sni = id(fields.sni);
  hello.alpn = id(fields.alpn);
  hello.ja3 = id(fields.ja3);
  hello.ja4 = id(fields.ja4);
  if (fields.ech) hello.flags |= model::TlsHello::kEch;
  say(fields, EventKind::kTlsHello, hello, out);
}

void JsonLines::say_data(const LineFields& fields, ring::Writer& out) {
  if (fields.measured == 0) return;  // Not said is not zero.
  model::SocketData data;
  data.tuple = fields.tuple;
  data.layer = model::ByteLayer::kApp;
  data.measured = fields.measured;
  data.tx_bytes = fields.tx_bytes;
  data.rx_bytes = fields.rx_bytes;
  say(fields, EventKind::kSocketData, data, out);
  if (fields.entropy_millibits < 0 || fields.tx_bytes == 0) return;
  const model::Entropy entropy{.tuple = fields.tuple,
                               .millibits = static_cast<std::uint32_t>(fields.entropy_millibits)};
  say(fields, EventKind::kEntropy, entropy, out);
}

void JsonLines::say_end(const LineFields& fields, ring::Writer& out) {
  model::SocketClose close;
  close.tuple = fields.tuple;
  close.reason = model::CloseReason::kOrderly;
  close.duration_ns = fields.duration_ns;
  if (fields.type == LineType::kReset) {
    switch (fields.why) {
      case ResetWhy::kPeer:
        close.reason = model::CloseReason::kResetByPeer;
        say(fields, EventKind::kReset, model::SocketReset{.tuple = fields.tuple, .sent_here = 0}, out);
        break;
      case ResetWhy::kRefused:
        close.reason = model::CloseReason::kRefused;
        say(fields, EventKind::kFailure, model::SocketFailure{.tuple = fields.tuple, .error = ECONNREFUSED}, out);
        break;
      case ResetWhy::kTimeout:
        close.reason = model::CloseReason::kTimeout;
        // A connect that failed moved nothing. What did was established, and its end is no failed connect.
        if (fields.tx_bytes + fields.rx_bytes != 0) break;
        say(fields, EventKind::kFailure, model::SocketFailure{.tuple = fields.tuple, .error = ETIMEDOUT}, out);
        break;
    }
  }
  say(fields, EventKind::kSocketClose, close, out);
}

}  // namespace ipm::source
