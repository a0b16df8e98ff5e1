// ContainerActions: from a container's plan to what the engine is asked for, with what only this
// host knows.
#include <algorithm>

#include "cluster/agent/container_actions.h"
#include "cluster/agent/task_error.h"
#include "cluster/engine/volumes.h"
#include "net/resolv_conf.h"
#include "runtime/sys/file.h"

namespace ikada {
namespace {

constexpr size_t kMaxEnvironmentFile = size_t{1} << 20;

// There is no S3 on a host of one's own: a file of this host stands for the object.
Result<std::string> read_environment_file(const EnvironmentFile& file) {
  if (!file.value.starts_with('/')) {
    return cannot_initialize("unable to download env files: {} is not a path on this host",
                             file.value);
  }
  Result<std::string> text = read_file(file.value, kMaxEnvironmentFile);
  if (text.has_value()) return text;
  return cannot_initialize("unable to read env files: {}", text.error().message);
}

}  // namespace

Result<FetchedEnvironment> ContainerActions::fetch(const TaskFacts& facts,
                                                   const ContainerDefinition& container) {
  FetchedEnvironment fetched;
  if (options_.own_environment) fetched.agent = options_.own_environment(facts, container.name);
  if (container.environment_files.has_value()) {
    for (const EnvironmentFile& each : *container.environment_files) {
      IK_LET(text, read_environment_file(each));
      fetched.files.push_back(std::move(text));
    }
  }
  if (container.credentials_parameter.has_value()) {
    return cannot_initialize("unable to pull registry auth: {} is no secret of this cluster",
                             *container.credentials_parameter);
  }
  if (!container.secrets.has_value()) return fetched;
  if (container.secrets->empty()) return fetched;
  Result<std::map<std::string, std::string>> values =
      options_.find_secrets ? options_.find_secrets(facts)
                            : make_error(ErrorKind::kNotFound, "there is nobody to ask for them");
  if (!values.has_value()) {
    return cannot_initialize("unable to pull secrets: {}", values.error().message);
  }
  for (const Secret& each : *container.secrets) {
    const auto value = values->find(each.value_from);
    if (value == values->end()) {
      return cannot_initialize("unable to pull secrets: there is no secret {}", each.value_from);
    }
    fetched.secrets.emplace_back(each.name, value->second);
  }
  return fetched;
}

// A linked container has an address since it was started, which is before this one is made.
Result<void> ContainerActions::resolve_links(const TaskFacts& facts, ContainerPlan& plan) {
  for (const ContainerLink& each : plan.links) {
    const std::optional<std::string> id = find(facts, each.container);
    const std::string address =
        id.has_value() ? load_network_status(layout(), *id).address.address : "";
    if (address.empty()) {
      return cannot_create("cannot link to a non running container: {}", each.container);
    }
    auto& hosts = plan.spec.network.extra_hosts;
    hosts.push_back(each.alias + ":" + address);
    if (each.container != each.alias) hosts.push_back(each.container + ":" + address);
  }
  return {};
}

// Servers that the definition names win. The host's own search list stays, behind the cluster's.
void ContainerActions::point_to_names(const TaskFacts& facts, ContainerPlan& plan) const {
  NetworkSpec& network = plan.spec.network;
  if (!options_.find_names || network.mode == "none" || !network.dns_servers.empty()) return;
  const NameService names =
      options_.find_names(network_mode_of(facts.definition), facts.task.cluster);
  if (names.server.empty()) return;
  network.dns_servers = {names.server};
  if (!network.dns_search.empty()) return;
  network.dns_search = parse_resolv_conf(read_host_resolv_conf()).search;
  network.dns_search.insert(network.dns_search.begin(), names.search);
}

// What a container mounts itself at a place wins.
Result<void> ContainerActions::adopt_mounts(const TaskFacts& facts, ContainerPlan& plan) {
  for (const VolumeFrom& each : plan.volumes_from) {
    const std::optional<std::string> id = find(facts, each.source_container);
    if (!id.has_value()) return cannot_create("no such container: {}", each.source_container);
    IK_LET(source, load_record(layout(), *id));
    for (MountSpec mount : source.spec.mounts) {
      if (mount.type == MountSpec::Type::kTmpfs) continue;
      auto& own = plan.spec.mounts;
      const bool is_taken = std::any_of(own.begin(), own.end(), [&](const MountSpec& other) {
        return other.destination == mount.destination;
      });
      if (is_taken) continue;
      mount.read_only = mount.read_only || each.read_only.value_or(false);
      own.push_back(std::move(mount));
    }
  }
  return {};
}

Result<void> ContainerActions::make_volumes(const ContainerPlan& plan) {
  for (const TaskVolume& each : plan.volumes) {
    if (each.must_exist) {
      IK_LET(volume, find_volume(layout(), each.name));
      static_cast<void>(volume);
    } else if (!each.labels.empty()) {
      // The engine makes those without labels, with what the image has at their place.
      IK_TRY(create_volume(layout(),
                           {.name = each.name, .created = unix_now(), .labels = each.labels}));
    }
  }
  return {};
}

// The store has the log from the beginning, wherever the container's own directory goes.
Result<void> ContainerActions::make_log(ContainerPlan& plan) {
  if (!plan.log_stream.has_value()) return {};
  plan.log_stream->created_ms = unix_now() / 1'000'000;
  IK_LET(directory, prepare_log_stream(layout(), *plan.log_stream).context("log stream"));
  plan.spec.log_path = directory + "/log";
  return {};
}

Result<ContainerPlan> ContainerActions::plan(const TaskFacts& facts,
                                             const ContainerDefinition& container) {
  IK_LET(fetched, fetch(facts, container));
  IK_LET(whole,
         plan_container({.task = facts.task,
                         .definition = facts.definition,
                         .scope = facts.scope,
                         .host = options_.host},
                        container,
                        fetched));
  IK_TRY(resolve_address(facts, whole));
  point_to_names(facts, whole);
  IK_TRY(resolve_links(facts, whole));
  IK_TRY(adopt_mounts(facts, whole));
  return whole;
}

}  // namespace ikada
