#include "pcap/link_traffic.h"

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <memory>
#include <stdexcept>
#include <vector>

#include "decode/ip.h"
#include "pcap/talk.h"

namespace ipm::bench {
namespace {

constexpr TimeNs kBegin = 1'700'000'000 * kSecond;
constexpr TimeNs kSpanNs = 50 * kSecond;  // In which flows begin.
constexpr std::uint32_t kClients = 2'000;
constexpr std::size_t kEthernetBytes = 14;

// Big-endian fields of one frame behind each other.
class Frame {
 public:
  Frame& u8(std::uint64_t value) { return put<1>(value); }
  Frame& u16(std::uint64_t value) { return put<2>(value); }
  Frame& u32(std::uint64_t value) { return put<4>(value); }
  Frame& bytes(const void* from, std::size_t count) {
    std::memcpy(bytes_ + size_, from, count);
    size_ += count;
    return *this;
  }
  std::size_t size() const { return size_; }
  unsigned char* data() { return bytes_; }
  void clear() { size_ = 0; }

 private:
  template <std::size_t kCount>
  Frame& put(std::uint64_t value) {
    for (std::size_t i = 0; i < kCount; ++i)
      bytes_[size_++] = static_cast<unsigned char>(value >> (8 * (kCount - 1 - i)));
    return *this;
  }
  unsigned char bytes_[2'048] = {};
  std::size_t size_ = 0;
};

// RFC 1071.
std::uint16_t checksum(const unsigned char* header, std::size_t bytes) {
  std::uint32_t sum = 0;
  for (std::size_t i = 0; i < bytes; i += 2) sum += (std::uint32_t{header[i]} << 8) | header[i + 1];
  while (sum >> 16 != 0) sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<std::uint16_t>(~sum);
}

struct Conversation {
  std::uint32_t client = 0;
  std::uint32_t server = 0;
  std::uint16_t client_port = 0;
  std::uint16_t server_port = 0;
  std::uint16_t dns_id = 0;
  bool tcp = false;
  bool v6 = false;
  std::vector<Sent> packets;
  std::size_t next = 0;
};

std::unique_ptr<Conversation> converse(std::uint32_t number, TimeNs begin_ns, const Payloads& payloads,
                                       Random& random) {
  auto out = std::make_unique<Conversation>();
  const auto site = static_cast<std::uint32_t>(random.below(Payloads::kSites));
  out->client = number % kClients;
  out->client_port = static_cast<std::uint16_t>(1'024 + number / kClients % 60'000);  // A flow has its ends for itself.
  out->server = site;
  out->v6 = random.one_in(4);
  const std::uint64_t kind = random.below(100);
  out->tcp = kind >= 38;
  Talk talk(begin_ns, random);
  if (kind < 30) {
    out->server_port = 53;
    out->dns_id = static_cast<std::uint16_t>(random.next());
    talk.dns(payloads, site);
  } else if (kind < 38) {
    out->server_port = static_cast<std::uint16_t>(20'000 + site);
    random.one_in(50) ? talk.call(payloads) : talk.datagrams(payloads);
  } else if (kind < 80) {
    out->server_port = 443;
    talk.tls(payloads, site);
  } else if (kind < 92) {
    out->server_port = 80;
    talk.http(payloads);
  } else {
    out->server_port = 8'080;
    kind < 96 ? talk.refused() : talk.unanswered();
  }
  out->packets = talk.take();
  return out;
}

class Writer {
 public:
  Writer(const std::string& path, const Payloads& payloads)
      : payloads_(payloads), file_(std::fopen(path.c_str(), "wb")), buffer_(1 << 20) {
    if (file_ == nullptr) throw std::runtime_error("cannot write " + path);
    std::setvbuf(file_.get(), buffer_.data(), _IOFBF, buffer_.size());
    constexpr std::uint32_t kHeader[6] = {0xa1b2c3d4, 0x0004'0002, 0, 0, 65'535, 1};
    put(kHeader, sizeof kHeader);
  }

  void write(const Conversation& of, const Sent& packet) {
    frame_.clear();
    ethernet(of, packet);
    const std::uint32_t options_bytes = (packet.flags & decode::kSyn) != 0 ? 20 : 12;
    const std::uint32_t transport_bytes = of.tcp ? 20 + options_bytes : 8;
    ip(of, packet, transport_bytes + packet.payload.bytes);
    of.tcp ? tcp(of, packet, transport_bytes) : udp(of, packet);
    const std::size_t payload_at = frame_.size();
    frame_.bytes(payloads_.at(packet.payload.at), packet.payload.bytes);
    if (of.server_port == 53) {
      frame_.data()[payload_at] = static_cast<unsigned char>(of.dns_id >> 8);
      frame_.data()[payload_at + 1] = static_cast<unsigned char>(of.dns_id);
    }
    const TimeNs time_ns = kBegin + packet.time_ns;
    const auto bytes = static_cast<std::uint32_t>(frame_.size());
    const std::uint32_t record[4] = {static_cast<std::uint32_t>(time_ns / kSecond),
                                     static_cast<std::uint32_t>(time_ns % kSecond / kMicrosecond), bytes, bytes};
    put(record, sizeof record);
    put(frame_.data(), frame_.size());
    ++totals_.packets;
    totals_.bytes += bytes;
  }
  LinkTotals finish() {
    if (std::fclose(file_.release()) != 0) throw std::runtime_error("the capture of the bench could not be written");
    return totals_;
  }

 private:
  void put(const void* from, std::size_t bytes) {
    if (std::fwrite(from, 1, bytes, file_.get()) != bytes) throw std::runtime_error("the bench's disk is full");
  }
  void ethernet(const Conversation& of, const Sent& packet) {
    const std::uint64_t client = 0x0200'0000 + of.client, gateway = 0x0200'ffff;
    frame_.u16(0x0200).u32(packet.outward ? gateway : client).u16(0x0200).u32(packet.outward ? client : gateway);
    frame_.u16(of.v6 ? 0x86dd : 0x0800);
  }
  void ip(const Conversation& of, const Sent& packet, std::uint32_t bytes) {
    const std::uint8_t protocol = of.tcp ? 6 : 17;
    if (of.v6) {
      frame_.u32(0x6000'0000).u16(bytes).u8(protocol).u8(64);
      for (const bool client : {packet.outward, !packet.outward}) {
        frame_.u32(0x2001'0db8).u32(client ? 1 : 2).u32(0).u32(client ? of.client : of.server);
      }
      return;
    }
    frame_.u16(0x4500).u16(20 + bytes).u16(packet.ip_id).u16(0x4000).u8(64).u8(protocol).u16(0);
    for (const bool client : {packet.outward, !packet.outward}) {
      frame_.u32(client ? 0x0a00'0001 + of.client : 0xc633'6400 + of.server);
    }
    const std::uint16_t sum = checksum(frame_.data() + kEthernetBytes, 20);
    frame_.data()[kEthernetBytes + 10] = static_cast<unsigned char>(sum >> 8);
    frame_.data()[kEthernetBytes + 11] = static_cast<unsigned char>(sum);
  }
  void ports(const Conversation& of, const Sent& packet) {
    frame_.u16(packet.outward ? of.client_port : of.server_port).u16(packet.outward ? of.server_port : of.client_port);
  }
  void udp(const Conversation& of, const Sent& packet) {
    ports(of, packet);
    frame_.u16(8 + packet.payload.bytes).u16(0);
  }
  void tcp(const Conversation& of, const Sent& packet, std::uint32_t header_bytes) {
    ports(of, packet);
    frame_.u32(packet.seq).u32(packet.ack).u8(header_bytes / 4 << 4).u8(packet.flags).u16(64'240).u32(0);
    if (header_bytes == 40) {  // Segment size, SACK, time stamps, window scale.
      frame_.u32(0x0204'05b4).u16(0x0402).u16(0x080a).u32(packet.ts_value).u32(packet.ts_echo).u32(0x0103'0307);
    } else {
      frame_.u32(0x0101'080a).u32(packet.ts_value).u32(packet.ts_echo);
    }
  }

  struct Close {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  const Payloads& payloads_;
  std::unique_ptr<std::FILE, Close> file_;
  std::vector<char> buffer_;
  Frame frame_;
  LinkTotals totals_;
};

}  // namespace

LinkTotals write_link_traffic(const std::string& path, std::uint32_t flows) {
  struct Due {
    TimeNs time_ns;
    std::uint32_t number;  // Of the flow: what is due at the same time goes by it.
    std::unique_ptr<Conversation> of;
    bool operator<(const Due& other) const {
      return time_ns != other.time_ns ? time_ns > other.time_ns : number > other.number;
    }
  };
  const Payloads payloads;
  Random random(20'240'501);
  Writer writer(path, payloads);
  std::vector<Due> due;  // A heap, the next one first.
  std::uint32_t begun = 0;
  while (begun < flows || !due.empty()) {
    const TimeNs begin_ns = kSpanNs / flows * begun;
    if (begun < flows && (due.empty() || begin_ns <= due.front().time_ns)) {
      due.push_back({begin_ns, begun, converse(begun, begin_ns, payloads, random)});
      ++begun;
      std::push_heap(due.begin(), due.end());
      continue;
    }
    std::pop_heap(due.begin(), due.end());
    Due& now = due.back();
    writer.write(*now.of, now.of->packets[now.of->next]);
    if (++now.of->next == now.of->packets.size()) {
      due.pop_back();
      continue;
    }
    now.time_ns = now.of->packets[now.of->next].time_ns;
    std::push_heap(due.begin(), due.end());
  }
  LinkTotals totals = writer.finish();
  totals.flows = flows;
  return totals;
}

}  // namespace ipm::bench
