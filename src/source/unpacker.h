// Takes gzip and zstd apart as their bytes come. Files of several members or frames, one behind the other, are one
// text.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "base/status.h"

namespace ipm::source {

enum class Packing : std::uint8_t { kNone, kGzip, kZstd };

// By the first bytes; four are enough.
Packing packing_of(std::string_view first_bytes);
std::string_view packing_name(Packing packing);  // "gzip".

class Unpacker {
 public:
  struct Step {
    std::size_t taken = 0;  // Of the input.
    std::size_t given = 0;  // To the output.
  };

  // Not for kNone. Unsupported if this libipm was built without it.
  static Result<std::unique_ptr<Unpacker>> open(Packing packing);
  virtual ~Unpacker() = default;

  // As much as there is input and room for. Neither taken nor given: it needs input; with no input there may still be
  // output that did not fit before. Corrupt is final.
  virtual Result<Step> step(std::string_view in, std::span<char> out) = 0;
  // A member or frame has begun and has not ended: what ends here is cut.
  virtual bool inside() const = 0;
};

}  // namespace ipm::source
