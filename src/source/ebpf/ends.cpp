// Ends: of a connection whose socket goes on, and of sockets. What is told last is what nobody was seen to move.
//
// A record of use that was lost hides an entry of the map. Its bytes are in the counters that the kernel has of the
// connection, so they must not be told as inferred before the map was walked through: the socket waits for that. What
// finds no room to wait in ends at once, and the entry is known as told when the walk comes to it (over_).
#include <utility>

#include "source/ebpf/sockets.h"

namespace ipm::source::ebpf {

using model::OpenHow;

// A socket may connect or listen again: what it was before is over. The sums go on; the kernel's counters begin anew.
Sockets::Socket* Sockets::begin(std::uint64_t cookie, TimeNs now) {
  Socket* const socket = ensure(cookie);
  if (socket == nullptr) return nullptr;
  // Else what was hidden would be told for the next connection, and as inferred for this one.
  if (socket->was_established && rest_of(*socket).sum() != 0 && uses_were_lost()) note_every_use();
  for (Entry* entry = socket->entries; entry != nullptr; entry = entry->next_of_socket) {
    if (ipm_io value; traffic_.read(entry->key, value)) entry->counters_void_in = value.epoch;
  }
  if (socket->announced || socket->how != OpenHow::kExisting) end_before(cookie, *socket, now);
  Socket next;
  next.entries = socket->entries;
  next.used = socket->used;
  *socket = next;
  return socket;
}

// Of the sums it has what the kernel's counters had at its close; what is beyond may be the next one's already.
void Sockets::end_before(std::uint64_t cookie, Socket& socket, TimeNs now) {
  announce(cookie, socket, socket.opened_ns);
  if (socket.was_established) {
    for (Entry* entry = socket.entries; entry != nullptr; entry = entry->next_of_socket) {
      (void)flush(cookie, socket, *entry, now, rest_of(socket));
    }
    tell_rest(cookie, socket, now);
  }
  tell_close(cookie, socket, now);
  forget_listener(cookie, socket);
}

bool Sockets::finish(Map::iterator found, TimeNs now) {
  if (!uses_were_lost()) return end(found, now);
  if (sockets_.size() < settings_.sockets_max) {
    ending_.push_back({.cookie = found->first, .walk = walks_});
    return true;
  }
  if (found->second.tuple.protocol == model::kProtocolTcp) over_.add(found->first);
  return end(found, now);
}

// Those that a walk came after.
bool Sockets::end_waiting(TimeNs now) {
  for (; !ending_.empty() && ending_.front().walk != walks_; ending_.pop_front()) {
    if (out_.room() < settings_.room_min) return false;
    const auto found = sockets_.find(ending_.front().cookie);
    if (found != sockets_.end() && !end(found, now)) return false;
  }
  return true;
}

// In pieces, each of which is told once: what is told is forgotten at once.
bool Sockets::end(Map::iterator found, TimeNs now) {
  const std::uint64_t cookie = found->first;
  Socket& socket = found->second;
  while (Entry* const entry = socket.entries) {
    if (!has_room()) return false;
    if (flush(cookie, socket, *entry, now) == Flushed::kRest && !has_room()) return false;
    traffic_.forget(entry->key);
    entries_.forget(*entry, socket.entries);
  }
  const bool datagrams = socket.announced && socket.tuple.protocol == model::kProtocolUdp;
  if (settings_.counting == Counting::kKernel && datagrams && !socket.owned) tell_owner(cookie, socket, now);
  if (!end_conversations(cookie, socket, now)) return false;
  if (socket.announced) {
    tell_rest(cookie, socket, now);
    tell_close(cookie, socket, now);
  } else if (socket.how != OpenHow::kExisting && !socket.frames) {
    announce(cookie, socket, socket.opened_ns != 0 ? socket.opened_ns : now);
    tell_close(cookie, socket, now);
  }
  forget_listener(cookie, socket);
  sockets_.erase(found);
  return true;
}

void Sockets::forget_listener(std::uint64_t cookie, const Socket& socket) {
  if (socket.how != OpenHow::kListen) return;
  // Several may listen at one port (SO_REUSEPORT, a handover): another's place stays.
  const auto found = listeners_.find(listener_key(socket.tuple));
  if (found != listeners_.end() && found->second == cookie) listeners_.erase(found);
}

}  // namespace ipm::source::ebpf
