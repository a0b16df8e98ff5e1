#include "cluster/daemon/node_session.h"

#include <utility>

#include "cluster/node/admission.h"
#include "cluster/node/remote_assignments.h"
#include "cluster/state/record_key.h"
#include "runtime/base/clock.h"

namespace ikada {
namespace {

Timestamp session_now() { return {unix_now() / 1'000'000}; }

Error not_made() {
  return make_error(ErrorKind::kUnavailable, "the manager could not store the change, retrying");
}

}  // namespace

NodeSession::NodeSession(std::shared_ptr<NodeLink> link,
                         std::string node,
                         const ClusterKeys& keys,
                         ApiServer& api,
                         StateFeed& feed,
                         std::int64_t certificate_lifetime_s)
    : link_(std::move(link)),
      node_(std::move(node)),
      keys_(keys),
      api_(api),
      feed_(feed),
      scope_{.account = api.options().account, .region = api.options().home_region},
      certificate_lifetime_s_(certificate_lifetime_s),
      assignments_(api, feed) {}

void NodeSession::reply(std::int64_t id, Body body) {
  link_->send(to_json(Answer{.id = id, .body = std::move(body)}));
}

void NodeSession::take(const Question& question) {
  if (question.verb == "enlist") return enlist(question.id, question.body);
  if (question.verb == "follow") return follow(question.id);
  if (question.verb == "report") return report(question.id, question.body);
  if (question.verb == "renew") return renew(question.id, question.body);
  if (question.verb == "leave") return leave(question.id, question.body);
  reply(question.id, make_error(ErrorKind::kInvalid, "no such question: {}", question.verb));
}

void NodeSession::enlist(std::int64_t id, const Json& body) {
  const Json host_json = body.value("host", Json::object());
  Result<ContainerInstance> host = from_json<ContainerInstance>(host_json, "host");
  if (!host.has_value()) return reply(id, host.error());
  const auto& nodes = feed_.state().scope(scope_).nodes;
  const auto node = nodes.find(node_);
  // Whatever the host says, it is the instance that it was.
  const bool is_known = node != nodes.end() && node->second.value.cluster == host->cluster;
  host->id = is_known ? node->second.value.instance.value_or("") : "";
  assignments_.enlist(
      *host,
      [self = shared_from_this(), id, cluster = host->cluster](const Result<std::string>& made) {
        if (!made.has_value()) return self->reply(id, made.error());
        self->instance_ = *made;
        self->keep_instance(cluster, *made);
        self->reply(id, Json{{"instance", *made}});
      });
}

void NodeSession::keep_instance(const std::string& cluster, const std::string& instance) {
  const auto& nodes = feed_.state().scope(scope_).nodes;
  const auto found = nodes.find(node_);
  if (found == nodes.end()) return;
  Node node = found->second.value;
  if (node.cluster == cluster && node.instance == instance) return;
  node.cluster = cluster;
  node.instance = instance;
  Proposal proposal;
  proposal.put(node_key(scope_, node_), node, found->second.revision);
  api_.propose(proposal, [self = shared_from_this(), cluster, instance](bool made) {
    if (!made) self->keep_instance(cluster, instance);
  });
}

void NodeSession::follow(std::int64_t id) {
  if (instance_.empty()) {
    // A connection that was made anew by a node that has been here before.
    const auto& nodes = feed_.state().scope(scope_).nodes;
    const auto node = nodes.find(node_);
    if (node == nodes.end() || !node->second.value.instance.has_value()) {
      return reply(id, make_error(ErrorKind::kNotFound, "the node has not enlisted"));
    }
    instance_ = *node->second.value.instance;
    assignments_.resume(*node->second.value.cluster);
    set_connected(true);
  }
  reply(id, Json::object());
  const std::weak_ptr<NodeSession> weak = weak_from_this();
  assignments_.follow(
      instance_,
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

void NodeSession::set_connected(bool is_connected) {
  std::optional<Proposal> proposal =
      plan_connected(feed_.state().scope(scope_), node_, is_connected);
  if (!proposal.has_value()) return;
  api_.propose(*proposal, [self = shared_from_this(), is_connected](bool made) {
    if (!made) self->set_connected(is_connected);
  });
}

void NodeSession::report(std::int64_t id, const Json& body) {
  const Result<TaskReport> report = parse_task_report(body);
  if (!report.has_value()) return reply(id, report.error());
  if (!may_report(feed_.state(), *report, instance_)) {
    return reply(id, make_error(ErrorKind::kNotFound, "the task is not this host's"));
  }
  assignments_.report(*report, [self = shared_from_this(), id](const Result<void>& taken) {
    if (!taken.has_value()) return self->reply(id, taken.error());
    self->reply(id, Json::object());
  });
}

void NodeSession::renew(std::int64_t id, const Json& body) {
  const auto& nodes = feed_.state().scope(scope_).nodes;
  const auto found = nodes.find(node_);
  if (found == nodes.end()) return reply(id, make_error(ErrorKind::kNotFound, "no such node"));
  Node node = found->second.value;
  const Json request = body.value("certificateRequest", Json());
  const Result<std::string> certificate =
      request.is_string()
          ? renew_certificate(
                keys_, request.get<std::string>(), node, session_now(), certificate_lifetime_s_)
          : make_error(ErrorKind::kInvalid, "no certificate request");
  if (!certificate.has_value()) return reply(id, certificate.error());
  Proposal proposal;
  proposal.put(node_key(scope_, node_), node, found->second.revision);
  api_.propose(proposal, [self = shared_from_this(), id, text = *certificate](bool made) {
    if (!made) return self->reply(id, not_made());
    self->reply(id, Json{{"certificate", text}});
  });
}

void NodeSession::leave(std::int64_t id, const Json& body) {
  const bool stops_tasks = body.value("stopTasks", false);
  const LeavePlan plan = plan_leave(feed_.state().scope(scope_), node_, stops_tasks);
  const Error busy = make_error(
      ErrorKind::kConflict, "{} task{} here", plan.tasks, plan.tasks == 1 ? " runs" : "s run");
  const Body answer = plan.tasks > 0 ? Body(busy) : Body(Json::object());
  if (plan.proposal.changes.empty()) return reply(id, answer);
  api_.propose(plan.proposal, [self = shared_from_this(), id, answer](bool made) {
    if (!made) return self->reply(id, not_made());
    self->reply(id, answer);
  });
}

void NodeSession::note_change(std::string_view key) { assignments_.note_change(key); }

}  // namespace ikada
