// Real captures with what tshark says about them beside each: CAPTURE.truth.jsonl. Some are in tests/data/pcap, more
// are in the folder IPM_SHARED_DATA.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <set>
#include <string>

#include "decode/dns.h"
#include "decode/hello_assembler.h"
#include "decode/ip.h"
#include "decode/ja3.h"
#include "decode/ja4.h"
#include "support/capture.h"

namespace ipm::decode {
namespace {

namespace fs = std::filesystem;

// "sni alpn ja3 ja4", and "name address".
struct Facts {
  std::set<std::string> hellos;
  std::set<std::string> addresses;
};

std::string joined(std::initializer_list<std::string_view> words) {
  std::string out;
  for (const std::string_view word : words) out += std::string(word) + " ";
  return out;
}

// Reads all connections of a capture as a source would.
class Reader {
 public:
  Facts read(const fs::path& capture) {
    test::Capture(capture.string()).each_packet([&](Bytes bytes) { packet(bytes); });
    return std::move(facts_);
  }

 private:
  void packet(Bytes bytes) {
    Packet packet;
    if (parse_ip(bytes, packet) != Verdict::kOk) return;
    if (packet.protocol == 17) {
      if (packet.src_port == 53 || packet.src_port == 5353 || packet.src_port == 5355) response(packet.payload);
      return;
    }
    const auto key = joined(
        {packet.src.text(), std::to_string(packet.src_port), packet.dst.text(), std::to_string(packet.dst_port)});
    if ((packet.tcp_flags & kSyn) != 0 && (packet.tcp_flags & kAck) == 0) {
      auto& assembler = clients_[key] = std::make_unique<HelloAssembler>();
      assembler->reset(packet.seq + 1);
      client_data(*assembler, packet.seq + 1, packet.payload);
    } else if (const auto found = clients_.find(key); found != clients_.end()) {
      client_data(*found->second, packet.seq, packet.payload);
    }
  }
  void client_data(HelloAssembler& assembler, std::uint32_t seq, Bytes payload) {
    if (assembler.state() != HelloAssembler::State::kWaiting) return;
    if (assembler.feed(seq, payload) != HelloAssembler::State::kDone) return;
    const TlsHello& hello = assembler.hello();
    char names[256];
    std::string_view offered(names, alpn_text(hello, names, sizeof names));
    offered = offered.substr(0, offered.find(','));  // The truth has the first.
    const auto old_print = ja3(hello, digests_);
    const auto print = ja4(hello, HelloTransport::kTls, digests_);
    facts_.hellos.insert(
        joined({hello.sni(), offered, old_print ? old_print->view() : "", print ? print->view() : ""}));
  }
  void response(Bytes payload) {
    if (parse_dns(payload, *dns_) != Verdict::kOk) return;
    for (std::uint8_t i = 0; i < dns_->addresses; ++i) {
      facts_.addresses.insert(joined({dns_->name.view(), dns_->address[i].address.text()}));
    }
  }

  Facts facts_;
  Digests digests_;
  std::unique_ptr<DnsMessage> dns_ = std::make_unique<DnsMessage>();
  std::map<std::string, std::unique_ptr<HelloAssembler>> clients_;
};

std::string field(const std::string& line, std::string_view name) {
  const std::string before = "\"" + std::string(name) + "\": \"";
  const std::size_t at = line.find(before);
  if (at == std::string::npos) return {};
  const std::size_t begin = at + before.size();
  return line.substr(begin, line.find('"', begin) - begin);
}

// QUIC, hellos behind STARTTLS or a proxy, and what tshark finds inside tunnels, are not asked for.
Facts truth_of(const fs::path& capture) {
  Facts facts;
  std::ifstream in(capture.string() + ".truth.jsonl");
  bool tunnel = false;
  for (std::string line; std::getline(in, line);) {
    if (field(line, "type") == "capture") tunnel = line.find("\"vxlan\"") != std::string::npos;
    if (field(line, "hello") == "tls" && line.find("\"hello_at_start\": true") != std::string::npos) {
      facts.hellos.insert(joined({field(line, "sni"), field(line, "alpn"), field(line, "ja3"), field(line, "ja4")}));
    }
    const std::string type = field(line, "rtype");
    if (!tunnel && field(line, "type") == "dns" && (type == "A" || type == "AAAA")) {
      facts.addresses.insert(joined({field(line, "qname"), field(line, "value")}));
    }
  }
  return facts;
}

// Returns how many facts there were.
std::size_t compare(const fs::path& folder) {
  std::size_t facts = 0;
  for (const auto& entry : fs::directory_iterator(folder)) {
    const fs::path& capture = entry.path();
    if (!fs::exists(capture.string() + ".truth.jsonl") || !test::Capture(capture.string()).readable()) continue;
    SCOPED_TRACE(capture.filename().string());
    const Facts found = Reader().read(capture);
    const Facts truth = truth_of(capture);
    for (const std::string& hello : truth.hellos) EXPECT_EQ(found.hellos.count(hello), 1U) << hello;
    for (const std::string& address : truth.addresses) EXPECT_EQ(found.addresses.count(address), 1U) << address;
    facts += truth.hellos.size() + truth.addresses.size();
  }
  return facts;
}

class CapturesTest : public ::testing::Test {
 protected:
  void SetUp() override {
#ifndef IPM_WITH_OPENSSL
    GTEST_SKIP() << "the truth has fingerprints, which need OpenSSL";
#endif
  }
};

TEST_F(CapturesTest, SmallOnesSayWhatTsharkSays) {
  EXPECT_EQ(compare(fs::path(IPM_TEST_DATA) / "pcap"), 1U);
}

TEST_F(CapturesTest, SharedOnesSayWhatTsharkSays) {
  const char* given = std::getenv("IPM_SHARED_DATA");
  const fs::path folder = fs::path(given != nullptr ? given : IPM_SOURCE_DIR "/../shared/data") / "pcap";
  const char* required = std::getenv("IPM_REQUIRE_DATA");
  if (!fs::exists(folder)) {
    if (required != nullptr && std::string_view(required) == "1") FAIL() << folder << " is not there";
    GTEST_SKIP() << folder << " is not there: set IPM_SHARED_DATA";
  }
  EXPECT_GE(compare(folder), 9U);
}

}  // namespace
}  // namespace ipm::decode
