#include "enrich/indicator.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "base/utc.h"

namespace ipm::enrich {
namespace {

// Wider networks are mistakes or worse: they would match a good part of the Internet.
constexpr unsigned kWidestV4 = 8;
constexpr unsigned kWidestV6 = 16;
constexpr std::size_t kLabelBytesMax = 63;
constexpr std::size_t kJa4Bytes = 36;

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool is_hex(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

std::optional<unsigned> read_number(std::string_view text) {
  unsigned value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || text.empty()) return std::nullopt;
  return value;
}

void clear_host_bits(model::IpAddress& address, unsigned prefix) {
  for (unsigned bit = prefix; bit < 128; ++bit) {
    address.bytes[bit / 8] = static_cast<std::uint8_t>(address.bytes[bit / 8] & ~(0x80U >> (bit % 8)));
  }
}

bool is_label(std::string_view label) {
  if (label.empty() || label.size() > kLabelBytesMax || label.front() == '-' || label.back() == '-') return false;
  return std::all_of(label.begin(), label.end(),
                     [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_'; });
}

}  // namespace

std::string_view indicator_type_name(IndicatorType type) {
  constexpr std::array<std::string_view, kIndicatorTypes> kNames = {"address", "network", "domain", "ja4"};
  return kNames[static_cast<std::size_t>(type)];
}

std::string normal_domain(std::string_view text) {
  if (text.ends_with('.')) text.remove_suffix(1);
  if (text.size() > kNameBytesMax) return {};
  std::string name(text);
  std::transform(name.begin(), name.end(), name.begin(), lower);
  std::size_t labels = 0;
  for (std::size_t begin = 0; begin <= name.size(); ++labels) {
    const std::size_t dot = std::min(name.find('.', begin), name.size());
    if (!is_label(std::string_view(name).substr(begin, dot - begin))) return {};
    begin = dot + 1;
  }
  const std::string_view last = std::string_view(name).substr(name.rfind('.') + 1);
  const bool numeric = std::all_of(last.begin(), last.end(), [](char c) { return c >= '0' && c <= '9'; });
  return labels < 2 || numeric ? std::string() : name;
}

Reading read_address_or_network(std::string_view text) {
  const std::size_t slash = text.find('/');
  const std::optional<model::IpAddress> address = model::IpAddress::parse(text.substr(0, slash));
  if (!address) return Reading::none("no address");
  Indicator out;
  out.address = *address;
  const unsigned base = address->is_v4() ? 96 : 0;
  if (slash != std::string_view::npos) {
    const std::optional<unsigned> bits = read_number(text.substr(slash + 1));
    if (!bits || *bits > 128 - base) return Reading::none("no prefix length behind the slash");
    if (*bits < (address->is_v4() ? kWidestV4 : kWidestV6)) {
      return Reading::none("a network wider than /8 (IPv6: /16), which would match a good part of the Internet");
    }
    out.prefix = static_cast<std::uint8_t>(base + *bits);
    clear_host_bits(out.address, out.prefix);
  }
  if (out.address.is_unspecified()) return Reading::none("the unspecified address");
  if (out.prefix != 128) out.type = IndicatorType::kNetwork;
  return {out, {}};
}

Reading read_domain(std::string_view text) {
  if (text.starts_with("*.")) text.remove_prefix(2);
  if (text.starts_with('.')) text.remove_prefix(1);
  Indicator out;
  out.type = IndicatorType::kDomain;
  out.name = normal_domain(text);
  if (out.name.empty()) return Reading::none("no domain name of two labels or more in ASCII");
  return {out, {}};
}

// a_b_c: ten characters that begin with the transport, and two shortened hashes (JA4 technical details, FoxIO).
Reading read_ja4(std::string_view text) {
  std::string name(text);
  std::transform(name.begin(), name.end(), name.begin(), lower);
  const std::string_view view = name;
  const bool shaped = view.size() == kJa4Bytes && view[10] == '_' && view[23] == '_' &&
                      std::string_view("tqd").find(view[0]) != std::string_view::npos && is_hex(view.substr(11, 12)) &&
                      is_hex(view.substr(24));
  if (!shaped) return Reading::none("no JA4 fingerprint");
  Indicator out;
  out.type = IndicatorType::kJa4;
  out.name = std::move(name);
  return {out, {}};
}

Reading read_url(std::string_view text) {
  const std::size_t scheme = text.find("://");
  if (scheme == std::string_view::npos) return Reading::none("no URL");
  std::string_view rest = text.substr(scheme + 3);
  const std::size_t end = std::min(rest.find_first_of("/?#"), rest.size());
  const std::string_view page = rest.substr(end);
  std::string_view host = rest.substr(0, end);
  host.remove_prefix(host.rfind('@') == std::string_view::npos ? 0 : host.rfind('@') + 1);
  if (host.starts_with('[')) {
    host = host.substr(1, std::min(host.find(']'), host.size()) - 1);
  } else {
    host = host.substr(0, host.find(':'));
  }
  Reading out = read_address_or_network(host);
  if (!out.indicator) out = read_domain(host);
  if (!out.indicator || out.indicator->type == IndicatorType::kNetwork) return Reading::none("a URL without a host");
  out.indicator->of_url = page.size() > 1;
  return out;
}

Reading read_indicator(std::string_view text) {
  if (text.find("://") != std::string_view::npos) return read_url(text);
  if (Reading address = read_address_or_network(text); address.indicator || address.reason != "no address") {
    return address;
  }
  if (Reading fingerprint = read_ja4(text); fingerprint.indicator) return fingerprint;
  if (Reading domain = read_domain(text); domain.indicator) return domain;
  return Reading::none("no address, network, domain or JA4");
}

std::int64_t read_date_s(std::string_view text) {
  std::string date(text.substr(0, std::string_view("2021-01-17 07:44:46").size()));
  if (date.size() > 10 && date[10] == ' ') date[10] = 'T';
  const Result<TimeNs> moment = parse_utc_ns(date);
  return moment.ok() ? *moment / kSecond : 0;
}

// The port is what must not be cut off.
std::string with_port(std::string_view description, std::string_view port) {
  if (port.empty()) return std::string(description);
  const std::string told = "port " + std::string(port.substr(0, std::string_view("65535").size()));
  const std::string said = tidy_description(description, kDescriptionBytesMax - told.size() - 2);
  return said.empty() ? told : said + ", " + told;
}

std::string tidy_description(std::string_view text, std::size_t bytes_max) {
  std::string out;
  for (const char c : text.substr(0, 4 * kDescriptionBytesMax)) {
    const char shown = static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? ' ' : c;
    if (shown == ' ' && (out.empty() || out.back() == ' ')) continue;
    out += shown;
  }
  if (out.size() > bytes_max) {
    std::size_t end = bytes_max;
    while (end > 0 && (static_cast<unsigned char>(out[end]) & 0xc0) == 0x80) --end;  // Not within a character.
    out.resize(end);
  }
  while (!out.empty() && out.back() == ' ') out.pop_back();
  return out;
}

}  // namespace ipm::enrich
