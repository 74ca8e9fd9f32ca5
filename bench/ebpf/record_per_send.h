/* One record per send and receive: the layout that the kernel side and the reader share. */
#ifndef IPM_BENCH_RECORD_PER_SEND_H
#define IPM_BENCH_RECORD_PER_SEND_H

#include <linux/types.h>

struct send_record {
  __u64 time_ns;
  __u64 cookie;
  __u64 bytes;
  __u32 pid;
  __u32 is_send;
};

#endif
