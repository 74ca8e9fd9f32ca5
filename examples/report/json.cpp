#include "json.h"

#include <charconv>
#include <cmath>
#include <cstdio>

namespace ipm_report {

std::string json_text(std::string_view utf8) {
  std::string out = "\"";
  for (std::size_t i = 0; i < utf8.size(); ++i) {
    const char c = utf8[i];
    const auto byte = static_cast<unsigned char>(c);
    const std::string_view three = utf8.substr(i, 3);
    if (three == "\xe2\x80\xa8" || three == "\xe2\x80\xa9") {  // U+2028 and U+2029 end lines of scripts.
      out += three[2] == '\xa8' ? "\\u2028" : "\\u2029";
      i += 2;
    } else if (byte < 0x20 || byte == 0x7f || c == '<' || c == '>' || c == '&') {
      char escape[8];
      std::snprintf(escape, sizeof escape, "\\u%04x", byte);
      out += escape;
    } else {
      if (c == '"' || c == '\\') out += '\\';
      out += c;
    }
  }
  return out + "\"";
}

std::string json_number(double value) {
  if (!std::isfinite(value)) return "null";
  char digits[32];
  return {digits, std::to_chars(digits, digits + sizeof digits, value).ptr};
}

void JsonObject::add(std::string_view name, std::string_view json) {
  if (!members_.empty()) members_ += ',';
  members_ += json_text(name);
  members_ += ':';
  members_ += json;
}

void JsonArray::add(std::string_view json) {
  if (!elements_.empty()) elements_ += ',';
  elements_ += json;
}

}  // namespace ipm_report
