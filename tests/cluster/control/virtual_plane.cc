#include "tests/cluster/control/virtual_plane.h"

#include <utility>

#include "cluster/api/expiry.h"
#include "cluster/api/term_begin.h"
#include "cluster/daemon/node_plans.h"
#include "cluster/loadbalancing/make_balancer_plan.h"
#include "cluster/state/record_key.h"
#include "cluster/store/store_error.h"

namespace ikada::control {
namespace {

constexpr milliseconds kLookAgain{250};     // cluster_member.cc
constexpr milliseconds kFeedPause{200};     // state_feed.cc
constexpr milliseconds kExpiryPause{1000};  // control_plane.cc looks more often.
constexpr milliseconds kLookAtTargets{300};

void forget_compares(Transaction& transaction, const ControlMistakes& mistakes) {
  std::erase_if(transaction.compares, [&](const KeyCompare& each) {
    const std::optional<RecordKey> name = parse_record_key(each.key);
    if (!name.has_value()) return false;
    return (mistakes.forgets_token && name->kind == RecordKind::kToken) ||
           (mistakes.forgets_instances && name->kind == RecordKind::kInstance) ||
           mistakes.forgets_records;
  });
}

size_t place_of(const std::string& node) { return std::stoul(node) - 1; }

}  // namespace

std::string node_id(size_t place) { return fmt::format("{:032}", place + 1); }

VirtualManager::VirtualManager(ManagerSetting& setting, size_t place)
    : setting_(setting), place_(place) {}

VirtualManager::~VirtualManager() = default;

void VirtualManager::start() {
  life_ = std::make_shared<Life>();
  life_->loop = std::make_shared<VirtualLoop>(setting_.time, clock_);
  life_->store =
      std::make_unique<FaultyStore>(setting_.store,
                                    setting_.time,
                                    setting_.store_health,
                                    way_to_store_,
                                    [this](const Transaction& transaction, const Commit& made) {
                                      setting_.on_commit(place_, transaction, made);
                                    });
  life_->election = std::make_unique<LeaderSteps>(
      LeaderOptions{.key = kLeaderKey, .candidate = node_id(place_), .ttl = seconds(5)});
  open_feed();
}

void VirtualManager::kill(bool has_power) {
  life_->loop->end();
  setting_.network.end(place_, life_->loop, has_power);
  // Calls to the store that are under way hold it.
  life_.reset();
}

void VirtualManager::every(milliseconds pause, void (VirtualManager::*what)()) {
  const std::shared_ptr<Loop::Timer> timer = life_->loop->make_timer();
  timer->set(pause, [this, pause, what, timer] {
    (this->*what)();
    every(pause, what);
  });
}

// The daemon does not begin without the store, and its service tries again.
void VirtualManager::open_feed() {
  Result<std::unique_ptr<StateFeed>> feed =
      StateFeed::create_without_thread(*life_->store, [this](const Error& error) {
        setting_.trace(fmt::format("manager {}: {}", place_, error.message));
      });
  if (!feed.has_value()) {
    return life_->loop->later(milliseconds(500), [this] { open_feed(); });
  }
  life_->feed = std::move(*feed);
  ApiGround ground;
  ground.commit = [this](Transaction transaction, ApiGround::Committed then) {
    commit(std::move(transaction), std::move(then));
  };
  ground.post = [this](std::function<void()> work) { life_->loop->post(std::move(work)); };
  ground.now = [this] { return Timestamp{life_->loop->wall_now() / 1'000'000}; };
  ground.random_hex = [this](size_t bytes) { return setting_.time.random_hex(bytes); };
  ground.seed = setting_.time.below(1'000'000);
  life_->api = std::make_unique<ApiServer>(
      std::move(ground),
      *life_->feed,
      ApiOptions{.account = kHome.account,
                 .home_region = kHome.region,
                 .healthy_after = seconds(5)});  // Rollouts come to their end within kGapLimit.
  life_->api->set_fence([this] { return fence_for_api(); });
  life_->sessions = std::make_shared<NodeSessions>(
      life_->loop, setting_.keys, *life_->api, *life_->feed, auth::kNodeCertificateSeconds);
  life_->sessions->follow("");
  life_->services = std::make_unique<ServiceKeeper>(life_->loop, *life_->api, *life_->feed);
  life_->feed->set_on_change([this](std::string_view key) {
    life_->api->note_change(key);
    life_->services->note_change(key);
    life_->sessions->note_change(key);
  });
  setting_.network.listen(place_, life_->loop, [this](const std::shared_ptr<VirtualLink>& link) {
    if (life_->sessions == nullptr) return link->close();
    const auth::NodeIdentity identity{.cluster = setting_.keys.cluster,
                                      .role = auth::NodeRole::kWorker,
                                      .node = node_id(link->other())};
    FrameLink::Listener listener = life_->sessions->greet(link, identity);
    if (listener.on_frame) link->set_listener(std::move(listener));
  });
  pull();
  take_part(NothingNew{});
  every(kLookAgain, &VirtualManager::look_at_hosts);
  every(kLookAtTargets, &VirtualManager::look_at_targets);
}

void VirtualManager::pull() {
  const bool is_reached = life_->feed->pull();
  const Duration pause =
      is_reached ? setting_.time.between(milliseconds(1), milliseconds(25)) : kFeedPause;
  life_->loop->later(pause, [this] { pull(); });
}

template <typename R>
void VirtualManager::call(std::function<R(Store&)> work, std::function<void(const R&)> then) {
  // What is on its way arrives, also after the process has ended.
  setting_.time.after(life_->store->some_time(), [this, life = life_, work, then] {
    const R result = work(*life->store);
    life->loop->later(life->store->some_time(), [then, result] { then(result); });
  });
}

void VirtualManager::commit(Transaction transaction, ApiGround::Committed then) {
  forget_compares(transaction, setting_.mistakes);
  call<Result<Commit>>([transaction](Store& store) { return store.commit(transaction); },
                       std::move(then));
}

std::optional<LeaderTerm> VirtualManager::term() const {
  return life_->election->term(life_->loop->now());
}

bool VirtualManager::leads() const {
  return runs() && life_->sessions != nullptr && find_fence().has_value();
}

Result<std::optional<KeyCompare>> VirtualManager::fence_for_api() const {
  Result<std::optional<KeyCompare>> fence = find_fence();
  if (fence.has_value() && setting_.mistakes.forgets_fence) return std::optional<KeyCompare>();
  return fence;
}

// As ControlPlane::find_fence.
Result<std::optional<KeyCompare>> VirtualManager::find_fence() const {
  return fence_of(life_->feed->state(), {.is_ready = true, .term = term()});
}

// As LeaderElection, which has a thread for it.
void VirtualManager::take_part(const LeaderInput& input) {
  const LeaderAction action = life_->election->step(input, life_->loop->now());
  const auto next = [this](const auto& result) { take_part(LeaderInput(result)); };
  if (const auto* grant = std::get_if<GrantLease>(&action)) {
    call<Result<Lease>>([ttl = grant->ttl](Store& store) { return store.grant_lease(ttl); }, next);
  } else if (const auto* take = std::get_if<TakeKey>(&action)) {
    call<Result<Commit>>([it = take->transaction](Store& store) { return store.commit(it); }, next);
  } else if (std::holds_alternative<LookAtKey>(action)) {
    call<Result<KeyRead>>([](Store& store) { return store.get(kLeaderKey); }, next);
  } else if (const auto* keep = std::get_if<KeepLease>(&action)) {
    call<Result<void>>([id = keep->id](Store& store) { return store.keep_lease(id); }, next);
  } else if (const auto* revoke = std::get_if<RevokeLease>(&action)) {
    call<Result<void>>([id = revoke->id](Store& store) { return store.revoke_lease(id); }, next);
  } else if (const auto* wait = std::get_if<WaitUntil>(&action)) {
    TimePoint until = wait->time;
    const TimePoint now = life_->loop->now();
    if (life_->election->term(now).has_value()) {
      until = std::min(until, life_->election->leads_until());
    }
    const std::shared_ptr<Loop::Timer> timer = life_->loop->make_timer();
    const auto pause = std::chrono::duration_cast<milliseconds>(until - now) + milliseconds(1);
    timer->set(std::max(pause, milliseconds(1)), [this, timer] { take_part(NothingNew{}); });
  }
}

// As ClusterMember and ControlPlane look at it.
void VirtualManager::look_at_leader() {
  const bool is_leading = leads();
  const std::string& leader = life_->election->leader();
  const bool is_known = !leader.empty() && leader != node_id(place_);
  if (!is_leading) {
    life_->sessions->follow(is_known ? std::to_string(place_of(leader)) : std::string());
  }
  if (std::exchange(life_->was_leading, is_leading) == is_leading) return;
  setting_.trace(fmt::format("manager {} {}", place_, is_leading ? "leads" : "leads no longer"));
  if (!is_leading) return life_->services->stop();
  life_->api->note_change("");
  life_->sessions->lead();
  life_->services->start();
}

std::optional<gossip::Status> VirtualManager::gossip_status(const std::string& node) const {
  const size_t place = place_of(node);
  setting_.sync_gossip();
  if (!setting_.gossip.runs(place_) || !setting_.gossip.knows(place_, place)) return std::nullopt;
  return setting_.gossip.status(place_, place);
}

HostPresence VirtualManager::presence_of(const std::string& node) const {
  HostPresence presence{.gossip = gossip_status(node)};
  const std::optional<NodeAbsence> absence = life_->sessions->absence(node);
  presence.is_connected = !absence.has_value();
  if (!absence.has_value()) return presence;
  presence.was_here = absence->was_here;
  presence.was_silent = absence->was_silent;
  presence.absent_for =
      std::chrono::duration_cast<milliseconds>(life_->loop->now() - absence->since);
  return presence;
}

void VirtualManager::look_at_hosts() {
  look_at_leader();
  if (!leads() || life_->is_proposing) return;
  const Timestamp now{life_->loop->wall_now() / 1'000'000};
  const ScopeState& home = life_->feed->state().scope(kHome);
  std::optional<HostChange> change = plan_hosts(
      home, node_id(place_), [this](const std::string& node) { return presence_of(node); }, now);
  Proposal proposal;
  if (change.has_value()) proposal = std::move(change->proposal);
  if (!change.has_value()) proposal = plan_gone_instances(life_->feed->state());
  if (!change.has_value() && proposal.changes.empty()) {
    proposal = plan_expiry(life_->feed->state(), now);
  }
  if (proposal.changes.empty()) return;
  if (change.has_value() && !change->lost.empty()) {
    setting_.trace(fmt::format("manager {} gives up host {}", place_, place_of(change->lost)));
  }
  life_->is_proposing = true;
  life_->api->propose(proposal, [this](bool) { life_->is_proposing = false; });
}

// Every manager's proxy follows its own manager's state; who leads hears of all of them.
void VirtualManager::look_at_targets() {
  const Timestamp now{life_->loop->wall_now() / 1'000'000};
  setting_.proxies.follow(place_, make_balancer_plan(life_->feed->state(), {.now = now}));
  if (!leads()) return;
  const bool is_news =
      life_->api->see_targets(setting_.proxies.sights(place_, setting_.mistakes.forgets_proxies));
  if (is_news) life_->services->note_targets();
}

void VirtualManager::handle(const ApiRequest& request,
                            std::function<void(const ApiReply&)> respond) {
  if (!runs()) return;
  life_->loop->deliver([this, request, respond = std::move(respond)] {
    const auto refuse = [respond] {
      respond(ApiReply{.status = 503, .body = {}, .request_id = {}});
    };
    if (!leads()) return refuse();
    life_->api->handle_here(request, respond, refuse);
  });
}

void VirtualManager::remove_node(const std::string& node) {
  if (!leads()) return;
  const ScopeState& home = life_->feed->state().scope(kHome);
  const auto found = home.nodes.find(node);
  if (found == home.nodes.end()) return;
  const Timestamp now{life_->loop->wall_now() / 1'000'000};
  std::optional<Proposal> proposal = plan_lost_host(home, found->second.value, now);
  const bool is_last = !proposal.has_value();
  if (is_last) proposal = plan_leave(home, node, false, now).proposal;
  life_->api->propose(*proposal, [this, node, is_last](bool made) {
    if (made && !is_last) remove_node(node);
  });
}

}  // namespace ikada::control
