// Clues and the apps that showed them, as they are kept beyond a run: taken out of a book, saved to bytes, read back.
//
// Not for the hot path.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "base/status.h"
#include "core/clue_book.h"

namespace ipm::core {

struct ClueApps {
  std::map<std::string, std::uint32_t> flows;  // By key of the app; at most ClueRow::kApps.
  std::uint32_t other_flows = 0;
  std::uint16_t other_apps = 0;
  bool operator==(const ClueApps&) const = default;
};

class ClueSet {
 public:
  static constexpr std::size_t kCluesMax = 1'000'000;
  static constexpr std::size_t kAppBytesMax = 4'096;

  ClueSet() = default;
  ClueSet(const ClueBook& book, const TextTable& texts);

  // Takes all of `newer`; what is in both becomes what it is there.
  void replace(const ClueSet& newer);
  // Forgets those that fewest flows showed until at most `most` are left.
  void keep_busiest(std::size_t most);
  const std::map<Clue, ClueApps>& all() const { return clues_; }

  // The file format is in clue_file.h. The same set gives the same bytes.
  std::string encode() const;
  // All or nothing. kCorrupt and kUnsupported say what is wrong and at which byte.
  static Result<ClueSet> decode(std::string_view bytes);

 private:
  std::map<Clue, ClueApps> clues_;
};

std::uint64_t all_flows(const ClueApps& apps);

}  // namespace ipm::core
