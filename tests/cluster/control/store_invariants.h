// What must hold of the store's records after every change, whoever made it and whatever failed.
//
// It reads the store itself, in the order of its revisions, and remembers what was broken first.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "cluster/state/state.h"
#include "cluster/store/memory_store.h"

namespace ikada::control {

class StoreInvariants {
 public:
  explicit StoreInvariants(MemoryStore& store);

  // Looks at what is new.
  void look();
  // A transaction of that manager was made, or refused by its compares.
  void take_commit(const std::string& manager, const Transaction& transaction, const Commit& made);
  // An answer of RunTask or StartTask: those tasks were promised for the token, if there is one.
  void take_tasks(const std::string& token, size_t asked, const std::set<std::string>& tasks);

  void fail(const std::string& what);
  const std::string& broken() const { return broken_; }
  const State& state() const { return state_; }
  const std::set<std::string>& promised() const { return promised_; }

  // The task's record went to STOPPED by the report of its host.
  void set_on_stopped(std::function<void(const Task&)> on_stopped) {
    on_stopped_ = std::move(on_stopped);
  }
  // The host of a task that was a target is told to stop it.
  void set_on_told(std::function<void(const Task&)> on_told) { on_told_ = std::move(on_told); }
  void set_on_change(std::function<void(const std::string&)> on_change) {
    on_change_ = std::move(on_change);
  }

 private:
  void take(const KeyEvent& event);
  struct Before {  // Of a task.
    TaskStatus last_status;
    std::string desired_status;
    std::optional<std::string> instance;
    std::int64_t version;
    bool is_target;
    bool is_draining;
  };
  void check_task(const Task& task, const Before* before);
  void check_new_task(const Task& task);
  void check_service(const RecordKey& name);
  void check_instance(const std::string& cluster, const std::string& instance);

  std::unique_ptr<Watch> watch_;
  State state_;
  std::string leader_;     // Who has the key.
  std::int64_t term_ = 0;  // Its revision.
  std::string broken_;
  std::map<std::string, std::set<std::string>> by_token_;
  std::map<std::string, size_t> made_by_token_;
  std::map<std::string, size_t> asked_by_token_;
  std::set<std::string> promised_;
  std::set<std::string> moving_;  // Services whose tasks are being moved.
  std::function<void(const Task&)> on_stopped_;
  std::function<void(const Task&)> on_told_;
  std::function<void(const std::string&)> on_change_;
};

}  // namespace ikada::control
