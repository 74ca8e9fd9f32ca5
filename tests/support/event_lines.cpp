#include "support/event_lines.h"

#include <cerrno>
#include <cstring>
#include <map>
#include <string>

namespace ipm::test {
namespace {

using model::EventKind;

struct Said {  // Of a process.
  std::string comm, exe;
  std::uint32_t uid = 0;
};

class Lines {
 public:
  explicit Lines(std::ostream& out) : out_(out) {}

  void event(const model::Event& event, const model::Event* next, const model::Event* after) {
    time_ns_ = event.header.time_ns;
    who_ = event.header.process;
    switch (event.header.kind) {
      case EventKind::kText: {
        const auto text = event.as<model::Text>();
        std::string& whole = texts_[text.id];
        if (text.part == 0) whole.clear();
        whole.append(text.bytes, text.bytes_here);
        break;
      }
      case EventKind::kProcessStart: {
        const auto process = event.as<model::Process>();
        processes_[who_.pid()] = {std::string(process.comm, strnlen(process.comm, sizeof process.comm)),
                                  texts_[process.exe], process.uid};
        break;
      }
      case EventKind::kSocketOpen: {
        const auto open = event.as<model::SocketOpen>();
        if (open.how == model::OpenHow::kListen || is_question(open.tuple)) break;
        line("open", open.tuple);
        out_ << "}\n";
        break;
      }
      case EventKind::kSocketData:
        data(event.as<model::SocketData>(), next, after);
        break;
      case EventKind::kRetransmit: {
        const auto repeated = event.as<model::SocketCount>();
        line("retrans", repeated.tuple);
        out_ << ",\"n\":" << repeated.count << "}\n";
        break;
      }
      case EventKind::kSocketClose:
        close(event.as<model::SocketClose>());
        break;
      case EventKind::kDnsAnswer: {
        const auto answer = event.as<model::DnsAnswer>();
        line("dns", answer.tuple);
        out_ << ",\"qname\":\"" << texts_[answer.name] << "\",\"qtype\":" << answer.question_type
             << ",\"rcode\":0,\"tx\":" << waiting_.tx_bytes << ",\"rx\":" << waiting_.rx_bytes << "}\n";
        break;
      }
      default:
        break;  // Of the host, or told by the line of the end.
    }
  }

 private:
  static bool is_question(const model::FlowTuple& tuple) {
    return tuple.protocol == model::kProtocolUdp && tuple.remote_port == 53 && tuple.remote.is_v4() &&
           tuple.remote.scope() == model::Scope::kInternal;
  }
  void line(const char* type, const model::FlowTuple& tuple) {
    const Said& said = processes_[who_.pid()];
    const bool in = tuple.direction == model::Direction::kIn;
    out_ << "{\"t\":" << time_ns_ << ",\"type\":\"" << type << "\",\"pid\":" << who_.pid() << ",\"comm\":\""
         << said.comm << "\",\"exe\":\"" << said.exe << "\",\"uid\":" << said.uid << ",\"proto\":\""
         << (tuple.protocol == model::kProtocolUdp ? "udp" : "tcp") << "\",\"lip\":\"" << tuple.local.text()
         << "\",\"lport\":" << tuple.local_port << ",\"rip\":\"" << tuple.remote.text()
         << "\",\"rport\":" << tuple.remote_port << ",\"dir\":\"" << (in ? "in" : "out") << '"';
  }
  void amounts() {
    out_ << ",\"tx\":" << waiting_.tx_bytes << ",\"rx\":" << waiting_.rx_bytes;
    if (bits_ >= 0) out_ << ",\"ent\":" << bits_ / 1000.0;
    waiting_ = {};
    bits_ = -1;
  }
  // Kept for the line of the end if that comes at once.
  void data(const model::SocketData& data, const model::Event* next, const model::Event* after) {
    waiting_ = data;
    if (is_question(data.tuple)) return;
    if (next != nullptr && next->header.kind == EventKind::kEntropy) {
      bits_ = static_cast<int>(next->as<model::Entropy>().millibits);
      next = after;
    }
    if (next != nullptr && next->header.kind == EventKind::kSocketClose &&
        next->as<model::SocketClose>().tuple.local_port == data.tuple.local_port)
      return;
    line("data", data.tuple);
    amounts();
    out_ << "}\n";
  }
  void close(const model::SocketClose& close) {
    if (is_question(close.tuple)) {
      waiting_ = {};
      return;
    }
    const char* why = close.reason == model::CloseReason::kRefused       ? "refused"
                      : close.reason == model::CloseReason::kTimeout     ? "timeout"
                      : close.reason == model::CloseReason::kResetByPeer ? "peer"
                                                                         : nullptr;
    line(why == nullptr ? "close" : "reset", close.tuple);
    amounts();
    if (why != nullptr) out_ << ",\"why\":\"" << why << '"';
    out_ << ",\"dur\":1000000000}\n";
  }

  std::ostream& out_;
  TimeNs time_ns_ = 0;
  model::ProcessKey who_ = {};
  std::map<std::uint32_t, std::string> texts_;
  std::map<std::uint32_t, Said> processes_;
  model::SocketData waiting_ = {};
  int bits_ = -1;
};

}  // namespace

void write_event_lines(std::ostream& out, std::span<const model::Event> events) {
  Lines lines(out);
  for (std::size_t i = 0; i < events.size(); ++i) {
    const model::Event* next = i + 1 < events.size() ? &events[i + 1] : nullptr;
    const model::Event* after = i + 2 < events.size() ? &events[i + 2] : nullptr;
    lines.event(events[i], next, after);
  }
}

}  // namespace ipm::test
