// One node's connection to this manager (node_server.h): what it may ask, and what it is told.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "cluster/daemon/local_assignments.h"
#include "cluster/daemon/node_plans.h"
#include "cluster/node/frame_link.h"
#include "cluster/node/frames.h"
#include "cluster/node/membership.h"

namespace ikada {

// The reports of one node over earlier connections that are still on their way to the store.
struct OldReports {
  int count = 0;
  std::function<void()> on_none = {};
};

class NodeSession : public std::enable_shared_from_this<NodeSession> {
 public:
  // Everything outlives it; `keys` are the cluster's.
  NodeSession(std::shared_ptr<FrameLink> link,
              std::string node,
              const ClusterKeys& keys,
              ApiServer& api,
              StateFeed& feed,
              std::int64_t certificate_lifetime_s,
              std::shared_ptr<OldReports> old_reports);

  const std::string& node() const { return node_; }
  FrameLink& link() { return *link_; }

  void take(const Question& question);
  void note_change(std::string_view key);
  // The node's connection is over: what it reported is old from now on. Once or more.
  void end();

 private:
  using Body = Result<Json>;

  void reply(std::int64_t id, Body body);
  void enlist(std::int64_t id, const Json& body);
  void enlist_instance(std::int64_t id, const ContainerInstance& host);
  void follow(std::int64_t id);
  void follow_instance(std::int64_t id);
  void report(std::int64_t id, const Json& body);
  void note_reported();
  void grant(const Question& question);
  void protect(const Question& question);
  void renew(std::int64_t id, const Json& body);
  void leave(std::int64_t id, const Json& body);
  struct Leaving {
    bool stops_tasks = false;
    bool stays = false;  // Only its tasks are to end.
  };
  void try_to_leave(std::int64_t id, const Leaving& leaving, int attempts);

  std::shared_ptr<FrameLink> link_;
  std::string node_;
  const ClusterKeys& keys_;
  ApiServer& api_;
  StateFeed& feed_;
  Scope scope_;
  std::int64_t certificate_lifetime_s_;
  std::shared_ptr<OldReports> old_reports_;
  int reports_ = 0;  // Of this connection, under way.
  LocalAssignments assignments_;
};

}  // namespace ikada
