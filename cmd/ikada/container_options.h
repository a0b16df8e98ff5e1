// The options that `run` and `create` share.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "cluster/engine/container_spec.h"
#include "cmd/ikada/resource_options.h"
#include "runtime/base/result.h"

namespace CLI {
class App;
}

namespace ikada {

// As typed.
struct ContainerOptions {
  std::string name;
  std::vector<std::string> env;
  std::vector<std::string> env_files;
  std::vector<std::string> labels;
  std::vector<std::string> label_files;
  std::vector<std::string> volumes;
  std::vector<std::string> mounts;
  std::vector<std::string> tmpfs;
  std::vector<std::string> publish;
  bool publish_all = false;
  std::vector<std::string> expose;
  std::string network = "bridge";
  std::string hostname;
  std::string domainname;
  std::vector<std::string> add_hosts;
  std::vector<std::string> dns;
  std::vector<std::string> dns_search;
  std::vector<std::string> dns_options;
  std::string user;
  std::vector<std::string> group_add;
  std::string working_dir;
  std::optional<std::string> entrypoint;
  ResourceOptions resources;
  std::string shm_size;
  std::vector<std::string> ulimits;
  std::vector<std::string> cap_add;
  std::vector<std::string> cap_drop;
  bool privileged = false;
  std::vector<std::string> security_options;
  bool read_only = false;
  std::vector<std::string> devices;
  std::vector<std::string> sysctls;
  bool init = false;
  std::string stop_signal;
  std::optional<std::int64_t> stop_timeout_s;
  std::string pull = "missing";
  std::string platform;
  std::string cid_file;
  std::string pid_mode;
  std::string ipc_mode;
  std::string uts_mode;
  int oom_score_adj = 0;
  std::vector<std::string> log_options;
  bool remove = false;
  bool interactive = false;
  bool terminal = false;
  std::vector<std::string> attach;
  bool quiet = false;
};

// Adds them; what follows the image belongs to the container and is left in remaining().
void add_container_options(CLI::App& command, ContainerOptions& options);

// `words` is the image and the command. kInvalid in docker's words.
Result<ContainerSpec> plan_container_spec(const ContainerOptions& options,
                                          std::vector<std::string> words);

}  // namespace ikada
