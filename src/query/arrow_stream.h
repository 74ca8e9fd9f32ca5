// A cursor's rows as an Arrow C stream (https://arrow.apache.org/docs/format/CStreamInterface.html). The rows are taken when
// the stream is opened, column by column, so that the stream never expires; dictionaries are one for the whole stream.
#pragma once

#include <ipm/query.h>

#include "query/cursor.h"

namespace ipm::query {

// The cursor is at its end afterwards. On an error out->release is null.
Status export_stream(Cursor& cursor, ArrowArrayStream* out);

}  // namespace ipm::query
