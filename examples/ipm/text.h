// Texts and numbers as a terminal, CSV or JSON takes them. Names of programs are hostile.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace cli {

// For people: 12.3 KiB, 1.5ms, 2026-01-02 03:04:05Z; unit as in ipm_column_info.
std::string human(double value, std::string_view unit);
std::string human_time(std::int64_t ns);
std::string seconds_text(std::int64_t ns);  // "1730555435.524360123": seconds, without what a double would lose.
std::string number_text(double value);      // The shortest that reads back as the same; null where JSON has no number.

// Without what could steer a terminal or turn its text around: such characters become U+FFFD.
std::string harmless(std::string_view utf8);

// Terminal columns, as the locale counts them.
std::size_t width(std::string_view utf8);
std::string cut(std::string_view utf8, std::size_t columns);

// A line that begins with `name`, and `text` in lines of at most so many columns, all of it from column `indent` on.
std::string paragraph(std::string_view name, std::string_view text, std::size_t indent, std::size_t columns);

std::string json_text(std::string_view utf8);
std::string quoted_text(std::string_view utf8);  // "…" with C escapes, as the library reads values.
std::string csv_text(std::string_view utf8);     // RFC 4180; "" in quotes, since nothing at all is a null.

}  // namespace cli
