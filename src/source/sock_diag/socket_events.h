// Writes what a socket record has to tell: its opening, what changed since the last time, its end.
#pragma once

#include "source/host/event_out.h"
#include "source/host/processes.h"
#include "source/sock_diag/socket_table.h"

namespace ipm::source::sock_diag {

using host::EventOut;
using host::Processes;

class SocketEvents {
 public:
  SocketEvents(EventOut& out, Processes& processes) : out_(out), processes_(processes) {}

  // kSocketOpen with the owner so far known; for TCP also the first kSocketData, even of zero bytes: a measured zero
  // differs from "not measured".
  void open(std::uint64_t cookie, SocketRecord& record, bool listener_known, TimeNs now, std::uint16_t flags);
  // kSocketEstablished, kSocketData and kTcpSnapshot, as far as they have news. `state` is the new one.
  void update(std::uint64_t cookie, SocketRecord& record, const os::TcpCounters& tcp, bool fin_received,
              model::TcpState state, TimeNs now, std::uint16_t flags);
  void close(std::uint64_t cookie, const SocketRecord& record, model::CloseReason reason, TimeNs now,
             std::uint16_t flags);
  // kSocketOwner with the record's ownership. `owners` are the candidates, or the one.
  void owner(std::uint64_t cookie, const SocketRecord& record, const model::ProcessKey* owners, std::size_t count,
             TimeNs now);
  // Opened and closed between two dumps: its whole life at once.
  void between_dumps(std::uint64_t cookie, SocketRecord& record, bool listener_known, const os::TcpCounters* tcp,
                     bool fin_received, model::CloseReason reason, TimeNs now, std::uint16_t flags);

 private:
  void open_event(std::uint64_t cookie, SocketRecord& record, bool listener_known, TimeNs now, std::uint16_t flags);
  void data(std::uint64_t cookie, SocketRecord& record, const Payload& payload, bool sent_known, bool even_if_zero,
            TimeNs now, std::uint16_t flags);
  void snapshot(std::uint64_t cookie, SocketRecord& record, const os::TcpCounters& tcp, model::TcpState state,
                TimeNs now, std::uint16_t flags);

  EventOut& out_;
  Processes& processes_;
};

}  // namespace ipm::source::sock_diag
