#include "cluster/daemon/node_session.h"

#include <utility>

#include "cluster/model/names.h"
#include "cluster/node/admission.h"
#include "cluster/node/remote_assignments.h"
#include "cluster/state/record_key.h"

namespace ikada {
namespace {

constexpr int kLeaveAttempts = 20;

Error not_made() {
  return make_error(ErrorKind::kUnavailable, "the manager could not store the change, retrying");
}

}  // namespace

NodeSession::NodeSession(std::shared_ptr<FrameLink> link,
                         std::string node,
                         const ClusterKeys& keys,
                         ApiServer& api,
                         StateFeed& feed,
                         std::int64_t certificate_lifetime_s,
                         std::shared_ptr<OldReports> old_reports)
    : link_(std::move(link)),
      node_(std::move(node)),
      keys_(keys),
      api_(api),
      feed_(feed),
      scope_{.account = api.options().account, .region = api.options().home_region},
      certificate_lifetime_s_(certificate_lifetime_s),
      old_reports_(std::move(old_reports)),
      assignments_(api, feed, LocalAssignments::For::kOtherHost, node_) {}

void NodeSession::reply(std::int64_t id, Body body) {
  link_->send(to_json(Answer{.id = id, .body = std::move(body)}));
}

void NodeSession::take(const Question& question) {
  if (question.verb == "enlist") return enlist(question.id, question.body);
  if (question.verb == "follow") return follow(question.id);
  if (question.verb == "report") return report(question.id, question.body);
  if (question.verb == "credentials" || question.verb == "secrets") return grant(question);
  if (question.verb == "protection") return protect(question);
  if (question.verb == "renew") return renew(question.id, question.body);
  if (question.verb == "leave") return leave(question.id, question.body);
  reply(question.id, make_error(ErrorKind::kInvalid, "no such question: {}", question.verb));
}

// The node's instance has the node's id, or, if the node was a manager, the one that it has had
// since. Its record says so before the instance is made, so that there is never a second one.
void NodeSession::enlist(std::int64_t id, const Json& body) {
  const auto host_json = body.is_object() ? body.find("host") : body.end();
  if (!body.is_object() || host_json == body.end()) {
    return reply(id, make_error(ErrorKind::kInvalid, "enlist: no host"));
  }
  Result<ContainerInstance> host = from_json<ContainerInstance>(*host_json, "host");
  if (!host.has_value()) return reply(id, host.error());
  if (!is_resource_name(host->cluster)) {
    return reply(id, make_error(ErrorKind::kInvalid, "enlist: not a cluster's name"));
  }
  host->id = claimed_instance(feed_.state().scope(scope_), node_, host->cluster);
  const Result<Proposal> claim =
      plan_instance_claim(feed_.state().scope(scope_), node_, host->cluster);
  if (!claim.has_value()) return reply(id, claim.error());
  if (claim->changes.empty()) return enlist_instance(id, *host);
  api_.propose(*claim, [self = shared_from_this(), id, host = *host](bool made) {
    if (!made) return self->reply(id, not_made());
    self->enlist_instance(id, host);
  });
}

void NodeSession::enlist_instance(std::int64_t id, const ContainerInstance& host) {
  assignments_.set_id(host.id);
  assignments_.enlist(host, [self = shared_from_this(), id](const Result<std::string>& made) {
    if (!made.has_value()) return self->reply(id, made.error());
    self->reply(id, Json{{"instance", *made}});
  });
}

void NodeSession::follow(std::int64_t id) {
  if (assignments_.instance().empty()) {
    // A connection that was made anew by a node that has been here before.
    const auto& nodes = feed_.state().scope(scope_).nodes;
    const auto node = nodes.find(node_);
    if (node == nodes.end() || !node->second.value.instance.has_value()) {
      return reply(id, make_error(ErrorKind::kNotFound, "the node has not enlisted"));
    }
    assignments_.resume(*node->second.value.cluster, *node->second.value.instance);
  }
  follow_instance(id);
}

// A host that has forgotten how a task went must not be told to start it while the store may still
// hear its own word that it has ended: first there are no old reports of it under way.
void NodeSession::follow_instance(std::int64_t id) {
  const std::weak_ptr<NodeSession> weak = weak_from_this();
  if (old_reports_->count > 0) {
    old_reports_->on_none = [weak, id] {
      const std::shared_ptr<NodeSession> self = weak.lock();
      if (self != nullptr) self->follow_instance(id);
    };
    return;
  }
  reply(id, Json::object());
  assignments_.follow(
      assignments_.instance(),
      {.on_all =
           [weak](const std::vector<Assignment>& all) {
             const std::shared_ptr<NodeSession> self = weak.lock();
             if (self == nullptr) return;
             Json list = Json::array();
             for (const Assignment& each : all) list.push_back(to_json(each));
             self->link_->send(
                 to_json(News{.verb = "assign-all", .body = {{"assignments", list}}}));
           },
       .on_one =
           [weak](const Assignment& one) {
             const std::shared_ptr<NodeSession> self = weak.lock();
             if (self != nullptr) {
               self->link_->send(to_json(News{.verb = "assign", .body = to_json(one)}));
             }
           }});
}

void NodeSession::report(std::int64_t id, const Json& body) {
  const Result<TaskReport> report = parse_task_report(body);
  if (!report.has_value()) return reply(id, report.error());
  if (!may_report(feed_.state(), *report, assignments_.instance())) {
    return reply(id, make_error(ErrorKind::kNotFound, "the task is not this host's"));
  }
  ++reports_;
  assignments_.report(*report, [self = shared_from_this(), id](const Result<void>& taken) {
    self->note_reported();
    if (!taken.has_value()) return self->reply(id, taken.error());
    self->reply(id, Json::object());
  });
}

void NodeSession::note_reported() {
  --reports_;
  if (!assignments_.is_over() || --old_reports_->count > 0 || !old_reports_->on_none) return;
  std::exchange(old_reports_->on_none, {})();
}

void NodeSession::end() {
  if (assignments_.is_over()) return;
  assignments_.end();
  old_reports_->count += reports_;
}

void NodeSession::grant(const Question& question) {
  std::string task;
  JsonReader reader(question.body, question.verb);
  reader.require("task", task);
  const Result<void> read = reader.done();
  if (!read.has_value()) return reply(question.id, read.error());
  assignments_.ask(question.verb,
                   task,
                   [self = shared_from_this(), id = question.id](const Result<Json>& answer) {
                     self->reply(id, answer);
                   });
}

void NodeSession::protect(const Question& question) {
  if (!question.body.is_object()) {
    return reply(question.id, make_error(ErrorKind::kInvalid, "protection: no task"));
  }
  const auto request = question.body.find("request");
  const auto task = question.body.find("task");
  if (request == question.body.end() || task == question.body.end() || !task->is_string()) {
    return reply(question.id, make_error(ErrorKind::kInvalid, "protection: no task"));
  }
  assignments_.protect(task->get<std::string>(),
                       *request,
                       [self = shared_from_this(), id = question.id](const Result<Json>& answer) {
                         self->reply(id, answer);
                       });
}

void NodeSession::renew(std::int64_t id, const Json& body) {
  const auto& nodes = feed_.state().scope(scope_).nodes;
  const auto found = nodes.find(node_);
  if (found == nodes.end()) return reply(id, make_error(ErrorKind::kNotFound, "no such node"));
  Node node = found->second.value;
  std::string request;
  JsonReader reader(body, "renew");
  reader.require("certificateRequest", request);
  const Result<void> read = reader.done();
  if (!read.has_value()) return reply(id, read.error());
  const Result<std::string> certificate =
      renew_certificate(keys_, request, node, api_.ground().now(), certificate_lifetime_s_);
  if (!certificate.has_value()) return reply(id, certificate.error());
  Proposal proposal;
  proposal.put(node_key(scope_, node_), node, found->second.revision);
  api_.propose(proposal, [self = shared_from_this(), id, text = *certificate](bool made) {
    if (!made) return self->reply(id, not_made());
    self->reply(id, Json{{"certificate", text}});
  });
}

void NodeSession::leave(std::int64_t id, const Json& body) {
  Leaving leaving;
  JsonReader reader(body, "leave");
  reader.read("stopTasks", leaving.stops_tasks);
  reader.read("stays", leaving.stays);
  const Result<void> read = reader.done();
  if (!read.has_value()) return reply(id, read.error());
  try_to_leave(id, leaving, kLeaveAttempts);
}

void NodeSession::try_to_leave(std::int64_t id, const Leaving& leaving, int attempts) {
  const LeavePlan plan =
      plan_leave(feed_.state().scope(scope_), node_, leaving.stops_tasks, api_.ground().now());
  const Error busy = make_error(
      ErrorKind::kConflict, "{} task{} here", plan.tasks, plan.tasks == 1 ? " runs" : "s run");
  const Body answer = plan.tasks > 0 ? Body(busy) : Body(Json::object());
  const bool is_done = plan.tasks == 0 && leaving.stays;
  if (plan.proposal.changes.empty() || is_done) return reply(id, answer);
  // Whoever changed one of the records meanwhile has made this plan an old one.
  api_.propose(plan.proposal,
               [self = shared_from_this(), id, answer, leaving, attempts](bool made) {
                 if (made) return self->reply(id, answer);
                 if (attempts <= 1) return self->reply(id, not_made());
                 self->try_to_leave(id, leaving, attempts - 1);
               });
}

void NodeSession::note_change(std::string_view key) { assignments_.note_change(key); }

}  // namespace ikada
