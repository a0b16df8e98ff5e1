// From a container's record to the OCI config.json that the runtime obeys, with Docker's defaults.
//
// Pure: everything that has to be looked up (user, devices, controllers) comes in as values.
//
// Source: OCI runtime-spec 1.0.2, config.md and config-linux.md; docker-run(1).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cluster/engine/container_record.h"
#include "cluster/engine/user.h"
#include "runtime/base/json.h"
#include "runtime/base/result.h"

namespace ikada {

// A device node of this host, as stat(2) saw it.
struct HostDevice {
  std::string path = {};  // In the container.
  char type = 'c';        // or 'b'
  std::uint32_t major = 0;
  std::uint32_t minor = 0;
  std::uint32_t mode = 0666;
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
  std::string permissions = "rwm";
};

struct OciConfigInputs {
  const ContainerRecord& record;
  const EngineLayout& layout;
  ProcessUser user = {};
  std::vector<std::string> layers = {};  // Directories, lowest first.
  std::vector<HostDevice> devices = {};
  std::string runtime_program = {};  // Bind-mounted as the first process for --init.
  std::string hostname = {};
  std::vector<std::string> available_capabilities = {};  // If wants_all_capabilities().
  bool has_pids_controller = true;  // Our default limit is set only where it can be.
  bool has_ipv6 = true;             // Of the kernel: whether its sysctls are there.
};

// linux.resources without its devices: what was asked for.
Json plan_oci_limits(const ResourceSpec& wish);

// kInvalid for an unknown capability or a seccomp profile that is wrong.
Result<Json> plan_oci_config(const OciConfigInputs& inputs);

// The mounts, in order: the root overlay, Docker's own, the identity files, the container's.
Json plan_oci_mounts(const OciConfigInputs& inputs);

// True for --privileged, and --cap-add ALL, which need `available` below.
bool wants_all_capabilities(const SecuritySpec& security);

// The bounding, effective and permitted set: Docker's default with --cap-add and --cap-drop.
// `available` is what this host can give, for --privileged and ALL. kInvalid for a name that is
// none.
Result<std::vector<std::string>> plan_capabilities(const SecuritySpec& security,
                                                   const std::vector<std::string>& available);

// linux.seccomp, null for none. A profile in Docker's form ("includes", "archMap") is resolved for
// `capabilities` and this machine.
Result<Json> plan_seccomp(const SecuritySpec& security,
                          const std::vector<std::string>& capabilities);

// Image's and container's environment, later ones winning, after Docker's own PATH, HOSTNAME, TERM
// and, if nobody set it, HOME.
std::vector<std::string> plan_environment(const ContainerRecord& record,
                                          const std::string& hostname,
                                          const std::string& home);

// Where the init program of --init is in the container.
inline constexpr const char* kInitPath = "/dev/init";

}  // namespace ikada
