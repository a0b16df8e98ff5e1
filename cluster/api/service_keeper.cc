#include "cluster/api/service_keeper.h"

#include <algorithm>
#include <chrono>
#include <compare>
#include <deque>
#include <utility>

#include "cluster/api/service_step.h"

namespace ikada {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kAgainAfterFailure{200};
constexpr milliseconds kLongestSleep{60'000};
constexpr std::int64_t kNanosPerMs = 1'000'000;

// In which scope and cluster which service is.
struct ServiceName {
  std::string account;
  std::string region;
  std::string cluster;
  std::string name;

  auto operator<=>(const ServiceName&) const = default;
};

}  // namespace

struct ServiceKeeper::Keeper : std::enable_shared_from_this<ServiceKeeper::Keeper> {
  Keeper(std::shared_ptr<Loop> its_loop, ApiServer& server, StateFeed& followed)
      : loop(std::move(its_loop)), api(server), feed(followed), timer(loop->make_timer()) {}

  Timestamp now() const { return {loop->wall_now() / kNanosPerMs}; }

  void mark(const Scope& scope, const std::string& cluster, const std::string& name) {
    enqueue({.account = scope.account, .region = scope.region, .cluster = cluster, .name = name});
    pump_soon();
  }

  // Daemons first: a host that comes has room for its own before others fill it.
  void enqueue(const ServiceName& name) {
    if (!is_dirty.insert(name).second) return;
    const ClusterState* cluster = feed.state()
                                      .scope({.account = name.account, .region = name.region})
                                      .find_cluster(name.cluster);
    const ServiceState* service = cluster == nullptr ? nullptr : find_service(*cluster, name.name);
    if (service != nullptr && is_daemon(service->record.value)) return dirty.push_front(name);
    dirty.push_back(name);
  }

  void mark_cluster(const Scope& scope, const std::string& cluster) {
    const ClusterState* found = feed.state().scope(scope).find_cluster(cluster);
    if (found == nullptr) return;
    for (const auto& [name, service] : found->services) mark(scope, cluster, name);
  }

  void mark_all() {
    for (const auto& [text, scope] : feed.state().scopes()) {
      for (const auto& [cluster, state] : scope.clusters) mark_cluster(scope.scope, cluster);
    }
  }

  void mark_balanced() {
    for (const auto& [text, scope] : feed.state().scopes()) {
      for (const auto& [cluster, state] : scope.clusters) {
        for (const auto& [name, service] : state.services) {
          if (has_load_balancers(service.record.value)) mark(scope.scope, cluster, name);
        }
      }
    }
  }

  void mark_service_of_task(const RecordKey& key) {
    const ClusterState* cluster = feed.state().scope(key.scope).find_cluster(key.first);
    if (cluster == nullptr) return;
    const auto task = cluster->tasks.find(key.second);
    if (task == cluster->tasks.end()) return;
    const auto name = service_of_group(task->second.value.group);
    if (name.has_value()) mark(key.scope, key.first, *name);
    // Daemons leave a host that is drained when all others have.
    const auto host = cluster->instances.find(task->second.value.container_instance.value_or(""));
    if (host != cluster->instances.end() && host->second.record.value.status == "DRAINING") {
      mark_cluster(key.scope, key.first);
    }
  }

  void note_change(std::string_view text) {
    if (text.empty()) return mark_all();
    const std::optional<RecordKey> key = parse_record_key(text);
    if (!key.has_value()) return;
    if (key->kind == RecordKind::kService) mark(key->scope, key->first, key->second);
    if (key->kind == RecordKind::kTask) mark_service_of_task(*key);
    if (key->kind == RecordKind::kInstance) mark_cluster(key->scope, key->first);
    const bool is_of_targets =
        key->kind == RecordKind::kTargetGroup || key->kind == RecordKind::kListener;
    if (is_of_targets) mark_balanced();
  }

  // After what the loop is doing: many changes come together.
  void pump_soon() {
    if (is_posted || !is_running) return;
    is_posted = true;
    loop->post([self = shared_from_this()] {
      self->is_posted = false;
      self->pump();
    });
  }

  void pump() {
    while (is_running && !is_waiting && !dirty.empty()) {
      const ServiceName name = dirty.front();
      dirty.pop_front();
      is_dirty.erase(name);
      take_step(name);
    }
    sleep();
  }

  void take_step(const ServiceName& name) {
    static const Json nothing = Json::object();
    const ApiCall call = api.own_call(nothing, {.account = name.account, .region = name.region});
    ServiceStep step = plan_service_step(call, feed.state(), name.cluster, name.name);
    wake_at.erase(name);
    if (step.look_again.has_value()) wake_at[name] = *step.look_again;
    if (step.proposal.changes.empty()) return;
    is_waiting = true;
    api.propose(step.proposal, [self = shared_from_this(), name](bool made) {
      self->is_waiting = false;
      // What it lost against comes as a change; a store that is away does not.
      if (!made) self->wake_at[name] = {self->now().milliseconds + kAgainAfterFailure.count()};
      self->pump();
    });
  }

  void sleep() {
    if (!is_running || wake_at.empty()) return;
    const auto first =
        std::min_element(wake_at.begin(), wake_at.end(), [](const auto& a, const auto& b) {
          return a.second < b.second;
        });
    const milliseconds left(first->second.milliseconds - now().milliseconds);
    timer->set(std::clamp(left, milliseconds(0), kLongestSleep),
               [self = shared_from_this()] { self->wake(); });
  }

  void wake() {
    if (!is_running) return;
    const Timestamp at = now();
    for (const auto& [name, when] : wake_at) {
      if (when <= at) enqueue(name);
    }
    std::erase_if(wake_at, [&](const auto& entry) { return entry.second <= at; });
    pump();
  }

  std::shared_ptr<Loop> loop;
  ApiServer& api;
  StateFeed& feed;
  std::unique_ptr<Loop::Timer> timer;
  std::deque<ServiceName> dirty = {};   // To be looked at, in the order of their changes.
  std::set<ServiceName> is_dirty = {};  // The same.
  std::map<ServiceName, Timestamp> wake_at = {};
  bool is_running = false;
  bool is_posted = false;
  bool is_waiting = false;
};

ServiceKeeper::ServiceKeeper(std::shared_ptr<Loop> loop, ApiServer& api, StateFeed& feed)
    : keeper_(std::make_shared<Keeper>(std::move(loop), api, feed)) {}

ServiceKeeper::~ServiceKeeper() { stop(); }

void ServiceKeeper::start() {
  keeper_->is_running = true;
  keeper_->mark_all();
}

void ServiceKeeper::stop() {
  keeper_->is_running = false;
  keeper_->timer->cancel();
}

void ServiceKeeper::note_change(std::string_view key) { keeper_->note_change(key); }

void ServiceKeeper::note_targets() { keeper_->mark_balanced(); }

}  // namespace ikada
