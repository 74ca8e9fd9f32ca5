#include "model/event.h"

namespace ipm::model {

std::string_view event_kind_name(EventKind kind) {
  switch (kind) {
    case EventKind::kNone:
      return "none";
    case EventKind::kProcessStart:
      return "process_start";
    case EventKind::kProcessExec:
      return "process_exec";
    case EventKind::kProcessExit:
      return "process_exit";
    case EventKind::kProcessSample:
      return "process_sample";
    case EventKind::kSocketOpen:
      return "socket_open";
    case EventKind::kSocketEstablished:
      return "socket_established";
    case EventKind::kSocketData:
      return "socket_data";
    case EventKind::kTcpSnapshot:
      return "tcp_snapshot";
    case EventKind::kRetransmit:
      return "retransmit";
    case EventKind::kReset:
      return "reset";
    case EventKind::kFailure:
      return "failure";
    case EventKind::kSocketClose:
      return "socket_close";
    case EventKind::kSocketOwner:
      return "socket_owner";
    case EventKind::kFrameData:
      return "frame_data";
    case EventKind::kEntropy:
      return "entropy";
    case EventKind::kSocketNat:
      return "socket_nat";
    case EventKind::kInterface:
      return "interface";
    case EventKind::kHostCounters:
      return "host_counters";
    case EventKind::kText:
      return "text";
    case EventKind::kDnsAnswer:
      return "dns_answer";
    case EventKind::kTlsHello:
      return "tls_hello";
    case EventKind::kGeo:
      return "geo";
    case EventKind::kIntelHit:
      return "intel_hit";
    case EventKind::kClockAnchor:
      return "clock_anchor";
    case EventKind::kLoss:
      return "loss";
    case EventKind::kTimeAdvance:
      return "time_advance";
    case EventKind::kDrillMark:
      return "drill_mark";
    case EventKind::kOperatorRule:
      return "operator_rule";
    case EventKind::kSettings:
      return "settings";
    case EventKind::kBaseline:
      return "baseline";
    case EventKind::kClue:
      return "clue";
    case EventKind::kSourceInfo:
      return "source_info";
  }
  return "unknown";
}

std::string_view tcp_state_name(TcpState state) {
  switch (state) {
    case TcpState::kNone:
      return "";
    case TcpState::kEstablished:
      return "established";
    case TcpState::kSynSent:
      return "syn-sent";
    case TcpState::kSynRecv:
    case TcpState::kNewSynRecv:
      return "syn-recv";
    case TcpState::kFinWait1:
      return "fin-wait-1";
    case TcpState::kFinWait2:
      return "fin-wait-2";
    case TcpState::kTimeWait:
      return "time-wait";
    case TcpState::kClose:
      return "closed";
    case TcpState::kCloseWait:
      return "close-wait";
    case TcpState::kLastAck:
      return "last-ack";
    case TcpState::kListen:
      return "listen";
    case TcpState::kClosing:
      return "closing";
  }
  return "";
}

std::string_view close_reason_name(CloseReason reason) {
  switch (reason) {
    case CloseReason::kUnknown:
      return "unknown";
    case CloseReason::kOrderly:
      return "orderly";
    case CloseReason::kResetByPeer:
      return "reset_by_peer";
    case CloseReason::kResetHere:
      return "reset_here";
    case CloseReason::kTimeout:
      return "timeout";
    case CloseReason::kRefused:
      return "refused";
    case CloseReason::kIdle:
      return "idle";
    case CloseReason::kSourceGone:
      return "source_gone";
    case CloseReason::kUnreachable:
      return "unreachable";
  }
  return "unknown";
}

std::string_view clue_kind_name(ClueKind kind) {
  switch (kind) {
    case ClueKind::kNone:
      return "";
    case ClueKind::kJa4Name:
      return "ja4+name";
    case ClueKind::kJa4:
      return "ja4";
    case ClueKind::kName:
      return "name";
    case ClueKind::kServerPort:
      return "server_port";
    case ClueKind::kPort:
      return "port";
  }
  return "";
}

}  // namespace ipm::model
