// The kernel side as the user side sees it: programs that are attached, the map of traffic, the ring, the counters. All
// of libbpf is behind this.
// Threads: owned by the source's thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <span>
#include <string>

#include "os/linux/fd.h"
#include "source/ebpf/bpf/layout.h"
#include "source/ebpf/options.h"

namespace ipm::source::ebpf {

// Where the sums are read. An interface, so that tests and the fuzzer can stand in for the kernel.
class Traffic {
 public:
  virtual ~Traffic() = default;
  virtual bool read(const ipm_io_key& key, ipm_io& out) = 0;  // False: there is no such entry.
  virtual bool read(const ipm_peer_key& key, ipm_peer& out) = 0;
  virtual void forget(const ipm_io_key& key) = 0;
  virtual void forget(const ipm_peer_key& key) = 0;
  // All of a map, cheaper than one by one, until `visit` says no.
  virtual Status each(const std::function<bool(const ipm_io_key&, const ipm_io&)>& visit) = 0;
  virtual Status each(const std::function<bool(const ipm_peer_key&, const ipm_peer&)>& visit) = 0;
  // The tick that entries are compared with: one whose epoch is this will not be told again before the next.
  virtual std::uint32_t epoch() const = 0;
  // Records of first uses that found no room in the ring, up to now: what they would have pointed at is in the maps.
  virtual std::uint32_t uses_lost() const = 0;
};

// Of the look at all sockets.
struct SeedStream {
  enum class Tells : std::uint8_t {
    kBoth,     // Sockets with who holds them, one record a descriptor.
    kSockets,  // Sockets without.
    kHolders   // Who holds those of which a socket was told, by their cookies.
  };
  os::Fd fd;
  Tells tells = Tells::kBoth;
};

class KernelSide final : public Traffic {
 public:
  KernelSide();
  ~KernelSide() override;
  KernelSide(const KernelSide&) = delete;
  KernelSide& operator=(const KernelSide&) = delete;

  // Loads and attaches every part that is wanted and works. An error: not even one that shows traffic does.
  Status open(const Options& options);
  bool has(Part part) const { return absent(part).empty(); }
  // Why a part does not run. Empty: it does.
  const std::string& absent(Part part) const { return absent_[static_cast<std::size_t>(part)]; }

  bool read(const ipm_io_key& key, ipm_io& out) override;
  bool read(const ipm_peer_key& key, ipm_peer& out) override;
  void forget(const ipm_io_key& key) override;
  void forget(const ipm_peer_key& key) override;
  std::uint32_t epoch() const override;
  std::uint32_t uses_lost() const override;
  Status each(const std::function<bool(const ipm_io_key&, const ipm_io&)>& visit) override;
  Status each(const std::function<bool(const ipm_peer_key&, const ipm_peer&)>& visit) override;

  // What is remembered of a TCP socket of this process; zero if nothing is.
  ipm_life life_of(int socket) const;
  // From now on a first use of an entry is told again.
  void next_epoch() noexcept;
  // Hands out records until `visit` says no or none is left. True: it said no.
  bool consume(const std::function<bool(std::span<const std::byte>)>& visit);
  // Becomes readable when the ring fills, not with each record: to be watched edge-triggered.
  int ring_fd() const;
  std::array<std::uint64_t, IPM_COUNTERS> counters() const;
  // What to read ipm_record_seed from, each until its end, one after the other.
  Result<std::deque<SeedStream>> begin_seed(const std::string& proc_root);
  // The seed's stand-in runs: sockets and who holds them come apart.
  bool walks() const;
  // As the seed itself does it where it runs: the exec and the end of this process are news from now on.
  void tell_of(std::uint32_t pid, std::uint32_t image);

 private:
  struct State;
  std::unique_ptr<State> state_;
  std::array<std::string, kParts> absent_;
};

}  // namespace ipm::source::ebpf
