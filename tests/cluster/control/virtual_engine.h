// A host's containers and disk, which outlive the agent's process: what ContainerActions and
// TaskFiles do, without a kernel. Containers end with the host's power, the disk's contents do not.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "cluster/agent/task_actions.h"
#include "cluster/agent/task_memory.h"
#include "tests/cluster/control/virtual_time.h"

namespace ikada::control {

// How a host is doing.
struct HostHealth {
  double slow_engine = 0;     // How many actions take seconds.
  double failed_actions = 0;  // How many pulls and starts fail.
  double slow_disk = 0;
  bool is_disk_full = false;
};

class VirtualEngine {
 public:
  struct Container {
    std::string id;
    std::string task;
    std::string image;
    bool is_running = false;
    std::int32_t exit_code = 0;
    std::uint64_t run = 0;  // Counts its starts.
    std::vector<std::function<void()>> on_end = {};
  };
  using OnStart = std::function<void(const Container&)>;

  explicit VirtualEngine(VirtualTime& time) : time_(time) {}

  const std::map<std::string, Container>& containers() const { return containers_; }
  HostHealth& health() { return health_; }
  void set_on_start(OnStart on_start) { on_start_ = std::move(on_start); }
  // One that runs gets a signal.
  void set_on_signal(OnStart on_signal) { on_signal_ = std::move(on_signal); }

  bool runs(const std::string& task) const;
  std::set<std::string> running_tasks() const;
  // Something that nobody has asked for.
  void crash_one();
  void lose_power();

 private:
  friend class EngineView;

  Result<Container*> start(const TaskFacts& facts, const std::string& container, bool is_restart);
  void run_program(Container& container);
  void end(Container& container, std::int32_t exit_code);
  void end_later(const std::string& name, Duration delay, std::int32_t exit_code);
  void signal(const std::string& name, bool is_kill);

  VirtualTime& time_;
  HostHealth health_;
  std::uint64_t power_ups_ = 0;  // What was under way before is not done after.
  OnStart on_start_;
  OnStart on_signal_;
  std::map<std::string, Container> containers_;  // By their names.
  // Names of those that are about to run, as often as somebody starts them. Whoever looks for such
  // a one waits, as for the mark that a container's monitor holds.
  std::multiset<std::string> starting_;
};

// What one process of the agent has of it.
class EngineView final : public TaskActions {
 public:
  EngineView(VirtualTime& time, VirtualEngine& engine, std::shared_ptr<VirtualLoop> loop)
      : time_(time), engine_(engine), loop_(std::move(loop)) {}

  void pull(const Facts& facts,
            const std::string& container,
            std::function<void(const Result<std::string>&)> then) override;
  void start(const Facts& facts,
             const std::string& container,
             bool is_restart,
             std::function<void(const Result<StartedContainer>&)> then) override;
  void find(const Facts& facts,
            const std::string& container,
            std::function<void(const std::optional<StartedContainer>&)> then) override;
  void signal(const Facts& facts,
              const std::string& container,
              bool is_kill,
              std::function<void(const Result<void>&)> then) override;
  void await_end(const std::string& id, std::function<void(const EndedContainer&)> then) override;
  void check_health(const HealthRun& run, std::function<void(bool passed)> then) override;
  void remove_all(const Facts& facts, std::function<void(const Result<void>&)> then) override;
  void recover(std::function<void()> then) override;
  void shut_down() override {}

 private:
  // `work` at some time, in a thread of its own; what it returns comes back to the process. A
  // process that ends does not take back what its threads have begun.
  template <typename Work, typename Then>
  void act(Work work, Then then);
  struct Search;
  static void look(const std::shared_ptr<Search>& search, Duration delay);
  Duration some_time();

  VirtualTime& time_;
  VirtualEngine& engine_;
  std::shared_ptr<VirtualLoop> loop_;
};

struct VirtualDisk {
  std::map<std::string, std::string> files;  // Of tasks.
  std::string instance;
};

// What one process has of the disk: as TaskFiles, one write at a time.
class DiskView final : public TaskMemory {
 public:
  DiskView(VirtualTime& time,
           VirtualDisk& disk,
           const HostHealth& health,
           std::shared_ptr<VirtualLoop> loop,
           bool is_hasty = false)
      : work_(std::make_shared<Work>(time, disk, health, std::move(loop))), is_hasty_(is_hasty) {}

  std::map<std::string, std::string> load(
      const std::function<void(const Error&)>& on_error) const override;
  void write(const std::string& task, std::string content, OnWritten then) override;
  void remove(const std::string& task) override;

 private:
  struct Job {
    std::optional<std::string> content = {};
    std::vector<OnWritten> waiting = {};
  };
  struct Work : std::enable_shared_from_this<Work> {
    Work(VirtualTime& its_time,
         VirtualDisk& its_disk,
         const HostHealth& its_health,
         std::shared_ptr<VirtualLoop> its_loop)
        : time(its_time), disk(its_disk), health(its_health), loop(std::move(its_loop)) {}
    void begin();
    Result<void> carry_out(const std::string& task, const Job& job);

    VirtualTime& time;
    VirtualDisk& disk;
    const HostHealth& health;
    std::shared_ptr<VirtualLoop> loop;
    std::map<std::string, Job> jobs;
    bool is_busy = false;
  };

  std::shared_ptr<Work> work_;
  bool is_hasty_;  // Says that it has written before it has.
};

}  // namespace ikada::control
