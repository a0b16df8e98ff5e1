// Everything the first process of a container, or a process that joins one, needs to know.
//
// It is complete before clone3(2): between clone and exec there are system calls only, so nothing
// here is computed, formatted or allocated any more. The child works on its own copy of the
// parent's memory.
//
// Source: OCI runtime-spec 1.0.2, runtime.md "Lifecycle".
#pragma once

#include <linux/filter.h>
#include <sys/types.h>

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "runtime/base/result.h"
#include "runtime/base/unique_fd.h"
#include "runtime/mount/devices.h"
#include "runtime/mount/plan.h"
#include "runtime/security/capabilities.h"
#include "runtime/security/rlimit.h"
#include "runtime/security/sysctl.h"
#include "runtime/spec/config.h"

namespace ikada {

// Strings as execve(2) takes them. The pointers are into `strings`, so it is not copied or changed.
class ExecStrings {
 public:
  ExecStrings() = default;
  explicit ExecStrings(std::vector<std::string> strings);
  ExecStrings(const ExecStrings&) = delete;
  ExecStrings& operator=(const ExecStrings&) = delete;
  ExecStrings(ExecStrings&&) = default;
  ExecStrings& operator=(ExecStrings&&) = default;

  char* const* pointers() const { return pointers_.data(); }

 private:
  std::vector<std::string> strings_;
  std::vector<char*> pointers_ = {nullptr};
};

// A program run as a hook inside the container's namespaces.
struct HookProgram {
  std::string path;
  ExecStrings args;
  ExecStrings env;
  std::uint32_t timeout_s = 0;  // 0: none.
};

// The user's program and what it is to be given.
struct ProgramPlan {
  std::vector<std::string> candidates;  // Paths to try in order: args[0], or found along PATH.
  ExecStrings args;
  ExecStrings env;
  std::string cwd;
  uid_t uid = 0;
  gid_t gid = 0;
  std::vector<gid_t> additional_gids;
  mode_t umask = 0022;
  std::vector<ResourceLimit> rlimits;
  CapabilitySets capabilities;
  bool no_new_privileges = false;
  std::vector<sock_filter> seccomp;  // Empty: none.
  unsigned seccomp_flags = 0;
  std::string apparmor;  // What is written to attr/exec; empty: nothing.
  bool terminal = false;
  unsigned short console_rows = 0;
  unsigned short console_columns = 0;
  std::array<int, 3> stdio = {0, 1, 2};
  int preserve_fds = 0;  // 3 … 3+n-1 stay open.
  bool dies_with_parent = false;
  std::string keyring;  // Name of a new session keyring; empty: keep the old one.
};

struct NetworkPlan {
  bool bring_up_loopback = false;
  std::vector<std::byte> messages;  // Netlink messages that ask for `message_count` answers.
  unsigned message_count = 0;
};

// A user or mount namespace that the container shares with others.
struct JoinedNamespace {
  int flag = 0;
  std::string path;  // For messages.
  UniqueFd fd;
};

struct RootPlan {
  std::string path;  // Of the bundle's root, on the host.
  UniqueFd tree;     // A detached copy of it; none if the root is an overlay.
  bool is_readonly = false;
  bool is_unpivoted = false;           // --no-pivot
  bool is_joined = false;              // Attached at `path` of a mount namespace that we join.
  std::uint64_t host_propagation = 0;  // What the copies of the host's mounts become.
  std::uint64_t propagation = 0;       // Of the new root at the end; 0: private.
};

struct InitPlan {
  ProgramPlan program;
  std::vector<JoinedNamespace> joined;  // Not empty: run_forerunner() comes first.
  RootPlan root;
  MountPlan mounts;
  DevicePlan devices;
  NetworkPlan network;
  std::vector<SysctlWrite> sysctls;
  std::vector<std::string> masked_paths;
  std::vector<std::string> readonly_paths;
  std::string hostname;
  std::string domainname;
  std::vector<HookProgram> create_container_hooks;
  std::vector<HookProgram> start_container_hooks;
  UniqueFd hook_state;  // A memfd with the container's state for the hooks; none without hooks.
  bool unshare_cgroup = false;
  bool become_root = false;       // A user namespace: take on its ids 0.
  bool wait_after_clone = false;  // The parent has something to do before we go on.
  int sync_fd = -1;               // SOCK_SEQPACKET to the parent.
  int listen_fd = -1;             // Where `start` connects.
};

// A further process of a running container.
struct JoinPlan {
  ProgramPlan program;
  UniqueFd target;     // pidfd of the container's first process.
  int namespaces = 0;  // CLONE_NEW* to join.
  bool become_root = false;
  UniqueFd root;  // The container's, if it is not that of its mount namespace.
  int sync_fd = -1;
};

// The paths at which execvp(3) would look for args[0] with PATH from `env`.
std::vector<std::string> find_candidates(const OciProcess& process);

}  // namespace ikada
