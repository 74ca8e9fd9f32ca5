#include "source/ebpf/objects.h"

#include "source/ebpf/bpf/layout.h"  // The skeletons name its types.
// clang-format off
#include "accept.skel.h"
#include "length.skel.h"
#include "lifecycle.skel.h"
#include "names.skel.h"
#include "packets.skel.h"
#include "processes.skel.h"
#include "release.skel.h"
#include "seed.skel.h"
#include "walk.skel.h"
// clang-format on

namespace ipm::source::ebpf {

std::span<const std::byte> object_image(Part part) {
  std::size_t bytes = 0;
  const void* begin = nullptr;
  switch (part) {
    case Part::kLength:
      begin = ipm_length__elf_bytes(&bytes);
      break;
    case Part::kLifecycle:
      begin = ipm_lifecycle__elf_bytes(&bytes);
      break;
    case Part::kProcesses:
      begin = ipm_processes__elf_bytes(&bytes);
      break;
    case Part::kAccept:
      begin = ipm_accept__elf_bytes(&bytes);
      break;
    case Part::kRelease:
      begin = ipm_release__elf_bytes(&bytes);
      break;
    case Part::kNames:
      begin = ipm_names__elf_bytes(&bytes);
      break;
    case Part::kPackets:
      begin = ipm_packets__elf_bytes(&bytes);
      break;
    case Part::kSeed:
      begin = ipm_seed__elf_bytes(&bytes);
      break;
  }
  return {static_cast<const std::byte*>(begin), bytes};
}

std::span<const std::byte> walk_image() {
  std::size_t bytes = 0;
  const void* begin = ipm_walk__elf_bytes(&bytes);
  return {static_cast<const std::byte*>(begin), bytes};
}

}  // namespace ipm::source::ebpf
