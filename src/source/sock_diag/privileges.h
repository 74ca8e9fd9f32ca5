// What this process may see, in sentences: for probe() before it opens and degradations() after.
#pragma once

#include <string>

#include "source/source.h"

namespace ipm::source::sock_diag {

Capabilities probe_capabilities(const std::string& proc_root);

}  // namespace ipm::source::sock_diag
