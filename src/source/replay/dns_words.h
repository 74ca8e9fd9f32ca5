// DNS words of event lines as the numbers of the IANA registry "Domain Name System (DNS) Parameters".
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace ipm::source {

// "AAAA", "TYPE28" (RFC 3597) or "28"; 0 for a word that is not known.
std::uint16_t dns_question_type(std::string_view word);
// "NXDOMAIN" or "3"; empty for a word that is not known, since 0 would say that all was well.
std::optional<std::uint16_t> dns_response_code(std::string_view word);

}  // namespace ipm::source
