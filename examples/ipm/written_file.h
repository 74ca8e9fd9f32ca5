// A file that is there whole or not at all.
#pragma once

#include <string>
#include <string_view>

namespace cli {

// Texts are written beside the file, which is replaced when all of one is there.
class WrittenFile {
 public:
  // Makes the file beside it, so that a mistake shows before the run. Throws ipm::Error.
  explicit WrittenFile(std::string path);
  ~WrittenFile();
  WrittenFile(const WrittenFile&) = delete;
  WrittenFile& operator=(const WrittenFile&) = delete;

  // Any number of times: each replaces what was there. Throws ipm::Error, and what was there stays.
  void write(std::string_view text);

 private:
  void open();
  void discard() noexcept;

  std::string path_;
  std::string beside_;
  int fd_ = -1;
};

}  // namespace cli
