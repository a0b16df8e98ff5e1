#include "cluster/daemon/authority_keeper.h"

#include <algorithm>
#include <atomic>
#include <utility>

#include <boost/asio/post.hpp>
#include <spdlog/spdlog.h>

#include "cluster/api/acm/certificate_issue.h"
#include "cluster/daemon/sealing_key.h"
#include "cluster/state/record_key.h"
#include "runtime/base/clock.h"
#include "runtime/base/text.h"

namespace ikada {
namespace {

Timestamp keeper_now() { return {unix_now() / 1'000'000}; }

Error no_keeper() {
  return make_error(ErrorKind::kUnavailable, "the leading manager changes, try again");
}

Error under_way(ExchangePhase phase) {
  return make_error(ErrorKind::kConflict,
                    "the cluster's authority is being exchanged already (phase {}): see ikada "
                    "cluster status",
                    to_text(phase));
}

bool is_same_trust(const ClusterKeys& one, const ClusterKeys& other) {
  return trusted_authorities(one) == trusted_authorities(other) &&
         one.sealing_keys == other.sealing_keys && one.next.has_value() == other.next.has_value();
}

}  // namespace

// A member of etcd that is started anew, on its way through the pool.
struct AuthorityKeeper::Turn {
  std::string node;
  std::string wanted;  // Whom it is to trust, and whether alone.
  bool is_alone = false;
  std::atomic<bool> has_begun = false;

  bool is_done_by(const HeldKeys& held) const {
    const bool has = std::ranges::find(held.store_trusted, wanted) != held.store_trusted.end();
    return has && (!is_alone || held.store_trusted.size() == 1);
  }
};

AuthorityKeeper::~AuthorityKeeper() {
  *is_here_ = false;
  // Who waits for it in the pool is not to wait any longer.
  if (turn_ != nullptr) turn_->has_begun = true;
}

Result<ExchangeRecord> AuthorityKeeper::record() const {
  const std::shared_ptr<const Vault> vault = ground_.manager.api().options().vault;
  if (vault == nullptr) return ExchangeRecord();
  return read_exchange(ground_.manager.home(), *vault);
}

Proposal AuthorityKeeper::look(bool may_propose) {
  const Result<Proposal> looked = follow_and_lead(may_propose);
  const std::string complaint = looked.has_value() ? "" : looked.error().message;
  if (std::exchange(complaint_, complaint) != complaint && !complaint.empty()) {
    spdlog::error("{}", complaint);
  }
  return looked.value_or(Proposal());
}

Result<Proposal> AuthorityKeeper::follow_and_lead(bool may_propose) {
  IK_LET(now, record());
  if (now.revision == 0) return Proposal();
  IK_LET(followed, follow_exchange(ground_.keys, now.exchange, now.offered));
  if (!is_same_trust(followed, ground_.keys)) {
    IK_TRY(ground_.keep(followed));
    spdlog::info("authorities phase={} trusted={}",
                 to_text(now.exchange.phase),
                 join(authority_digests(trusted_authorities(followed)), ","));
  }
  if (now.exchange.phase == ExchangePhase::kNone || !ground_.manager.leads()) return Proposal();
  if (turn_ != nullptr) {
    look_at_turn();
    return Proposal();
  }
  return may_propose ? lead(now) : Proposal();
}

void AuthorityKeeper::look_at_turn() {
  for (const ExchangeHost& host : ground_.hosts()) {
    if (host.id == turn_->node && turn_->is_done_by(host.held)) turn_->has_begun = true;
  }
}

Result<Proposal> AuthorityKeeper::lead(const ExchangeRecord& record) {
  const ExchangePlan plan = plan_exchange(record.exchange, ground_.hosts(), ground_.node);
  if (plan.is_step && unfinished(record.exchange).empty()) return step(record);
  if (!plan.restarts.empty()) give_turn(record.exchange, plan.restarts.front());
  return Proposal();
}

// What is still of the old authorities, and no host's.
std::vector<std::string> AuthorityKeeper::unfinished(const AuthorityExchange& exchange) const {
  std::vector<std::string> left;
  if (exchange.phase != ExchangePhase::kRenew) return left;
  const State& state = ground_.manager.feed().state();
  const ApiOptions& options = ground_.manager.api().options();
  if (!acm::plan_renewals(state, options, keeper_now()).changes.empty()) {
    left.emplace_back("listeners' certificates");
  }
  if (options.vault != nullptr && !plan_resealing(state, *options.vault).changes.empty()) {
    left.emplace_back("secrets that are sealed anew");
  }
  return left;
}

Result<Proposal> AuthorityKeeper::step(ExchangeRecord record) const {
  const ScopeState& home = ground_.manager.home();
  record.exchange.phase = next_phase(record.exchange.phase);
  record.offered.reset();
  spdlog::info(
      "authorities phase={}",
      record.exchange.phase == ExchangePhase::kNone ? "over" : to_text(record.exchange.phase));
  IK_LET(proposal,
         put_exchange(home, *ground_.manager.api().options().vault, record, keeper_now()));
  if (record.exchange.phase != ExchangePhase::kRenew) return proposal;
  // They name the old authority, which no manager shows from now on. Those that are made later do
  // not.
  for (const auto& [role, grant] : home.grants) {
    proposal.remove(grant_key(home.scope, role), grant.revision);
  }
  return proposal;
}

void AuthorityKeeper::give_turn(const AuthorityExchange& exchange, const std::string& node) {
  turn_ = std::make_shared<Turn>();
  turn_->node = node;
  turn_->wanted = exchange.store_to;
  turn_->is_alone = exchange.phase == ExchangePhase::kForget;
  SharedStore::RestartTurn order;
  const ScopeState& home = ground_.manager.home();
  for (const ExchangeHost& host : ground_.hosts()) {
    const auto record = home.nodes.find(host.id);
    if (!host.held.has_store || host.is_away || record == home.nodes.end()) continue;
    order.managers.push_back(record->second.value.address);
    if (host.id == node) order.address = record->second.value.address;
  }
  boost::asio::io_context* const loop = &ground_.loop;
  order.begin = [this, loop, is_here = is_here_, node] {
    boost::asio::post(*loop, [this, is_here, node] {
      if (*is_here) ground_.restart_store(node);
    });
  };
  order.has_begun = [turn = turn_] { return turn->has_begun.load(); };
  boost::asio::post(
      ground_.manager.pool(),
      [this, loop, is_here = is_here_, order, store = &ground_.manager.shared_store()] {
        const Result<void> done = store->take_turn(order);
        boost::asio::post(*loop, [this, is_here, done] {
          if (!*is_here) return;
          turn_.reset();
          if (!done.has_value()) spdlog::warn("{}, retrying", done.error().message);
        });
      });
}

Result<ExchangeRecord> AuthorityKeeper::plan_begin(bool force) const {
  IK_LET(now, record());
  const std::shared_ptr<const Vault> vault = ground_.manager.api().options().vault;
  if (vault == nullptr || !ground_.manager.leads()) return no_keeper();
  if (now.exchange.phase != ExchangePhase::kNone) {
    if (!force) return under_way(now.exchange.phase);
    now.exchange.is_forced = true;
    return now;
  }
  IK_LET(offer, read_sealing_offer(ground_.manager.home(), *vault));
  if (ground_.keys.sealing_keys.empty() || offer.revision != 0) {
    return make_error(ErrorKind::kUnavailable,
                      "what is secret is sealed by the old authority's key still: each manager has "
                      "to run this version of ikadad and be connected; try again");
  }
  ExchangeRecord begun;
  IK_LET(created, create_authorities(ground_.keys.cluster, unix_now() / 1'000'000'000));
  IK_LET(from, auth::authority_digest(ground_.keys.authority.certificate()));
  IK_LET(to, auth::authority_digest(created.authority.certificate()));
  IK_LET(store_to, auth::authority_digest(created.store_authority.certificate()));
  begun.exchange = {.phase = ExchangePhase::kTrust,
                    .from = std::move(from),
                    .to = std::move(to),
                    .store_to = std::move(store_to),
                    .is_forced = force};
  begun.offered = std::move(created);
  for (const auto& [role, grant] : ground_.manager.home().grants) begun.roles.push_back(role);
  return begun;
}

void AuthorityKeeper::begin(bool force, const Done& done) {
  const Result<ExchangeRecord> begun = plan_begin(force);
  if (!begun.has_value()) return done(begun.error());
  const Result<Proposal> proposal = put_exchange(
      ground_.manager.home(), *ground_.manager.api().options().vault, *begun, keeper_now());
  if (!proposal.has_value()) return done(proposal.error());
  const Json answer = {{"from", begun->exchange.from}, {"to", begun->exchange.to}};
  ground_.manager.api().propose(*proposal, [this, is_here = is_here_, answer, done](bool made) {
    if (!made) {
      // Somebody else may have been faster.
      const ExchangeRecord now = *is_here ? record().value_or(ExchangeRecord()) : ExchangeRecord();
      if (now.exchange.phase != ExchangePhase::kNone) return done(under_way(now.exchange.phase));
      return done(make_error(ErrorKind::kUnavailable, "that could not be stored, try again"));
    }
    spdlog::info("authority {} is to follow {}",
                 answer["to"].get<std::string>(),
                 answer["from"].get<std::string>());
    done(answer);
  });
}

Json AuthorityKeeper::own() const {
  const Result<std::string> digest = auth::authority_digest(ground_.keys.authority.certificate());
  const Result<ExchangeRecord> now = record();
  const ExchangePhase phase = now.has_value() ? now->exchange.phase : ExchangePhase::kNone;
  return {{"authority", digest.value_or("")}, {"phase", to_text(phase)}};
}

Result<Json> AuthorityKeeper::describe() const {
  if (!ground_.manager.leads()) return no_keeper();
  IK_LET(now, record());
  const std::vector<ExchangeHost> hosts = ground_.hosts();
  std::vector<std::string> waits_for = plan_exchange(now.exchange, hosts, ground_.node).waits_for;
  if (waits_for.empty()) waits_for = unfinished(now.exchange);
  Json json = own();
  json["from"] = now.exchange.from;
  json["to"] = now.exchange.to;
  json["isForced"] = now.exchange.is_forced;
  json["hosts"] = hosts.size();
  json["away"] = Json::array();
  for (const ExchangeHost& host : hosts) {
    if (host.is_away) json["away"].push_back(host.name);
  }
  json["waitsFor"] = waits_for;
  json["roles"] = Json::array();
  for (const std::string& role : now.roles) {
    if (!ground_.manager.home().grants.contains(role)) json["roles"].push_back(role);
  }
  return json;
}

}  // namespace ikada
