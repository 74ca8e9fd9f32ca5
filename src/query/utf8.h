// Names of programs are whatever bytes the kernel was given; what leaves a query is valid UTF-8.
#pragma once

#include <string>
#include <string_view>

namespace ipm::query {

// `text` itself when it is valid UTF-8; otherwise a copy in `scratch`, where each longest broken piece became one
// U+FFFD, as Unicode recommends and as Python's errors="replace" does. NULs are valid and stay.
std::string_view valid_utf8(std::string_view text, std::string& scratch);

}  // namespace ipm::query
