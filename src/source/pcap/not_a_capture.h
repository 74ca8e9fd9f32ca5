// What a file seems to be that is no capture: for the one line that the user gets to see.
#pragma once

#include <string>
#include <string_view>

namespace ipm::source::pcap {

// "7f 45 4c 46 02 01 01 00, an ELF program". Of no bytes: "it is empty".
std::string describe_first_bytes(std::string_view first_bytes);

}  // namespace ipm::source::pcap
