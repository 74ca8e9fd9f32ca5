#include "source/pcap/live_packets.h"

#ifdef IPM_WITH_PCAP
#include <netinet/in.h>
#include <pcap/pcap.h>

#include <cstring>

#include "base/key_values.h"
#include "os/linux/netns.h"
#endif

namespace ipm::source::pcap {

#ifdef IPM_WITH_PCAP

namespace {

constexpr int kBlockMs = 20;  // The kernel gives a block of packets to the reader when it is full, or as old as this.

// LINKTYPE numbers are what files have; for the link types of Linux they are the DLT numbers but for these
// (pcap-common.c of libpcap).
std::uint16_t linktype_of(int dlt) {
  switch (dlt) {
    case DLT_RAW:
      return 101;
    case DLT_PPP_SERIAL:
      return 50;
    default:
      return static_cast<std::uint16_t>(dlt);
  }
}

Status not_opened(const std::string& name, int result, const char* message) {
  const std::string text = "pcap: open interface " + quote_text(name) + ": " + message;
  switch (result) {
    case PCAP_ERROR_NO_SUCH_DEVICE:
      return Status::not_found("pcap: there is no interface " + quote_text(name) +
                               " in this network namespace; \"ip link\" lists them");
    case PCAP_ERROR_PERM_DENIED:
    case PCAP_ERROR_PROMISC_PERM_DENIED:
      return Status::permission("pcap: open interface " + quote_text(name) +
                                ": not permitted; needs CAP_NET_RAW (setcap cap_net_raw+ep, or root)");
    case PCAP_ERROR_IFACE_NOT_UP:
      return Status::state("pcap: interface " + quote_text(name) + " is down; \"ip link set " + name + " up\"");
    default:
      return Status::io(text);
  }
}

void add_address(std::vector<model::IpAddress>& all, const sockaddr* address) {
  if (address == nullptr) return;
  if (address->sa_family == AF_INET) {
    sockaddr_in v4;
    std::memcpy(&v4, address, sizeof v4);
    all.push_back(model::IpAddress::v4(v4.sin_addr.s_addr));
  } else if (address->sa_family == AF_INET6) {
    sockaddr_in6 v6;
    std::memcpy(&v6, address, sizeof v6);
    all.push_back(model::IpAddress::v6(&v6.sin6_addr));
  }
}

// Of all interfaces: a host with forwarding answers for an address of another of its interfaces too.
std::vector<model::IpAddress> addresses_here() {
  std::vector<model::IpAddress> all;
  char message[PCAP_ERRBUF_SIZE] = "";
  pcap_if_t* devices = nullptr;
  if (pcap_findalldevs(&devices, message) != 0) return all;
  for (const pcap_if_t* device = devices; device != nullptr; device = device->next) {
    for (const pcap_addr_t* each = device->addresses; each != nullptr; each = each->next) add_address(all, each->addr);
  }
  pcap_freealldevs(devices);
  return all;
}

}  // namespace

struct LivePackets::Handle {
  pcap_t* pcap = nullptr;
  explicit Handle(pcap_t* opened) : pcap(opened) {}
  ~Handle() { pcap_close(pcap); }
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;
};

std::string LivePackets::why_not() {
  char message[PCAP_ERRBUF_SIZE] = "";
  const Handle any(pcap_create("any", message));
  if (any.pcap == nullptr) return message;
  pcap_set_buffer_size(any.pcap, 1 << 16);
  const int result = pcap_activate(any.pcap);
  if (result >= 0) return {};
  return std::string(not_opened("any", result, pcap_geterr(any.pcap)).message()).substr(std::strlen("pcap: "));
}

Status LivePackets::open(const Options& options) {
  char message[PCAP_ERRBUF_SIZE] = "";
  name_ = options.interface;
  auto handle = std::make_unique<Handle>(pcap_create(name_.c_str(), message));
  pcap_t* pcap = handle->pcap;
  if (pcap == nullptr) return not_opened(name_, PCAP_ERROR, message);
  pcap_set_snaplen(pcap, static_cast<int>(options.snap_bytes));
  pcap_set_buffer_size(pcap, static_cast<int>(options.buffer_bytes));
  pcap_set_promisc(pcap, options.promiscuous ? 1 : 0);
  pcap_set_timeout(pcap, kBlockMs);
  (void)pcap_set_tstamp_precision(pcap, PCAP_TSTAMP_PRECISION_NANO);
  if (const int result = pcap_activate(pcap); result < 0) return not_opened(name_, result, pcap_geterr(pcap));
  if (!options.filter.empty()) {
    bpf_program program{};
    if (pcap_compile(pcap, &program, options.filter.c_str(), 1, PCAP_NETMASK_UNKNOWN) != 0) {
      return Status::invalid_argument("pcap: filter " + quote_text(options.filter) + ": " + pcap_geterr(pcap) +
                                      "; pcap-filter(7) has their form");
    }
    const int result = pcap_setfilter(pcap, &program);
    pcap_freecode(&program);
    if (result != 0) return Status::io("pcap: filter " + quote_text(options.filter) + ": " + pcap_geterr(pcap));
  }
  if (pcap_setnonblock(pcap, 1, message) != 0) return Status::io(std::string("pcap: ") + message);
  fd_ = pcap_get_selectable_fd(pcap);
  link_type_ = linktype_of(pcap_datalink(pcap));
  addresses_ = addresses_here();
  const Result<std::uint32_t> netns = os::netns_of("/proc", 0);
  netns_ = netns.ok() ? *netns : 0;
  handle_ = std::move(handle);
  return Status::success();
}

Status LivePackets::next(CapturedPacket& packet) {
  pcap_pkthdr* header = nullptr;
  const u_char* bytes = nullptr;
  const int result = pcap_next_ex(handle_->pcap, &header, &bytes);
  if (result == 0) return Status::timeout();
  if (result < 0) {
    return Status::io("interface " + quote_text(name_) + ": " + pcap_geterr(handle_->pcap) +
                      "; add the source again when it is back");
  }
  packet = {};
  packet.time_ns = TimeNs{header->ts.tv_sec} * kSecond + header->ts.tv_usec;  // Nanoseconds, as was asked for.
  if (pcap_get_tstamp_precision(handle_->pcap) != PCAP_TSTAMP_PRECISION_NANO) {
    packet.time_ns += TimeNs{header->ts.tv_usec} * (kMicrosecond - 1);
  }
  packet.link_type = link_type_;
  packet.original_bytes = header->len;
  packet.data = {reinterpret_cast<const std::byte*>(bytes), header->caplen};
  return Status::success();
}

LivePackets::Counters LivePackets::counters() {
  pcap_stat now{};
  if (handle_ && pcap_stats(handle_->pcap, &now) == 0) {
    counters_.received += now.ps_recv - received_before_;
    counters_.dropped += now.ps_drop - dropped_before_;
    counters_.dropped += now.ps_ifdrop - interface_dropped_before_;
    received_before_ = now.ps_recv;
    dropped_before_ = now.ps_drop;
    interface_dropped_before_ = now.ps_ifdrop;
  }
  return counters_;
}

#else

struct LivePackets::Handle {};

std::string LivePackets::why_not() {
  return "this libipm was built without libpcap (IPM_WITH_PCAP)";
}
Status LivePackets::open(const Options&) {
  return Status::unsupported("pcap: interfaces: " + why_not() + "; capture files need none");
}
Status LivePackets::next(CapturedPacket&) {
  return Status::end();
}
LivePackets::Counters LivePackets::counters() {
  return counters_;
}

#endif

LivePackets::LivePackets() = default;
LivePackets::~LivePackets() = default;

}  // namespace ipm::source::pcap
