// Events as words, so that a test's expectation reads as what was told: "data 7 by 101 100/40 inferred".
#pragma once

#include <string>

#include "model/event.h"

namespace ipm::test {

namespace words_detail {

inline std::string by(model::ProcessKey process) {
  return process.empty() ? " by -" : " by " + std::to_string(process.pid());
}
inline std::string found(model::Quality quality, model::Rule rule) {
  return " " + std::string(quality_name(quality)) + "/" + std::string(rule_name(rule));
}
inline std::string how(model::OpenHow how) {
  constexpr const char* kNames[] = {"existing", "connect", "accept", "listen", "bind"};
  return kNames[static_cast<std::size_t>(how)];
}
inline std::string flags(std::uint16_t flags) {
  std::string out;
  if ((flags & model::kEventFirstSight) != 0) out += " first_sight";
  if ((flags & model::kEventLost) != 0) out += " lost";
  if ((flags & model::kEventInferred) != 0) out += " inferred";
  return out;
}

// A conversation of a UDP socket as "9#1".
inline std::string flow_words(std::uint64_t flow) {
  const std::uint64_t number = flow >> model::kConversationShift, socket = flow ^ number << model::kConversationShift;
  return " " + std::to_string(socket) + (number != 0 ? "#" + std::to_string(number) : "");
}

}  // namespace words_detail

// Sent before received everywhere. A connection is named by its cookie, a process by its pid.
inline std::string words(const model::Event& event) {
  using namespace words_detail;
  using model::EventKind;
  const model::ProcessKey process = event.header.process;
  const std::string flow = flow_words(event.header.flow), flagged = flags(event.header.flags);
  switch (event.header.kind) {
    case EventKind::kProcessStart:
      return "start " + std::to_string(process.pid());
    case EventKind::kProcessExec:
      return "exec " + std::to_string(process.pid());
    case EventKind::kProcessExit:
      return "exit " + std::to_string(process.pid()) + " " + std::to_string(event.as<model::ProcessExit>().exit_code);
    case EventKind::kSocketOpen: {
      const auto open = event.as<model::SocketOpen>();
      return "open" + flow + " " + how(open.how) + by(process) + found(open.quality, open.rule) + flagged;
    }
    case EventKind::kSocketEstablished: {
      const std::uint32_t us = event.as<model::SocketEstablished>().handshake_us;
      return "established" + flow + by(process) + (us != 0 ? " in " + std::to_string(us) + "us" : "") + flagged;
    }
    case EventKind::kSocketData: {
      const auto data = event.as<model::SocketData>();
      std::string out = "data" + flow + by(process) + " " + std::to_string(data.tx_bytes) + "/";
      out += std::to_string(data.rx_bytes);
      if ((data.measured & model::SocketData::kTxPackets) != 0) {
        out += " packets " + std::to_string(data.tx_packets) + "/" + std::to_string(data.rx_packets);
      }
      return out + flagged;
    }
    case EventKind::kTcpSnapshot: {
      const auto snapshot = event.as<model::TcpSnapshot>();
      return "snapshot" + flow + " rtt " + std::to_string(snapshot.srtt_us) + " again " +
             std::to_string(snapshot.tx_retransmits) + " disordered " + std::to_string(snapshot.rx_out_of_order) +
             flagged;
    }
    case EventKind::kReset:
      return "reset" + flow + (event.as<model::SocketReset>().sent_here != 0 ? " here" : " by peer") + flagged;
    case EventKind::kFailure:
      return "failure" + flow + by(process) + " error " + std::to_string(event.as<model::SocketFailure>().error) +
             flagged;
    case EventKind::kSocketClose: {
      const auto close = event.as<model::SocketClose>();
      std::string out = "close" + flow + " " + std::string(close_reason_name(close.reason));
      if (close.duration_ns >= 0) out += " after " + std::to_string(close.duration_ns / kMillisecond) + "ms";
      return out + flagged;
    }
    case EventKind::kSocketOwner: {
      const auto owner = event.as<model::SocketOwner>();
      std::string out = "owner" + flow;
      for (const std::uint64_t ref : owner.owners) {
        if (ref != 0) out += " " + std::to_string(model::ProcessKey::from_ref(ref).pid());
      }
      return out + " of " + std::to_string(owner.holders) + found(owner.quality, owner.rule) + flagged;
    }
    case EventKind::kEntropy:
      return "entropy" + flow + " " + std::to_string(event.as<model::Entropy>().millibits);
    case EventKind::kDnsAnswer:
      return "answer" + flow + by(process) + " " + event.as<model::DnsAnswer>().address.text();
    case EventKind::kTlsHello:
      return "hello" + flow + by(process);
    case EventKind::kLoss: {
      const auto loss = event.as<model::Loss>();
      return "loss of " + std::to_string(loss.events) + " with " +
             (loss.bytes_known != 0 ? std::to_string(loss.bytes) : "unknown") + " bytes";
    }
    case EventKind::kFrameData:
      return "frames" + by(process) + " " + std::to_string(event.as<model::FrameData>().tx_bytes);
    default:
      return std::string(event_kind_name(event.header.kind));
  }
}

}  // namespace ipm::test
