#include "cmd/ikada-runtime/arguments.h"
#include "cmd/ikada-runtime/commands.h"
#include "runtime/base/json.h"
#include "runtime/security/capabilities.h"

namespace ikada {
namespace {

Json mount_options() {
  return {
      "async",        "atime",      "bind",         "defaults",      "dev",        "diratime",
      "dirsync",      "exec",       "lazytime",     "noatime",       "nodev",      "nodiratime",
      "noexec",       "nolazytime", "norelatime",   "nostrictatime", "nosuid",     "nosymfollow",
      "private",      "ratime",     "rbind",        "rdev",          "rdiratime",  "relatime",
      "rexec",        "rnoatime",   "rnodev",       "rnodiratime",   "rnoexec",    "rnosuid",
      "rnosymfollow", "ro",         "rprivate",     "rrelatime",     "rro",        "rrw",
      "rshared",      "rslave",     "rstrictatime", "rsuid",         "rsymfollow", "runbindable",
      "rw",           "shared",     "slave",        "strictatime",   "suid",       "symfollow",
      "sync",         "tmpcopyup",  "unbindable"};
}

Json seccomp_features() {
  return {{"enabled", true},
          {"actions",
           {"SCMP_ACT_ALLOW",
            "SCMP_ACT_ERRNO",
            "SCMP_ACT_KILL",
            "SCMP_ACT_KILL_PROCESS",
            "SCMP_ACT_KILL_THREAD",
            "SCMP_ACT_LOG",
            "SCMP_ACT_TRACE",
            "SCMP_ACT_TRAP"}},
          {"operators",
           {"SCMP_CMP_EQ",
            "SCMP_CMP_GE",
            "SCMP_CMP_GT",
            "SCMP_CMP_LE",
            "SCMP_CMP_LT",
            "SCMP_CMP_MASKED_EQ",
            "SCMP_CMP_NE"}}};
}

}  // namespace

// Source: OCI runtime-spec 1.1, features.md.
Result<int> features_command(const RuntimeContext& /*context*/, Words words) {
  IK_LET(arguments, parse_all(words, {}));
  if (!arguments.empty()) return make_error(ErrorKind::kInvalid, "expected no arguments");
  const auto names = all_capabilities();
  const Json features = {
      {"ociVersionMin", "1.0.0"},
      {"ociVersionMax", "1.1.0"},
      {"hooks",
       {"prestart", "createRuntime", "createContainer", "startContainer", "poststart", "poststop"}},
      {"mountOptions", mount_options()},
      {"linux",
       {{"namespaces", {"cgroup", "ipc", "mount", "network", "pid", "time", "user", "uts"}},
        {"capabilities", std::vector<std::string>(names.begin(), names.end())},
        {"cgroup", {{"v1", false}, {"v2", true}, {"systemd", false}, {"systemdUser", false}}},
        {"seccomp", seccomp_features()},
        {"apparmor", {{"enabled", true}}},
        {"selinux", {{"enabled", false}}}}},
  };
  IK_TRY(print(features.dump(2) + "\n"));
  return 0;
}

}  // namespace ikada
