// The words of a rule's line: what rule.cpp and threshold.cpp read alike.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/key_values.h"
#include "base/status.h"

namespace ipm::alert {

// Takes the first word off the text.
std::string_view take_word(std::string_view& text);

// `a=1 b="x y"`, each key one of `keys` and at most once.
Result<std::vector<KeyValue>> parse_pairs(std::string_view words, std::span<const std::string_view> keys);

// "; did you mean beacon?", or nothing.
std::string did_you_mean(std::string_view word, std::span<const std::string_view> known);

// "a, b and c"
std::string listed(std::span<const std::string_view> words);

}  // namespace ipm::alert
