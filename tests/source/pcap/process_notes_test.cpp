#include "source/pcap/process_notes.h"

#include <gtest/gtest.h>

namespace ipm::source::pcap {
namespace {

TEST(ProcessNotes, ReadsAllThatPtcpdumpWrites) {
  ProcessNote note;
  EXPECT_TRUE(read_process_comment("PID: 345650\nCmd: /usr/bin/curl\nArgs: curl http://127.0.0.1:8000/x y", note));
  EXPECT_TRUE(read_process_comment("UserId: 1000\nGroupId: 1000", note));
  EXPECT_TRUE(read_process_comment("ParentPID: 1\nParentCmd: /usr/bin/bash\nParentArgs: bash", note));
  EXPECT_TRUE(read_process_comment(
      "ContainerName: web\nContainerId: 0ab1\nContainerImage: nginx:1\nContainerLabels: {\"a\":\"b\"}", note));
  EXPECT_TRUE(read_process_comment("PodName: web-1\nPodNamespace: default", note));
  EXPECT_EQ(note.process.pid, 345650);
  EXPECT_EQ(note.process.name, "/usr/bin/curl");
  EXPECT_EQ(note.arguments, "curl http://127.0.0.1:8000/x y");
  EXPECT_EQ(note.uid, 1000);
  EXPECT_EQ(note.parent.pid, 1);
  EXPECT_EQ(note.parent.name, "/usr/bin/bash");
  EXPECT_EQ(note.container_name, "web");
  EXPECT_EQ(note.container_id, "0ab1");
  EXPECT_EQ(note.pod_name, "web-1");
  EXPECT_FALSE(note.hint_only);
}

TEST(ProcessNotes, ReadsOneCommentWithAllAndOtherLineEnds) {
  ProcessNote note;
  EXPECT_TRUE(read_process_comment("\nPID:7\r\nCommand:  /bin/sh  \r\n\r\nno key\nParentPID: 2", note));
  EXPECT_EQ(note.process.pid, 7);
  EXPECT_EQ(note.process.name, "/bin/sh");
  EXPECT_EQ(note.parent.pid, 2);
}

TEST(ProcessNotes, WhatWasSaidFirstStays) {
  ProcessNote note;
  EXPECT_TRUE(read_process_comment("PID: 5\nCmd: /bin/evil\nArgs: evil\nPID: 1\nCmd: /sbin/init", note));
  EXPECT_EQ(note.process.pid, 5);
  EXPECT_EQ(note.process.name, "/bin/evil");
}

TEST(ProcessNotes, WindowsGivesAHintOnly) {
  ProcessNote note;
  EXPECT_TRUE(read_process_comment("PID=4 TID=88 VlanId=0", note));
  EXPECT_EQ(note.process.pid, 4);
  EXPECT_TRUE(note.hint_only);
  ProcessNote alone;
  EXPECT_TRUE(read_process_comment("PID=1234", alone));
  EXPECT_EQ(alone.process.pid, 1234);
}

TEST(ProcessNotes, AnIdleOrUnknownPidIsNoProcess) {
  for (const char* comment : {"PID=-1 TID=0", "PID=0", "PID: 0", "PID: -1"}) {
    ProcessNote note;
    read_process_comment(comment, note);
    EXPECT_FALSE(note.known()) << comment;
  }
}

TEST(ProcessNotes, OtherCommentsSayNothing) {
  for (const char* comment :
       {"", ":", "\n\n", "a retransmission: see frame 3", "PID: 12 caused it", "PID=99999999999", "PID=", "pid: 4"}) {
    ProcessNote note;
    EXPECT_FALSE(read_process_comment(comment, note)) << comment;
    EXPECT_FALSE(note.known()) << comment;
    EXPECT_FALSE(note.hint_only) << comment;
  }
}

}  // namespace
}  // namespace ipm::source::pcap
