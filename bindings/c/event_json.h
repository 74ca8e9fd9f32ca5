// One event as a line of JSON, for people and for pipes.
#pragma once

#include <string>

#include "model/event.h"

namespace ipm::capi {

std::string event_json(const model::Event& event);

}  // namespace ipm::capi
