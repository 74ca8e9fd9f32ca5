// Where a record of the ring goes.
#pragma once

#include <cstddef>
#include <span>

#include "source/ebpf/names.h"
#include "source/ebpf/records.h"
#include "source/ebpf/sockets.h"

namespace ipm::source::ebpf {

inline void take_record(std::span<const std::byte> record, Names& names, Sockets& sockets) {
  const Subject subject = subject_of(record);
  if (subject.type == IPM_RECORD_PACKET) return names.take(record);
  if (subject.type == IPM_RECORD_RELEASE) names.closing(*record_as<ipm_record_owner>(record));
  sockets.take(record);
  if (subject.type == IPM_RECORD_IO) names.used(subject.cookie);
}

}  // namespace ipm::source::ebpf
