#include "text.h"

#include <wchar.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <ctime>
#include <iterator>

#include <ipm/ipm.h>

namespace cli {
namespace {

// The characters of valid UTF-8, one call each.
template <typename Visit>
void each_character(std::string_view utf8, Visit visit) {
  for (std::size_t i = 0; i < utf8.size();) {
    std::size_t end = i + 1;
    while (end < utf8.size() && (static_cast<unsigned char>(utf8[end]) & 0xc0U) == 0x80U) ++end;
    visit(utf8.substr(i, end - i));
    i = end;
  }
}

bool steers(std::string_view character) {
  const auto at = [&](std::size_t i) { return static_cast<unsigned char>(character[i]); };
  if (character.size() == 1) return at(0) < 0x20 || at(0) == 0x7f;
  if (character.size() == 2) return (at(0) == 0xc2 && at(1) < 0xa0) || (at(0) == 0xd8 && at(1) == 0x9c);  // C1, U+061C
  if (character.size() != 3 || at(0) != 0xe2) return false;
  // U+200E, U+200F, U+2028 … U+202E, U+2066 … U+2069: direction marks and separators.
  return (at(1) == 0x80 && (at(2) == 0x8e || at(2) == 0x8f || (at(2) >= 0xa8 && at(2) <= 0xae))) ||
         (at(1) == 0x81 && at(2) >= 0xa6 && at(2) <= 0xa9);
}

// Terminal columns of one character: 2 for most of East Asia, 0 for what joins the one before. Of a character that the
// locale does not know: 1.
std::size_t columns_of(std::string_view character) {
  const auto lead = static_cast<unsigned char>(character.front());
  if (lead < 0x80) return 1;
  wchar_t code = lead & (0xff >> (character.size() + 1));
  for (char c : character.substr(1)) code = static_cast<wchar_t>((code << 6) | (static_cast<unsigned char>(c) & 0x3f));
  const int columns = wcwidth(code);
  return columns < 0 ? 1 : static_cast<std::size_t>(columns);
}

}  // namespace

std::size_t width(std::string_view utf8) {
  std::size_t out = 0;
  each_character(utf8, [&](std::string_view character) { out += columns_of(character); });
  return out;
}

std::string cut(std::string_view utf8, std::size_t columns) {
  std::string out;
  std::size_t used = 0;
  bool full = false;
  each_character(utf8, [&](std::string_view character) {
    const std::size_t more = columns_of(character);
    full = full || used + more > columns;
    if (full) return;
    used += more;
    out += character;
  });
  return out;
}

std::string csv_text(std::string_view text) {
  if (!text.empty() && text.find_first_of(",\"\r\n") == std::string_view::npos) return std::string(text);
  std::string out = "\"";  // Also around an empty text, which is not a null.
  for (char c : text) out += c == '"' ? std::string("\"\"") : std::string(1, c);
  return out + "\"";
}

std::string quoted_text(std::string_view text) {
  std::string out(ipm_text_quote(text.data(), text.size(), nullptr, 0), '\0');
  (void)ipm_text_quote(text.data(), text.size(), out.data(), out.size() + 1);
  return out;
}

std::string human(double value, std::string_view unit) {
  char buffer[64];
  const auto print = [&](const char* format, double number, const char* ending) {
    std::snprintf(buffer, sizeof buffer, format, number, ending);
    return std::string(buffer);
  };
  if (unit == "bytes" || unit == "bytes/s") {
    constexpr const char* kEndings[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB"};
    std::size_t ending = 0;
    for (; std::fabs(value) >= 1024 && ending + 1 < std::size(kEndings); ++ending) value /= 1024;
    return print(ending == 0 ? "%.0f %s" : "%.1f %s", value, kEndings[ending]);
  }
  const double scale = unit == "ns" ? 1e-9 : unit == "us" ? 1e-6 : unit == "ms" ? 1e-3 : unit == "s" ? 1 : 0;
  if (scale > 0) {
    const double seconds = value * scale;
    const double size = std::fabs(seconds);
    if (size >= 3600) return print("%.1f%s", seconds / 3600, "h");
    if (size >= 60) return print("%.1f%s", seconds / 60, "m");
    if (size >= 1) return print("%.1f%s", seconds, "s");
    if (size >= 1e-3) return print("%.1f%s", seconds * 1e3, "ms");
    return print("%.0f%s", seconds * 1e6, "us");
  }
  return print(value == std::floor(value) ? "%.0f%s" : "%.2f%s", value, "");
}

std::string number_text(double value) {
  if (!std::isfinite(value)) return "null";
  char digits[32];
  return {digits, std::to_chars(digits, digits + sizeof digits, value).ptr};
}

std::string human_time(std::int64_t ns) {
  const std::time_t seconds = ns / IPM_S - (ns % IPM_S < 0 ? 1 : 0);
  std::tm parts{};
  char buffer[64];
  if (gmtime_r(&seconds, &parts) == nullptr) return std::to_string(ns);
  std::strftime(buffer, sizeof buffer, "%Y-%m-%d %H:%M:%SZ", &parts);
  return buffer;
}

std::string seconds_text(std::int64_t ns) {
  char text[40];
  const char* const sign = ns < 0 ? "-" : "";
  const std::uint64_t size = ns < 0 ? 0 - static_cast<std::uint64_t>(ns) : static_cast<std::uint64_t>(ns);
  std::snprintf(text, sizeof text, "%s%llu.%09llu", sign, static_cast<unsigned long long>(size / IPM_S),
                static_cast<unsigned long long>(size % IPM_S));
  return text;
}

std::string harmless(std::string_view utf8) {
  std::string out;
  each_character(utf8, [&](std::string_view character) { out += steers(character) ? "\xef\xbf\xbd" : character; });
  return out;
}

std::string paragraph(std::string_view name, std::string_view text, std::size_t indent, std::size_t columns) {
  std::string out(name);
  std::size_t used = width(name);
  for (std::size_t begin = text.find_first_not_of(' '); begin != std::string_view::npos;) {
    const std::size_t end = std::min(text.find(' ', begin), text.size());
    const std::string_view word = text.substr(begin, end - begin);
    if (used > indent && used + 1 + width(word) > columns) {
      out += "\n";
      used = 0;
    }
    const std::size_t space = used <= indent ? indent - used : 1;
    out += std::string(space, ' ') + std::string(word);
    used += space + width(word);
    begin = text.find_first_not_of(' ', end);
  }
  return out + "\n";
}

std::string json_text(std::string_view utf8) {
  std::string out = "\"";
  for (char c : utf8) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte < 0x20 || byte == 0x7f) {
      char escape[8];
      std::snprintf(escape, sizeof escape, "\\u%04x", byte);
      out += escape;
    } else {
      out += c;
    }
  }
  return out + "\"";
}

}  // namespace cli
