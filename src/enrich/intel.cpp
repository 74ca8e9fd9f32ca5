#include "enrich/intel.h"

namespace ipm::enrich {
namespace {

std::string name_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  std::string name = path.substr(slash == std::string::npos ? 0 : slash + 1);
  const std::size_t dot = name.find('.', 1);
  return tidy_description(dot == std::string::npos ? name : name.substr(0, dot));
}

std::string told(const LeftOut& left_out, const char* what, const char* place) {
  if (left_out.count == 0) return {};
  return ", " + std::to_string(left_out.count) + " " + what + " (first: " + place + " " +
         std::to_string(left_out.first) + ", " + left_out.reason + ")";
}

}  // namespace

FeedPath parse_feed_path(std::string_view text) {
  const std::size_t colon = text.find(':');
  if (colon != std::string_view::npos) {
    if (const std::optional<FeedFormat> format = feed_format(text.substr(0, colon))) {
      return {*format, std::string(text.substr(colon + 1))};
    }
  }
  return {FeedFormat::kDetect, std::string(text)};
}

std::string shortcomings(const Feed& feed) {
  const FeedReport& report = feed.report;
  const char* place = report.by_object() ? "object" : "line";
  std::string out = told(report.malformed, "malformed", place) + told(report.unsupported, "not supported", place);
  if (report.beyond != 0) out += ", " + std::to_string(report.beyond) + " beyond intel.indicators_max";
  if (report.indicators() == 0 && report.expired == 0) out += ", no indicator in it";
  return out.empty() ? out : "feed " + feed.name + ": " + out.substr(2);
}

namespace {

// Makes one Intel, feed after feed.
class Loader {
 public:
  Loader(std::size_t indicators_max, std::uint64_t seed, std::int64_t now_s, const std::atomic<bool>* stop)
      : now_s_(now_s), stop_(stop), builder_(indicators_max, seed) {}

  bool stopped() const { return stop_ != nullptr && stop_->load(std::memory_order_relaxed); }

  // After an error the feed was begun, and nothing of it is taken.
  Status read(const FeedPath& from) {
    Result<FeedFile> file = FeedFile::open(from.path);
    builder_.begin_feed(file.ok() ? file->stamp().modified_ns / 1'000'000'000 : 0);
    if (!file.ok()) return file.status().with_context("load feed");
    Feed feed{.name = name_of(from.path), .from = from, .stamp = file->stamp(), .report = {}, .failure = {}};
    const ReadBlock read = [&](std::span<char> block) -> Result<std::size_t> {
      if (stopped()) return Status::state("stopped");
      return file->read(block);
    };
    if (Status status = read_feed(read, from.format, now_s_, builder_, feed.report); !status.ok()) {
      builder_.take_back_feed();
      return status.with_context("load feed " + from.path);
    }
    ++intel_->files_read;
    intel_->feeds.push_back(std::move(feed));
    return Status::success();
  }

  // What it held before; it is begun.
  void keep(const Intel& before, std::uint16_t number, std::string failure) {
    Feed feed = before.feeds[number];
    feed.failure = std::move(failure);
    before.index.each_of(number, [&](Indicator&& indicator) {
      const bool expired = indicator.expires_s != 0 && indicator.expires_s <= now_s_;
      if (!expired && builder_.take(indicator)) return;
      --feed.report.taken[static_cast<std::size_t>(indicator.type)];
      ++(expired ? feed.report.expired : feed.report.beyond);
    });
    intel_->feeds.push_back(std::move(feed));
  }
  void keep_unchanged(const Intel& before, std::uint16_t number) {
    builder_.begin_feed(0);  // Each brings its date.
    keep(before, number, before.feeds[number].failure);
  }
  void keep_failed(const Intel& before, std::uint16_t number, const Status& status) {
    ++intel_->files_failed;
    keep(before, number, std::string(status.message()));
  }

  std::shared_ptr<const Intel> finish() {
    intel_->index = builder_.finish();
    return std::move(intel_);
  }

 private:
  const std::int64_t now_s_;
  const std::atomic<bool>* const stop_;
  IntelBuilder builder_;
  std::shared_ptr<Intel> intel_ = std::make_shared<Intel>();
};

}  // namespace

Result<std::shared_ptr<const Intel>> load_intel(const std::vector<FeedPath>& feeds, std::size_t indicators_max,
                                                std::uint64_t seed, std::int64_t now_s, const std::atomic<bool>* stop) {
  if (feeds.size() > kFeedsMax) return Status::limit("load feeds: more than 256 files");
  Loader loader(indicators_max, seed, now_s, stop);
  for (const FeedPath& from : feeds) {
    if (Status status = loader.read(from); !status.ok()) return status;
  }
  return loader.finish();
}

Result<std::shared_ptr<const Intel>> reload_intel(const Intel& before, const std::vector<bool>& changed,
                                                  std::size_t indicators_max, std::uint64_t seed, std::int64_t now_s,
                                                  const std::atomic<bool>* stop) {
  Loader loader(indicators_max, seed, now_s, stop);
  const auto feeds = static_cast<std::uint16_t>(before.feeds.size());  // kFeedsMax at most.
  for (std::uint16_t number = 0; number < feeds; ++number) {
    if (!changed[number]) {
      loader.keep_unchanged(before, number);
    } else if (Status status = loader.read(before.feeds[number].from); !status.ok()) {
      if (loader.stopped()) return status;
      loader.keep_failed(before, number, status);
    }
  }
  return loader.finish();
}

}  // namespace ipm::enrich
