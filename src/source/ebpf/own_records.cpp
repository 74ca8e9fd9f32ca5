#include "source/ebpf/own_records.h"

#include <utility>

#include "source/ebpf/records.h"
#include "source/host/transfer.h"

namespace ipm::source::ebpf {

void OwnRecords::pass(std::span<const std::byte> record, const Take& take) {
  const Subject subject = subject_of(record);
  if (host::is_transfer(subject.cookie)) {
    // Nobody else will: what it moved is in no table, and so has no end there.
    if (const auto io = record_as<ipm_record_io>(record); io && io->head.type == IPM_RECORD_IO) {
      traffic_.forget(io->key);
    }
    if (const auto peer = record_as<ipm_record_peer>(record); peer && peer->head.type == IPM_RECORD_PEER) {
      traffic_.forget(peer->key);
    }
    return out_.filtered();
  }
  if (pid_ != 0 && subject.pid == pid_) {
    if (subject.type == IPM_RECORD_PROCESS) {
      name_.assign(record.begin(), record.end());
      return;
    }
    if (const std::vector<std::byte> name = std::exchange(name_, {}); !name.empty()) take(name);
  }
  take(record);
}

}  // namespace ipm::source::ebpf
