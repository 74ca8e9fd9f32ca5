#include "source/number_parameters.h"

#include <algorithm>
#include <string>

#include "base/key_values.h"

namespace ipm::source {

Status read_number_parameters(const SourceUri& uri, std::span<const NumberParameter> all) {
  const std::string scheme = uri.scheme + ": ";
  std::vector<std::string_view> names;
  for (const NumberParameter& known : all) names.push_back(known.name);
  for (const auto& [key, text] : uri.parameters) {
    const auto known = std::find_if(all.begin(), all.end(), [&name = key](const auto& k) { return k.name == name; });
    if (known == all.end()) {
      std::string message = scheme + "unknown parameter " + quote_text(key);
      const std::string_view nearest = nearest_word(key, names);
      message += nearest.empty() ? ";" : "; did you mean " + std::string(nearest) + "?";
      message += nearest.empty() ? " known are" : " Known are";
      for (std::string_view name : names) message += " " + std::string(name);
      return Status::invalid_argument(message);
    }
    Result<std::int64_t> number = parse_integer(text);
    if (!number.ok()) return number.status().with_context(scheme + key);
    if (*number < known->min || *number > known->max) {
      return Status::invalid_argument(scheme + key + " is not from " + std::to_string(known->min) + " to " +
                                      std::to_string(known->max));
    }
    *known->value = static_cast<std::uint64_t>(*number);
  }
  return Status::success();
}

}  // namespace ipm::source
