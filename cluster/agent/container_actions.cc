#include "cluster/agent/container_actions.h"

#include <signal.h>

#include <algorithm>
#include <chrono>
#include <thread>
#include <utility>

#include "cluster/agent/task_error.h"
#include "cluster/engine/container_names.h"
#include "cluster/engine/engine_image.h"
#include "cluster/engine/record_plan.h"
#include "cluster/engine/volumes.h"
#include "image/pull.h"
#include "image/store.h"
#include "runtime/sys/spawn.h"

namespace ikada {
namespace {

// The error with ECS's name for the step, unless it has one already.
template <typename T>
Result<T> named(Result<T> result, const char* code) {
  if (result.has_value()) return result;
  Error& error = result.error();
  error.message = task_error_text(error, code);
  // The text is whole; who shows it adds nothing.
  if (!error.message.starts_with(kResources)) error.code = code;
  return result;
}

// The one that is wanted, if the image has it.
std::string digest_of(const StoredImage& image, const std::string& wanted) {
  std::string first;
  for (const std::string& each : image.repo_digests) {
    const size_t place = each.rfind('@');
    if (place == std::string::npos) continue;
    std::string digest = each.substr(place + 1);
    if (digest == wanted) return digest;
    if (first.empty()) first = std::move(digest);
  }
  return first.empty() ? image.manifest_digest : first;
}

// Whether the image was pulled from that repository, or pushed to it.
bool is_of_repository(const StoredImage& image, const Reference& reference) {
  return std::ranges::any_of(image.repo_digests, [&](const std::string& each) {
    const Result<Reference> other = parse_reference(each);
    return other.has_value() && other->registry == reference.registry &&
           other->repository == reference.repository;
  });
}

// The image, or for one that is named by tag and digest what has that tag and is of no registry's
// repository of that name: an image that was made on each host has another digest on each.
Result<StoredImage> find_image(const ImageStore& store, const std::string& name) {
  Result<StoredImage> found = store.find(name);
  if (found.has_value()) return found;
  Result<Reference> reference = parse_reference(name);
  if (!reference.has_value() || reference->digest.empty() || reference->tag.empty()) return found;
  reference->digest.clear();
  Result<StoredImage> tagged = store.find(reference->canonical());
  return tagged.has_value() && !is_of_repository(*tagged, *reference) ? tagged : found;
}

}  // namespace

Result<ContainerActions> ContainerActions::open(ContainerActionOptions options) {
  auto reaper = std::make_shared<MonitorReaper>();
  options.engine.on_monitor = [reaper](pid_t monitor) { reaper->add(monitor); };
  IK_LET(engine, Engine::open(options.engine));
  return ContainerActions(std::move(options), std::move(engine), std::move(reaper));
}

void ContainerActions::recover() {
  reaper_->reap();
  engine_.recover();
}

Result<std::string> ContainerActions::pull(const std::string& image) {
  if (image.empty()) return std::string();
  const auto obtain = [&]() -> Result<std::string> {
    IK_LET(store, ImageStore::open(layout().root));
    Result<StoredImage> found = find_image(store, image);
    IK_LET(reference, parse_reference(image));
    // What a digest names does not change.
    const bool is_final = options_.pull == PullPolicy::kMissing || !reference.digest.empty();
    if (found.has_value() && is_final) return digest_of(*found, reference.digest);
    PullOptions wish;
    const std::optional<ImageSource> source =
        options_.find_image_source ? options_.find_image_source(reference.registry) : std::nullopt;
    if (source.has_value()) {
      wish.registry = source->registry;
      wish.peers = source->peers;
    }
    Result<PullResult> pulled = pull_image(store, reference, wish);
    if (pulled.has_value()) return pulled->digest;
    if (found.has_value()) return digest_of(*found, reference.digest);
    return std::move(pulled.error());
  };
  return named(obtain(), kCannotPull);
}

std::optional<std::string> ContainerActions::find(const TaskFacts& facts,
                                                  const std::string& container) {
  const Result<std::string> id =
      find_container(layout(), task_container_name(facts.task, container));
  return id.has_value() ? std::optional(*id) : std::nullopt;
}

// Or a container would run that nobody knows.
bool ContainerActions::has_started(const std::string& id) {
  const auto pause = [] { std::this_thread::sleep_for(std::chrono::milliseconds(20)); };
  return await_start(layout(), id, pause);
}

Result<ContainerRecord> ContainerActions::create_and_start(const ContainerPlan& plan) {
  const auto create = [&]() -> Result<NewContainer> {
    IK_LET(store, ImageStore::open(layout().root));
    // Nothing of the store is collected until the container holds its image.
    IK_LET(keeping, store.begin_pull());
    Result<StoredImage> stored = find_image(store, plan.spec.image);
    if (!stored.has_value()) return std::move(stored.error());
    IK_LET(image, load_engine_image(store, *stored, plan.spec.image));
    return engine_.create(plan.spec, image);
  };
  return start_new(named(create(), kCannotCreate));
}

Result<ContainerRecord> ContainerActions::start_new(Result<NewContainer> made) {
  if (!made.has_value()) return std::move(made.error());
  Result<pid_t> pid = named(engine_.start(made->record, made->mark), kCannotStart);
  if (pid.has_value()) return std::move(made->record);
  if (made->mark.phase() != ActivePhase::kStarted) engine_.discard(*made);
  return std::move(pid.error());
}

// The monitor of a start whose agent was killed may be about to make it run: acquire() waits for
// that, and refuses then.
Result<ContainerRecord> ContainerActions::start_existing(const std::string& id, bool is_restart) {
  IK_LET(record, load_record(layout(), id));
  // It runs, or it ran and ended while nobody looked, which is for end_of() to tell.
  const auto is_done = [&] {
    const LiveStatus status = live_status(layout(), id);
    return status.is_running() || (status.state == LiveState::kExited && !is_restart);
  };
  if (is_done()) return record;
  Result<ActiveMark> mark = engine_.acquire(record);
  if (!mark.has_value()) {
    if (mark.error().kind == ErrorKind::kConflict && is_done()) return record;
    return std::move(mark.error());
  }
  if (is_done()) {
    mark->remove();
    return record;
  }
  Result<pid_t> pid = engine_.start(record, *mark);
  if (pid.has_value()) return record;
  if (mark->phase() == ActivePhase::kStarting) mark->remove();
  return std::move(pid.error());
}

Result<StartedContainer> ContainerActions::start(const TaskFacts& facts,
                                                 const std::string& container,
                                                 bool is_restart) {
  const ContainerDefinition* definition = find_container(facts.definition, container);
  if (definition == nullptr) {
    return named(Result<StartedContainer>(cannot_create("no container {}", container)),
                 kCannotCreate);
  }
  const auto run = [&]() -> Result<ContainerRecord> {
    const std::optional<std::string> known = find(facts, container);
    if (known.has_value()) return named(start_existing(*known, is_restart), kCannotStart);
    if (container == kNetworkHolder) return named(create_holder(facts), kResources);
    IK_LET(whole, named(plan(facts, *definition), kCannotCreate));
    IK_TRY(named(make_volumes(whole), kCannotCreate));
    IK_TRY(named(make_log(whole), kCannotCreate));
    return create_and_start(whole);
  };
  IK_LET(record, run());
  return describe_started(facts, container, record.id);
}

StartedContainer ContainerActions::describe_started(const TaskFacts& facts,
                                                    const std::string& container,
                                                    const std::string& id) {
  StartedContainer started{.id = id, .bindings = bindings(facts, container, id)};
  if (container == kNetworkHolder) started.address = find_address(facts);
  return started;
}

Result<void> ContainerActions::signal(const TaskFacts& facts,
                                      const std::string& container,
                                      bool is_kill) {
  const std::optional<std::string> id = find(facts, container);
  if (!id.has_value()) return {};
  IK_LET(record, load_record(layout(), *id));
  Result<void> sent = engine_.kill(record, is_kill ? SIGKILL : stop_signal(record));
  if (!sent.has_value() && sent.error().kind == ErrorKind::kConflict) return {};
  return sent;
}

// The pid may belong to another process by the time it is opened: then the container does not run
// any more, or its program has another pid.
std::optional<UniqueFd> ContainerActions::watch(const std::string& id) {
  const LiveStatus before = live_status(layout(), id);
  if (!before.is_running() || before.pid == 0) return std::nullopt;
  Result<UniqueFd> fd = open_pidfd(before.pid);
  if (!fd.has_value()) return std::nullopt;
  const LiveStatus after = live_status(layout(), id);
  if (!after.is_running() || after.pid != before.pid) return std::nullopt;
  return std::move(*fd);
}

EndedContainer ContainerActions::end_of(const std::string& id) {
  wait_until_unattended(layout(), id);
  // Puts the end on record if the monitor was killed.
  recover();
  const LiveStatus status = live_status(layout(), id);
  constexpr std::int32_t kKilled = 137;
  // Somebody removed it by hand.
  if (status.state != LiveState::kExited) return {.exit_code = kKilled};
  return {.exit_code = status.exit_code, .is_out_of_memory = status.oom_killed};
}

std::vector<NetworkBinding> ContainerActions::bindings(const TaskFacts& facts,
                                                       const std::string& container,
                                                       const std::string& id) {
  std::vector<NetworkBinding> all;
  const auto add = [&](const std::string& ip, int inner, int outer, const std::string& protocol) {
    all.push_back({.bind_ip = ip.empty() ? "0.0.0.0" : ip,
                   .container_port = inner,
                   .host_port = outer,
                   .protocol = protocol});
  };
  if (network_mode_of(facts.definition) == "bridge") {
    for (const PublishedPort& each : load_network_status(layout(), id).ports) {
      add(each.host_ip, each.container_port, each.host_port, each.protocol);
    }
    return all;
  }
  const ContainerDefinition* definition = find_container(facts.definition, container);
  if (definition == nullptr || network_mode_of(facts.definition) != "host") return all;
  for (const PortMapping& each : definition->port_mappings) {
    const std::int32_t port = each.container_port.value_or(0);
    if (port != 0) add("", port, port, each.protocol.value_or("tcp"));
  }
  return all;
}

Result<void> ContainerActions::remove_all(const TaskFacts& facts) {
  for (const ContainerDefinition& each : facts.definition.container_definitions) {
    const std::optional<std::string> id = find(facts, each.name);
    if (!id.has_value()) continue;
    const Result<ContainerRecord> record = load_record(layout(), *id);
    if (!record.has_value()) continue;
    IK_TRY(engine_.remove(*record, {.force = true, .volumes = true}));
  }
  for (const Volume& each : facts.definition.volumes) {
    Result<void> removed = remove_unused_volume(layout(), task_volume_name(facts.task, each.name));
    if (!removed.has_value() && removed.error().kind != ErrorKind::kNotFound) return removed;
  }
  return {};
}

}  // namespace ikada
