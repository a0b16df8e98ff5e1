// What a container should be, before an image is known: the wish of `ikada run` or of a task, in
// typed fields.
//
// Everything here is plain data with its JSON; the grammar of the command line is in
// cmd/ikada/run_options.h and option_grammar.h.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "runtime/base/result.h"

namespace ikada {

struct MountSpec {
  enum class Type { kBind, kVolume, kTmpfs };
  Type type = Type::kBind;
  std::string source = {};       // Host path, volume name (empty: anonymous), unused for tmpfs.
  std::string destination = {};  // Absolute path in the container.
  bool read_only = false;
  bool no_copy = false;                   // A new volume stays empty.
  bool make_source = false;               // -v makes a missing host directory; --mount does not.
  std::vector<std::string> options = {};  // "rshared", "size=64m", "noexec" …
};

struct PortSpec {
  std::string host_ip = {};     // Empty: all.
  std::uint16_t host_port = 0;  // 0: choose one.
  std::uint16_t container_port = 0;
  std::string protocol = "tcp";
};

struct DeviceSpec {
  std::string host_path = {};
  std::string container_path = {};
  std::string permissions = "rwm";
};

struct UlimitSpec {
  std::string name = {};  // "nofile"
  std::int64_t soft = 0;
  std::int64_t hard = 0;  // -1: unlimited.
};

struct ResourceSpec {
  std::uint64_t memory_bytes = 0;                      // 0: unlimited, here and below.
  std::optional<std::int64_t> memory_swap_bytes = {};  // Memory and swap together; -1: unlimited.
  std::uint64_t memory_reservation_bytes = 0;
  std::uint64_t nano_cpus = 0;  // 1.5 CPUs are 1'500'000'000.
  std::uint64_t cpu_shares = 0;
  std::string cpuset_cpus = {};
  std::optional<std::int64_t> pids = {};  // Unset: our default; 0 or -1: unlimited.
};

struct SecuritySpec {
  std::vector<std::string> add_capabilities = {};  // "NET_ADMIN", "ALL".
  std::vector<std::string> drop_capabilities = {};
  bool privileged = false;
  bool no_new_privileges = false;
  bool seccomp_unconfined = false;
  std::string seccomp_profile = {};  // An OCI or Docker profile as JSON text; empty: the default.
  std::string apparmor_profile = {};
  bool unmask_paths = false;  // systempaths=unconfined
};

// The bridge of a cluster's tasks (net/overlay_network.h), which the daemon looks after.
struct TaskBridgeSpec {
  std::string subnet = {};  // "10.120.3.0/24"; empty: the container is not on it.
  std::int64_t mtu = 0;     // Of its interface.

  bool is_used() const { return !subnet.empty(); }
};

struct NetworkSpec {
  std::string mode = "bridge";      // "bridge", "host", "none", "container:ID".
  TaskBridgeSpec task_bridge = {};  // In mode bridge: instead of the host's own.
  std::vector<PortSpec> ports = {};
  bool publish_all = false;
  std::vector<std::string> exposed = {};      // "80/tcp", beyond the image's.
  std::vector<std::string> extra_hosts = {};  // "name:address"
  std::vector<std::string> dns_servers = {};
  std::vector<std::string> dns_search = {};
  std::vector<std::string> dns_options = {};
};

struct ContainerSpec {
  std::string name = {};   // Empty: a random one.
  std::string image = {};  // As the person wrote it.
  std::string platform = {};
  std::optional<std::vector<std::string>> entrypoint =
      {};  // Set but empty: none, and no CMD either.
  std::vector<std::string> command = {};
  std::vector<std::string> env = {};  // "NAME=value"
  std::map<std::string, std::string> labels = {};
  std::string user = {};  // "", "1000", "web:www"
  std::vector<std::string> group_add = {};
  std::string working_dir = {};
  std::string hostname = {};
  std::string domainname = {};
  std::vector<MountSpec> mounts = {};
  std::vector<DeviceSpec> devices = {};
  std::vector<UlimitSpec> ulimits = {};
  std::map<std::string, std::string> sysctls = {};
  std::uint64_t shm_bytes = std::uint64_t{64} << 20;
  bool read_only_rootfs = false;
  bool volatile_rootfs = false;  // Its changes need not survive a power cut.
  bool init = false;
  bool terminal = false;
  bool open_stdin = false;
  bool stdin_once = false;
  bool attach_stdout = false;
  bool auto_remove = false;
  std::string stop_signal = {};                     // Empty: the image's, else SIGTERM.
  std::optional<std::int64_t> stop_timeout_s = {};  // Unset: 10; -1: wait for ever.
  std::string pid_mode = {};                        // "" or "host".
  std::string ipc_mode = {};                        // "" or "host".
  std::string uts_mode = {};                        // "" or "host".
  int oom_score_adj = 0;
  std::string log_path = {};        // Empty: "log" in the container's directory.
  std::uint64_t log_max_bytes = 0;  // 0: never rotate.
  std::uint32_t log_max_files = 1;
  ResourceSpec resources = {};
  SecuritySpec security = {};
  NetworkSpec network = {};
};

}  // namespace ikada
