// Two network namespaces joined by a veth pair, and child processes that do what a test tells them inside.
// Needs root: without it a test skips with the reason, or fails if IPM_REQUIRE_LIVE is 1.
#pragma once

#include <gtest/gtest.h>
#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "os/linux/fd.h"

namespace ipm::test {

// A forked process that takes turns with the test: it works between two calls of done_and_wait().
class Child {
 public:
  // What the child's work sees of the test.
  class Turn {
   public:
    explicit Turn(int fd) : fd_(fd) {}
    // Tells the test that a stage is done, with a number, and waits until the test lets it go on. False: the test
    // ended.
    bool done_and_wait(std::uint64_t value = 0);

   private:
    const int fd_;
  };
  using Work = std::function<void(Turn&)>;

  // Runs `work` in a child; in the namespace `netns` (a name in /run/netns) unless that is empty.
  Child(const std::string& netns, const Work& work);
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child();  // Ends the child if it still runs.

  std::uint64_t wait_done();  // The value of the stage that the child has finished; fails the test when it died.
  void go_on();
  int finish();  // Lets it run to its end. Its exit status; -1 if it died otherwise.
  std::uint32_t pid() const { return static_cast<std::uint32_t>(pid_); }

 private:
  pid_t pid_ = -1;
  os::Fd turns_;
};

class NetFixture : public testing::Test {
 protected:
  void SetUp() override;
  void TearDown() override;
  // Runs `ip arguments…`. True: it succeeded.
  static bool ip(const std::string& arguments);
  static std::uint32_t netns_inode(const std::string& name);

  std::string left_, right_;            // Names in /run/netns.
  std::string left_link_, right_link_;  // The veth ends.
  static constexpr const char* kLeftV4 = "10.213.7.1";
  static constexpr const char* kRightV4 = "10.213.7.2";
  static constexpr const char* kLeftV6 = "fd00:213:7::1";
  static constexpr const char* kRightV6 = "fd00:213:7::2";
};

// Sockets by address text, for use in children; they throw on failure.
os::Fd listen_at(const std::string& address, std::uint16_t port);
os::Fd connect_to(const std::string& address, std::uint16_t port);
os::Fd accept_one(int listener);

}  // namespace ipm::test
