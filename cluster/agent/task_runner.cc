#include "cluster/agent/task_runner.h"

#include <algorithm>
#include <utility>

#include "cluster/agent/asio_loop.h"
#include "cluster/agent/engine_actions.h"
#include "cluster/agent/pinned_images.h"
#include "cluster/agent/task_error.h"
#include "cluster/agent/task_files.h"
#include "cluster/agent/task_network.h"

namespace ikada {
namespace {

constexpr std::chrono::seconds kLeaveAgain{60};
constexpr std::chrono::seconds kRecoverEvery{10};

using Kind = TaskCommand::Kind;

TaskEvent failure_of(const std::string& container, const Error& error) {
  if (error.code == kResources) return ResourcesFailed{error.message, container};
  return ContainerFailed{container, error.message};
}

TaskEvent started_event(const std::string& container,
                        std::int32_t generation,
                        const StartedContainer& started) {
  return ContainerStarted{container, generation, started.id, started.bindings, started.address};
}

// Whether a container of the task has had something to log.
bool has_run(const Task& task) {
  return std::any_of(task.containers.begin(), task.containers.end(), [](const auto& each) {
    return each.name != kNetworkHolder && each.runtime_id.has_value();
  });
}

// task_files.h says what is in it.
template <typename Entry>
std::string content_of(const Entry& entry) {
  const Json content = {
      {"scope", {{"account", entry.facts->scope.account}, {"region", entry.facts->scope.region}}},
      {"definition", to_json(entry.facts->definition)},
      {"machine", entry.machine.keep()},
      {"sequence", entry.sequence},
      {"acknowledged", entry.acknowledged}};
  return content.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace

Result<std::unique_ptr<TaskRunner>> TaskRunner::open(boost::asio::io_context& loop,
                                                     TaskRunnerOptions options) {
  IK_LET(actions, ContainerActions::open(options.actions));
  IK_LET(files, TaskFiles::open(options.state_directory + "/tasks"));
  return std::make_unique<TaskRunner>(std::make_shared<AsioLoop>(loop),
                                      std::move(options),
                                      std::make_unique<EngineActions>(loop, std::move(actions)),
                                      std::move(files));
}

TaskRunner::TaskRunner(std::shared_ptr<Loop> loop,
                       TaskRunnerOptions options,
                       std::unique_ptr<TaskActions> actions,
                       std::unique_ptr<TaskMemory> files)
    : loop_(std::move(loop)),
      options_(std::move(options)),
      actions_(std::move(actions)),
      files_(std::move(files)),
      recover_timer_(loop_->make_timer()) {}

// What is under way ends before what it calls back is gone.
TaskRunner::~TaskRunner() {
  actions_.reset();
  files_.reset();
}

Moment TaskRunner::moment_now() const {
  return {.steady_ms = loop_->boot_ms(), .wall = {loop_->wall_now() / 1'000'000}};
}

void TaskRunner::start(OnReport on_report) {
  on_report_ = std::move(on_report);
  for (const auto& [id, content] : files_->load(options_.on_error)) take_up(id, content);
  recover_later();
}

// A container whose monitor was killed is ended by whoever looks next: nobody else may.
void TaskRunner::recover_later() {
  recover_timer_->set(kRecoverEvery, [this] {
    if (is_shut_down_) return;
    actions_->recover([this] {
      if (!is_shut_down_) recover_later();
    });
  });
}

Result<std::unique_ptr<TaskRunner::Entry>> TaskRunner::read(const std::string& content) {
  IK_LET(json, parse_json(content));
  auto facts = std::make_shared<TaskFacts>();
  std::int64_t sequence = 0;
  std::int64_t acknowledged = 0;
  JsonReader reader(json, "task file");
  JsonReader scope = reader.object("scope");
  scope.read("account", facts->scope.account);
  scope.read("region", facts->scope.region);
  reader.read("sequence", sequence);
  reader.read("acknowledged", acknowledged);
  IK_TRY(reader.done());
  IK_LET(definition, from_json<TaskDefinition>(json.value("definition", Json()), "definition"));
  facts->definition = std::move(definition);
  IK_LET(machine, TaskMachine::restore(facts->definition, json.value("machine", Json())));
  facts->task = machine.task();
  auto entry = std::make_unique<Entry>(*loop_, std::move(machine));
  entry->facts = std::move(facts);
  entry->sequence = sequence;
  entry->acknowledged = acknowledged;
  return entry;
}

void TaskRunner::take_up(const std::string& id, const std::string& content) {
  Result<std::unique_ptr<Entry>> read_entry = read(content).context("task {}", id);
  if (!read_entry.has_value()) return options_.on_error(read_entry.error());
  Entry& entry = *(entries_[id] = std::move(*read_entry));
  if (entry.sequence > entry.acknowledged) {
    on_report_({.scope = entry.facts->scope, .task = entry.told, .sequence = entry.sequence});
  }
  for (size_t i = 0; i < entry.machine.rules().size(); ++i) {
    const ContainerProgress& progress = entry.machine.progress(i);
    const bool has_run =
        progress.phase == ContainerPhase::kRunning || progress.phase == ContainerPhase::kStopping;
    if (!has_run) continue;
    const std::string& container = entry.machine.rules()[i].name;
    watch(id,
          container,
          progress.generation,
          entry.machine.task().containers[i].runtime_id.value_or(""));
  }
  obey(id, entry.machine.begin(moment_now()));
}

void TaskRunner::run(const Scope& scope, const Task& task, const TaskDefinition& definition) {
  if (is_shut_down_ || entries_.count(task.id) != 0) return;
  auto facts = std::make_shared<TaskFacts>();
  facts->scope = scope;
  facts->task = task;
  facts->definition =
      with_network_holder(with_pinned_images(apply_overrides(definition, task.overrides), task));
  auto entry = std::make_unique<Entry>(*loop_, TaskMachine::create(facts->definition, task));
  entry->facts = std::move(facts);
  const Result<void> possible = check_task_plan(entry->facts->definition);
  Entry& kept = *(entries_[task.id] = std::move(entry));
  if (!possible.has_value()) {
    step(task.id, ResourcesFailed{task_error_text(possible.error(), kResources)});
    return;
  }
  // A container that nobody remembers would never be stopped: nothing is done before the task is on
  // the disk.
  files_->write(task.id, content_of(kept), [this, id = task.id](const Result<void>& written) {
    loop_->post([this, id, written] {
      Entry* const it = entry_of(id);
      if (it == nullptr || is_shut_down_) return;
      if (written.has_value()) return obey(id, it->machine.begin(moment_now()));
      options_.on_error(written.error());
      step(id, ResourcesFailed{task_error_text(written.error(), kResources)});
    });
  });
}

void TaskRunner::stop(const std::string& task,
                      const std::optional<std::string>& stop_code,
                      const std::optional<std::string>& reason) {
  const Entry* entry = entry_of(task);
  if (entry == nullptr || entry->machine.task().desired_status == "STOPPED") return;
  step(task, StopWanted{.stop_code = stop_code, .reason = reason});
}

void TaskRunner::acknowledge(const std::string& task, std::int64_t sequence) {
  Entry* entry = entry_of(task);
  if (entry == nullptr || sequence <= entry->acknowledged) return;
  entry->acknowledged = sequence;
  write(task, *entry, false);
  wait_to_leave(task, *entry);
}

const Task* TaskRunner::find(const std::string& task) const {
  const auto found = entries_.find(task);
  return found == entries_.end() ? nullptr : &found->second->machine.task();
}

std::shared_ptr<const TaskFacts> TaskRunner::facts(const std::string& task) const {
  const auto found = entries_.find(task);
  return found == entries_.end() ? nullptr : found->second->facts;
}

std::map<std::string, std::int32_t> TaskRunner::restarts(const std::string& task) const {
  const auto found = entries_.find(task);
  if (found == entries_.end()) return {};
  return found->second->machine.restarts();
}

std::vector<std::string> TaskRunner::tasks() const {
  std::vector<std::string> ids;
  for (const auto& [id, entry] : entries_) ids.push_back(id);
  return ids;
}

TaskRunner::Entry* TaskRunner::entry_of(const std::string& task) {
  const auto found = entries_.find(task);
  return found == entries_.end() ? nullptr : found->second.get();
}

void TaskRunner::step(const std::string& task, const TaskEvent& event) {
  Entry* entry = entry_of(task);
  if (entry == nullptr || is_shut_down_) return;
  obey(task, entry->machine.step(event, moment_now()));
}

void TaskRunner::obey(const std::string& task, const std::vector<TaskCommand>& commands) {
  Entry& entry = *entry_of(task);
  for (const TaskCommand& each : commands) obey(task, entry, each);
  tell(task, entry);
  set_timer(task, entry);
  wait_to_leave(task, entry);
}

void TaskRunner::obey(const std::string& task, Entry& entry, const TaskCommand& command) {
  switch (command.kind) {
    case Kind::kPull:
      return pull(task, entry, command);
    case Kind::kStart:
      return start_container(task, entry, command);
    case Kind::kFind:
      return find_container_of(task, entry, command);
    case Kind::kSignal:
    case Kind::kKill:
      return signal(task, entry, command);
    case Kind::kCheck:
      return check_health(task, entry, command);
  }
}

void TaskRunner::pull(const std::string& task, Entry& entry, const TaskCommand& command) {
  const std::string& container = command.container;
  actions_->pull(
      entry.facts, container, [this, task, container](const Result<std::string>& digest) {
        if (digest.has_value()) return step(task, ImagePulled{container, *digest});
        step(task, failure_of(container, digest.error()));
      });
}

void TaskRunner::start_container(const std::string& task,
                                 Entry& entry,
                                 const TaskCommand& command) {
  actions_->start(entry.facts,
                  command.container,
                  command.generation > 1,
                  [this, task, command](const Result<StartedContainer>& started) {
                    const std::string& container = command.container;
                    if (!started.has_value())
                      return step(task, failure_of(container, started.error()));
                    step(task, started_event(container, command.generation, *started));
                    watch(task, container, command.generation, started->id);
                  });
}

void TaskRunner::find_container_of(const std::string& task,
                                   Entry& entry,
                                   const TaskCommand& command) {
  actions_->find(entry.facts,
                 command.container,
                 [this, task, command](const std::optional<StartedContainer>& started) {
                   const std::string& container = command.container;
                   if (!started.has_value()) return step(task, ContainerAbsent{container});
                   step(task, started_event(container, command.generation, *started));
                   watch(task, container, command.generation, started->id);
                 });
}

void TaskRunner::signal(const std::string& task, Entry& entry, const TaskCommand& command) {
  const std::string& container = command.container;
  actions_->signal(entry.facts,
                   container,
                   command.kind == Kind::kKill,
                   [this, task, container](const Result<void>& sent) {
                     if (sent.has_value()) return;
                     Error error = sent.error();
                     error.message =
                         fmt::format("task {}: container {}: {}", task, container, error.message);
                     options_.on_error(error);
                   });
}

void TaskRunner::check_health(const std::string& task, Entry& entry, const TaskCommand& command) {
  for (size_t i = 0; i < entry.machine.rules().size(); ++i) {
    const ContainerRules& rules = entry.machine.rules()[i];
    if (rules.name != command.container || !rules.health.has_value()) continue;
    actions_->check_health(
        {.container_id = entry.machine.task().containers[i].runtime_id.value_or(""),
         .command = rules.health->command,
         .timeout = std::chrono::milliseconds(rules.health->timeout_ms)},
        [this, task, command](bool passed) {
          step(task, HealthChecked{command.container, command.generation, passed});
        });
  }
}

void TaskRunner::watch(const std::string& task,
                       const std::string& container,
                       std::int32_t generation,
                       const std::string& id) {
  if (is_shut_down_) return;
  if (options_.on_running) options_.on_running(task, container, id);
  actions_->await_end(id, [this, task, container, generation](const EndedContainer& end) {
    if (options_.on_ended) options_.on_ended(task, container);
    step(task, ContainerEnded{container, generation, end.exit_code, end.is_out_of_memory});
  });
}

void TaskRunner::tell(const std::string& task, Entry& entry) {
  const bool is_new = entry.sequence == 0;
  if (!is_new && tells_the_same(entry.told, entry.machine.task())) return;
  entry.told = entry.machine.task();
  ++entry.sequence;
  write(task, entry, true);
}

void TaskRunner::write(const std::string& task, Entry& entry, bool is_report) {
  TaskFiles::OnWritten then;
  if (is_report) {
    then = [this, task, sequence = entry.sequence](const Result<void>& written) {
      loop_->post([this, task, sequence, written] {
        if (!written.has_value()) options_.on_error(written.error());
        const Entry* it = entry_of(task);
        // A newer one is on its way.
        if (it == nullptr || it->sequence != sequence || is_shut_down_) return;
        on_report_({.scope = it->facts->scope, .task = it->told, .sequence = sequence});
      });
    };
  }
  files_->write(task, content_of(entry), then);
}

void TaskRunner::set_timer(const std::string& task, Entry& entry) {
  const std::optional<std::int64_t> wake = entry.machine.next_wake_ms();
  if (entry.machine.is_over() || is_shut_down_) return;
  if (!wake.has_value()) {
    entry.timer->cancel();
    return;
  }
  const std::int64_t wait_ms = std::max<std::int64_t>(0, *wake - loop_->boot_ms());
  entry.timer->set(std::chrono::milliseconds(wait_ms), [this, task] { step(task, TimePassed{}); });
}

void TaskRunner::wait_to_leave(const std::string& task, Entry& entry) {
  const bool may_leave = entry.machine.is_over() && entry.acknowledged == entry.sequence;
  if (!may_leave || entry.is_leaving || is_shut_down_) return;
  entry.is_leaving = true;
  const std::int64_t stopped_ms =
      entry.machine.task().stopped_at.value_or(Timestamp{}).milliseconds;
  // A clock that was set back must not keep it for ever.
  const std::chrono::milliseconds past(
      std::max<std::int64_t>(0, moment_now().wall.milliseconds - stopped_ms));
  if (!has_run(entry.machine.task()) && past < options_.retention) free_all(entry);
  entry.timer->set(std::max(std::chrono::milliseconds(0), options_.retention - past),
                   [this, task] { leave(task, [] {}); });
}

// The task stays known, for an assignment that may still be under way.
void TaskRunner::free_all(Entry& entry) {
  actions_->remove_all(entry.facts, [this](const Result<void>& removed) {
    if (!removed.has_value() && !is_shut_down_) options_.on_error(removed.error());
  });
}

void TaskRunner::forget_stopped(const std::function<void()>& then) {
  std::vector<std::string> stopped;
  for (const auto& [task, entry] : entries_) {
    if (!entry->machine.is_over()) continue;
    entry->is_leaving = true;
    entry->timer->cancel();
    stopped.push_back(task);
  }
  if (stopped.empty()) return then();
  auto left = std::make_shared<size_t>(stopped.size());
  for (const std::string& task : stopped) {
    leave(task, [left, then] {
      if (--*left == 0) then();
    });
  }
}

void TaskRunner::leave(const std::string& task, const std::function<void()>& then) {
  Entry* entry = entry_of(task);
  if (entry == nullptr || is_shut_down_) return then();
  actions_->remove_all(entry->facts, [this, task, then](const Result<void>& removed) {
    Entry* it = entry_of(task);
    if (it == nullptr || is_shut_down_) return then();
    if (removed.has_value()) {
      files_->remove(task);
      entries_.erase(task);
      return then();
    }
    options_.on_error(removed.error());
    it->timer->set(kLeaveAgain, [this, task] { leave(task, [] {}); });
    then();
  });
}

void TaskRunner::shut_down() {
  is_shut_down_ = true;
  recover_timer_->cancel();
  for (auto& [id, entry] : entries_) entry->timer->cancel();
  actions_->shut_down();
}

}  // namespace ikada
