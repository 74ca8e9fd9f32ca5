#include "base/key_values.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <limits>

namespace ipm {
namespace {

std::string_view trim(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r";
  const std::size_t begin = text.find_first_not_of(kSpace);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kSpace) - begin + 1);
}

Status at_line(std::uint32_t line, std::string_view message) {
  return Status::invalid_argument("line " + std::to_string(line) + ": " + std::string(message));
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// `text` begins with a quote. Empty message: done.
std::string_view unquote(std::string_view text, std::string& out) {
  std::size_t i = 1;
  while (i < text.size() && text[i] != '"') {
    if (text[i] != '\\') {
      out += text[i++];
      continue;
    }
    if (++i >= text.size()) break;
    const char c = text[i++];
    switch (c) {
      case 'n':
        out += '\n';
        break;
      case 't':
        out += '\t';
        break;
      case 'r':
        out += '\r';
        break;
      case '0':
        out += '\0';
        break;
      case '\\':
      case '"':
      case '\'':
        out += c;
        break;
      case 'x': {
        const int high = i < text.size() ? hex_digit(text[i]) : -1;
        const int low = i + 1 < text.size() ? hex_digit(text[i + 1]) : -1;
        if (high < 0 || low < 0) return "\\x needs two hex digits";
        out += static_cast<char>(high * 16 + low);
        i += 2;
        break;
      }
      default:
        return "unknown escape; known are \\n \\t \\r \\0 \\\\ \\\" \\' \\xHH";
    }
  }
  if (i >= text.size()) return "the quoted value has no closing quote";
  if (!trim(text.substr(i + 1)).empty()) return "something follows the closing quote";
  return {};
}

struct Ending {
  std::string_view text;
  std::int64_t factor;
};

Result<std::int64_t> parse_with_endings(std::string_view text, std::span<const Ending> endings, std::string_view what,
                                        std::string_view example) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const std::string_view rest = trim(text.substr(static_cast<std::size_t>(end - text.data())));
  const auto* ending =
      std::find_if(endings.data(), endings.data() + endings.size(), [&](const Ending& e) { return e.text == rest; });
  const bool known = ending != endings.data() + endings.size();
  if (error != std::errc() || value < 0 || !known) {
    return Status::invalid_argument("\"" + std::string(text.substr(0, 80)) + "\" is no " + std::string(what) +
                                    "; write it like " + std::string(example));
  }
  if (value > std::numeric_limits<std::int64_t>::max() / ending->factor) {
    return Status::invalid_argument("\"" + std::string(text) + "\" is too large");
  }
  return value * ending->factor;
}

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t above = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, diagonal + (a[i - 1] == b[j - 1] ? 0U : 1U)});
      diagonal = above;
    }
  }
  return row[b.size()];
}

}  // namespace

Result<std::vector<KeyValue>> parse_key_values(std::string_view text) {
  if (text.size() > kKeyValueBytesMax) return Status::limit("settings text is longer than 1 MiB");
  std::vector<KeyValue> out;
  std::uint32_t line_number = 0;
  while (!text.empty()) {
    ++line_number;
    const std::size_t newline = text.find('\n');
    const std::string_view line = trim(text.substr(0, newline));
    text = newline == std::string_view::npos ? std::string_view() : text.substr(newline + 1);
    if (line.empty() || line.front() == '#') continue;
    const std::size_t equals = line.find('=');
    if (equals == std::string_view::npos) {
      return at_line(line_number, quote_text(line.substr(0, 80)) + " is not key = value");
    }
    KeyValue entry;
    entry.key = std::string(trim(line.substr(0, equals)));
    entry.line = line_number;
    if (entry.key.empty()) return at_line(line_number, "nothing stands before '='");
    const std::string_view value = trim(line.substr(equals + 1));
    if (!value.empty() && value.front() == '"') {
      entry.quoted = true;
      if (const std::string_view problem = unquote(value, entry.value); !problem.empty())
        return at_line(line_number, problem);
    } else {
      entry.value = std::string(value);
    }
    out.push_back(std::move(entry));
  }
  return out;
}

std::string quote_text(std::string_view text) {
  std::string out = "\"";
  for (char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (c == '\n') {
      out += "\\n";
    } else if (byte < 0x20 || byte == 0x7f) {
      char escape[8];
      std::snprintf(escape, sizeof escape, "\\x%02x", byte);
      out += escape;
    } else {
      out += c;
    }
  }
  return out + "\"";
}

std::string_view nearest_word(std::string_view word, std::span<const std::string_view> known) {
  if (word.size() > 64) return {};
  std::string_view best;
  std::size_t best_distance = 3 + word.size() / 4;  // Farther than this is another word, not a slip.
  for (std::string_view candidate : known) {
    const std::size_t distance = edit_distance(word, candidate);
    if (distance < best_distance) {
      best = candidate;
      best_distance = distance;
    }
  }
  return best;
}

Result<std::uint64_t> parse_size(std::string_view text) {
  static constexpr Ending kEndings[] = {{"", 1},          {"B", 1},         {"k", 1 << 10},
                                        {"K", 1 << 10},   {"KiB", 1 << 10}, {"M", 1 << 20},
                                        {"MiB", 1 << 20}, {"G", 1 << 30},   {"GiB", 1 << 30}};
  Result<std::int64_t> value = parse_with_endings(text, kEndings, "size", "64MiB, 512k or 1048576");
  if (!value.ok()) return value.status();
  return static_cast<std::uint64_t>(*value);
}

Result<std::int64_t> parse_duration_ns(std::string_view text) {
  static constexpr std::int64_t kSecondNs = 1'000'000'000;
  static constexpr Ending kEndings[] = {{"ns", 1},
                                        {"us", 1'000},
                                        {"ms", 1'000'000},
                                        {"s", kSecondNs},
                                        {"", kSecondNs},
                                        {"m", 60 * kSecondNs},
                                        {"min", 60 * kSecondNs},
                                        {"h", 3600 * kSecondNs},
                                        {"d", 86'400 * kSecondNs}};
  return parse_with_endings(text, kEndings, "duration", "250ms, 10s, 5m or 6h");
}

Result<std::int64_t> parse_integer(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) {
    return Status::invalid_argument("\"" + std::string(text.substr(0, 80)) + "\" is no whole number");
  }
  return value;
}

Result<double> parse_number(std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc() || end != text.data() + text.size() || !std::isfinite(value)) {
    return Status::invalid_argument("\"" + std::string(text.substr(0, 80)) + "\" is no number");
  }
  return value;
}

}  // namespace ipm
