#include "source/ebpf/entries.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

namespace ipm::source::ebpf {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class EntriesTest : public testing::Test {
 protected:
  static ipm_io_key key(std::uint64_t cookie, std::uint32_t pid, std::uint32_t image = 1) {
    return {.cookie = cookie, .pid = pid, .image = image};
  }
  std::vector<std::uint32_t> pids_of_socket() const {
    std::vector<std::uint32_t> out;
    for (const Entry* entry = socket_; entry != nullptr; entry = entry->next_of_socket) out.push_back(entry->key.pid);
    return out;
  }
  std::vector<std::uint32_t> images_of(std::uint32_t pid) const {
    std::vector<std::uint32_t> out;
    for (const Entry* entry = entries_.of_process(pid); entry != nullptr; entry = entry->next_of_process) {
      out.push_back(entry->key.image);
    }
    return out;
  }

  Entries entries_{4};
  Entry* socket_ = nullptr;  // The list of the socket with cookie 7.
};

TEST_F(EntriesTest, AnEntryIsFoundByItsKeyAndMadeOnce) {
  Entry* const made = entries_.ensure(key(7, 101), socket_);
  EXPECT_EQ(entries_.ensure(key(7, 101), socket_), made);
  EXPECT_EQ(entries_.find(key(7, 101)), made);
  EXPECT_EQ(entries_.find(key(7, 101, 2)), nullptr);
  EXPECT_EQ(entries_.size(), 1U);
}

TEST_F(EntriesTest, OneTooManyIsRefused) {
  for (std::uint32_t pid = 101; pid <= 104; ++pid) EXPECT_NE(entries_.ensure(key(7, pid), socket_), nullptr);
  EXPECT_EQ(entries_.ensure(key(7, 105), socket_), nullptr);
  EXPECT_THAT(pids_of_socket(), ElementsAre(101, 102, 103, 104));
}

TEST_F(EntriesTest, FromTheFrontTheMiddleAndTheBackOfASocket) {
  for (std::uint32_t pid = 101; pid <= 104; ++pid) (void)entries_.ensure(key(7, pid), socket_);
  entries_.forget(*entries_.find(key(7, 102)), socket_);
  EXPECT_THAT(pids_of_socket(), ElementsAre(101, 103, 104));
  entries_.forget(*entries_.find(key(7, 104)), socket_);
  EXPECT_THAT(pids_of_socket(), ElementsAre(101, 103));
  entries_.forget(*entries_.find(key(7, 101)), socket_);
  (void)entries_.ensure(key(7, 105), socket_);
  EXPECT_THAT(pids_of_socket(), ElementsAre(103, 105));
  entries_.forget(*entries_.find(key(7, 103)), socket_);
  entries_.forget(*entries_.find(key(7, 105)), socket_);
  EXPECT_EQ(socket_, nullptr);
  EXPECT_EQ(entries_.size(), 0U);
}

TEST_F(EntriesTest, ListsThoseOfAProcessOverAllItsSockets) {
  Entry* other = nullptr;
  (void)entries_.ensure(key(7, 101, 1), socket_);
  (void)entries_.ensure(key(8, 101, 2), other);
  (void)entries_.ensure(key(7, 101, 3), socket_);
  EXPECT_THAT(images_of(101), ElementsAre(1, 2, 3));
  entries_.forget(*entries_.find(key(8, 101, 2)), other);
  EXPECT_THAT(images_of(101), ElementsAre(1, 3));
  EXPECT_EQ(other, nullptr);
  entries_.forget(*entries_.find(key(7, 101, 1)), socket_);
  entries_.forget(*entries_.find(key(7, 101, 3)), socket_);
  EXPECT_THAT(images_of(101), IsEmpty());
}

}  // namespace
}  // namespace ipm::source::ebpf
