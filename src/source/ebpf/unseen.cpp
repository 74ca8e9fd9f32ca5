// Connections whose beginning was not told: its record was lost, or they were more than there is room for. Their end
// has who opened them, when, and the kernel's counters: what their processes' sums do not have of that is told for who
// opened them, as inferred. One that failed has its error.
//
// Nothing is told twice: a sum that turns up after the end was told is in it already (over_).
#include "source/ebpf/sockets.h"

namespace ipm::source::ebpf {

using model::OpenHow;
using model::Rule;
using model::TcpState;

// The hooks saw it begin, so it is not from before, and it was not told as over. MPTCP closes once more after its end,
// and there is nothing to infer its bytes from.
bool Sockets::began_unseen(const ipm_record_socket& record) const {
  const bool began = (record.flags & IPM_FLAG_ESTABLISHED) != 0 || failed_unseen(record);
  const bool by_hooks = began && (record.flags & IPM_FLAG_SEEDED) == 0;
  return by_hooks && record.tcp.measured != 0 && !over_.contains(record.cookie);
}

bool Sockets::failed_unseen(const ipm_record_socket& record) {
  const bool connecting = record.what == IPM_SOCKET_CLOSED && state_of(record.state_before) == TcpState::kSynSent;
  return connecting && record.error != 0 && record.opened_ns != 0 && record.actor.pid != 0 &&
         (record.flags & IPM_FLAG_ESTABLISHED) == 0;
}

bool Sockets::infer_beginning(Socket& socket, const ipm_record_socket& record) {
  if (socket.announced || socket.how != OpenHow::kExisting || !began_unseen(record)) return false;
  const bool passive = (record.flags & IPM_FLAG_PASSIVE) != 0;
  socket.tuple = tuple_of(record.tuple);
  socket.tuple.direction = passive ? model::Direction::kIn : model::Direction::kOut;
  socket.how = passive ? OpenHow::kAccept : OpenHow::kConnect;
  socket.was_established = !failed_unseen(record);
  if (socket.was_established) socket.established_ns = time_of(record.established_ns);
  socket.opened_ns = record.opened_ns != 0 ? time_of(record.opened_ns) : socket.established_ns;
  socket.state = socket.was_established ? TcpState::kEstablished : TcpState::kSynSent;
  socket.uncertain = true;
  socket.uid = record.uid;
  over_.add(record.cookie);
  return true;
}

Sockets::Map::iterator Sockets::find_or_infer(const ipm_record_socket& record, TimeNs now) {
  auto found = sockets_.find(record.cookie);
  if (found == sockets_.end()) {
    // One that is gone makes room at once.
    const bool room = sockets_.size() < settings_.sockets_max || record.what == IPM_SOCKET_DESTROYED;
    if (!room || !began_unseen(record)) return found;
    found = sockets_.try_emplace(record.cookie).first;
  }
  Socket& socket = found->second;
  if (!infer_beginning(socket, record)) return found;
  if (socket.origin.empty() && record.actor.pid != 0) {
    socket.origin = key_of(record.actor);
    socket.rule = socket.how == OpenHow::kAccept ? Rule::kAccept : Rule::kConnect;
    socket.owned = true;
    (void)processes_.ensure(record.actor.pid, now);
    const ipm_io_key key{.cookie = record.cookie, .pid = record.actor.pid, .image = record.actor.image};
    if (socket.was_established) (void)ensure_entry(socket, key);
  }
  announce(record.cookie, socket, socket.opened_ns);
  if (socket.was_established) tell_established(record.cookie, socket);
  return found;
}

}  // namespace ipm::source::ebpf
