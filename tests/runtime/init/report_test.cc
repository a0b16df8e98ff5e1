#include "runtime/init/report.h"

#include <errno.h>
#include <sys/resource.h>

#include <doctest/doctest.h>

namespace ikada {
namespace {

TEST_CASE("numbers of the first process become sentences") {
  OciProcess process;
  process.args = {"nginx"};
  process.cwd = "/srv";
  process.user.uid = 7;
  InitPlan plan;
  plan.masked_paths = {"/proc/keys"};
  plan.hostname = "web";
  plan.mounts.operations.resize(1);
  plan.mounts.operations[0].type = "overlay";
  plan.mounts.operations[0].destination = "/";
  const auto sentence = [&](InitStep step, int error, unsigned item = 0, unsigned detail = 0) {
    return describe_failure(
               {.step = step, .error = error, .item = item, .detail = detail}, plan, process)
        .message;
  };

  CHECK(sentence(InitStep::kMount, EINVAL, 0, static_cast<unsigned>(MountStep::kOpen)) ==
        "mount overlay at /: Invalid argument");
  CHECK(sentence(InitStep::kMask, EPERM) == "mask /proc/keys: Operation not permitted");
  CHECK(sentence(InitStep::kCwd, ENOENT) == "working directory /srv: No such file or directory");
  CHECK(sentence(InitStep::kUid, EINVAL) == "setuid 7: Invalid argument");
  CHECK(sentence(InitStep::kExec, ENOENT) == "exec nginx: No such file or directory");
  CHECK(sentence(InitStep::kResourceLimit, EPERM, RLIMIT_NOFILE) ==
        "set RLIMIT_NOFILE: Operation not permitted");
  CHECK(sentence(InitStep::kCreateContainerHook, 0, 2, 3) ==
        "createContainer hook 2 ended with status 3");
}

TEST_CASE("only a failed exec has exec's code") {
  OciProcess process;
  process.args = {"x"};

  const Error exec = describe_program_failure({.step = InitStep::kExec, .error = EACCES}, process);
  const Error cwd = describe_program_failure({.step = InitStep::kCwd, .error = EACCES}, process);

  CHECK(exec.code == kExecErrorCode);
  CHECK(exec.errno_value == EACCES);
  CHECK(cwd.code.empty());
}

}  // namespace
}  // namespace ikada
