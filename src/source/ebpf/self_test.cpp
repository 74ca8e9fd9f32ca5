#include "source/ebpf/self_test.h"

#include <vector>

namespace ipm::source::ebpf {

Verdict judge(const Findings& findings) {
  Verdict out;
  std::string failed;
  const auto miss = [&](Part part, const std::string& what) {
    failed += (failed.empty() ? "" : "; ") + what;
    out.missing.push_back({std::string(facts_of(part).gives), false, "the self-test " + what});
  };
  const std::string bytes = std::to_string(findings.bytes) + " of " + std::to_string(SelfTest::kBytes) + " bytes";
  if (findings.bytes != SelfTest::kBytes) miss(Part::kLength, "saw " + bytes);
  if (findings.with_lifecycle && !(findings.opened && findings.established)) {
    miss(Part::kLifecycle, findings.opened        ? "did not see its connection established"
                           : findings.established ? "did not see its connect"
                                                  : "did not see its connection");
  }
  const int listed = (findings.tcp_listed ? 1 : 0) + (findings.udp_listed ? 1 : 0);
  if (findings.with_seed && listed != 2) {
    miss(Part::kSeed, "found " + std::to_string(listed) + " of its 2 sockets among those of all processes");
  }
  if (!failed.empty()) {
    out.text = "failed: " + failed;
    return out;
  }
  out.text = "passed: saw " + bytes;
  if (findings.with_lifecycle) out.text += ", the connection";
  if (findings.with_seed) out.text += ", 2 of 2 sockets";
  return out;
}

void SelfTest::begin(const KernelSide& kernel) {
  if (!kernel.has(Part::kLength)) {
    verdict_.text = "could not be tested: " + kernel.absent(Part::kLength);
    return;
  }
  Status made = transfer_.tcp();
  if (made.ok()) made = transfer_.udp();
  under_way_ = made.ok();
  if (!made.ok()) verdict_.text = "could not be tested: " + std::string(made.message());
}

void SelfTest::listed(std::uint64_t cookie) {
  findings_.tcp_listed = findings_.tcp_listed || cookie == transfer_.tcp_cookie();
  findings_.udp_listed = findings_.udp_listed || cookie == transfer_.udp_cookie();
}

void SelfTest::end(KernelSide& kernel) {
  if (under_way_) {
    std::vector<ipm_io_key> keys;
    (void)kernel.for_each_key([&](const ipm_io_key& key) {
      if (key.cookie == transfer_.tcp_cookie() || key.cookie == transfer_.udp_cookie()) keys.push_back(key);
    });
    for (const ipm_io_key& key : keys) {
      ipm_io value;
      if (!kernel.read(key, value)) continue;
      findings_.bytes += value.tx_bytes + value.rx_bytes;
      pid_ = key.pid;
      kernel.forget(key);
    }
    const ipm_life life = kernel.life_of(transfer_.tcp_socket());
    findings_.opened = life.origin.pid != 0;
    findings_.established = (life.flags & IPM_FLAG_ESTABLISHED) != 0;
    findings_.with_lifecycle = kernel.has(Part::kLifecycle);
    findings_.with_seed = kernel.has(Part::kSeed);
    verdict_ = judge(findings_);
  }
  transfer_.close();
}

}  // namespace ipm::source::ebpf
