#include "tests/cluster/control/virtual_engine.h"

#include <algorithm>
#include <utility>

#include "cluster/agent/task_error.h"

namespace ikada::control {
namespace {

constexpr std::int32_t kKilled = 137;
constexpr std::int32_t kTerminated = 143;
constexpr milliseconds kLookAgain{20};

std::string name_of(const TaskFacts& facts, const std::string& container) {
  return task_container_name(facts.task, container);
}

StartedContainer describe(const VirtualEngine::Container& it, const std::string& container) {
  StartedContainer started{.id = it.id};
  if (container == kNetworkHolder) started.address = {.ipv4 = "10.88.0.5", .mac = ""};
  return started;
}

Error named_error(const char* code, const char* what) {
  Error error = make_error(ErrorKind::kUnavailable, "{}: {}", code, what);
  error.code = code;
  return error;
}

}  // namespace

bool VirtualEngine::runs(const std::string& task) const {
  for (const auto& [name, each] : containers_) {
    if (each.task == task && each.is_running) return true;
  }
  return false;
}

std::set<std::string> VirtualEngine::running_tasks() const {
  std::set<std::string> tasks;
  for (const auto& [name, each] : containers_) {
    if (each.is_running) tasks.insert(each.task);
  }
  return tasks;
}

void VirtualEngine::crash_one() {
  std::vector<Container*> running;
  for (auto& [name, each] : containers_) {
    if (each.is_running) running.push_back(&each);
  }
  if (!running.empty()) end(*running[time_.below(running.size())], 1);
}

void VirtualEngine::lose_power() {
  ++power_ups_;
  starting_.clear();
  for (auto& [name, each] : containers_) {
    each.on_end.clear();
    if (each.is_running) end(each, kKilled);
  }
}

void VirtualEngine::end(Container& container, std::int32_t exit_code) {
  container.is_running = false;
  container.exit_code = exit_code;
  for (const auto& each : std::exchange(container.on_end, {})) each();
}

void VirtualEngine::end_later(const std::string& name, Duration delay, std::int32_t exit_code) {
  time_.after(delay, [this, name, exit_code, run = containers_[name].run] {
    const auto found = containers_.find(name);
    if (found == containers_.end() || !found->second.is_running || found->second.run != run) return;
    end(found->second, exit_code);
  });
}

// What the image's name says.
void VirtualEngine::run_program(Container& container) {
  const auto name = std::find_if(containers_.begin(), containers_.end(), [&](const auto& each) {
                      return &each.second == &container;
                    })->first;
  if (container.image == "job") end_later(name, time_.between(milliseconds(50), seconds(8)), 0);
  if (container.image == "fails") end_later(name, time_.between(milliseconds(1), seconds(2)), 3);
}

// As ContainerActions::start: one that runs or has run already is as good.
Result<VirtualEngine::Container*> VirtualEngine::start(const TaskFacts& facts,
                                                       const std::string& container,
                                                       bool is_restart) {
  const auto found = containers_.find(name_of(facts, container));
  if (found == containers_.end() && time_.chance(health_.failed_actions)) {
    return named_error("CannotStartContainerError", "told to fail");
  }
  if (found != containers_.end() && (found->second.is_running || !is_restart)) {
    return &found->second;
  }
  const ContainerDefinition* definition = find_container(facts.definition, container);
  Container& it = containers_[name_of(facts, container)];
  if (it.id.empty()) {
    it.id = time_.random_hex(32);
    it.task = facts.task.id;
    it.image = definition == nullptr ? "" : definition->image;
  }
  it.is_running = true;
  ++it.run;
  if (on_start_) on_start_(it);
  run_program(it);
  return &it;
}

void VirtualEngine::signal(const std::string& name, bool is_kill) {
  const auto found = containers_.find(name);
  if (found == containers_.end() || !found->second.is_running) return;
  if (on_signal_) on_signal_(found->second);
  if (is_kill) return end_later(name, time_.between(milliseconds(1), milliseconds(50)), kKilled);
  if (found->second.image == "stubborn") return;
  end_later(name, time_.between(milliseconds(1), milliseconds(1500)), kTerminated);
}

Duration EngineView::some_time() {
  if (time_.chance(engine_.health().slow_engine)) return time_.between(seconds(1), seconds(6));
  return time_.between(milliseconds(1), milliseconds(150));
}

template <typename Work, typename Then>
void EngineView::act(Work work, Then then) {
  time_.after(some_time(),
              [this_time = &time_,
               engine = &engine_,
               power_ups = engine_.power_ups_,
               loop = loop_,
               work,
               then] {
                if (engine->power_ups_ != power_ups) return;
                auto result = work();
                const Duration back = this_time->between(milliseconds(1), milliseconds(20));
                loop->later(back, [then, result = std::move(result)] { then(result); });
              });
}

void EngineView::pull(const Facts&,
                      const std::string&,
                      std::function<void(const Result<std::string>&)> then) {
  act(
      [this_time = &time_, engine = &engine_]() -> Result<std::string> {
        if (this_time->chance(engine->health().failed_actions)) {
          return named_error("CannotPullContainerError", "told to fail");
        }
        return std::string("sha256:1");
      },
      std::move(then));
}

void EngineView::start(const Facts& facts,
                       const std::string& container,
                       bool is_restart,
                       std::function<void(const Result<StartedContainer>&)> then) {
  const std::string name = name_of(*facts, container);
  engine_.starting_.insert(name);
  act(
      [engine = &engine_, facts, container, is_restart, name]() -> Result<StartedContainer> {
        const auto still = engine->starting_.find(name);
        if (still == engine->starting_.end()) {
          return named_error("CannotStartContainerError", "somebody removed it");
        }
        engine->starting_.erase(still);
        IK_LET(started, engine->start(*facts, container, is_restart));
        return describe(*started, container);
      },
      std::move(then));
}

struct EngineView::Search {
  VirtualTime& time;
  VirtualEngine& engine;
  std::shared_ptr<VirtualLoop> loop;
  std::uint64_t power_ups;
  std::string name;
  std::string container;
  std::function<void(const std::optional<StartedContainer>&)> then;
};

void EngineView::look(const std::shared_ptr<Search>& search, Duration delay) {
  search->time.after(delay, [search] {
    const VirtualEngine& engine = search->engine;
    if (engine.power_ups_ != search->power_ups) return;
    if (engine.starting_.contains(search->name)) return look(search, kLookAgain);
    const auto found = engine.containers_.find(search->name);
    std::optional<StartedContainer> started;
    if (found != engine.containers_.end()) started = describe(found->second, search->container);
    const Duration back = search->time.between(milliseconds(1), milliseconds(20));
    search->loop->later(back, [search, started] { search->then(started); });
  });
}

void EngineView::find(const Facts& facts,
                      const std::string& container,
                      std::function<void(const std::optional<StartedContainer>&)> then) {
  look(std::make_shared<Search>(Search{.time = time_,
                                       .engine = engine_,
                                       .loop = loop_,
                                       .power_ups = engine_.power_ups_,
                                       .name = name_of(*facts, container),
                                       .container = container,
                                       .then = std::move(then)}),
       some_time());
}

void EngineView::signal(const Facts& facts,
                        const std::string& container,
                        bool is_kill,
                        std::function<void(const Result<void>&)> then) {
  act(
      [engine = &engine_, name = name_of(*facts, container), is_kill]() -> Result<void> {
        engine->signal(name, is_kill);
        return {};
      },
      std::move(then));
}

void EngineView::await_end(const std::string& id, std::function<void(const EndedContainer&)> then) {
  const auto tell = [this_time = &time_, loop = loop_, engine = &engine_, id, then] {
    EndedContainer end{.exit_code = kKilled};
    for (const auto& [name, each] : engine->containers_) {
      if (each.id == id) end.exit_code = each.exit_code;
    }
    loop->later(this_time->between(milliseconds(1), milliseconds(30)), [then, end] { then(end); });
  };
  time_.after(milliseconds(1), [engine = &engine_, id, tell, loop = loop_] {
    if (loop->has_ended()) return;
    for (auto& [name, each] : engine->containers_) {
      if (each.id == id && each.is_running) return each.on_end.push_back(tell);
    }
    tell();
  });
}

void EngineView::check_health(const HealthRun&, std::function<void(bool)> then) {
  act([this_time = &time_] { return !this_time->chance(0.05); }, std::move(then));
}

void EngineView::remove_all(const Facts& facts, std::function<void(const Result<void>&)> then) {
  act(
      [engine = &engine_, facts, task = facts->task.id]() -> Result<void> {
        for (const ContainerDefinition& each : facts->definition.container_definitions) {
          engine->starting_.erase(name_of(*facts, each.name));
        }
        engine->starting_.erase(name_of(*facts, kNetworkHolder));
        std::erase_if(engine->containers_,
                      [&](const auto& each) { return each.second.task == task; });
        return {};
      },
      std::move(then));
}

void EngineView::recover(std::function<void()> then) {
  loop_->later(milliseconds(5), std::move(then));
}

std::map<std::string, std::string> DiskView::load(
    const std::function<void(const Error&)>& /*on_error*/) const {
  return work_->disk.files;
}

void DiskView::write(const std::string& task, std::string content, OnWritten then) {
  Job& job = work_->jobs[task];
  job.content = std::move(content);
  if (then && is_hasty_) work_->loop->post([then = std::exchange(then, nullptr)] { then({}); });
  if (then) job.waiting.push_back(std::move(then));
  work_->begin();
}

void DiskView::remove(const std::string& task) {
  work_->jobs[task].content.reset();
  work_->begin();
}

void DiskView::Work::begin() {
  if (is_busy || jobs.empty()) return;
  is_busy = true;
  const Duration takes = time.chance(health.slow_disk)
                             ? time.between(milliseconds(200), seconds(4))
                             : time.between(std::chrono::microseconds(100), milliseconds(8));
  auto job = std::make_shared<std::map<std::string, Job>::node_type>(jobs.extract(jobs.begin()));
  time.after(takes, [self = shared_from_this(), job] {
    // The process ended in the middle of it: perhaps the file is there.
    if (self->loop->has_ended() && self->time.chance(0.5)) return;
    const Result<void> done = self->carry_out(job->key(), job->mapped());
    for (const OnWritten& each : job->mapped().waiting) {
      self->loop->deliver([each, done] { each(done); });
    }
    if (self->loop->has_ended()) return;
    self->is_busy = false;
    self->begin();
  });
}

Result<void> DiskView::Work::carry_out(const std::string& task, const Job& job) {
  if (!job.content.has_value()) {
    disk.files.erase(task);
    return {};
  }
  if (health.is_disk_full) return make_error(ErrorKind::kSystem, "write: No space left on device");
  disk.files[task] = *job.content;
  return {};
}

}  // namespace ikada::control
