// One made capture of each class that real ones are of, from the bytes of the file to rows of flows and names: what a
// layer makes of it alone is in tests/decode.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "capture_builder.h"
#include "decode/dns_octets.h"
#include "decode/dtls_octets.h"
#include "decode/frame_octets.h"
#include "decode/hello_octets.h"
#ifdef IPM_WITH_OPENSSL
#include "decode/quic_octets.h"
#endif
#include "source/pcap/capture_view.h"

namespace ipm::source::pcap {
namespace {

using test::ethernet;
using test::hex;
using test::join;
using test::number;
using test::Octets;
using test::packet;
using test::packet_v6;
using test::text;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr std::uint16_t kEthernet = 1, kRaw = 101;
constexpr std::uint32_t kSecond0 = 1'700'000'000;

// A classic capture of one link type; times are in milliseconds.
class Made {
 public:
  explicit Made(std::uint16_t link_type) : bytes_(test::pcap_header({.link = link_type})) {}
  Made& add(std::uint32_t ms, const Octets& frame, std::uint32_t original_bytes = 0) {
    const std::string_view data(reinterpret_cast<const char*>(frame.data()), frame.size());
    bytes_ += test::pcap_record(kSecond0 + ms / 1'000, ms % 1'000 * 1'000, data,
                                original_bytes == 0 ? static_cast<std::uint32_t>(frame.size()) : original_bytes);
    return *this;
  }
  const std::string& bytes() const { return bytes_; }

 private:
  std::string bytes_;
};

std::string view_name(View view) {
  return view == View::kBoth ? "both" : view == View::kInner ? "inner" : "outer";
}
std::string both_ways(std::uint64_t out, std::uint64_t in) {
  return std::to_string(out) + "/" + std::to_string(in);
}

class CaptureClassesTest : public ::testing::Test {
 protected:
  // The flows in words, as they were sent and received.
  std::vector<std::string> flows(const Made& capture) {
    view_ = std::make_unique<CaptureView>(CaptureView::Options{});
    names_.clear();
    EXPECT_TRUE(view_->open_memory(capture.bytes()).ok());
    Status status;
    do {
      status = view_->read(1'000, 0);  // The last one, too, may bring names.
      for (const NameRecord& name : view_->names()) names_.push_back(name.qname + " " + name.value);
    } while (status.ok());
    EXPECT_EQ(status.code(), Code::kEnd) << status.message();
    std::vector<std::string> out;
    for (const CaptureView::Place& place : view_->places()) {
      const decode::flow::FlowRow row = view_->row(place);
      std::string words = view_name(place.view) + " " + row.src.text() + ":" + std::to_string(row.src_port) + " > " +
                          row.dst.text() + ":" + std::to_string(row.dst_port) +
                          (row.protocol == 6 ? " tcp " : " udp ") + both_ways(row.out.packets, row.in.packets) +
                          " ip " + both_ways(row.out.ip_bytes, row.in.ip_bytes) + " payload " +
                          both_ways(row.out.payload_bytes, row.in.payload_bytes);
      if (row.state != decode::flow::FlowState::kNone && row.state != decode::flow::FlowState::kMidstream)
        words += " " + std::string(state_name(row.state));
      out.push_back(words);
    }
    return out;
  }
  decode::flow::FlowRow row(std::size_t index) const { return view_->row(view_->places().at(index)); }
  // "transport sni ja4" of the flow: t is TLS, q QUIC, d DTLS, and of JA4 the first part.
  std::string hello(std::size_t index) const {
    const FlowNote* note = view_->note(view_->places().at(index));
    if (note == nullptr || !note->hello) return "";
    return std::string(1, static_cast<char>(note->hello->transport())) + " " + std::string(note->hello->sni()) + " " +
           std::string(note->hello->ja4().substr(0, 10));
  }
  const std::vector<std::string>& names() const { return names_; }

  std::unique_ptr<CaptureView> view_;
  std::vector<std::string> names_;
};

const std::string kFlow = "10.0.0.1:54321 > 192.0.2.7:443 tcp 1/0 ip 45/0 payload 5/0";
const std::string kFlowV6 = "2001:db8::1:54321 > 2001:db8::2:443 tcp 1/0 ip 65/0 payload 5/0";

// --- what frames are like ---

struct LinkClass {
  const char* name;
  std::uint16_t link_type;
  Octets frame;
  bool v6 = false;
};

std::vector<LinkClass> link_classes() {
  const Octets llc = hex("aaaa03 000000 0800");
  const auto attribute = [](const Octets& bytes) {
    return join({number((bytes.size() + 4) & 0xff, 1), number((bytes.size() + 4) >> 8, 1), hex("0900"), bytes});
  };
  const auto named = [](std::string_view word) { return join({text(word), Octets(20 - word.size())}); };
  const Octets pktap = join({hex("6c000000 01000000 01000000"), text("en0"), Octets(21),
                             hex("02000000 02000000 0e000000 00000000 39300000"), named("curl"),
                             hex("00000000 0600 0000 ffffffff"), named(""), ethernet(0x0800, packet())});
  return {
      {"null", 0, join({hex("02000000"), packet()})},
      {"null of the other order", 0, join({hex("00000002"), packet()})},
      {"null with ipv6", 0, join({hex("1e000000"), packet_v6()}), true},
      {"loop", 108, join({hex("00000002"), packet()})},
      {"ethernet", 1, ethernet(0x0800, packet())},
      {"ethernet with ipv6", 1, ethernet(0x86dd, packet_v6()), true},
      {"vlan", 1, ethernet(0x8100, join({hex("0064 0800"), packet()}))},
      {"qinq", 1, ethernet(0x88a8, join({hex("0064 8100 0065 0800"), packet()}))},
      {"qinq of old switches", 1, ethernet(0x9100, join({hex("0064 8100 0065 86dd"), packet_v6()})), true},
      {"mpls of two labels", 1, ethernet(0x8847, join({hex("00010040 00020140"), packet()}))},
      {"pppoe", 1, ethernet(0x8864, join({hex("1100 0001"), number(packet().size() + 2, 2), hex("0021"), packet()}))},
      {"raw", 101, packet()},
      {"raw ipv4", 228, packet()},
      {"raw ipv6", 229, packet_v6(), true},
      {"sll", 113, join({hex("0004 0001 0006 00005e0053010000 0800"), packet()})},
      {"sll2", 276, join({hex("0800 0000 00000003 0001 04 06 00005e0053010000"), packet()})},
      {"ppp", 9, join({hex("ff03 0021"), packet()})},
      {"frame relay", 107, join({hex("1841 03cc"), packet()})},
      {"c-hdlc", 104, join({hex("0f00 0800"), packet()})},
      {"fddi", 10, join({hex("50 00005e005301 00005e005302"), llc, packet()})},
      {"radiotap", 127,
       join({hex("0000 0800 00000000 0801 0000 00005e005301 00005e005302 00005e005303 1000"), llc, packet()})},
      {"pktap", 258, pktap},
      {"nflog", 239, join({hex("02 00 0000"), attribute(packet())})},
  };
}

TEST_F(CaptureClassesTest, EveryLinkTypeGivesItsPacketAndTheWholeFrameAsWireBytes) {
  for (const LinkClass& each : link_classes()) {
    SCOPED_TRACE(each.name);
    EXPECT_THAT(flows(Made(each.link_type).add(0, each.frame)), ElementsAre("both " + (each.v6 ? kFlowV6 : kFlow)));
    EXPECT_EQ(row(0).out.wire_bytes, each.frame.size());
  }
}

TEST_F(CaptureClassesTest, PktapNamesTheProcess) {
  for (const LinkClass& each : link_classes()) {
    if (each.link_type != 258) continue;
    flows(Made(258).add(0, each.frame));
    const FlowNote* note = view_->note(view_->places().at(0));
    ASSERT_NE(note, nullptr);
    EXPECT_EQ(note->pid, 12'345);
    EXPECT_EQ(view_->process_name(*note), "curl");
  }
}

// --- tunnels ---

struct TunnelClass {
  const char* name;
  const char* tunnel;      // As rows name it.
  Octets outside;          // Of 203.0.113.1 to 198.51.100.2.
  std::uint16_t port = 0;  // 0: it has no ports of its own.
  bool v6 = false;
};

std::vector<TunnelClass> tunnel_classes() {
  using test::kProtoGre;
  using test::kProtoUdp;
  using test::outer_ipv4;
  using test::udp;
  const Octets frame = ethernet(0x0800, packet());
  const auto in_udp = [](std::uint16_t port, const Octets& payload) {
    return outer_ipv4(kProtoUdp, udp(50'000, port, payload));
  };
  return {
      {"ip in ip", "ipip", outer_ipv4(4, packet())},
      {"6in4", "ipip", outer_ipv4(41, packet_v6()), 0, true},
      {"gre", "gre", outer_ipv4(kProtoGre, join({hex("2000 0800 00000001"), packet()}))},
      {"erspan i", "erspan", outer_ipv4(kProtoGre, join({hex("0000 88be"), frame}))},
      {"erspan ii", "erspan", outer_ipv4(kProtoGre, join({hex("1000 88be 00000001 10010000 00000000"), frame}))},
      {"erspan iii", "erspan",
       outer_ipv4(kProtoGre, join({hex("1000 22eb 00000001 20010000 00000000 0000 0000"), frame}))},
      {"vxlan", "vxlan", in_udp(4'789, join({hex("0800000000006400"), frame})), 4'789},
      {"geneve with options", "geneve",
       in_udp(6'081, join({hex("0440 6558 00006400 01020301 0a0b0c0d 01028001 01020304"), frame})), 6'081},
      {"gtp-u", "gtp",
       in_udp(2'152,
              join({hex("34ff"), number(packet().size() + 8, 2), hex("00000001 0000 00 85 01 1009 00"), packet()})),
       2'152},
      {"teredo", "teredo", in_udp(3'544, join({hex("0001 00 00 0102030405060708 00 0000 2b2b f5fffffe"), packet_v6()})),
       3'544, true},
  };
}

// Without ports of its own a tunnel is no flow: there is but one transport header for both views.
TEST_F(CaptureClassesTest, EveryTunnelHasItsPacketInsideAndItselfOutside) {
  for (const TunnelClass& each : tunnel_classes()) {
    SCOPED_TRACE(each.name);
    const std::string within = each.v6 ? kFlowV6 : kFlow;
    const std::size_t bytes = each.outside.size();
    const Made capture = Made(kEthernet).add(0, ethernet(0x0800, each.outside));
    if (each.port == 0) {
      EXPECT_THAT(flows(capture), ElementsAre("both " + within));
    } else {
      EXPECT_THAT(flows(capture),
                  ElementsAre("inner " + within, "outer 203.0.113.1:50000 > 198.51.100.2:" + std::to_string(each.port) +
                                                     " udp 1/0 ip " + both_ways(bytes, 0) + " payload " +
                                                     both_ways(bytes - 28, 0)));
    }
    EXPECT_EQ(row(0).out.wire_bytes, 14 + bytes);
    const FlowNote* note = view_->note(view_->places().at(0));
    ASSERT_NE(note, nullptr);
    EXPECT_EQ(decode::tunnel_name(note->tunnel), each.tunnel);
  }
}

// --- packets that are not alone, or not whole ---

TEST_F(CaptureClassesTest, Ipv4FragmentsCountForTheFlowOfTheFirstWhereverThatIs) {
  using test::ipv4;
  const Octets first = ipv4(17, join({hex("d431 0035 0020 0000"), Octets(8, std::byte{1})}), {.fragment = 0x2000});
  const Octets later = ipv4(17, Octets(16, std::byte{2}), {.fragment = 0x0002});
  const std::string datagram = "both 10.0.0.1:54321 > 192.0.2.7:53 udp 2/0 ip 72/0 payload 8/0";
  EXPECT_THAT(flows(Made(kRaw).add(0, first).add(1, later)), ElementsAre(datagram));
  EXPECT_EQ(row(0).fragments, 2U);
  EXPECT_THAT(flows(Made(kRaw).add(0, later).add(1, first)), ElementsAre(datagram));
}

TEST_F(CaptureClassesTest, Ipv6FragmentsCountForTheFlowOfTheFirst) {
  using test::ipv6;
  const Octets first = ipv6(44, join({hex("11 00 0001 00000007 d431 0035 0020 0000"), Octets(8, std::byte{1})}));
  const Octets later = ipv6(44, join({hex("11 00 0010 00000007"), Octets(16, std::byte{2})}));
  EXPECT_THAT(flows(Made(kRaw).add(0, first).add(1, later)),
              ElementsAre("both 2001:db8::1:54321 > 2001:db8::2:53 udp 2/0 ip 128/0 payload 8/0"));
}

TEST_F(CaptureClassesTest, Ipv6ExtensionHeadersAreIpAndNoPayload) {
  // Hop-by-hop, destination options, routing.
  const Octets chain = hex("3c 00 0104 00000000 2b 00 0104 00000000 06 00 04 00 00000000");
  EXPECT_THAT(flows(Made(kRaw).add(0, test::ipv6(0, join({chain, test::tcp(text("hello"))})))),
              ElementsAre("both 2001:db8::1:54321 > 2001:db8::2:443 tcp 1/0 ip 89/0 payload 5/0"));
}

TEST_F(CaptureClassesTest, JumbogramHasTheLengthOfItsOption) {
  Octets jumbo = test::ipv6(0, join({hex("0600 c204 00011170"), test::tcp(text("the beginning"))}));
  jumbo[4] = jumbo[5] = std::byte{0};
  EXPECT_THAT(flows(Made(kRaw).add(0, jumbo, 70'040)),
              ElementsAre("both 2001:db8::1:54321 > 2001:db8::2:443 tcp 1/0 ip 70040/0 payload 69972/0"));
  EXPECT_EQ(row(0).out.wire_bytes, 70'040U);
}

TEST_F(CaptureClassesTest, SnapLengthTakesNothingFromTheCounts) {
  Octets whole = ethernet(0x0800, test::ipv4(6, test::tcp(Octets(1'000, std::byte{'x'}))));
  whole.resize(54);  // Up to the end of the TCP header.
  EXPECT_THAT(flows(Made(kEthernet).add(0, whole, 1'054)),
              ElementsAre("both 10.0.0.1:54321 > 192.0.2.7:443 tcp 1/0 ip 1040/0 payload 1000/0"));
  EXPECT_EQ(row(0).out.wire_bytes, 1'054U);
}

TEST_F(CaptureClassesTest, TimeThatGoesBackMovesTheFirstAndNotTheLast) {
  flows(Made(kRaw).add(500, packet()).add(900, packet()).add(100, packet()));
  EXPECT_EQ(row(0).first_ns, (TimeNs{kSecond0} * 1'000 + 100) * kMillisecond);
  EXPECT_EQ(row(0).last_ns, (TimeNs{kSecond0} * 1'000 + 900) * kMillisecond);
  EXPECT_EQ(row(0).out.packets, 3U);
}

TEST_F(CaptureClassesTest, OtherTransportsAreNoFlows) {
  EXPECT_THAT(flows(Made(kRaw).add(0, test::ipv4(132, hex("0b59 0b59 00000001 00000000")))), IsEmpty());  // SCTP
  EXPECT_THAT(flows(Made(kRaw).add(0, test::ipv4(50, Octets(24, std::byte{3})))), IsEmpty());             // ESP
}

// --- TCP ---

constexpr std::uint32_t kFin = 1, kSyn = 2, kRst = 4, kAck = 16;

// 54321 and 443; `there`: from 10.0.0.1.
Octets segment(bool there, std::uint32_t flags, std::uint32_t seq, std::uint32_t ack, const Octets& payload = {}) {
  const Octets ports = there ? hex("d431 01bb") : hex("01bb d431");
  const Octets tcp =
      join({ports, number(seq, 4), number(ack, 4), hex("50"), number(flags, 1), hex("2000 0000 0000"), payload});
  if (there) return test::ipv4(6, tcp);
  return test::ipv4(6, tcp, {.src = test::kInnerDst, .dst = test::kInnerSrc});
}
Octets xs(std::size_t count) {
  return Octets(count, std::byte{'x'});
}
// The three segments of a handshake whose client begins at `seq`, whose server at 5,000.
Made opened(std::uint32_t seq) {
  return Made(kRaw)
      .add(0, segment(true, kSyn, seq, 0))
      .add(10, segment(false, kSyn | kAck, 5'000, seq + 1))
      .add(11, segment(true, kAck, seq + 1, 5'001));
}

TEST_F(CaptureClassesTest, SequenceNumbersGoOnBehind2To32) {
  const std::uint32_t seq = 0xffff'ff00;  // 255 bytes of data before the wrap.
  EXPECT_THAT(flows(opened(seq)
                        .add(20, segment(true, kAck, seq + 1, 5'001, xs(200)))
                        .add(21, segment(true, kAck, seq + 201, 5'001, xs(200)))  // Over the end.
                        .add(22, segment(true, kAck, seq + 401, 5'001, xs(200)))
                        .add(30, segment(false, kAck, 5'001, seq + 601))
                        .add(40, segment(true, kAck, seq + 201, 5'001, xs(200)))),  // Again.
              ElementsAre("both 10.0.0.1:54321 > 192.0.2.7:443 tcp 6/2 ip 1040/80 payload 800/0 established"));
  EXPECT_EQ(row(0).out.bytes.unique_bytes, 600U);
  EXPECT_EQ(row(0).out.bytes.repeated_bytes, 200U);
  EXPECT_EQ(row(0).out.bytes.unseen_bytes, 0U);
  EXPECT_EQ(row(0).out.classes.retransmissions, 1U);
  EXPECT_EQ(row(0).out.classes.lost, 0U);
}

TEST_F(CaptureClassesTest, FastOpenHasPayloadInItsSyn) {
  EXPECT_THAT(flows(Made(kRaw)
                        .add(0, segment(true, kSyn, 1'000, 0, xs(100)))
                        .add(10, segment(false, kSyn | kAck, 5'000, 1'101))
                        .add(11, segment(true, kAck, 1'101, 5'001, xs(50)))),
              ElementsAre("both 10.0.0.1:54321 > 192.0.2.7:443 tcp 2/1 ip 230/40 payload 150/0 established"));
  EXPECT_EQ(row(0).out.bytes.unique_bytes, 150U);
  EXPECT_EQ(row(0).out.classes.retransmissions, 0U);
  EXPECT_EQ(row(0).irtt_ns, 11 * kMillisecond);
}

TEST_F(CaptureClassesTest, BothEndsMayOpenAtOnce) {
  EXPECT_THAT(flows(Made(kRaw)
                        .add(0, segment(true, kSyn, 1'000, 0))
                        .add(1, segment(false, kSyn, 5'000, 0))
                        .add(10, segment(true, kSyn | kAck, 1'000, 5'001))
                        .add(11, segment(false, kSyn | kAck, 5'000, 1'001))
                        .add(20, segment(true, kAck, 1'001, 5'001, xs(10)))),
              ElementsAre("both 10.0.0.1:54321 > 192.0.2.7:443 tcp 3/2 ip 130/80 payload 10/0 established"));
  EXPECT_EQ(row(0).syn, 2U);
  EXPECT_EQ(row(0).synack, 2U);
}

TEST_F(CaptureClassesTest, PortsThatAreUsedAgainAreAnotherFlow) {
  EXPECT_THAT(flows(opened(1'000)
                        .add(20, segment(true, kFin | kAck, 1'001, 5'001))
                        .add(30, segment(false, kFin | kAck, 5'001, 1'002))
                        .add(31, segment(true, kAck, 1'002, 5'002))
                        .add(40, segment(true, kSyn, 90'000, 0))
                        .add(50, segment(false, kRst | kAck, 0, 90'001))),
              ElementsAre("both 10.0.0.1:54321 > 192.0.2.7:443 tcp 4/2 ip 160/80 payload 0/0 closed",
                          "both 10.0.0.1:54321 > 192.0.2.7:443 tcp 1/1 ip 40/40 payload 0/0 rejected"));
}

// --- names ---

Octets slice(const Octets& of, std::size_t from, std::size_t to) {
  return {of.begin() + static_cast<std::ptrdiff_t>(from), of.begin() + static_cast<std::ptrdiff_t>(to)};
}

// Out of order, and over the end of the sequence numbers.
TEST_F(CaptureClassesTest, ClientHelloLiesInThreeSegments) {
  const Octets hello = test::handshake_record(test::chrome_hello(1'400));
  const std::size_t third = hello.size() / 3;
  const std::uint32_t seq = 0xffff'fd00;
  const auto piece = [&](std::size_t from, std::size_t to) {
    return segment(true, kAck, seq + 1 + static_cast<std::uint32_t>(from), 5'001, slice(hello, from, to));
  };
  flows(opened(seq).add(20, piece(0, third)).add(21, piece(2 * third, hello.size())).add(22, piece(third, 2 * third)));
#ifdef IPM_WITH_OPENSSL
  EXPECT_EQ(this->hello(0), "t www.example.com t13d1516h2");
#else
  EXPECT_EQ(this->hello(0), "t www.example.com ");
#endif
}

#ifdef IPM_WITH_OPENSSL
TEST_F(CaptureClassesTest, QuicHelloLiesInTwoPackets) {
  const Octets hello = test::chrome_hello(1'400);
  const auto datagram = [&](std::uint64_t packet_number, std::size_t from, std::size_t to) {
    const Octets sealed = test::seal({.destination = test::rfc_cid(),
                                      .packet_number = packet_number,
                                      .frames = test::crypto_frame(from, slice(hello, from, to)),
                                      .padded_to = 1'162},
                                     test::rfc9001_keys());
    return test::ipv4(17, test::udp(54'321, 443, sealed));
  };
  flows(Made(kRaw).add(0, datagram(1, 1'000, hello.size())).add(1, datagram(0, 0, 1'000)));
  EXPECT_EQ(this->hello(0), "q www.example.com q13d1516h2");
}
#endif

TEST_F(CaptureClassesTest, DtlsHelloLiesInFragments) {
  const Octets body = test::dtls_hello_body({}, test::server_name("dtls.test"));
  const auto fragment = [&](std::size_t from, std::size_t to) {
    return test::ipv4(17, test::udp(54'321, 4'433, test::dtls_record(test::dtls_fragment(body, from, to))));
  };
  flows(Made(kRaw).add(0, fragment(20, body.size())).add(1, fragment(0, 20)));
  EXPECT_EQ(hello(0).substr(0, 12), "d dtls.test ");
}

TEST_F(CaptureClassesTest, DnsOverUdpTcpAndMulticastGivesNames) {
  const Octets answer = test::dns_response("a.test", "c0000207");
  const auto to_client = [](std::uint32_t from, const Octets& message) {
    return test::ipv4(17, test::udp(from, 54'321, message), {.src = test::kInnerDst, .dst = test::kInnerSrc});
  };
  flows(Made(kRaw).add(0, to_client(53, answer)));
  EXPECT_THAT(names(), ElementsAre("a.test 192.0.2.7"));

  const Octets tcp = join({hex("0035 d431 000003e8 000007d0 50 18 2000 0000 0000"), test::sized(2, answer)});
  flows(Made(kRaw).add(0, test::ipv4(6, tcp, {.src = test::kInnerDst, .dst = test::kInnerSrc})));
  EXPECT_THAT(names(), ElementsAre("a.test 192.0.2.7"));

  const Octets announcement = join({test::dns_header(0x8400, 0, 1, 0),
                                    test::dns_record(test::dns_name("box.local"), 1, 120, hex("0a000001"), 0x8001)});
  flows(Made(kRaw).add(0, test::ipv4(17, test::udp(5'353, 5'353, announcement), {.dst = "e00000fb"})));
  EXPECT_THAT(names(), ElementsAre("box.local 10.0.0.1"));
}

// Pointers at themselves, at each other, forwards; the flow is there all the same.
TEST_F(CaptureClassesTest, DnsPointersThatLoopNameNothing) {
  for (const std::string_view owner : {"c018", "01 61 c018", "c01a 0000 c018", "c0ff"}) {
    const Octets message =
        join({test::dns_header(test::kResponseFlags, 1, 1), test::dns_question(test::dns_name("a.test")),
              test::dns_record(hex(owner), 1, 300, hex("c0000207"))});
    const Octets packet =
        test::ipv4(17, test::udp(53, 54'321, message), {.src = test::kInnerDst, .dst = test::kInnerSrc});
    EXPECT_EQ(flows(Made(kRaw).add(0, packet)).size(), 1U) << owner;
    EXPECT_THAT(names(), IsEmpty()) << owner;
  }
}

}  // namespace
}  // namespace ipm::source::pcap
