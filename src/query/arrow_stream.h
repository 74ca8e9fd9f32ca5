// A table as an Arrow C stream: https://arrow.apache.org/docs/format/CStreamInterface.html
#pragma once

#include <cstddef>
#include <cstdint>

#include <ipm/query.h>

#include "base/status.h"
#include "query/cursor.h"

namespace ipm::query {

// When a batch is full. Offsets of a text column are int32, so its bytes must stay below 2 GiB.
struct ArrowBatchBounds {
  std::int64_t rows_max = 65'536;
  std::size_t text_bytes_max = std::size_t{1} << 30;
};

// Takes the rows that the cursor has not given yet, column by column, and leaves it at its end. The stream, its schemas
// and its batches own what they show: each lives until its own release, in any order, and none ever expires.
// `out->release` is null after an error.
Status export_stream(Cursor& cursor, struct ArrowArrayStream* out, ArrowBatchBounds bounds = {});

}  // namespace ipm::query
