#include "cluster/agent/agent.h"

#include <algorithm>
#include <utility>

#include "cluster/agent/asio_loop.h"
#include "runtime/base/atomic_file.h"
#include "runtime/base/printable.h"
#include "runtime/base/text.h"
#include "runtime/sys/file.h"

namespace ikada {
namespace {

constexpr std::chrono::milliseconds kFirstPause{500};
constexpr std::chrono::milliseconds kLongestPause{15'000};

std::string identity_path(const AgentOptions& options) {
  return options.runner.state_directory + "/instance.json";
}

// Empty if the host has never been in that cluster.
Result<std::string> load_id(const AgentOptions& options) {
  const Result<std::string> text = read_file(identity_path(options), 4096);
  if (!text.has_value() && text.error().kind == ErrorKind::kNotFound) return std::string();
  if (!text.has_value()) return text.error();
  IK_LET(json, parse_json(*text).context("{}", identity_path(options)));
  std::string cluster;
  std::string id;
  JsonReader reader(json, identity_path(options));
  reader.require("cluster", cluster);
  reader.require("id", id);
  IK_TRY(reader.done());
  return cluster == options.instance.cluster ? id : std::string();
}

std::string describe_report(const Task& task) {
  std::string line = fmt::format("task {} task={}", lower_case(to_text(task.last_status)), task.id);
  if (task.stopped_reason.has_value()) line += " reason=" + in_quotes(*task.stopped_reason);
  return line;
}

}  // namespace

Result<std::unique_ptr<Agent>> Agent::create(boost::asio::io_context& loop,
                                             AgentOptions options,
                                             Assignments& assignments) {
  IK_TRY(make_directories(options.runner.state_directory, 0700));
  IK_LET(facts, read_host_facts());
  options.runner.actions.host = {.cpu_limits = facts.has_cpu_controller,
                                 .memory_limits = facts.has_memory_controller,
                                 .must_limit = options.must_limit};
  if (options.must_limit && !(facts.has_cpu_controller && facts.has_memory_controller)) {
    options.runner.on_error(
        make_error(ErrorKind::kUnavailable,
                   "agent: this host lacks cgroup v2 controllers: tasks with limits are refused"));
  }
  IK_LET(id, load_id(options));
  options.instance.id = std::move(id);
  IK_LET(runner, TaskRunner::open(loop, options.runner));
  const auto keep_id = [path = identity_path(options),
                        cluster = options.instance.cluster,
                        kept = options.instance.id](const std::string& id_to_keep) mutable {
    if (id_to_keep == kept) return Result<void>();
    const Json json = {{"cluster", cluster}, {"id", id_to_keep}};
    Result<void> written = write_file_atomically(path, json.dump(), 0600);
    if (written.has_value()) kept = id_to_keep;
    return written;
  };
  return std::make_unique<Agent>(Ground{.loop = std::make_shared<AsioLoop>(loop),
                                        .runner = std::move(runner),
                                        .facts = facts,
                                        .keep_id = keep_id},
                                 std::move(options),
                                 assignments);
}

Agent::Agent(Ground ground, AgentOptions options, Assignments& assignments)
    : ground_(std::move(ground)),
      options_(std::move(options)),
      assignments_(assignments),
      pause_(kFirstPause),
      timer_(ground_.loop->make_timer()) {}

void Agent::start() {
  ground_.runner->start([this](const TaskReport& report) { take(report); });
  enlist();
}

void Agent::shut_down() {
  is_shut_down_ = true;
  timer_->cancel();
  ground_.runner->shut_down();
}

bool Agent::has_running_tasks() const {
  for (const std::string& id : ground_.runner->tasks()) {
    const Task* task = ground_.runner->find(id);
    if (task != nullptr && task->last_status != TaskStatus::kStopped) return true;
  }
  return false;
}

void Agent::stop_tasks(const std::string& reason) {
  for (const std::string& id : ground_.runner->tasks())
    ground_.runner->stop(id, "TerminationNotice", reason);
}

void Agent::enlist() {
  assignments_.enlist(plan_instance(ground_.facts, options_.instance),
                      [this](const Result<std::string>& id) { enlisted(id); });
}

void Agent::enlisted(const Result<std::string>& id) {
  if (is_shut_down_) return;
  if (!id.has_value()) {
    options_.runner.on_error(id.error());
    return try_again();
  }
  const Result<void> kept = ground_.keep_id(*id);
  if (!kept.has_value()) options_.runner.on_error(kept.error());
  options_.instance.id = *id;
  options_.on_event(
      fmt::format("agent enlisted instance={} cluster={}", *id, options_.instance.cluster));
  is_enlisted_ = true;
  pause_ = kFirstPause;
  assignments_.follow(*id,
                      {.on_all = [this](const std::vector<Assignment>& all) { assign_all(all); },
                       .on_one = [this](const Assignment& one) { assign(one); }});
  for (const auto& [task, outgoing] : std::map<std::string, Outgoing>(outbox_)) send(task);
}

// A task that the cluster does not know any more was given up, and perhaps replaced, meanwhile.
void Agent::assign_all(const std::vector<Assignment>& all) {
  std::set<std::string> wanted;
  for (const Assignment& each : all) {
    wanted.insert(each.task.id);
    assign(each);
  }
  for (const std::string& task : ground_.runner->tasks()) {
    if (wanted.count(task) == 0)
      ground_.runner->stop(task, {}, "The cluster does not know the task.");
  }
}

void Agent::assign(const Assignment& assignment) {
  if (is_shut_down_) return;
  const Task& task = assignment.task;
  if (ground_.runner->find(task.id) == nullptr) {
    if (task.last_status == TaskStatus::kStopped) return;
    options_.on_event(fmt::format("task assigned task={} family={}:{} desired={}",
                                  task.id,
                                  task.family,
                                  task.revision,
                                  task.desired_status));
    ground_.runner->run(assignment.scope, task, assignment.definition);
  } else if (task.desired_status == "STOPPED") {
    ground_.runner->stop(task.id, task.stop_code, task.stopped_reason);
  }
}

void Agent::take(const TaskReport& report) {
  const Task& task = report.task;
  options_.on_event(describe_report(task));
  outbox_[task.id].report = report;
  send(task.id);
}

void Agent::send(const std::string& task) {
  const auto found = outbox_.find(task);
  if (found == outbox_.end() || !is_enlisted_ || is_shut_down_ || found->second.is_under_way)
    return;
  found->second.is_under_way = true;
  assignments_.report(found->second.report,
                      [this, task, sequence = found->second.report.sequence](
                          const Result<void>& taken) { sent(task, sequence, taken); });
}

void Agent::sent(const std::string& task, std::int64_t sequence, const Result<void>& taken) {
  const auto found = outbox_.find(task);
  if (found == outbox_.end() || is_shut_down_) return;
  found->second.is_under_way = false;
  const bool is_gone = !taken.has_value() && taken.error().kind == ErrorKind::kNotFound;
  if (!taken.has_value() && !is_gone) {
    options_.runner.on_error(taken.error());
    return try_again();
  }
  pause_ = kFirstPause;
  const bool is_newest = found->second.report.sequence == sequence;
  if (is_newest) outbox_.erase(found);
  ground_.runner->acknowledge(task, sequence);
  if (!is_newest) send(task);
}

// Everything that waits is tried anew together, after pauses that become longer.
void Agent::try_again() {
  if (is_waiting_) return;
  is_waiting_ = true;
  timer_->set(pause_, [this] {
    is_waiting_ = false;
    if (is_shut_down_) return;
    if (!is_enlisted_) return enlist();
    for (const auto& [task, outgoing] : std::map<std::string, Outgoing>(outbox_)) send(task);
  });
  pause_ = std::min(pause_ * 2, kLongestPause);
}

}  // namespace ikada
