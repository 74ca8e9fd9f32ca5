#include <cstddef>

#include "event_json.h"
#include "guard.h"

// The C structs are the engine's payloads: the same bytes.
#define IPM_SAME_SIZE(c_type, model_type) static_assert(sizeof(c_type) == sizeof(ipm::model::model_type), #c_type)
#define IPM_SAME_OFFSET(c_type, c_field, model_type, field) \
  static_assert(offsetof(c_type, c_field) == offsetof(ipm::model::model_type, field), #c_type)
IPM_SAME_SIZE(ipm_event, Event);
IPM_SAME_SIZE(ipm_flow_tuple, FlowTuple);
IPM_SAME_SIZE(ipm_event_process, Process);
IPM_SAME_SIZE(ipm_event_process_exit, ProcessExit);
IPM_SAME_SIZE(ipm_event_process_sample, ProcessSample);
IPM_SAME_SIZE(ipm_event_socket_open, SocketOpen);
IPM_SAME_SIZE(ipm_event_socket_established, SocketEstablished);
IPM_SAME_SIZE(ipm_event_socket_data, SocketData);
IPM_SAME_SIZE(ipm_event_tcp_snapshot, TcpSnapshot);
IPM_SAME_SIZE(ipm_event_socket_count, SocketCount);
IPM_SAME_SIZE(ipm_event_socket_reset, SocketReset);
IPM_SAME_SIZE(ipm_event_socket_failure, SocketFailure);
IPM_SAME_SIZE(ipm_event_socket_close, SocketClose);
IPM_SAME_SIZE(ipm_event_socket_owner, SocketOwner);
IPM_SAME_SIZE(ipm_event_interface, Interface);
IPM_SAME_SIZE(ipm_event_dns_answer, DnsAnswer);
IPM_SAME_SIZE(ipm_event_tls_hello, TlsHello);
IPM_SAME_SIZE(ipm_event_geo, Geo);
IPM_SAME_SIZE(ipm_event_intel_hit, IntelHit);
IPM_SAME_SIZE(ipm_event_clock_anchor, ClockAnchor);
IPM_SAME_SIZE(ipm_event_loss, Loss);
IPM_SAME_OFFSET(ipm_event_process, comm, Process, comm);
IPM_SAME_OFFSET(ipm_event_socket_open, inode, SocketOpen, inode);
IPM_SAME_OFFSET(ipm_event_socket_data, tx_bytes, SocketData, tx_bytes);
IPM_SAME_OFFSET(ipm_event_socket_data, rx_payload_bytes, SocketData, rx_payload_bytes);
IPM_SAME_OFFSET(ipm_event_tcp_snapshot, rx_retransmits, TcpSnapshot, rx_retransmits);
IPM_SAME_OFFSET(ipm_event_tcp_snapshot, rx_out_of_order, TcpSnapshot, rx_out_of_order);
IPM_SAME_OFFSET(ipm_event_socket_close, duration_ns, SocketClose, duration_ns);
IPM_SAME_OFFSET(ipm_event_socket_owner, owners, SocketOwner, owners);
IPM_SAME_OFFSET(ipm_event_interface, name, Interface, name);
IPM_SAME_OFFSET(ipm_event_dns_answer, address, DnsAnswer, address);
IPM_SAME_OFFSET(ipm_event_tls_hello, flags, TlsHello, flags);
IPM_SAME_OFFSET(ipm_event_geo, country, Geo, country);
IPM_SAME_OFFSET(ipm_event_intel_hit, listed_unix_ns, IntelHit, listed_unix_ns);
IPM_SAME_OFFSET(ipm_event_intel_hit, description, IntelHit, description);
IPM_SAME_OFFSET(ipm_event_clock_anchor, ticks_per_second, ClockAnchor, ticks_per_second);
IPM_SAME_OFFSET(ipm_event_loss, layer, Loss, layer);
#undef IPM_SAME_SIZE
#undef IPM_SAME_OFFSET

extern "C" size_t ipm_event_format(const ipm_event* event, char* buffer, size_t size) {
  try {
    if (event == nullptr) return ipm::capi::copy_out("", buffer, size);
    ipm::model::Event copy;
    std::memcpy(static_cast<void*>(&copy), event, sizeof copy);
    return ipm::capi::copy_out(ipm::capi::event_json(copy), buffer, size);
  } catch (...) {
    return ipm::capi::copy_out("", buffer, size);
  }
}
