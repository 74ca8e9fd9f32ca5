// Reads one feed of indicators in any of the known formats. Nothing is dropped without being counted: a report says how
// many of each kind came, and of what was not taken the number, the first place and the reason.
//
// Bounds: a line of kLineBytesMax, a JSON document of kDocumentBytesMax; lines are read in blocks, however many there
// are. Threads: none of its own.
#pragma once

#include <array>
#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "base/status.h"
#include "enrich/indicator.h"

namespace ipm::enrich {

enum class FeedFormat : std::uint8_t { kDetect, kPlain, kHosts, kCidr, kDrop, kDropJson, kFeodo, kStix, kMisp };
std::string_view feed_format_name(FeedFormat format);  // "plain"
std::optional<FeedFormat> feed_format(std::string_view name);

inline constexpr std::size_t kLineBytesMax = 4'096;
inline constexpr std::size_t kDocumentBytesMax = std::size_t{128} << 20;

// What was left out for one class of reasons: how many, and which was the first.
struct LeftOut {
  std::uint64_t count = 0;
  std::uint64_t first = 0;  // Line, or number of the object in a document; from 1.
  std::string reason;
  void note(std::uint64_t place, std::string_view why) {
    if (count++ == 0) first = place, reason = why;
  }
};

struct FeedReport {
  FeedFormat format = FeedFormat::kDetect;
  std::uint64_t records = 0;  // Lines or objects that could have held an indicator.
  std::array<std::uint64_t, kIndicatorTypes> taken = {};
  LeftOut malformed;          // Not what the format says.
  LeftOut unsupported;        // Understood, and nothing that a connection can be matched with.
  std::uint64_t expired = 0;  // Revoked, or valid until before now.
  std::uint64_t ignored = 0;  // Said by the feed to be no indicator, or about the feed itself.
  std::uint64_t beyond = 0;   // More than indicators_max.

  std::uint64_t indicators() const { return taken[0] + taken[1] + taken[2] + taken[3]; }
  bool by_object() const { return format == FeedFormat::kStix || format == FeedFormat::kMisp; }
};

class IndicatorSink {
 public:
  virtual ~IndicatorSink() = default;
  virtual bool take(const Indicator& indicator) = 0;  // False: there is no room.
};

// What a reader of a format works with.
struct FeedOutput {
  IndicatorSink& sink;
  FeedReport& report;
  std::int64_t now_s = 0;

  void take(Indicator&& indicator, std::string_view description, std::int64_t listed_s);
};

// Fills the block; how many bytes, 0 at the end.
using ReadBlock = std::function<Result<std::size_t>(std::span<char>)>;

// `now_s`: Unix time, for what has a date of expiry. An error is of the whole feed: not readable, no text, no format.
Status read_feed(const ReadBlock& read, FeedFormat format, std::int64_t now_s, IndicatorSink& sink, FeedReport& report);
ReadBlock read_from(std::string_view text);

// The formats. `line` counts from 1.
using ReadLine = void (*)(std::string_view line, std::uint64_t number, FeedOutput& out);
ReadLine line_reader(FeedFormat format);  // Null: it is a document.
// JSON; unsupported where built without simdjson. The text has kPadding bytes of room behind it.
Status read_stix(const std::string& text, FeedOutput& out);
Status read_misp(const std::string& text, FeedOutput& out);
void read_drop_json_line(std::string_view line, std::uint64_t number, FeedOutput& out);
// Which document it is by its first members; kDetect: none that is known.
FeedFormat detect_document(std::string_view head);

}  // namespace ipm::enrich
