// The compiled objects of bpf/, as they lie in this library.
#pragma once

#include <cstddef>
#include <span>

#include "source/ebpf/parts.h"

namespace ipm::source::ebpf {

std::span<const std::byte> object_image(Part part);

}  // namespace ipm::source::ebpf
