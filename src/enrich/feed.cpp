#include "enrich/feed.h"

#include <algorithm>
#include <cstring>
#include <memory>

namespace ipm::enrich {
namespace {

constexpr std::size_t kHeadBytes = 64 * 1024;
constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";
constexpr std::array<std::string_view, 9> kFormats = {"detect",    "plain", "hosts", "cidr", "drop",
                                                      "drop-json", "feodo", "stix",  "misp"};

std::string_view trim(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(" \t\r");
  return begin == std::string_view::npos ? std::string_view()
                                         : text.substr(begin, text.find_last_not_of(" \t\r") - begin + 1);
}

// The first line of the head that is neither blank nor a comment.
std::string_view first_line(std::string_view head) {
  while (!head.empty()) {
    const std::size_t end = std::min(head.find('\n'), head.size());
    const std::string_view line = trim(head.substr(0, end));
    if (!line.empty() && line[0] != '#' && line[0] != ';') return line;
    head.remove_prefix(std::min(end + 1, head.size()));
  }
  return {};
}

bool begins_with_sink(std::string_view line) {
  constexpr std::array<std::string_view, 4> kSinks = {"0.0.0.0", "127.0.0.1", "::1", "::"};
  return std::any_of(kSinks.begin(), kSinks.end(), [&](std::string_view sink) {
    return line.starts_with(sink) && line.size() > sink.size() &&
           (line[sink.size()] == ' ' || line[sink.size()] == '\t');
  });
}

FeedFormat detect(std::string_view head) {
  const std::string_view line = first_line(head);
  if (line.starts_with('{') || line.starts_with('[')) {
    const bool lines = line.starts_with('{') && line.ends_with('}') && line.find("\"cidr\"") != std::string_view::npos;
    return lines ? FeedFormat::kDropJson : detect_document(head);
  }
  // The header of Feodo's CSV is a comment in some of its files.
  if (head.find("first_seen_utc") != std::string_view::npos && head.find("dst_ip") != std::string_view::npos) {
    return FeedFormat::kFeodo;
  }
  const std::size_t semicolon = line.find(';');
  if (semicolon != std::string_view::npos && line.find("SBL", semicolon) != std::string_view::npos) {
    return FeedFormat::kDrop;
  }
  return begins_with_sink(line) ? FeedFormat::kHosts : FeedFormat::kPlain;
}

// Lines of blocks; one that is too long is told and skipped.
class Lines {
 public:
  Lines(std::string&& head, const ReadBlock& read) : text_(std::move(head)), read_(read) {}

  Status each(ReadLine take, FeedOutput& out) {
    bool ended = false;
    while (!ended) {
      cut(take, out);
      const std::size_t kept = text_.size();
      text_.resize(kept + kHeadBytes);
      Result<std::size_t> got = read_(std::span<char>(text_.data() + kept, kHeadBytes));
      if (!got.ok()) return got.status();
      text_.resize(kept + *got);
      ended = *got == 0;
    }
    if (!text_.empty()) give(text_, take, out);
    return Status::success();
  }

 private:
  void cut(ReadLine take, FeedOutput& out) {
    std::size_t begin = 0;
    for (std::size_t end = text_.find('\n'); end != std::string::npos; end = text_.find('\n', begin)) {
      give(std::string_view(text_).substr(begin, end - begin), take, out);
      begin = end + 1;
    }
    text_.erase(0, begin);
    if (text_.size() <= kLineBytesMax) return;
    text_.clear();  // The rest of it is told with its end.
    too_long_ = true;
  }
  void give(std::string_view line, ReadLine take, FeedOutput& out) {
    ++number_;
    if (std::exchange(too_long_, false) || line.size() > kLineBytesMax) {
      ++out.report.records;
      out.report.malformed.note(number_, "longer than 4096 bytes");
    } else if (line.find('\0') != std::string_view::npos) {
      ++out.report.records;
      out.report.malformed.note(number_, "holds a zero byte");
    } else if (const std::string_view text = trim(line); !text.empty()) {
      take(text, number_, out);
    }
  }

  std::string text_;
  const ReadBlock& read_;
  std::uint64_t number_ = 0;
  bool too_long_ = false;
};

Status read_more(const ReadBlock& read, std::size_t up_to, std::string& text) {
  while (text.size() < up_to) {
    const std::size_t kept = text.size();
    text.resize(std::min(up_to, kept + kHeadBytes));
    Result<std::size_t> got = read(std::span<char>(text.data() + kept, text.size() - kept));
    if (!got.ok()) return got.status();
    text.resize(kept + *got);
    if (*got == 0) break;
  }
  return Status::success();
}

}  // namespace

std::string_view feed_format_name(FeedFormat format) {
  return kFormats[static_cast<std::size_t>(format)];
}

std::optional<FeedFormat> feed_format(std::string_view name) {
  for (std::size_t i = 1; i < kFormats.size(); ++i) {
    if (kFormats[i] == name) return static_cast<FeedFormat>(i);
  }
  return std::nullopt;
}

void FeedOutput::take(Indicator&& indicator, std::string_view description, std::int64_t listed_s) {
  indicator.description = tidy_description(description);
  indicator.listed_s = listed_s;
  if (sink.take(indicator)) {
    ++report.taken[static_cast<std::size_t>(indicator.type)];
  } else {
    ++report.beyond;
  }
}

ReadBlock read_from(std::string_view text) {
  return [left = text](std::span<char> block) mutable -> Result<std::size_t> {
    const std::size_t bytes = left.copy(block.data(), block.size());
    left.remove_prefix(bytes);
    return bytes;
  };
}

Status read_feed(const ReadBlock& read, FeedFormat format, std::int64_t now_s, IndicatorSink& sink,
                 FeedReport& report) {
  std::string text;
  if (Status status = read_more(read, kHeadBytes, text); !status.ok()) return status;
  if (text.starts_with(kByteOrderMark)) text.erase(0, kByteOrderMark.size());
  if (text.find('\0') != std::string::npos) {
    return Status::corrupt("no list of indicators: it holds zero bytes, so it is no text in ASCII or UTF-8");
  }
  if (format == FeedFormat::kDetect) format = detect(text);
  if (format == FeedFormat::kDetect) {
    return Status::corrupt("JSON, and neither a STIX bundle, a MISP event nor a DROP list; name the format: stix:FILE");
  }
  report.format = format;
  FeedOutput out{.sink = sink, .report = report, .now_s = now_s};
  if (const ReadLine take = line_reader(format)) return Lines(std::move(text), read).each(take, out);
  if (Status status = read_more(read, kDocumentBytesMax + 1, text); !status.ok()) return status;
  if (text.size() > kDocumentBytesMax) {
    return Status::limit("a JSON document of more than 128 MiB; split it into several files");
  }
  return format == FeedFormat::kStix ? read_stix(text, out) : read_misp(text, out);
}

}  // namespace ipm::enrich
