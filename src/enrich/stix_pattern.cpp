#include "enrich/stix_pattern.h"

#include <algorithm>
#include <array>

namespace ipm::enrich {
namespace {

// Words, quoted values (§9.4.1: '…' with \' and \\) and the signs = ( ) [ ] , and so on.
struct Token {
  enum class Kind { kEnd, kWord, kValue, kSign, kBad } kind = Kind::kEnd;
  std::string text;
  bool is(std::string_view sign) const { return kind != Kind::kValue && text == sign; }
};

class Scanner {
 public:
  explicit Scanner(std::string_view text) : rest_(text) { next(); }
  const Token& token() const { return token_; }
  Token take() {
    Token token = token_;
    next();
    return token;
  }
  bool accept(std::string_view text) {
    if (!token_.is(text)) return false;
    next();
    return true;
  }

 private:
  static bool is_sign(char c) { return std::string_view("[]()=,<>!").find(c) != std::string_view::npos; }
  void next() {
    rest_.remove_prefix(std::min(rest_.find_first_not_of(" \t\r\n"), rest_.size()));
    if (rest_.empty()) {
      token_ = {};
    } else if (rest_[0] == '\'') {
      quoted();
    } else if (is_sign(rest_[0])) {
      const std::size_t bytes = (rest_[0] == '!' || rest_[0] == '<' || rest_[0] == '>') && rest_.size() > 1 &&
                                        (rest_[1] == '=' || rest_[1] == '>')
                                    ? 2
                                    : 1;
      token_ = {Token::Kind::kSign, std::string(rest_.substr(0, bytes))};
      rest_.remove_prefix(bytes);
    } else {
      word();
    }
  }
  void quoted() {
    token_ = {Token::Kind::kBad, {}};
    std::string value;
    for (std::size_t i = 1; i < rest_.size(); ++i) {
      if (rest_[i] == '\'') {
        rest_.remove_prefix(i + 1);
        token_ = {Token::Kind::kValue, std::move(value)};
        return;
      }
      if (rest_[i] == '\\' && i + 1 < rest_.size()) ++i;
      value += rest_[i];
    }
    rest_ = {};
  }
  // Of a path 'quoted keys' are part: file:hashes.'SHA-256'.
  void word() {
    std::size_t end = 0;
    while (end < rest_.size() && !is_sign(rest_[end]) && rest_[end] != ' ' && rest_[end] != '\t' &&
           rest_[end] != '\n') {
      if (rest_[end] == '\'') end = std::min(rest_.find('\'', end + 1), rest_.size() - 1);
      ++end;
    }
    token_ = {Token::Kind::kWord, std::string(rest_.substr(0, end))};
    rest_.remove_prefix(end);
  }

  std::string_view rest_;
  Token token_;
};

class Parser {
 public:
  explicit Parser(std::string_view text) : scan_(text) {}

  StixPattern parse() {
    do {
      observation();
    } while (!stopped_ && scan_.accept("OR"));
    if (!stopped_ && scan_.token().kind != Token::Kind::kEnd) {
      const Token& rest = scan_.token();
      constexpr std::array<std::string_view, 6> kQualifiers = {"AND",     "FOLLOWEDBY", "WITHIN",
                                                               "REPEATS", "START",      "STOP"};
      if (std::find(kQualifiers.begin(), kQualifiers.end(), rest.text) != kQualifiers.end()) {
        only("observations joined by " + rest.text);
      } else {
        bad("text behind the pattern");
      }
    }
    if (out_.indicators.empty()) unsupported("a type of destination without its address");
    return std::move(out_);
  }

 private:
  // Nothing of the pattern can be used: what it says holds only together.
  void only(std::string&& what) {
    out_ = {.indicators = {}, .unsupported = std::move(what)};
    stopped_ = true;
  }
  void bad(std::string&& what) {
    out_ = {.indicators = {}, .unsupported = std::move(what), .malformed = true};
    stopped_ = true;
  }
  void unsupported(std::string&& what) {
    if (out_.unsupported.empty()) out_.unsupported = std::move(what);
  }

  void observation() {
    if (scan_.accept("(")) return only("observations in parentheses");
    if (!scan_.accept("[")) return bad("no [ where a condition begins");
    do {
      comparison();
      if (stopped_) return;
      if (scan_.token().is("AND")) return conjunction();
    } while (scan_.accept("OR"));
    if (!scan_.accept("]")) bad("no ] where a condition ends");
  }

  // The type of a destination says what its value is; any other AND narrows what is meant.
  void conjunction() {
    scan_.take();
    const std::string first = last_path_;
    comparison();
    if (stopped_) return;
    constexpr std::string_view kType = "network-traffic:dst_ref.type", kValue = "network-traffic:dst_ref.value";
    const bool fits = (first == kType && last_path_ == kValue) || (first == kValue && last_path_ == kType);
    if (!fits || scan_.token().is("AND") || scan_.token().is("OR")) return only("conditions joined by AND");
    if (!scan_.accept("]")) bad("no ] where a condition ends");
  }

  void comparison() {
    if (scan_.token().is("(")) return only("conditions in parentheses");
    const Token path = scan_.take();
    if (path.kind != Token::Kind::kWord || path.text.find(':') == std::string::npos) return bad("no object path");
    last_path_ = path.text;
    if (scan_.token().is("NOT")) return only("NOT");
    const Token op = scan_.take();
    if (op.is("=") || op.is("ISSUBSET")) {
      const Token value = scan_.take();
      if (value.kind != Token::Kind::kValue && value.kind != Token::Kind::kWord) return bad("no value to compare with");
      return add(path.text, value.text);
    }
    if (op.is("IN")) return list(path.text);
    constexpr std::array<std::string_view, 9> kOthers = {"!=", "<>",   "<",       "<=",        ">",
                                                         ">=", "LIKE", "MATCHES", "ISSUPERSET"};
    if (std::find(kOthers.begin(), kOthers.end(), op.text) == kOthers.end()) return bad("no operator behind the path");
    unsupported("the operator " + op.text);
    scan_.take();
  }

  void list(const std::string& path) {
    if (!scan_.accept("(")) return bad("no ( behind IN");
    do {
      const Token value = scan_.take();
      if (value.kind != Token::Kind::kValue && value.kind != Token::Kind::kWord) return bad("no value in the list");
      add(path, value.text);
    } while (!stopped_ && scan_.accept(","));
    if (!stopped_ && !scan_.accept(")")) bad("no ) behind the list");
  }

  void add(const std::string& path, const std::string& value) {
    if (path == "network-traffic:dst_ref.type") return;
    Reading reading = Reading::none({});
    if (path == "ipv4-addr:value" || path == "ipv6-addr:value" || path == "network-traffic:dst_ref.value") {
      reading = read_address_or_network(value);
      if (!reading.indicator && path == "network-traffic:dst_ref.value") reading = read_domain(value);
    } else if (path == "domain-name:value") {
      reading = read_domain(value);
    } else if (path == "url:value") {
      reading = read_url(value);
    } else {
      return unsupported("the object path " + path.substr(0, 80));
    }
    if (!reading.indicator) return unsupported("\"" + value.substr(0, 80) + "\" is " + std::string(reading.reason));
    if (out_.indicators.size() == kPatternIndicatorsMax) return unsupported("more than 256 values in one pattern");
    out_.indicators.push_back(std::move(*reading.indicator));
  }

  Scanner scan_;
  StixPattern out_;
  std::string last_path_;
  bool stopped_ = false;
};

}  // namespace

StixPattern read_stix_pattern(std::string_view text) {
  return Parser(text).parse();
}

}  // namespace ipm::enrich
