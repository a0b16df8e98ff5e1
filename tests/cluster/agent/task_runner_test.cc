#include "cluster/agent/task_runner.h"

#include <algorithm>
#include <deque>
#include <utility>

#include <doctest/doctest.h>

namespace ikada {
namespace {

using std::chrono::milliseconds;

class IdleTimer final : public Loop::Timer {
 public:
  void set(milliseconds, std::function<void()>) override {}
  void cancel() override {}
};

// Runs what was posted when it is told to; nothing comes by time.
class HandLoop final : public Loop {
 public:
  std::chrono::steady_clock::time_point now() const override { return {}; }
  std::int64_t boot_ms() const override { return 0; }
  UnixNanos wall_now() const override { return 0; }
  std::unique_ptr<Timer> make_timer() override { return std::make_unique<IdleTimer>(); }
  void post(std::function<void()> work) override { posted_.push_back(std::move(work)); }

  void run() {
    while (!posted_.empty()) {
      const std::function<void()> work = std::move(posted_.front());
      posted_.pop_front();
      work();
    }
  }

 private:
  std::deque<std::function<void()>> posted_;
};

// What waits for its answer, the last of each.
struct Waiting {
  std::function<void(const Result<std::string>&)> pull = {};
  std::function<void(const Result<StartedContainer>&)> start = {};
  std::function<void(const EndedContainer&)> end = {};
};

// Notes what is asked for and answers nothing itself.
class NotedActions final : public TaskActions {
 public:
  NotedActions(std::vector<std::string>& asked, Waiting& waiting)
      : asked_(asked), waiting_(waiting) {}

  void pull(const Facts&,
            const std::string& container,
            std::function<void(const Result<std::string>&)> then) override {
    asked_.push_back("pull " + container);
    waiting_.pull = std::move(then);
  }
  void start(const Facts&,
             const std::string& container,
             bool,
             std::function<void(const Result<StartedContainer>&)> then) override {
    asked_.push_back("start " + container);
    waiting_.start = std::move(then);
  }
  void find(const Facts&,
            const std::string& container,
            std::function<void(const std::optional<StartedContainer>&)>) override {
    asked_.push_back("find " + container);
  }
  void signal(const Facts&,
              const std::string& container,
              bool,
              std::function<void(const Result<void>&)>) override {
    asked_.push_back("signal " + container);
  }
  void await_end(const std::string&, std::function<void(const EndedContainer&)> then) override {
    waiting_.end = std::move(then);
  }
  void check_health(const HealthRun&, std::function<void(bool)>) override {}
  void remove_all(const Facts& facts, std::function<void(const Result<void>&)> then) override {
    asked_.push_back("remove " + facts->task.id);
    then({});
  }
  void recover(std::function<void()>) override {}
  void shut_down() override {}

 private:
  std::vector<std::string>& asked_;
  Waiting& waiting_;
};

// A disk that is as slow as the test wants.
class SlowMemory final : public TaskMemory {
 public:
  explicit SlowMemory(std::vector<OnWritten>& writes) : writes_(writes) {}

  std::map<std::string, std::string> load(const std::function<void(const Error&)>&) const override {
    return {};
  }
  void write(const std::string&, std::string, OnWritten then) override {
    writes_.push_back(std::move(then));
  }
  void remove(const std::string&) override {}

 private:
  std::vector<OnWritten>& writes_;
};

struct Host {
  std::shared_ptr<HandLoop> loop = std::make_shared<HandLoop>();
  std::vector<std::string> asked = {};
  std::vector<TaskMemory::OnWritten> writes = {};
  std::vector<std::string> errors = {};
  std::vector<Task> reports = {};
  std::int64_t sequence = 0;  // Of the last report.
  Waiting waiting = {};
  std::unique_ptr<TaskRunner> runner;

  Host() {
    TaskRunnerOptions options;
    options.on_error = [this](const Error& error) { errors.push_back(error.message); };
    runner = std::make_unique<TaskRunner>(loop,
                                          std::move(options),
                                          std::make_unique<NotedActions>(asked, waiting),
                                          std::make_unique<SlowMemory>(writes));
    runner->start([this](const TaskReport& report) {
      reports.push_back(report.task);
      sequence = report.sequence;
    });
    loop->run();
  }

  void run_task() {
    const auto json =
        parse_json(R"({"containerDefinitions": [{"name": "a", "image": "i", "memory": 64}]})");
    const auto definition = from_json<TaskDefinition>(*json, "definition");
    REQUIRE(definition.has_value());
    runner->run(Scope{.account = "1", .region = "r"}, Task{.id = "t"}, *definition);
    loop->run();
  }
  // All that waits is written, or cannot be.
  void write(const Result<void>& outcome) {
    for (const TaskMemory::OnWritten& each : std::exchange(writes, {})) {
      if (each) each(outcome);
    }
    loop->run();
  }
};

}  // namespace

TEST_CASE("nothing of a task is done before the task is on the disk") {
  Host host;

  host.run_task();

  CHECK(host.asked.empty());
  CHECK(host.writes.size() == 1);

  host.write({});

  CHECK(host.asked == std::vector<std::string>{"pull a"});
}

TEST_CASE("a task that cannot be kept fails to start") {
  Host host;
  host.run_task();

  host.write(make_error(ErrorKind::kUnavailable, "the disk is full"));

  CHECK(host.asked.empty());
  CHECK(host.errors == std::vector<std::string>{"the disk is full"});
  REQUIRE(host.runner->find("t") != nullptr);
  CHECK(host.runner->find("t")->last_status == TaskStatus::kStopped);
  CHECK(host.runner->find("t")->stop_code == "TaskFailedToStart");

  host.write({});

  CHECK(host.reports.size() == 1);
}

TEST_CASE("a task none of whose containers ran leaves nothing when its end is known") {
  Host host;
  host.run_task();
  host.write({});
  host.waiting.pull("sha256:1");
  REQUIRE(host.asked.back() == "start a");

  host.waiting.start(make_error(ErrorKind::kSystem, "mount v at /etc/passwd/x"));
  host.write({});
  REQUIRE(host.reports.back().last_status == TaskStatus::kStopped);
  CHECK(host.asked.back() == "start a");
  host.runner->acknowledge("t", host.sequence);

  CHECK(host.asked.back() == "remove t");
  CHECK(host.runner->find("t") != nullptr);
}

TEST_CASE("what a container that ran has logged stays") {
  Host host;
  host.run_task();
  host.write({});
  host.waiting.pull("sha256:1");
  host.waiting.start(StartedContainer{.id = "c"});
  host.write({});

  host.waiting.end({.exit_code = 1});
  host.write({});
  REQUIRE(host.reports.back().last_status == TaskStatus::kStopped);
  host.runner->acknowledge("t", host.sequence);

  CHECK(std::find(host.asked.begin(), host.asked.end(), "remove t") == host.asked.end());
}

TEST_CASE("a task that is stopped before it is on the disk never begins") {
  Host host;
  host.run_task();

  host.runner->stop("t", std::nullopt, std::nullopt);
  host.write({});

  CHECK(host.asked.empty());
  REQUIRE(host.reports.size() == 1);
  CHECK(host.reports[0].last_status == TaskStatus::kStopped);
}

TEST_CASE("a stopped task is forgotten at once when that is wanted, one that runs is not") {
  Host host;
  host.run_task();
  int forgotten = 0;

  host.runner->forget_stopped([&] { ++forgotten; });

  CHECK(forgotten == 1);
  CHECK(host.asked.empty());
  CHECK(host.runner->find("t") != nullptr);

  host.runner->stop("t", std::nullopt, std::nullopt);
  host.write({});
  host.runner->forget_stopped([&] { ++forgotten; });

  CHECK(forgotten == 2);
  CHECK(host.asked == std::vector<std::string>{"remove t"});
  CHECK(host.runner->find("t") == nullptr);
}

}  // namespace ikada
