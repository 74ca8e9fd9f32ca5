// The compiled objects of bpf/, as they lie in this library.
#pragma once

#include <cstddef>
#include <span>

#include "source/ebpf/parts.h"

namespace ipm::source::ebpf {

std::span<const std::byte> object_image(Part part);
// What stands in for the seed where the kernel does not load it.
std::span<const std::byte> walk_image();

}  // namespace ipm::source::ebpf
