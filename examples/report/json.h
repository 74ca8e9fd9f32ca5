// JSON that may stand in a <script> element: nothing in it ends the element or begins a comment of HTML.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace ipm_report {

std::string json_text(std::string_view utf8);
std::string json_number(double value);  // Shortest that reads back as the same; null where JSON has no number.

// Members or elements, put together: {"a":1} or [1,2].
class JsonObject {
 public:
  void add(std::string_view name, std::string_view json);
  void add(std::string_view name, std::uint64_t value) { add(name, std::string_view(std::to_string(value))); }
  std::string text() const { return "{" + members_ + "}"; }

 private:
  std::string members_;
};

class JsonArray {
 public:
  void add(std::string_view json);
  std::string text() const { return "[" + elements_ + "]"; }

 private:
  std::string elements_;
};

}  // namespace ipm_report
