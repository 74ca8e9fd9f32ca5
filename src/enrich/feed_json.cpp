// The formats that are JSON: STIX 2.1 bundles, MISP events and attributes, the lines of DROP.
#include "enrich/feed.h"
#include "enrich/stix_pattern.h"

#ifdef IPM_WITH_SIMDJSON
#include <simdjson.h>
#endif

namespace ipm::enrich {

// By names that only such a document has near its beginning.
FeedFormat detect_document(std::string_view head) {
  const auto has = [&](std::string_view name) { return head.find(name) != std::string_view::npos; };
  if (has("\"bundle\"") || has("\"spec_version\"") || has("\"pattern_type\"")) return FeedFormat::kStix;
  if (has("\"Event\"") || has("\"Attribute\"") || has("\"to_ids\"")) return FeedFormat::kMisp;
  if (has("\"objects\"")) return FeedFormat::kStix;
  return FeedFormat::kDetect;
}

#ifdef IPM_WITH_SIMDJSON
namespace {

namespace dom = simdjson::dom;

std::string_view text_at(const dom::object& object, std::string_view key) {
  std::string_view value;
  return object[key].get(value) == simdjson::SUCCESS ? value : std::string_view();
}

// Numbers are written as such or in quotes.
std::int64_t number_at(const dom::object& object, std::string_view key) {
  std::int64_t value = 0;
  if (object[key].get(value) == simdjson::SUCCESS) return value;
  for (const char c : text_at(object, key).substr(0, 18)) {
    if (c < '0' || c > '9') return 0;
    value = value * 10 + (c - '0');
  }
  return value;
}

bool flag_at(const dom::object& object, std::string_view key, bool fallback) {
  bool value = fallback;
  if (object[key].get(value) == simdjson::SUCCESS) return value;
  const std::string_view text = text_at(object, key);
  if (!text.empty()) return text == "1" || text == "true";
  std::int64_t number = 0;
  return object[key].get(number) == simdjson::SUCCESS ? number != 0 : fallback;
}

std::string_view first_text(const dom::object& object, std::string_view key) {
  dom::array values;
  std::string_view text;
  if (object[key].get(values) != simdjson::SUCCESS) return {};
  for (const dom::element value : values) {
    if (value.get(text) == simdjson::SUCCESS) return text;
  }
  return {};
}

Status parse(dom::parser& parser, const std::string& text, std::string_view what, dom::element& out) {
  const simdjson::error_code error = parser.parse(text).get(out);
  if (error == simdjson::SUCCESS) return Status::success();
  return Status::corrupt("no " + std::string(what) + ": " + simdjson::error_message(error));
}

// --- STIX ---

class StixReader {
 public:
  explicit StixReader(FeedOutput& out) : out_(out) {}

  void object(const dom::element& element) {
    ++place_;
    dom::object object;
    if (element.get(object) != simdjson::SUCCESS) {
      ++out_.report.records;
      return out_.report.malformed.note(place_, "no object");
    }
    if (text_at(object, "type") != "indicator") {
      ++out_.report.ignored;
      return;
    }
    ++out_.report.records;
    // From this moment on it is none (STIX 2.1 §4.7); 0: it says nothing.
    const std::int64_t until_s = read_date_s(text_at(object, "valid_until"));
    if (flag_at(object, "revoked", false) || (until_s != 0 && until_s <= out_.now_s)) {
      ++out_.report.expired;
      return;
    }
    const std::string_view language = text_at(object, "pattern_type");
    if (!language.empty() && language != "stix") {
      return out_.report.unsupported.note(place_, "a pattern in " + std::string(language.substr(0, 40)));
    }
    pattern(object, until_s);
  }

 private:
  void pattern(const dom::object& object, std::int64_t until_s) {
    StixPattern pattern = read_stix_pattern(text_at(object, "pattern"));
    if (!pattern.unsupported.empty()) {
      (pattern.malformed ? out_.report.malformed : out_.report.unsupported).note(place_, pattern.unsupported);
    }
    std::string_view description = text_at(object, "name");
    if (description.empty()) description = first_text(object, "indicator_types");
    if (description.empty()) description = text_at(object, "description");
    std::int64_t listed_s = read_date_s(text_at(object, "valid_from"));
    if (listed_s == 0) listed_s = read_date_s(text_at(object, "created"));
    for (Indicator& indicator : pattern.indicators) {
      indicator.expires_s = until_s;
      out_.take(std::move(indicator), description, listed_s);
    }
  }

  FeedOutput& out_;
  std::uint64_t place_ = 0;
};

// --- MISP ---

class MispReader {
 public:
  explicit MispReader(FeedOutput& out) : out_(out) {}

  // An event, a list of them, or what a search answers: {"response": …}. False: there is nothing of MISP in it.
  bool read(const dom::element& element, int depth = 0) {
    dom::array list;
    if (element.get(list) == simdjson::SUCCESS) {
      bool any = false;
      for (const dom::element each : list) {
        const std::uint64_t before = place_;
        if (depth < kDepthMax && read(each, depth + 1)) {
          any = true;
        } else if (place_ == before) {  // What is within it has not been told either.
          leave_out(each);
        }
      }
      return any;
    }
    dom::object object;
    if (element.get(object) != simdjson::SUCCESS) return false;
    dom::element inside;
    for (const std::string_view key : {"response", "Event"}) {
      if (depth < kDepthMax && object[key].get(inside) == simdjson::SUCCESS) return read(inside, depth + 1);
    }
    return event(object);
  }

 private:
  static constexpr int kDepthMax = 4;

  // Something stands where an event, an object or an attribute belongs.
  void leave_out(const dom::element& element) {
    ++place_;
    ++out_.report.records;
    if (element.is_object()) {
      out_.report.unsupported.note(place_, "an event or object without attributes");
    } else {
      out_.report.malformed.note(place_, element.is_array() ? "a list where an object belongs" : "no object");
    }
  }

  bool event(const dom::object& object) {
    const std::string_view info = text_at(object, "info");
    const std::int64_t date_s = read_date_s(text_at(object, "date"));
    bool any = attributes(object, info, date_s);
    dom::element objects;
    if (object["Object"].get(objects) != simdjson::SUCCESS) return any;
    dom::array list;
    if (objects.get(list) != simdjson::SUCCESS) {
      leave_out(objects);
      return any;
    }
    for (const dom::element each : list) {
      dom::object part;
      if (each.get(part) == simdjson::SUCCESS && attributes(part, info, date_s)) {
        any = true;
      } else {
        leave_out(each);
      }
    }
    return any;
  }

  bool attributes(const dom::object& object, std::string_view info, std::int64_t date_s) {
    dom::element attributes;
    dom::array list;
    if (object["Attribute"].get(attributes) != simdjson::SUCCESS) {
      if (text_at(object, "value").empty()) return false;
      attribute(object, info, date_s);  // A list of bare attributes.
      return true;
    }
    if (attributes.get(list) != simdjson::SUCCESS) {
      leave_out(attributes);
      return true;
    }
    for (const dom::element each : list) {
      dom::object part;
      if (each.get(part) == simdjson::SUCCESS) {
        attribute(part, info, date_s);
      } else {
        leave_out(each);
      }
    }
    return true;
  }

  void attribute(const dom::object& object, std::string_view info, std::int64_t date_s) {
    ++place_;
    ++out_.report.records;
    if (flag_at(object, "deleted", false) || !flag_at(object, "to_ids", true)) {
      ++out_.report.ignored;
      return;
    }
    const std::string_view type = text_at(object, "type");
    const std::string_view value = text_at(object, "value");
    const std::size_t bar = value.find('|');
    const std::string_view left = value.substr(0, bar);
    const std::string_view right = bar == std::string_view::npos ? std::string_view() : value.substr(bar + 1);
    std::string description(info.empty() ? text_at(object, "comment") : info);
    if (description.empty()) description = text_at(object, "category");
    std::int64_t listed_s = number_at(object, "timestamp");
    if (listed_s == 0) listed_s = date_s;
    if (type.ends_with("|port") && !right.empty()) description = with_port(description, right);
    const auto take = [&](Reading&& reading) {
      if (!reading.indicator) return out_.report.malformed.note(place_, reading.reason);
      out_.take(std::move(*reading.indicator), description, listed_s);
    };
    if (type == "ip-src" || type == "ip-dst" || type == "ip-src|port" || type == "ip-dst|port") {
      take(read_address_or_network(left));
    } else if (type == "domain" || type == "hostname" || type == "hostname|port") {
      take(read_domain(left));
    } else if (type == "domain|ip") {
      take(read_domain(left));
      take(read_address_or_network(right));
    } else if (type == "url" || type == "uri" || type == "link") {
      take(read_url(value));
    } else if (type == "ja4" || type == "ja4-fingerprint") {
      take(read_ja4(value));
    } else {
      out_.report.unsupported.note(place_, "the type " + std::string(type.substr(0, 40)));
    }
  }

  FeedOutput& out_;
  std::uint64_t place_ = 0;
};

}  // namespace

Status read_stix(const std::string& text, FeedOutput& out) {
  dom::parser parser;
  dom::element root;
  if (Status status = parse(parser, text, "STIX bundle", root); !status.ok()) return status;
  dom::array objects;
  dom::object bundle;
  if (root.get(bundle) == simdjson::SUCCESS) {
    if (bundle["objects"].get(objects) != simdjson::SUCCESS) {
      return Status::corrupt("no STIX bundle: it has no list \"objects\"");
    }
  } else if (root.get(objects) != simdjson::SUCCESS) {
    return Status::corrupt("no STIX bundle: it is neither an object nor a list");
  }
  StixReader reader(out);
  for (const dom::element object : objects) reader.object(object);
  return Status::success();
}

Status read_misp(const std::string& text, FeedOutput& out) {
  dom::parser parser;
  dom::element root;
  if (Status status = parse(parser, text, "MISP event", root); !status.ok()) return status;
  if (!MispReader(out).read(root)) return Status::corrupt("no MISP event: there is no list \"Attribute\" in it");
  return Status::success();
}

// {"cidr":"192.0.2.0/24","sblid":"SBL1","rir":"…"}, and at the end one of type metadata.
void read_drop_json_line(std::string_view line, std::uint64_t number, FeedOutput& out) {
  thread_local dom::parser parser;
  dom::object object;
  if (parser.parse(line.data(), line.size()).get(object) != simdjson::SUCCESS) {
    ++out.report.records;
    return out.report.malformed.note(number, "no JSON object");
  }
  if (text_at(object, "type") == "metadata") {
    ++out.report.ignored;
    return;
  }
  ++out.report.records;
  Reading reading = read_address_or_network(text_at(object, "cidr"));
  if (!reading.indicator) return out.report.malformed.note(number, reading.reason);
  out.take(std::move(*reading.indicator), text_at(object, "sblid"), 0);
}

#else

namespace {
Status without_simdjson() {
  return Status::unsupported("JSON is read with simdjson, and libipm was built without it (IPM_WITH_SIMDJSON)");
}
}  // namespace

Status read_stix(const std::string&, FeedOutput&) {
  return without_simdjson();
}
Status read_misp(const std::string&, FeedOutput&) {
  return without_simdjson();
}
void read_drop_json_line(std::string_view, std::uint64_t number, FeedOutput& out) {
  ++out.report.records;
  out.report.unsupported.note(number, "JSON: libipm was built without simdjson");
}

#endif

}  // namespace ipm::enrich
