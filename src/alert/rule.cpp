#include "alert/rule.h"

#include <algorithm>
#include <charconv>

#include "alert/rule_words.h"
#include "base/utc.h"

namespace ipm::alert {
namespace {

using Words = std::span<const std::string_view>;

constexpr std::string_view kOfAlert[] = {"alert"};
constexpr std::string_view kOfSuppress[] = {"kind", "app", "remote", "port", "threshold", "for", "until"};
constexpr std::string_view kOfCritical[] = {"app"};

struct VerbInfo {
  std::string_view name;
  Verb verb;
  Words keys;  // Which it takes.
};
constexpr VerbInfo kVerbs[] = {
    {"acknowledge", Verb::kAcknowledge, kOfAlert}, {"false_positive", Verb::kFalsePositive, kOfAlert},
    {"suppress", Verb::kSuppress, kOfSuppress},    {"critical", Verb::kCritical, kOfCritical},
    {"threshold", Verb::kThreshold, {}},  // threshold.cpp reads the rest.
};

Result<std::uint64_t> number(std::string_view text, std::uint64_t most) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || value == 0 || value > most) {
    return Status::invalid_argument(quote_text(text) + " is no number from 1 to " + std::to_string(most));
  }
  return value;
}

Result<Kind> kind_of(std::string_view name) {
  std::vector<std::string_view> known;
  for (std::size_t i = 0; i < kKinds; ++i) {
    if (info(Kind(i)).name == name) return Kind(i);
    known.push_back(info(Kind(i)).name);
  }
  return Status::invalid_argument(quote_text(name) + " is no kind of alert" + did_you_mean(name, known));
}

Result<Prefix> prefix_of(std::string_view text) {
  const std::size_t slash = text.find('/');
  const auto address = model::IpAddress::parse(text.substr(0, slash));
  if (!address) return Status::invalid_argument(quote_text(text) + " is no address and no network (192.0.2.0/24)");
  const std::uint32_t mapped = address->is_v4() ? 96 : 0;
  if (slash == std::string_view::npos) return Prefix{.address = *address, .bits = 128};
  Result<std::uint64_t> bits = number(text.substr(slash + 1), 128 - mapped);
  if (!bits.ok()) return bits.status().with_context("length of the network");
  return Prefix{.address = *address, .bits = static_cast<std::uint32_t>(*bits) + mapped};
}

Status set(Rule& rule, const KeyValue& entry) {
  const auto keep = [&]<class T>(Result<T> value, auto& out) {
    if (!value.ok()) return value.status().with_context(entry.key);
    out = *value;
    return Status::success();
  };
  if (entry.key == "alert") return keep(number(entry.value, UINT64_MAX), rule.alert);
  if (entry.key == "kind") return keep(kind_of(entry.value), rule.kind);
  if (entry.key == "remote") return keep(prefix_of(entry.value), rule.remote);
  if (entry.key == "for") return keep(parse_duration_ns(entry.value), rule.for_ns);
  if (entry.key == "until") return keep(parse_utc_ns(entry.value), rule.until_unix_ns);
  if (entry.key == "port") {
    std::uint64_t port = 0;
    Status status = keep(number(entry.value, 65'535), port);
    rule.port = static_cast<std::uint16_t>(port);
    return status;
  }
  if (entry.value.empty()) {
    return Status::invalid_argument(entry.key + " is empty" + (entry.key == "app" ? "; * stands for any" : ""));
  }
  (entry.key == "app" ? rule.app : rule.threshold_name) = entry.value;
  return Status::success();
}

Status check(const Rule& rule) {
  if ((rule.verb == Verb::kAcknowledge || rule.verb == Verb::kFalsePositive) && rule.alert == 0) {
    return Status::invalid_argument("which alert? say alert=ID, the column id of the table alerts");
  }
  if (rule.verb == Verb::kCritical && rule.app.empty()) {
    return Status::invalid_argument("which program? say app=KEY, the column app; * stands for anything");
  }
  if (rule.verb == Verb::kSuppress && !rule.kind && rule.app.empty() && !rule.remote && rule.threshold_name.empty()) {
    return Status::invalid_argument("that would hide every alert; say one of kind=, app=, remote=, threshold=");
  }
  if (rule.for_ns != 0 && rule.until_unix_ns != 0) return Status::invalid_argument("for and until are two ends");
  if (rule.lifts && !rule.stands())
    return Status::invalid_argument("only suppress, critical and threshold can be lifted");
  return Status::success();
}

}  // namespace

bool Prefix::contains(const model::IpAddress& other) const {
  const std::uint32_t whole = bits / 8, rest = bits % 8;
  if (!std::equal(address.bytes.begin(), address.bytes.begin() + whole, other.bytes.begin())) return false;
  return rest == 0 || ((address.bytes[whole] ^ other.bytes[whole]) >> (8 - rest)) == 0;
}

bool Rule::same_but_time(const Rule& other) const {
  return verb == other.verb && alert == other.alert && kind == other.kind && app == other.app &&
         remote == other.remote && port == other.port && threshold_name == other.threshold_name;
}

namespace {

Status read_threshold(Rule& rule, std::string_view words) {
  if (!rule.lifts) {
    Result<Threshold> threshold = parse_threshold(words);
    if (!threshold.ok()) return threshold.status();
    rule.threshold_name = threshold->name;
    rule.threshold = *threshold;
    return Status::success();
  }
  Result<std::string> name = parse_threshold_name(words);
  if (!name.ok()) return name.status();
  if (words.find_first_not_of(' ') != std::string_view::npos)
    return Status::invalid_argument("lift threshold: takes a name and nothing else");
  rule.threshold_name = *name;
  return Status::success();
}

Status read_pairs(Rule& rule, const VerbInfo& verb, std::string_view words) {
  Result<std::vector<KeyValue>> pairs = parse_pairs(words, verb.keys);
  if (!pairs.ok()) return pairs.status();
  for (const KeyValue& pair : *pairs) {
    if (Status status = set(rule, pair); !status.ok()) return status;
  }
  return check(rule);
}

Status unknown_verb(std::string_view word) {
  std::vector<std::string_view> known;
  for (const VerbInfo& each : kVerbs) known.push_back(each.name);
  known.emplace_back("lift");
  return Status::invalid_argument("rule: " + quote_text(word.substr(0, 80)) + " is none of " + listed(known) +
                                  did_you_mean(word, known));
}

}  // namespace

Result<Rule> parse_rule(std::string_view line) {
  if (line.size() > kRuleBytesMax) return Status::invalid_argument("rule: longer than 4096 bytes");
  std::string_view rest = line;
  std::string_view word = take_word(rest);
  Rule rule;
  rule.lifts = word == "lift";
  if (rule.lifts) word = take_word(rest);
  const auto* const verb =
      std::find_if(std::begin(kVerbs), std::end(kVerbs), [&](const VerbInfo& each) { return each.name == word; });
  if (verb == std::end(kVerbs)) return unknown_verb(word);
  rule.verb = verb->verb;
  if (rule.verb == Verb::kThreshold) {
    if (Status status = read_threshold(rule, rest); !status.ok()) return status;
    return rule;
  }
  if (Status status = read_pairs(rule, *verb, rest); !status.ok())
    return status.with_context("rule: " + std::string(verb->name));
  return rule;
}

bool matches_pattern(std::string_view pattern, std::string_view text) {
  // Where to go on after the last star, with one byte more for it.
  std::size_t p = 0, t = 0, star = std::string_view::npos, resume = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      resume = t;
    } else if (p < pattern.size() && pattern[p] == text[t]) {
      ++p, ++t;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      t = ++resume;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

}  // namespace ipm::alert
