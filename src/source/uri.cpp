#include "source/registry.h"
#include "source/source.h"

namespace ipm::source {
namespace {

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// RFC 3986 §2.1; a lone % stays as it is, since file names may hold one.
std::string percent_decode(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size() && hex_value(text[i + 1]) >= 0 && hex_value(text[i + 2]) >= 0) {
      out += static_cast<char>(hex_value(text[i + 1]) * 16 + hex_value(text[i + 2]));
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

}  // namespace

Result<SourceUri> parse_source_uri(std::string_view text) {
  SourceUri uri;
  if (text == "-") {
    uri.scheme = "replay";
    uri.path = "-";
    return uri;
  }
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos || colon == 0) {
    return Status::invalid_argument("source \"" + std::string(text) + "\": no scheme; known are " + known_schemes());
  }
  uri.scheme = std::string(text.substr(0, colon));
  std::string_view rest = text.substr(colon + 1);
  const std::size_t question = rest.rfind('?');
  uri.path = percent_decode(rest.substr(0, question));
  if (question == std::string_view::npos) return uri;
  rest = rest.substr(question + 1);
  while (!rest.empty()) {
    const std::size_t ampersand = rest.find('&');
    const std::string_view pair = rest.substr(0, ampersand);
    rest = ampersand == std::string_view::npos ? std::string_view() : rest.substr(ampersand + 1);
    if (pair.empty()) continue;
    const std::size_t equals = pair.find('=');
    if (equals == std::string_view::npos || equals == 0) {
      return Status::invalid_argument("source \"" + std::string(text) + "\": \"" + std::string(pair) +
                                      "\" is not key=value");
    }
    const std::string key = percent_decode(pair.substr(0, equals));
    if (!uri.parameters.emplace(key, percent_decode(pair.substr(equals + 1))).second) {
      return Status::invalid_argument("source \"" + std::string(text) + "\": " + key + " is given twice");
    }
  }
  return uri;
}

}  // namespace ipm::source
