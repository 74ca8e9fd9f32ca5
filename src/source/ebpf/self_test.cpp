#include "source/ebpf/self_test.h"

#include <vector>

namespace ipm::source::ebpf {
namespace {

std::string of(std::uint64_t seen, std::uint64_t all) {
  return std::to_string(seen) + " of " + std::to_string(all);
}

}  // namespace

Verdict judge(const Findings& findings) {
  Verdict out;
  std::string seen, failed;
  const auto expect = [&](bool runs, Part part, bool found, const std::string& what, const std::string& instead) {
    if (!runs) return;
    std::string& list = found ? seen : failed;
    list += (list.empty() ? "" : ", ") + (found ? what : instead);
    if (!found) out.missing.push_back({std::string(facts_of(part).gives), false, "the self-test saw " + instead});
  };
  const std::string bytes = of(findings.bytes, SelfTest::kBytes) + " bytes";
  expect(findings.with_length, Part::kLength, findings.bytes == SelfTest::kBytes, bytes, bytes);
  const std::string packets = of(findings.packet_bytes, SelfTest::kPacketBytes) + " bytes in packets";
  expect(findings.with_packets, Part::kPackets, findings.packet_bytes == SelfTest::kPacketBytes, packets, packets);
  expect(findings.with_lifecycle, Part::kLifecycle, findings.opened && findings.established, "the connection",
         findings.opened        ? "no establishment of its connection"
         : findings.established ? "no opening of its connection"
                                : "nothing of its connection");
  const std::uint64_t listed = (findings.tcp_listed ? 1U : 0U) + (findings.udp_listed ? 1U : 0U);
  const std::string sockets = of(listed, 2) + " sockets";
  expect(findings.with_seed, Part::kSeed, listed == 2, sockets, sockets);
  if (!failed.empty()) {
    out.text = "failed: saw " + failed;
  } else {
    out.text = seen.empty() ? "could not be tested: no part runs that a transfer passes" : "passed: saw " + seen;
  }
  return out;
}

void SelfTest::begin() {
  Status made = transfer_.tcp();
  if (made.ok()) made = transfer_.udp();
  under_way_ = made.ok();
  if (!made.ok()) verdict_.text = "could not be tested: " + std::string(made.message());
}

bool SelfTest::is_own(std::uint64_t cookie) const {
  return cookie != 0 && (cookie == transfer_.tcp_cookie() || cookie == transfer_.udp_cookie());
}

void SelfTest::listed(std::uint64_t cookie) {
  findings_.tcp_listed = findings_.tcp_listed || cookie == transfer_.tcp_cookie();
  findings_.udp_listed = findings_.udp_listed || cookie == transfer_.udp_cookie();
}

void SelfTest::read_bytes(KernelSide& kernel) {
  std::vector<ipm_io_key> keys;
  (void)kernel.each([&](const ipm_io_key& key, const ipm_io& value) {
    if (!is_own(key.cookie)) return true;
    findings_.bytes += value.tx_bytes + value.rx_bytes;
    pid_ = key.pid;
    keys.push_back(key);
    return true;
  });
  for (const ipm_io_key& key : keys) kernel.forget(key);
}

void SelfTest::read_packets(KernelSide& kernel) {
  std::vector<ipm_peer_key> keys;
  (void)kernel.each([&](const ipm_peer_key& key, const ipm_peer& value) {
    if (!is_own(key.cookie)) return true;
    findings_.packet_bytes += value.tx_payload + value.rx_payload;
    keys.push_back(key);
    return true;
  });
  for (const ipm_peer_key& key : keys) kernel.forget(key);
}

void SelfTest::end(KernelSide& kernel) {
  if (under_way_) {
    read_bytes(kernel);
    read_packets(kernel);
    const ipm_life life = kernel.life_of(transfer_.tcp_socket());
    findings_.opened = life.origin.pid != 0;
    findings_.established = (life.flags & IPM_FLAG_ESTABLISHED) != 0;
    findings_.with_length = kernel.has(Part::kLength);
    findings_.with_packets = kernel.has(Part::kPackets);
    findings_.with_lifecycle = kernel.has(Part::kLifecycle);
    findings_.with_seed = kernel.has(Part::kSeed);
    verdict_ = judge(findings_);
  }
  transfer_.close();
}

}  // namespace ipm::source::ebpf
