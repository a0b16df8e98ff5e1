#include "cmd/ikada/container_options.h"

#include <CLI/CLI.hpp>

#include "cluster/engine/record_plan.h"
#include "cmd/ikada/option_grammar.h"
#include "runtime/base/number.h"
#include "runtime/base/text.h"
#include "runtime/sys/file.h"

namespace ikada {
namespace {

constexpr size_t kMaxOptionFile = size_t{4} << 20;

// An option that may be given several times, one value each.
void add_list(CLI::App& command,
              const char* names,
              std::vector<std::string>& values,
              const char* help) {
  command.add_option(names, values, help)
      ->expected(1, CLI::detail::expected_max_vector_size)
      ->allow_extra_args(false);
}

void add_process_options(CLI::App& command, ContainerOptions& options) {
  add_list(command,
           "-e,--env",
           options.env,
           "Environment variable: NAME=value, or NAME alone to "
           "hand on ikada's own");
  add_list(command, "--env-file", options.env_files, "File with environment variables");
  command.add_option("-w,--workdir", options.working_dir, "Working directory in the container");
  command.add_option("-u,--user", options.user, "User as NAME or UID, with :GROUP if need be");
  add_list(command, "--group-add", options.group_add, "Further group of the user");
  command.add_option(
      "--entrypoint", options.entrypoint, "Program instead of the image's ENTRYPOINT");
  command.add_flag("-i,--interactive", options.interactive, "Keep stdin open");
  command.add_flag("-t,--tty", options.terminal, "Give the container a terminal");
  add_list(command, "-a,--attach", options.attach, "Attach only to stdin, stdout or stderr");
  command.add_flag("--init", options.init, "Run a small init as the first process");
  command.add_option("--stop-signal", options.stop_signal, "Signal that stops the container");
  command.add_option(
      "--stop-timeout", options.stop_timeout_s, "Seconds until SIGKILL when it is stopped");
  add_list(command, "--ulimit", options.ulimits, "Resource limit: nofile=1024:2048");
  command
      .add_option("--oom-score-adj",
                  options.oom_score_adj,
                  "How readily the kernel kills it, -1000 to 1000")
      ->check(CLI::Range(-1000, 1000));
}

void add_identity_options(CLI::App& command, ContainerOptions& options) {
  command.add_option("--name", options.name, "Name of the container");
  add_list(command, "-l,--label", options.labels, "Label: key=value");
  add_list(command, "--label-file", options.label_files, "File with labels, one a line");
  command.add_option("--cidfile", options.cid_file, "Write the container's id to this file");
  command.add_option("--pull", options.pull, "When to pull the image: always, missing or never")
      ->check(CLI::IsMember({"always", "missing", "never"}));
  command.add_option("--platform", options.platform, "Platform of the image: linux/arm64");
  command.add_flag("--rm", options.remove, "Remove the container when it has ended");
  command.add_flag("-q,--quiet", options.quiet, "Do not show how the pull goes on");
  add_list(
      command, "--log-opt", options.log_options, "Option of the log: max-size=10m, max-file=3");
}

void add_storage_options(CLI::App& command, ContainerOptions& options) {
  add_list(
      command, "-v,--volume", options.volumes, "Volume or host directory: NAME-OR-PATH:/path[:ro]");
  add_list(
      command, "--mount", options.mounts, "Mount: type=bind,source=/host,target=/path[,readonly]");
  add_list(command, "--tmpfs", options.tmpfs, "Directory in memory: /path[:size=64m,mode=1777]");
  command.add_flag("--read-only", options.read_only, "Root file system read-only");
  command.add_option("--shm-size", options.shm_size, "Size of /dev/shm, 64m by default");
  add_list(command, "--device", options.devices, "Device of the host: /dev/fuse[:/path[:rwm]]");
}

void add_network_options(CLI::App& command, ContainerOptions& options) {
  command.add_option(
      "--network,--net", options.network, "Network: bridge, host, none or container:NAME");
  add_list(command, "-p,--publish", options.publish, "Published port: [[IP:]HOSTPORT:]PORT[/udp]");
  command.add_flag(
      "-P,--publish-all", options.publish_all, "Publish all exposed ports on free ports");
  add_list(command, "--expose", options.expose, "Further port that the container serves");
  command.add_option("-h,--hostname", options.hostname, "Host name in the container");
  command.add_option("--domainname", options.domainname, "Domain name in the container");
  add_list(command, "--add-host", options.add_hosts, "Line for /etc/hosts: name:address");
  add_list(command, "--dns", options.dns, "DNS server instead of the host's");
  add_list(command, "--dns-search", options.dns_search, "DNS search domain");
  add_list(command, "--dns-option", options.dns_options, "Option for resolv.conf");
}

void add_security_options(CLI::App& command, ContainerOptions& options) {
  add_list(command, "--cap-add", options.cap_add, "Capability to add: NET_ADMIN or ALL");
  add_list(command, "--cap-drop", options.cap_drop, "Capability to drop");
  command.add_flag(
      "--privileged", options.privileged, "All capabilities and devices, nothing masked");
  add_list(command,
           "--security-opt",
           options.security_options,
           "no-new-privileges, seccomp=FILE, seccomp=unconfined, apparmor=PROFILE");
  add_list(command, "--sysctl", options.sysctls, "Kernel parameter of its namespaces: name=value");
  command.add_option("--pid", options.pid_mode, "Process namespace: host for the host's")
      ->check(CLI::IsMember({"", "host", "private"}));
  command.add_option("--ipc", options.ipc_mode, "IPC namespace: host for the host's")
      ->check(CLI::IsMember({"", "host", "private", "shareable", "none"}));
  command.add_option("--uts", options.uts_mode, "UTS namespace: host for the host's")
      ->check(CLI::IsMember({"", "host"}));
}

Result<std::vector<std::string>> read_env(const ContainerOptions& options) {
  std::vector<std::string> env;
  for (const std::string& file : options.env_files) {
    IK_LET(text, read_file(file, kMaxOptionFile));
    IK_LET(lines, parse_env_file(text).context("invalid env file {}", file));
    env.insert(env.end(), lines.begin(), lines.end());
  }
  IK_LET(typed, parse_env(options.env));
  env.insert(env.end(), typed.begin(), typed.end());
  return env;
}

Result<std::map<std::string, std::string>> read_labels(const ContainerOptions& options) {
  std::map<std::string, std::string> labels;
  for (const std::string& file : options.label_files) {
    IK_LET(text, read_file(file, kMaxOptionFile));
    for (const std::string_view line : split(text, '\n')) {
      const std::string_view label = trim(line);
      if (!label.empty() && label[0] != '#')
        labels.insert_or_assign(parse_key_value(label).first, parse_key_value(label).second);
    }
  }
  for (const std::string& each : options.labels) {
    auto [key, value] = parse_key_value(each);
    if (key.empty()) return make_error(ErrorKind::kInvalid, "invalid label: \"{}\"", each);
    labels.insert_or_assign(std::move(key), std::move(value));
  }
  return labels;
}

Result<void> plan_resources(const ContainerOptions& options, ContainerSpec& spec) {
  IK_TRY(apply_resource_options(options.resources, spec.resources));
  IK_LET(shm, parse_size_option("--shm-size", options.shm_size));
  if (shm != 0) spec.shm_bytes = shm;
  for (const std::string& each : options.ulimits) {
    IK_LET(limit, parse_ulimit(each));
    spec.ulimits.push_back(std::move(limit));
  }
  return {};
}

Result<void> plan_storage(const ContainerOptions& options, ContainerSpec& spec) {
  for (const std::string& each : options.volumes) {
    IK_LET(mount, parse_volume(each));
    spec.mounts.push_back(std::move(mount));
  }
  for (const std::string& each : options.mounts) {
    IK_LET(mount, parse_mount(each));
    spec.mounts.push_back(std::move(mount));
  }
  for (const std::string& each : options.tmpfs) {
    IK_LET(mount, parse_tmpfs(each));
    spec.mounts.push_back(std::move(mount));
  }
  for (const std::string& each : options.devices) {
    IK_LET(device, parse_device(each));
    spec.devices.push_back(std::move(device));
  }
  spec.read_only_rootfs = options.read_only;
  return {};
}

Result<void> plan_network(const ContainerOptions& options, ContainerSpec& spec) {
  NetworkSpec& network = spec.network;
  network.mode = options.network == "default" ? "bridge" : options.network;
  if (network.mode != "bridge" && network.mode != "host" && network.mode != "none" &&
      !network.mode.starts_with("container:")) {
    return make_error(ErrorKind::kNotFound, "network {} not found", network.mode);
  }
  for (const std::string& each : options.publish) {
    IK_LET(ports, parse_publish(each));
    network.ports.insert(network.ports.end(), ports.begin(), ports.end());
  }
  for (const std::string& each : options.expose) {
    IK_LET(ports, parse_expose(each));
    network.exposed.insert(network.exposed.end(), ports.begin(), ports.end());
  }
  network.publish_all = options.publish_all;
  network.extra_hosts = options.add_hosts;
  network.dns_servers = options.dns;
  network.dns_search = options.dns_search;
  network.dns_options = options.dns_options;
  return {};
}

Result<void> plan_security(const ContainerOptions& options, ContainerSpec& spec) {
  spec.security.add_capabilities = options.cap_add;
  spec.security.drop_capabilities = options.cap_drop;
  spec.security.privileged = options.privileged;
  for (const std::string& each : options.security_options) {
    IK_TRY(apply_security_option(each, spec.security));
  }
  for (const std::string& each : options.sysctls) {
    auto [name, value] = parse_key_value(each);
    if (name.empty() || value.empty()) {
      return make_error(ErrorKind::kInvalid, "sysctl '{}' is not name=value", each);
    }
    spec.sysctls.insert_or_assign(std::move(name), std::move(value));
  }
  return {};
}

Result<void> plan_log(const ContainerOptions& options, ContainerSpec& spec) {
  for (const std::string& each : options.log_options) {
    const auto [name, value] = parse_key_value(each);
    if (name == "max-size") {
      IK_LET(size, parse_byte_size(value).context("--log-opt {}", each));
      spec.log_max_bytes = size;
    } else if (name == "max-file") {
      IK_LET(count, parse_unsigned(value, 1000).context("--log-opt {}", each));
      spec.log_max_files = static_cast<std::uint32_t>(count);
    } else {
      return make_error(ErrorKind::kInvalid, "unknown log opt '{}'", name);
    }
  }
  return {};
}

}  // namespace

void add_container_options(CLI::App& command, ContainerOptions& options) {
  command.set_help_flag("--help", "Print this help");
  command.prefix_command();
  command.footer("ikada " + command.get_name() + " [OPTIONS] IMAGE [COMMAND [ARG...]]");
  add_identity_options(command, options);
  add_process_options(command, options);
  add_storage_options(command, options);
  add_network_options(command, options);
  add_resource_options(command, options.resources);
  add_security_options(command, options);
}

Result<ContainerSpec> plan_container_spec(const ContainerOptions& options,
                                          std::vector<std::string> words) {
  if (words.empty()) return make_error(ErrorKind::kInvalid, "requires at least 1 argument: IMAGE");
  ContainerSpec spec;
  spec.name = options.name;
  spec.image = words[0];
  spec.command.assign(words.begin() + 1, words.end());
  spec.platform = options.platform;
  if (options.entrypoint.has_value()) {
    spec.entrypoint.emplace();
    if (!options.entrypoint->empty()) spec.entrypoint->push_back(*options.entrypoint);
  }
  IK_LET(env, read_env(options));
  spec.env = std::move(env);
  IK_LET(labels, read_labels(options));
  spec.labels = std::move(labels);
  spec.user = options.user;
  spec.group_add = options.group_add;
  spec.working_dir = options.working_dir;
  spec.hostname = options.hostname;
  spec.domainname = options.domainname;
  spec.init = options.init;
  spec.terminal = options.terminal;
  spec.open_stdin = options.interactive;
  spec.auto_remove = options.remove;
  spec.stop_signal = options.stop_signal;
  spec.stop_timeout_s = options.stop_timeout_s;
  spec.oom_score_adj = options.oom_score_adj;
  spec.pid_mode = options.pid_mode == "host" ? "host" : "";
  spec.ipc_mode = options.ipc_mode == "host" ? "host" : "";
  spec.uts_mode = options.uts_mode;
  IK_TRY(plan_resources(options, spec));
  IK_TRY(plan_storage(options, spec));
  IK_TRY(plan_network(options, spec));
  IK_TRY(plan_security(options, spec));
  IK_TRY(plan_log(options, spec));
  return spec;
}

}  // namespace ikada
