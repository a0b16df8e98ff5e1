#include "cluster/service/deployment_history.h"

#include <algorithm>
#include <set>
#include <string>

#include <fmt/core.h>

#include "cluster/service/failures.h"

namespace ikada::service {
namespace {

constexpr std::string_view kByBreaker = "ECS deployment circuit breaker";

class Historian {
 public:
  Historian(const ServiceHistory& history, const Service& service, const ServiceView& view)
      : history_(history), service_(service), view_(view) {}

  std::optional<ServiceHistory> follow() {
    const Deployment* primary = service_.status == "ACTIVE" ? primary_of(service_) : nullptr;
    go_on(primary);
    if (primary != nullptr && is_new(*primary)) {
      open(*primary);
      if (primary->rollout_state != "IN_PROGRESS") go_on(primary);
    }
    for (const Deployment& each : service_.deployments) keep_revision(each);
    if (!is_changed_) return std::nullopt;
    forget_old();
    return std::move(history_);
  }

 private:
  bool is_new(const Deployment& primary) const {
    return primary.rolls_back.empty() &&
           find_deployment(history_, revision_of_deployment(primary.id)) == nullptr;
  }

  void open(const Deployment& primary) {
    ServiceDeployment opened;
    opened.id = revision_of_deployment(primary.id);
    opened.requested = service_.desired_count;
    opened.configuration = service_.deployment_configuration;
    for (const Deployment& each : service_.deployments) {
      if (each.id == primary.id) continue;
      opened.sources.push_back(
          {.revision = revision_of_deployment(each.id), .requested = service_.desired_count});
    }
    opened.created_at = primary.created_at;
    opened.updated_at = view_.now;
    history_.deployments.insert(history_.deployments.begin(), std::move(opened));
    is_changed_ = true;
  }

  // The newest one, if it is not over.
  void go_on(const Deployment* primary) {
    if (history_.deployments.empty() || is_over(history_.deployments.front())) return;
    ServiceDeployment& current = history_.deployments.front();
    if (primary == nullptr) {
      return finish(current, "STOPPED", "The service was deleted.", "MONITORING_COMPLETE");
    }
    if (revision_of_deployment(primary->id) == current.id) {
      roll_out(current, *primary);
    } else if (revision_of_deployment(primary->rolls_back) == current.id) {
      roll_back(current, *primary);
    } else {
      finish(current,
             "STOPPED",
             fmt::format("A newer deployment took its place: {}.", primary->id),
             "MONITORING_COMPLETE");
    }
  }

  void roll_out(ServiceDeployment& current, const Deployment& primary) {
    if (current.requested != primary.desired_count) {
      current.requested = primary.desired_count;
      is_changed_ = true;
    }
    const std::string& reason = primary.rollout_state_reason;
    if (primary.rollout_state == "COMPLETED") {
      return finish(current, "SUCCESSFUL", reason, "MONITORING_COMPLETE");
    }
    if (primary.rollout_state == "FAILED") {
      const bool has_tripped = reason.starts_with(kByBreaker);
      return finish(current, "STOPPED", reason, has_tripped ? "TRIGGERED" : "MONITORING_COMPLETE");
    }
    if (primary.stop_requested == "ROLLBACK") return become(current, "ROLLBACK_REQUESTED");
    if (primary.stop_requested == "ABORT") return become(current, "STOP_REQUESTED");
    if (current.status == "PENDING") {
      current.started_at = view_.now;
      become(current, "IN_PROGRESS");
    }
  }

  void roll_back(ServiceDeployment& current, const Deployment& primary) {
    if (!current.rollback.has_value()) {
      current.rollback = ServiceRollback{.reason = primary.rollout_state_reason,
                                         .revision = revision_of_deployment(primary.id),
                                         .started_at = view_.now};
      current.status_reason = primary.rollout_state_reason;
      note_breaker(
          current,
          current.status_reason.starts_with(kByBreaker) ? "TRIGGERED" : "MONITORING_COMPLETE");
    }
    if (primary.rollout_state == "COMPLETED") return end(current, "ROLLBACK_SUCCESSFUL");
    if (primary.rollout_state == "FAILED") return end(current, "ROLLBACK_FAILED");
    become(current, "ROLLBACK_IN_PROGRESS");
  }

  void become(ServiceDeployment& current, const char* status) {
    if (current.status == status) return;
    current.status = status;
    current.updated_at = view_.now;
    is_changed_ = true;
  }

  void end(ServiceDeployment& current, const char* status) {
    become(current, status);
    if (!current.started_at.has_value()) current.started_at = current.created_at;
    current.finished_at = view_.now;
  }

  void finish(ServiceDeployment& current,
              const char* status,
              std::string reason,
              const char* breaker) {
    current.status_reason = std::move(reason);
    if (!current.breaker.has_value()) note_breaker(current, breaker);
    end(current, status);
  }

  void note_breaker(ServiceDeployment& current, const char* status) const {
    const CircuitBreaker& breaker = current.configuration.breaker;
    const Deployment of{.id = fmt::format("ecs-svc/{}", current.id)};
    current.breaker = BreakerRecord{.status = breaker.enable ? status : "DISABLED",
                                    .failure_count = counted_failures(view_, of, breaker),
                                    .threshold = breaker_threshold(breaker, current.requested)};
  }

  void keep_revision(const Deployment& deployment) {
    const std::string id = revision_of_deployment(deployment.id);
    const auto found = std::find_if(history_.revisions.begin(),
                                    history_.revisions.end(),
                                    [&](const auto& each) { return each.id == id; });
    if (found != history_.revisions.end()) {
      if (found->images == deployment.images) return;
      found->images = deployment.images;
      is_changed_ = true;
      return;
    }
    history_.revisions.insert(history_.revisions.begin(),
                              {.id = id,
                               .family = deployment.family,
                               .revision = deployment.revision,
                               .launch_type = service_.launch_type,
                               .network_configuration = deployment.network_configuration,
                               .load_balancers = deployment.load_balancers,
                               .images = deployment.images,
                               .created_at = deployment.created_at});
    is_changed_ = true;
  }

  void forget_old() {
    std::vector<ServiceDeployment> kept;
    bool has_successful = false;
    for (ServiceDeployment& each : history_.deployments) {
      const bool is_last_successful = !has_successful && each.status == "SUCCESSFUL";
      has_successful = has_successful || is_last_successful;
      if (kept.size() < kMaxServiceDeployments || is_last_successful) kept.push_back(each);
    }
    history_.deployments = std::move(kept);
    std::set<std::string> named;
    for (const ServiceDeployment& each : history_.deployments) {
      named.insert(each.id);
      for (const RevisionCount& source : each.sources) named.insert(source.revision);
      if (each.rollback.has_value()) named.insert(each.rollback->revision);
    }
    for (const Deployment& each : service_.deployments) {
      named.insert(revision_of_deployment(each.id));
    }
    std::erase_if(history_.revisions,
                  [&](const ServiceRevision& each) { return named.count(each.id) == 0; });
  }

  ServiceHistory history_;
  const Service& service_;
  const ServiceView& view_;
  bool is_changed_ = false;
};

// As revision_of_deployment() says.
bool is_revision_of(std::string_view id, std::string_view deployment) {
  return deployment.substr(deployment.find('/') + 1) == id;
}

// Most steps change nothing that the history tells of.
bool is_settled(const ServiceHistory& history, const Service& service) {
  if (service.status != "ACTIVE" || history.deployments.empty()) return false;
  const ServiceDeployment& newest = history.deployments.front();
  const Deployment* primary = primary_of(service);
  if (primary == nullptr || !is_over(newest)) return false;
  const bool is_own =
      is_revision_of(newest.id, primary->id) || is_revision_of(newest.id, primary->rolls_back);
  if (!is_own) return false;
  const auto revision = std::find_if(
      history.revisions.begin(), history.revisions.end(), [&](const ServiceRevision& each) {
        return is_revision_of(each.id, primary->id);
      });
  return revision != history.revisions.end() && revision->images == primary->images;
}

}  // namespace

std::optional<ServiceHistory> follow_history(const ServiceHistory& history,
                                             const Service& service,
                                             const ServiceView& view) {
  if (is_settled(history, service)) return std::nullopt;
  return Historian(history, service, view).follow();
}

}  // namespace ikada::service
