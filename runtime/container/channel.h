// The parent's side of the conversation with a container's process.
#pragma once

#include "runtime/base/result.h"
#include "runtime/base/unique_fd.h"
#include "runtime/init/report.h"

namespace ikada {

struct ReportReply {
  bool is_there = false;  // False: the other side has closed, by exec or by its end.
  InitReport report = {};
  UniqueFd attached;  // The pty's master, if one came along.
};

// Waits for the next report.
Result<ReportReply> receive_report(int fd);

// Lets the other side go on.
Result<void> send_go(int fd);

}  // namespace ikada
