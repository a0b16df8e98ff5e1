// config.json of an OCI bundle as typed values.
//
// Everything is checked here: types, ranges, and that no text that becomes a C string holds a NUL
// byte. Fields this runtime could only ignore and that would change what a container may do are
// refused; unknown fields are ignored, as the specification asks. No annotation changes anything.
//
// Source: OCI runtime-spec 1.0.2 and 1.1, config.md and config-linux.md.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/json.h"
#include "runtime/base/result.h"
#include "runtime/cgroup/resources.h"
#include "runtime/security/capabilities.h"
#include "runtime/security/rlimit.h"

namespace ikada {

struct OciUser {
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
  std::optional<std::uint32_t> umask;
  std::vector<std::uint32_t> additional_gids;
};

struct OciProcess {
  bool terminal = false;
  std::uint16_t console_rows = 0;  // 0: as the kernel makes it.
  std::uint16_t console_columns = 0;
  OciUser user;
  std::vector<std::string> args;
  std::vector<std::string> env;
  std::string cwd = "/";
  CapabilitySets capabilities;
  std::vector<ResourceLimit> rlimits;
  bool no_new_privileges = false;
  std::optional<std::int32_t> oom_score_adj;
  std::string apparmor_profile;
};

struct OciMount {
  std::string destination;
  std::string type;
  std::string source;
  std::vector<std::string> options;
};

struct OciHook {
  std::string path;
  std::vector<std::string> args;
  std::vector<std::string> env;
  std::uint32_t timeout_s = 0;  // 0: none.
};

struct OciHooks {
  std::vector<OciHook> create_runtime;  // "prestart" hooks stand before them.
  std::vector<OciHook> create_container;
  std::vector<OciHook> start_container;
  std::vector<OciHook> poststart;
  std::vector<OciHook> poststop;
};

struct OciNamespace {
  int flag = 0;      // CLONE_NEW*
  std::string path;  // Empty: a new one.
};

struct OciIdMapping {
  std::uint32_t container_id = 0;
  std::uint32_t host_id = 0;
  std::uint32_t size = 0;
};

struct OciDevice {
  std::string path;
  mode_t mode = 0;  // Type and permissions.
  std::uint32_t major = 0;
  std::uint32_t minor = 0;
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
};

struct OciTimeOffset {
  std::string clock;  // "monotonic" or "boottime".
  std::int64_t seconds = 0;
  std::uint32_t nanoseconds = 0;
};

struct OciLinux {
  std::vector<OciNamespace> namespaces;
  std::vector<OciIdMapping> uid_mappings;
  std::vector<OciIdMapping> gid_mappings;
  std::vector<OciTimeOffset> time_offsets;
  std::vector<OciDevice> devices;
  std::string cgroups_path;
  Resources resources;
  Json seccomp;                          // For load_or_compile_seccomp(); null: none.
  std::uint64_t rootfs_propagation = 0;  // MS_PRIVATE and so on, with MS_REC; 0: not given.
  std::map<std::string, std::string> sysctls;
  std::vector<std::string> masked_paths;
  std::vector<std::string> readonly_paths;

  // The entry for CLONE_NEW* `flag`, or null.
  const OciNamespace* find_namespace(int flag) const;
  // Whether the container gets a new namespace of that kind.
  bool has_new_namespace(int flag) const;
  // Whether it joins one that is there.
  bool joins_namespace(int flag) const;
};

struct OciConfig {
  OciProcess process;
  std::string root_path;
  bool root_readonly = false;
  std::string hostname;
  std::string domainname;
  std::vector<OciMount> mounts;
  OciHooks hooks;
  OciLinux linux_part;
  std::map<std::string, std::string> annotations;
};

// kInvalid, naming the field, for anything that is wrong.
Result<OciConfig> parse_oci_config(const Json& json);

// The object process alone, as `exec --process` gets it.
Result<OciProcess> parse_oci_process(const Json& json);

// Reads BUNDLE/config.json.
Result<OciConfig> load_oci_config(const std::string& bundle);

// "pid" → CLONE_NEWPID; 0 for a word that is none.
int namespace_flag(std::string_view type);

// CLONE_NEWPID → "pid"; empty for another number.
std::string_view namespace_type(int flag);

}  // namespace ikada
