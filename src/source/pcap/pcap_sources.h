// The two sources behind pcap:, and what both can see.
#pragma once

#include <memory>

#include "source/source.h"

namespace ipm::source::pcap {

std::unique_ptr<Source> make_file_source();
std::unique_ptr<Source> make_live_source();

Capabilities probe();

}  // namespace ipm::source::pcap
