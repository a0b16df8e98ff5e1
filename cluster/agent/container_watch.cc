// TaskRunner: hearing of the end of containers and of their health checks.
#include <poll.h>

#include <utility>

#include "cluster/agent/task_runner.h"

namespace ikada {

// Begun on the pool, watched on the loop, reaped on the pool.
struct TaskRunner::Probe {
  Probe(boost::asio::io_context& loop, HealthProbe its)
      : process(std::move(its)), exit(loop), timer(loop) {}

  HealthProbe process;
  Descriptor exit;
  boost::asio::steady_timer timer;
  std::string task = {};
  std::string container = {};
  std::int32_t generation = 0;
  std::chrono::milliseconds timeout{0};
  bool is_late = false;
};

void TaskRunner::watch(const std::string& task,
                       const std::string& container,
                       std::int32_t generation,
                       const std::string& id) {
  boost::asio::post(pool_, [this, task, container, generation, id] {
    std::optional<UniqueFd> fd = actions_->watch(id);
    if (!fd.has_value()) return collect_end(task, container, generation, id);
    gate_->post([this, task, container, generation, id, owned = std::move(*fd)]() mutable {
      if (is_shut_down_) return;
      watch_descriptor(task, container, generation, id, owned.release());
    });
  });
}

namespace {

bool is_readable(int fd) {
  pollfd entry{.fd = fd, .events = POLLIN, .revents = 0};
  return ::poll(&entry, 1, 0) > 0;
}

}  // namespace

void TaskRunner::watch_descriptor(const std::string& task,
                                  const std::string& container,
                                  std::int32_t generation,
                                  const std::string& id,
                                  int fd) {
  auto descriptor = std::make_shared<Descriptor>(loop_, fd);
  Entry* entry = entry_of(task);
  if (entry == nullptr) return;
  entry->watches[container] = descriptor;
  await_end(task, container, generation, id, descriptor);
}

void TaskRunner::await_end(const std::string& task,
                           const std::string& container,
                           std::int32_t generation,
                           const std::string& id,
                           const std::shared_ptr<Descriptor>& descriptor) {
  descriptor->async_wait(
      Descriptor::wait_read,
      [this, task, container, generation, id, descriptor](const boost::system::error_code& error) {
        if (error || is_shut_down_) return;
        // An event of a descriptor that was closed in the same breath may have come here instead.
        if (!is_readable(descriptor->native_handle())) {
          return await_end(task, container, generation, id, descriptor);
        }
        boost::asio::post(pool_, [this, task, container, generation, id] {
          collect_end(task, container, generation, id);
        });
      });
}

// On the pool.
void TaskRunner::collect_end(const std::string& task,
                             const std::string& container,
                             std::int32_t generation,
                             const std::string& id) {
  const EndedContainer end = actions_->end_of(id);
  gate_->post([this, task, container, generation, end] {
    if (Entry* entry = entry_of(task)) entry->watches.erase(container);
    step(task, ContainerEnded{container, generation, end.exit_code, end.is_out_of_memory});
  });
}

void TaskRunner::check_health(const std::string& task, Entry& entry, const TaskCommand& command) {
  const HealthRule* rule = nullptr;
  std::string id;
  for (size_t i = 0; i < entry.machine.rules().size(); ++i) {
    const ContainerRules& rules = entry.machine.rules()[i];
    if (rules.name != command.container || !rules.health.has_value()) continue;
    rule = &*rules.health;
    id = entry.machine.task().containers[i].runtime_id.value_or("");
  }
  if (rule == nullptr) return;
  boost::asio::post(pool_, [this, task, command, id, health = *rule] {
    Result<HealthProbe> begun =
        HealthProbe::begin(actions_->layout(), actions_->runtime_program(), id, health.command);
    if (!begun.has_value()) {
      gate_->post([this, task, command] {
        step(task, HealthChecked{command.container, command.generation, false});
      });
      return;
    }
    auto probe = std::make_shared<Probe>(loop_, std::move(*begun));
    probe->task = task;
    probe->container = command.container;
    probe->generation = command.generation;
    probe->timeout = std::chrono::milliseconds(health.timeout_ms);
    gate_->post([this, probe] { watch_probe(probe); });
  });
}

void TaskRunner::watch_probe(const std::shared_ptr<Probe>& probe) {
  if (is_shut_down_) return;
  probe->exit.assign(probe->process.exit_fd());
  await_probe(probe);
  probe->timer.expires_after(probe->timeout);
  probe->timer.async_wait([this, probe](const boost::system::error_code& error) {
    if (error) return;
    probe->is_late = true;
    boost::asio::post(pool_, [probe] { probe->process.kill(); });
  });
  std::erase_if(probes_, [](const std::weak_ptr<Probe>& each) { return each.expired(); });
  probes_.push_back(probe);
}

void TaskRunner::await_probe(const std::shared_ptr<Probe>& probe) {
  probe->exit.async_wait(
      Descriptor::wait_read, [this, probe](const boost::system::error_code& error) {
        if (!error && !is_shut_down_ && !is_readable(probe->exit.native_handle())) {
          return await_probe(probe);
        }
        probe->timer.cancel();
        // Its owner closes it.
        if (probe->exit.is_open()) probe->exit.release();
        if (!error) end_probe(probe);
      });
}

void TaskRunner::end_probe(const std::shared_ptr<Probe>& probe) {
  boost::asio::post(pool_, [this, probe] {
    const bool passed = probe->process.passed();
    gate_->post([this, probe, passed] {
      step(probe->task,
           HealthChecked{probe->container, probe->generation, passed && !probe->is_late});
    });
  });
}

void TaskRunner::shut_down() {
  is_shut_down_ = true;
  recover_timer_.cancel();
  for (auto& [id, entry] : entries_) {
    entry->timer.cancel();
    for (auto& [container, descriptor] : entry->watches) descriptor->close();
    entry->watches.clear();
  }
  for (const std::weak_ptr<Probe>& each : probes_) {
    const std::shared_ptr<Probe> probe = each.lock();
    if (probe == nullptr) continue;
    probe->timer.cancel();
    if (probe->exit.is_open()) {
      probe->exit.cancel();
      probe->exit.release();
    }
  }
}

}  // namespace ikada
