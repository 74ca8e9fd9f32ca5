#include "source/replay/dns_words.h"

#include <charconv>
#include <utility>

namespace ipm::source {
namespace {

using Word = std::pair<std::string_view, std::uint16_t>;

constexpr Word kQuestionTypes[] = {
    {"A", 1},       {"AAAA", 28},  {"PTR", 12},  {"CNAME", 5}, {"MX", 15},    {"TXT", 16},  {"SRV", 33},
    {"HTTPS", 65},  {"NS", 2},     {"SOA", 6},   {"SVCB", 64}, {"NULL", 10},  {"CAA", 257}, {"DS", 43},
    {"DNSKEY", 48}, {"RRSIG", 46}, {"NSEC", 47}, {"TLSA", 52}, {"NAPTR", 35}, {"ANY", 255},
};
constexpr Word kResponseCodes[] = {
    {"NOERROR", 0},  {"NXDOMAIN", 3}, {"SERVFAIL", 2}, {"REFUSED", 5}, {"FORMERR", 1},  {"NOTIMP", 4},
    {"YXDOMAIN", 6}, {"YXRRSET", 7},  {"NXRRSET", 8},  {"NOTAUTH", 9}, {"NOTZONE", 10},
};

template <std::size_t N>
std::optional<std::uint16_t> number_of(std::string_view word, const Word (&known)[N]) {
  for (const auto& [name, number] : known) {
    if (name == word) return number;
  }
  std::uint16_t number = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), number);
  if (error != std::errc() || end != word.data() + word.size()) return std::nullopt;
  return number;
}

}  // namespace

std::uint16_t dns_question_type(std::string_view word) {
  if (word.substr(0, 4) == "TYPE") word.remove_prefix(4);
  return number_of(word, kQuestionTypes).value_or(0);
}

std::optional<std::uint16_t> dns_response_code(std::string_view word) {
  return number_of(word, kResponseCodes);
}

}  // namespace ipm::source
