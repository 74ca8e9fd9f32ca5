#include "decode/byte_entropy.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace ipm::decode {
namespace {

ByteEntropy::Options bounded(ByteEntropy::Options options) {
  options.samples_max = std::max<std::uint32_t>(options.samples_max, 1);
  options.sample_bytes = std::clamp<std::uint32_t>(options.sample_bytes, 1, ByteEntropy::kSampleBytesMax);
  options.bytes_min = std::clamp<std::uint32_t>(options.bytes_min, 1, options.sample_bytes);
  return options;
}

// Bytes that are alike would wait for each other's count: four tables take turns.
void count(Bytes bytes, std::array<std::uint16_t, 256>& counts) {
  static constexpr std::size_t kWorthIt = 256;
  const auto value = [&](std::size_t at) { return std::to_integer<std::size_t>(bytes[at]); };
  std::size_t at = 0;
  if (bytes.size() >= kWorthIt) {
    std::array<std::array<std::uint16_t, 256>, 4> tables = {};
    for (; at + 4 <= bytes.size(); at += 4) {
      for (std::size_t i = 0; i < 4; ++i) ++tables[i][value(at + i)];
    }
    for (std::size_t i = 0; i < counts.size(); ++i) {
      const int sum = tables[0][i] + tables[1][i] + tables[2][i] + tables[3][i];
      counts[i] = static_cast<std::uint16_t>(counts[i] + sum);
    }
  }
  for (; at < bytes.size(); ++at) ++counts[value(at)];
}

void put(EntropyTicket& ticket, const Entropy& result) {
  ticket.generation = std::bit_cast<std::uint32_t>(result.bits);
  ticket.place = result.bytes & 0x7fff'ffffU;
  ticket.ended = 1;
}

}  // namespace

ByteEntropy::ByteEntropy() : ByteEntropy(Options{}) {}

ByteEntropy::ByteEntropy(Options options) : options_(bounded(options)), n_log_n_(options_.sample_bytes + 1U) {
  for (std::size_t n = 2; n < n_log_n_.size(); ++n) {
    n_log_n_[n] = static_cast<double>(n) * std::log2(static_cast<double>(n));
  }
}

std::optional<ByteEntropy::Ended> ByteEntropy::add(EntropyTicket& ticket, std::uint64_t owner, Bytes payload) {
  std::optional<Ended> ended;
  if (!wants(ticket) || payload.empty()) return ended;
  if (ticket.generation == 0 && payload.size() >= options_.sample_bytes) {
    Sample whole;
    whole.counts.fill(0);
    whole.bytes = options_.sample_bytes;
    count(payload.first(whole.bytes), whole.counts);
    ++stats_.samples;
    put(ticket, result_of(whole));
    return ended;
  }
  if (ticket.generation == 0) {
    ticket.place = begin(owner, ended) & 0x7fff'ffffU;
    ticket.generation = samples_[ticket.place].generation;
  }
  Sample& sample = samples_[ticket.place];
  if (sample.generation != ticket.generation) {  // It was handed back, and the caller did not keep it.
    put(ticket, {});
    return ended;
  }
  const std::size_t bytes = std::min<std::size_t>(payload.size(), options_.sample_bytes - sample.bytes);
  count(payload.first(bytes), sample.counts);
  sample.bytes += static_cast<std::uint32_t>(bytes);
  if (sample.bytes == options_.sample_bytes) end(ticket);
  return ended;
}

void ByteEntropy::keep(EntropyTicket& ticket, const Entropy& result) {
  put(ticket, result);
}

std::optional<Entropy> ByteEntropy::value(const EntropyTicket& ticket) const {
  if (!wants(ticket)) {
    if (ticket.place == 0) return std::nullopt;
    return Entropy{std::bit_cast<float>(ticket.generation), ticket.place};
  }
  if (ticket.generation == 0 || samples_[ticket.place].generation != ticket.generation) return std::nullopt;
  const Entropy result = result_of(samples_[ticket.place]);
  return result.bytes != 0 ? std::optional(result) : std::nullopt;
}

void ByteEntropy::end(EntropyTicket& ticket) {
  if (!wants(ticket)) return;
  const std::uint32_t place = ticket.place;
  if (ticket.generation == 0 || samples_[place].generation != ticket.generation) return put(ticket, {});
  put(ticket, result_of(samples_[place]));
  free(place);
}

std::uint32_t ByteEntropy::begin(std::uint64_t owner, std::optional<Ended>& ended) {
  if (free_ == kNone && samples_.size() == options_.samples_max) {
    const Sample& oldest = samples_[oldest_];
    ended = Ended{oldest.owner, result_of(oldest)};
    ++stats_.ended_early;
    free(oldest_);
  }
  std::uint32_t place = free_;
  if (place == kNone) {
    place = static_cast<std::uint32_t>(samples_.size());
    samples_.emplace_back();
  } else {
    free_ = samples_[place].newer;
  }
  Sample& sample = samples_[place];
  sample.counts.fill(0);
  sample.bytes = 0;
  sample.owner = owner;
  sample.older = newest_;
  sample.newer = kNone;
  (newest_ == kNone ? oldest_ : samples_[newest_].newer) = place;
  newest_ = place;
  ++stats_.samples;
  stats_.under_way_high = std::max(stats_.under_way_high, ++stats_.under_way);
  return place;
}

void ByteEntropy::free(std::uint32_t place) {
  Sample& sample = samples_[place];
  (sample.older == kNone ? oldest_ : samples_[sample.older].newer) = sample.newer;
  (sample.newer == kNone ? newest_ : samples_[sample.newer].older) = sample.older;
  if (++sample.generation == 0) sample.generation = 1;
  sample.newer = free_;
  free_ = place;
  --stats_.under_way;
}

// H = -Σ c/n · log2(c/n) = (n · log2(n) - Σ c · log2(c)) / n. Four sums side by side, always the same way: the same
// bits each time.
Entropy ByteEntropy::result_of(const Sample& sample) const {
  if (sample.bytes < options_.bytes_min) return {};
  std::array<double, 4> sums = {};
  for (std::size_t i = 0; i < sample.counts.size(); i += 4) {
    for (std::size_t lane = 0; lane < 4; ++lane) sums[lane] += n_log_n_[sample.counts[i + lane]];
  }
  const double sum = n_log_n_[sample.bytes] - ((sums[0] + sums[1]) + (sums[2] + sums[3]));
  return {static_cast<float>(std::max(sum, 0.0) / sample.bytes), sample.bytes};
}

}  // namespace ipm::decode
