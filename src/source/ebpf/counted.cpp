// Without the calls of processes: what the kernel counted of each socket, told for who holds it.
#include "source/ebpf/sockets.h"

namespace ipm::source::ebpf {

using model::OpenHow;
using model::ProcessKey;
using model::Rule;

// A socket that is known, in the look of a tick.
void Sockets::count_seen(std::uint64_t cookie, Socket& socket, const Seen& seen, TimeNs now) {
  socket.inode = seen.record.inode;
  if (seen.holders_total == 1 && (!socket.owned || socket.origin.empty())) {
    const ProcessKey holder = seen.holders.front().key;
    if (processes_.ensure(holder.pid(), now) == holder) {
      socket.origin = holder;
      socket.rule = Rule::kOnlyHolder;
      socket.owned = true;
      tell_owner(cookie, socket, now);
    }
  }
  if (socket.tuple.protocol != model::kProtocolTcp || socket.how == OpenHow::kListen || socket.closed) return;
  note_counters(socket, seen.record.tcp);
  tell_snapshot(cookie, socket, seen.record.tcp, now);
  const Bytes more = rest_of(socket);
  if (more.sum() == 0 || !tell_data(cookie, socket, socket.origin, more.tx, more.rx, now, 0)) return;
  if (!socket.origin.empty()) processes_.talked(socket.origin);
}

// A UDP socket of which there are packets and nothing else: it came after the last look. Whose it is, the next one or
// its end tells.
void Sockets::count_unseen(std::uint64_t cookie, TimeNs now) {
  if (peers_.all(cookie).empty()) return;
  Socket* const socket = ensure(cookie);
  if (socket == nullptr || socket->announced) return;
  meet(cookie, *socket, now);
  if (peers_.first(cookie) == nullptr) return;
  socket->how = OpenHow::kBind;
  socket->opened_ns = now;
  announce(cookie, *socket, now);
}

}  // namespace ipm::source::ebpf
