// What the child tells its parent: numbers. The parent makes the sentence.
#pragma once

#include <cstdint>

#include "runtime/base/result.h"
#include "runtime/init/plan.h"

namespace ikada {

enum class InitStep : std::int32_t {
  kReady = 0,  // No failure: the container is set up and waits for `start`.
  kParentGone,
  kSession,
  kBecomeRoot,
  kCgroupNamespace,
  kJoinNamespaces,
  kCloneSibling,
  kLoopback,
  kNetwork,
  kApparmorOpen,
  kHostPropagation,
  kRootMount,
  kMount,
  kSysctl,
  kDevice,
  kDeviceLink,
  kTerminal,
  kConsole,
  kCreateContainerHook,
  kMask,
  kReadonlyPath,
  kMakeCwd,
  kRootPropagation,
  kPivot,
  kRootReadonly,
  kHostname,
  kDomainname,
  kStartContainerHook,
  kStdio,
  kKeyring,
  kResourceLimit,
  kBounding,
  kGroups,
  kGid,
  kUid,
  kCapabilities,
  kNoNewPrivileges,
  kSeccomp,
  kApparmor,
  kCwd,
  kCloseFds,
  kExec,
};

// One message on the sync socket or the start connection.
struct InitReport {
  InitStep step = InitStep::kReady;
  std::int32_t error = 0;    // errno
  std::uint32_t item = 0;    // Index into the plan's list that the step is about.
  std::uint32_t detail = 0;  // MountStep, netlink message number, hook's exit status.
};

inline bool is_failure(const InitReport& report) { return report.step != InitStep::kReady; }

// What the parent and `start` send.
constexpr char kGoByte = 'g';

// Error::code of a program that could not be executed; errno_value says why.
constexpr const char* kExecErrorCode = "EXEC";

// The sentence for a failure.
Error describe_failure(const InitReport& report, const InitPlan& plan, const OciProcess& process);

// The same for a failure after `start`, which is about the program only.
Error describe_program_failure(const InitReport& report, const OciProcess& process);

}  // namespace ikada
