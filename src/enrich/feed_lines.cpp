// The formats of one indicator a line.
#include <algorithm>
#include <array>

#include "enrich/feed.h"

namespace ipm::enrich {
namespace {

bool is_comment(std::string_view line) {
  return line[0] == '#' || line[0] == ';' || line.starts_with("//");
}

std::string_view word_of(std::string_view& rest, std::string_view separators) {
  const std::size_t begin = std::min(rest.find_first_not_of(separators), rest.size());
  const std::size_t end = std::min(rest.find_first_of(separators, begin), rest.size());
  const std::string_view word = rest.substr(begin, end - begin);
  rest.remove_prefix(end);
  return word;
}

// What stands behind the indicator, without what separates it.
std::string_view remark_of(std::string_view rest) {
  return rest.substr(std::min(rest.find_first_not_of(" \t;,#/\"|"), rest.size()));
}

void take_reading(Reading&& reading, std::string_view remark, std::int64_t listed_s, std::uint64_t number,
                  FeedOutput& out) {
  ++out.report.records;
  if (reading.indicator) {
    out.take(std::move(*reading.indicator), remark, listed_s);
  } else {
    out.report.malformed.note(number, reading.reason);
  }
}

void read_plain_line(std::string_view line, std::uint64_t number, FeedOutput& out) {
  if (is_comment(line)) return;
  std::string_view rest = line;
  const std::string_view word = word_of(rest, " \t;,\"|");
  take_reading(read_indicator(word), remark_of(rest), 0, number, out);
}

void read_cidr_line(std::string_view line, std::uint64_t number, FeedOutput& out) {
  if (is_comment(line)) return;
  std::string_view rest = line;
  const std::string_view word = word_of(rest, " \t;,\"|");
  take_reading(read_address_or_network(word), remark_of(rest), 0, number, out);
}

// "192.0.2.0/24 ; SBL123456"
void read_drop_line(std::string_view line, std::uint64_t number, FeedOutput& out) {
  read_cidr_line(line, number, out);
}

// "0.0.0.0 evil.example other.example # remark": names that are sent nowhere.
void read_hosts_line(std::string_view line, std::uint64_t number, FeedOutput& out) {
  if (is_comment(line)) return;
  const std::size_t hash = line.find('#');
  const std::string_view remark = hash == std::string_view::npos ? std::string_view() : remark_of(line.substr(hash));
  std::string_view rest = line.substr(0, hash);
  const std::string_view sink = word_of(rest, " \t");
  constexpr std::array<std::string_view, 4> kSinks = {"0.0.0.0", "127.0.0.1", "::", "::1"};
  // Every hosts file has some that say where a name is, not that it is bad.
  const bool warns = std::find(kSinks.begin(), kSinks.end(), sink) != kSinks.end();
  for (std::string_view name = word_of(rest, " \t"); !name.empty(); name = word_of(rest, " \t")) {
    if (!warns || name.find('.') == std::string_view::npos || name == "localhost.localdomain" || name == sink) {
      ++out.report.records;
      ++out.report.ignored;
    } else {
      take_reading(read_domain(name), remark, 0, number, out);
    }
  }
}

// abuse.ch: "first_seen_utc","dst_ip","dst_port","c2_status","last_online","malware"
void read_feodo_line(std::string_view line, std::uint64_t number, FeedOutput& out) {
  if (is_comment(line)) return;
  std::array<std::string_view, 6> cells = {};
  std::string_view rest = line;
  for (std::string_view& cell : cells) {
    const std::size_t comma = rest.find(',');
    cell = rest.substr(0, comma);
    if (cell.starts_with('"')) cell.remove_prefix(1);
    if (cell.ends_with('"')) cell.remove_suffix(1);
    rest.remove_prefix(comma == std::string_view::npos ? rest.size() : comma + 1);
  }
  if (cells[0] == "first_seen_utc") return;
  const std::string description = with_port(cells[5], cells[2]);
  take_reading(read_address_or_network(cells[1]), description, read_date_s(cells[0]), number, out);
}

}  // namespace

ReadLine line_reader(FeedFormat format) {
  switch (format) {
    case FeedFormat::kPlain:
      return read_plain_line;
    case FeedFormat::kHosts:
      return read_hosts_line;
    case FeedFormat::kCidr:
      return read_cidr_line;
    case FeedFormat::kDrop:
      return read_drop_line;
    case FeedFormat::kDropJson:
      return read_drop_json_line;
    case FeedFormat::kFeodo:
      return read_feodo_line;
    case FeedFormat::kDetect:
    case FeedFormat::kStix:
    case FeedFormat::kMisp:
      return nullptr;
  }
  return nullptr;
}

}  // namespace ipm::enrich
