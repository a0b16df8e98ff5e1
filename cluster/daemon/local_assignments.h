// Assignments of an agent whose manager is in the same process: the state as the manager sees it,
// and changes proposed to its store.
//
// The host is a container instance of one scope, that of the manager's home region. A cluster that
// is not there yet is made with the first host.
#pragma once

#include <string>
#include <string_view>

#include "cluster/agent/assignments.h"
#include "cluster/api/api_server.h"

namespace ikada {

class LocalAssignments : public Assignments {
 public:
  // Of the manager's own agent, or of one on another host, for which only who leads may write.
  enum class For { kOwnHost, kOtherHost };

  // Both outlive it. `id`: of the instance that enlist() makes, empty for a random one; always the
  // same, so that an answer that was lost leaves no second instance behind.
  LocalAssignments(ApiServer& api, StateFeed& feed, For whom, std::string id);

  void enlist(const ContainerInstance& host, Enlisted then) override;
  void follow(const std::string& instance, Listener listener) override;
  void report(const TaskReport& report, Taken then) override;
  void ask(const std::string& what, const std::string& task, Told then) override;
  void protect(const std::string& task, const Json& request, Told then) override;

  // In place of the constructor's.
  void set_id(std::string id) { id_ = std::move(id); }

  // For a host that enlisted over an earlier connection: as after enlist().
  void resume(const std::string& cluster, const std::string& instance);

  // The host has another connection now, or none: a report that is not stored yet may be an old
  // story by the time it would be tried again.
  void end() { is_over_ = true; }
  bool is_over() const { return is_over_; }

  // The instance's cluster and id; empty until it has enlisted.
  const std::string& cluster() const { return cluster_; }
  const std::string& instance() const { return instance_; }

  // What the feed says has changed in the state; empty: perhaps everything.
  void note_change(std::string_view key);

 private:
  // Null if it is not this instance's, or lives no more.
  const Kept<Task>* find_own(const std::string& task) const;
  void tell_all();
  void propose(const Proposal& proposal, std::function<void(bool)> done);
  void propose_report(const TaskReport& report, Taken then, int attempts);

  ApiServer& api_;
  StateFeed& feed_;
  const For whom_;
  Scope scope_;
  std::string cluster_;
  std::string instance_;
  std::string id_;
  bool is_over_ = false;
  Listener listener_;
};

// The record that a host has in its cluster: that of the id it kept from an earlier enlisting, or
// that of the one it would make, `id`. Null if there is none. Pure.
const Kept<ContainerInstance>* find_enlisted(const ScopeState& scope,
                                             const ContainerInstance& host,
                                             const std::string& id);

// The record of a host that enlists: `known` is the one it had, null if it has none. What was set
// through the API stays. Pure.
ContainerInstance plan_enlisted(const ContainerInstance& host,
                                const ContainerInstance* known,
                                Timestamp now);

}  // namespace ikada
