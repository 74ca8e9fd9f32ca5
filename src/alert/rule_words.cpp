#include "alert/rule_words.h"

#include <algorithm>

namespace ipm::alert {
namespace {

// "a=1 b=\"x y\"" as lines. Spaces within quotes stay.
std::string as_lines(std::string_view words) {
  std::string out(words);
  bool quoted = false, escaped = false;
  for (char& c : out) {
    if (c == '\n') c = ' ';  // A rule is one line.
    if (escaped) {
      escaped = false;
    } else if (quoted && c == '\\') {
      escaped = true;
    } else if (c == '"') {
      quoted = !quoted;
    } else if (c == ' ' && !quoted) {
      c = '\n';
    }
  }
  return out;
}

}  // namespace

std::string_view take_word(std::string_view& text) {
  text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
  const std::string_view word = text.substr(0, text.find(' '));
  text.remove_prefix(word.size());
  return word;
}

Result<std::vector<KeyValue>> parse_pairs(std::string_view words, std::span<const std::string_view> keys) {
  Result<std::vector<KeyValue>> pairs = parse_key_values(as_lines(words));
  if (!pairs.ok()) return pairs.status();
  for (const KeyValue& pair : *pairs) {
    if (std::find(keys.begin(), keys.end(), pair.key) == keys.end()) {
      return Status::invalid_argument("takes " + listed(keys) + ", and not " + quote_text(pair.key.substr(0, 80)) +
                                      did_you_mean(pair.key, keys));
    }
    const auto same = [&](const KeyValue& other) { return &other < &pair && other.key == pair.key; };
    if (std::any_of(pairs->begin(), pairs->end(), same)) return Status::invalid_argument(pair.key + " comes twice");
  }
  return pairs;
}

std::string did_you_mean(std::string_view word, std::span<const std::string_view> known) {
  const std::string_view near = nearest_word(word, known);
  return near.empty() ? std::string() : "; did you mean " + std::string(near) + "?";
}

std::string listed(std::span<const std::string_view> words) {
  std::string out;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (i != 0) out += i + 1 == words.size() ? " and " : ", ";
    out += words[i];
  }
  return out;
}

}  // namespace ipm::alert
