// A service and its tasks in a world where time passes as the test says and everything that is
// decided happens.
#pragma once

#include <deque>
#include <map>
#include <set>
#include <string>

#include "cluster/model/service_history.h"
#include "cluster/service/reconcile.h"

namespace ikada::service {

struct ServiceWorld {
  explicit ServiceWorld(std::int32_t desired_count);

  // One step: the record is changed, tasks are made PENDING, stops are asked for.
  Decision step();
  // Tasks that are to run are RUNNING, tasks that are to stop are STOPPED.
  void obey();
  // step() and obey(), advancing the clock by a second each time, until nothing changes for a
  // minute, at most `limit` times. Checks the bounds after each.
  void settle(int limit = 1000);

  void pass(std::chrono::milliseconds time) { now = now + time; }
  void deploy();  // A new PRIMARY deployment of the next revision.
  void scale(std::int32_t desired_count);

  Task& add(const Deployment& deployment, TaskStatus status);
  void fail(Task& task, const char* code);  // It stops by itself.

  int live(const std::string& deployment) const;
  const Deployment& primary() const { return *primary_of(service); }

  Service service = {};
  ServiceHistory history = {};
  std::deque<Task> tasks = {};
  std::set<std::string> draining = {};  // Instances.
  std::set<std::string> emptied = {};   // Of these: where nothing but daemons is left.
  std::set<std::string> hosts = {};     // For a daemon service.
  std::map<std::string, std::string> tagged = {};
  std::map<std::string, BalanceHost> balance = {};
  bool has_health_check = false;
  bool can_start = true;  // If not, a task that is to run fails to.
  // With target groups: what is seen of a task's target by its id, and of those without an entry.
  bool has_targets = false;
  std::map<std::string, TargetsView::State> seen = {};
  TargetsView::State seen_of_others = TargetsView::State::kHealthy;
  std::chrono::milliseconds drain_time = std::chrono::seconds(5);
  Timestamp now{1'000'000'000};
  int next = 0;
  int fewest_healthy = 1 << 20;  // Since it was reset.
  int most_live = 0;

 private:
  ServiceView view() const;
  TargetsView targets_of(const Task& task) const;
};

}  // namespace ikada::service
