// Records of the kernel side, checked: a record that says another length than it has, or a kind that is not known, is
// none.
#pragma once

#include <cstddef>
#include <cstring>
#include <optional>
#include <span>

#include "model/event.h"
#include "model/flow_key.h"
#include "source/ebpf/bpf/layout.h"
#include "source/host/processes.h"

namespace ipm::source::ebpf {

// The head, if the record is as long as it says. Longer is fine: the ring rounds up.
std::optional<ipm_record_head> head_of(std::span<const std::byte> record);

// Whom a record is about: its type, a socket, a process; 0 where it names none, or is none.
struct Subject {
  std::uint32_t type = 0;
  std::uint64_t cookie = 0;
  std::uint32_t pid = 0;
};
Subject subject_of(std::span<const std::byte> record);

// The record as a T, if it is long enough for one.
template <class T>
std::optional<T> record_as(std::span<const std::byte> record) {
  if (record.size() < sizeof(T)) return std::nullopt;
  T out;
  std::memcpy(&out, record.data(), sizeof out);
  return out;
}

// A time that can be reckoned with.
TimeNs time_of(ipm_u64 ns);
// A process by the key that its row has.
model::ProcessKey key_of(const ipm_actor& actor);
model::FlowTuple tuple_of(const ipm_tuple& tuple);
ipm_peer_key peer_key_of(std::uint64_t cookie, const model::FlowTuple& tuple);
model::TcpState state_of(std::uint8_t state);
model::FlowTuple tuple_of(const ipm_peer_key& key, const ipm_peer& peer);
host::ToldProcess process_of(const ipm_record_process& record);

// Payload that left, each byte once.
std::uint64_t payload_sent(const ipm_tcp& tcp);
// Payload that processes took. `unread` has the FIN in it until a process has read that too.
std::uint64_t payload_taken(const ipm_tcp& tcp);

}  // namespace ipm::source::ebpf
