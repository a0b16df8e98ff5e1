#include "cluster/daemon/shared_store.h"

#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <thread>
#include <utility>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <spdlog/spdlog.h>

#include "cluster/daemon/etcd_joining.h"
#include "cluster/node/authority_exchange.h"
#include "cluster/store/etcd_members.h"
#include "cluster/store/store_copy.h"
#include "runtime/base/clock.h"
#include "runtime/sys/file.h"

namespace ikada {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr std::int64_t kReissueAgainSeconds = 3600;
constexpr std::chrono::seconds kStartLimit{20};
constexpr std::chrono::seconds kAdmitLimit{25};
constexpr std::chrono::milliseconds kAdmitAgain{300};
constexpr std::chrono::milliseconds kProbeLimit{1000};
constexpr std::chrono::milliseconds kAllWellLimit{3000};
constexpr std::chrono::milliseconds kTurnLimit{6000};
constexpr std::chrono::milliseconds kLookAtTurn{20};
// What is known of managers may be a moment older than the list of members.
constexpr std::chrono::seconds kStrangeFor{2};

std::int64_t store_seconds() { return unix_now() / 1'000'000'000; }

std::string database(const std::string& directory) { return directory + "/store.db"; }

// The addresses of the client's endpoints.
std::vector<std::string> asked_hosts(const EtcdClient& client) {
  constexpr std::string_view kScheme = "https://";
  std::vector<std::string> hosts;
  for (const std::string& endpoint : client.endpoints()) {
    std::string host = endpoint.substr(kScheme.size());
    host = host.substr(0, host.rfind(':'));
    if (host.starts_with('[')) host = host.substr(1, host.size() - 2);
    hosts.push_back(std::move(host));
  }
  return hosts;
}

void remove_database(const std::string& directory) {
  for (const char* suffix : {"", "-wal", "-shm", ".lock"}) {
    std::error_code ignored;
    std::filesystem::remove(database(directory) + suffix, ignored);
  }
}

}  // namespace

// One move on its way through the pool.
struct SharedStore::Move {
  std::string directory;
  EtcdSetup setup;
  std::string endpoint;
  std::shared_ptr<EtcdStore> etcd;

  EtcdOptions options() const {
    return {
        .endpoints = {endpoint}, .tls = etcd_tls(directory), .revision_base = setup.revision_base};
  }

  // Nothing changes in `old` from here on.
  Result<std::shared_ptr<Store>> decide(Store& old) {
    IK_LET(status, old.status());
    setup.revision_base = status.revision;
    IK_LET(store, EtcdStore::create(options()));
    IK_LET(keys, copy_store(old, *store));
    const Result<void> stored = store_etcd_setup(directory, setup);
    if (!stored.has_value()) {
      std::error_code ignored;
      std::filesystem::remove(directory + "/etcd.json", ignored);
      return stored.error();
    }
    spdlog::info("store moved to etcd keys={} revision={}", keys, setup.revision_base);
    etcd = std::move(store);
    return std::shared_ptr<Store>(etcd);
  }

  Result<void> run(MovingStore& moving) {
    EtcdClient client(options());
    IK_TRY(await_etcd_member(client, kStartLimit).context("start etcd"));
    const std::weak_ptr<Store> old = moving.current();
    IK_TRY(moving.move([this](Store& from) { return decide(from); }));
    // Who was reading when it was exchanged needs it for a moment.
    for (int wait = 0; wait < 100 && !old.expired(); ++wait) {
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
    if (old.expired()) remove_database(directory);
    return {};
  }
};

SharedStore::SharedStore(boost::asio::io_context& loop, SharedStoreOptions options)
    : loop_(loop), options_(std::move(options)) {}

SharedStore::~SharedStore() { stop(); }

Result<void> SharedStore::check_is_there(const std::string& directory) {
  IK_LET(setup, load_etcd_setup(directory));
  if (setup.has_value() || ::access(database(directory).c_str(), F_OK) == 0) return {};
  return make_error(ErrorKind::kNotFound,
                    "{}: the store is gone (store.db or etcd.json), and this host is a manager: "
                    "move its node.json away and restore a backup",
                    directory);
}

Result<std::unique_ptr<SharedStore>> SharedStore::open(boost::asio::io_context& loop,
                                                       SharedStoreOptions options) {
  IK_TRY(make_directories(options.directory, 0700));
  IK_LET(setup, load_etcd_setup(options.directory));
  std::unique_ptr<SharedStore> store(new SharedStore(loop, std::move(options)));
  const std::string& directory = store->options_.directory;
  if (setup.has_value()) {
    IK_TRY(store->open_etcd(std::move(*setup)));
    return store;
  }
  remove_etcd_files(directory);
  IK_LET(sqlite, SqliteStore::open(database(directory)));
  const std::shared_ptr<SqliteStore> shared = std::move(sqlite);
  store->sqlite_ = shared;
  store->moving_ = std::make_unique<MovingStore>(shared);
  return store;
}

Result<void> SharedStore::open_etcd(EtcdSetup setup) {
  if (!options_.keys.has_value()) {
    return make_error(ErrorKind::kInvalid, "the cluster's keys are not on this manager");
  }
  remove_database(options_.directory);
  setup_ = std::move(setup);
  IK_TRY(issue_certificates());
  Result<std::string> program = find_etcd();
  // The others' members will do for as long as there are enough of them.
  if (program.has_value()) {
    launch(*setup_, std::move(*program));
  } else {
    spdlog::error("{}", program.error().message);
  }
  IK_LET(store,
         EtcdStore::create({.endpoints = {etcd_url(setup_->address, options_.ports.client)},
                            .tls = etcd_tls(options_.directory),
                            .revision_base = setup_->revision_base}));
  etcd_ = std::move(store);
  moving_ = std::make_unique<MovingStore>(etcd_);
  return {};
}

Result<void> SharedStore::issue_certificates() {
  IK_TRY(write_certificates(*setup_, *options_.keys));
  IK_LET(digest, auth::authority_digest(options_.keys->store_authority.certificate()));
  issued_by_ = std::move(digest);
  return {};
}

Result<void> SharedStore::write_certificates(const EtcdSetup& setup, const ClusterKeys& keys) {
  const std::int64_t now_s = store_seconds();
  renewal_ = {.planned_at_s = now_s, .due_at_s = now_s + kReissueAgainSeconds};
  IK_LET(issued_at_s, write_etcd_certificates(options_.directory, setup, keys, now_s));
  renewal_.due_at_s = std::max(renewal_.due_at_s, issued_at_s + kEtcdReissueSeconds);
  return {};
}

// Where each connection reads them again: our clients, and etcd.
Result<void> SharedStore::set_keys(const ClusterKeys& keys) {
  const auto of = [](const std::optional<ClusterKeys>& each) {
    return each.has_value() ? trusted_store_authorities(*each) : std::vector<std::string>();
  };
  const bool is_same = of(options_.keys) == of(keys);
  options_.keys = keys;
  return is_same || !setup_.has_value() ? Result<void>() : issue_certificates();
}

void SharedStore::describe(HeldKeys& held) const {
  held.has_store = setup_.has_value() && process_ != nullptr;
  if (!held.has_store) return;
  held.store_trusted = trusted_;
  held.store_issuer = issued_by_;
}

void SharedStore::restart_member() {
  if (process_ != nullptr) process_->restart();
}

Result<void> SharedStore::await_members(const std::vector<std::string>& managers,
                                        std::chrono::milliseconds limit) const {
  const SteadyClock::time_point deadline = SteadyClock::now() + limit;
  for (const std::string& address : managers) {
    EtcdClient member({.endpoints = {etcd_url(address, options_.ports.client)},
                       .tls = etcd_tls(options_.directory)});
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(deadline - SteadyClock::now());
    IK_TRY(await_etcd_member(member, std::max(left, kProbeLimit))
               .context("etcd of manager {}", address));
  }
  return {};
}

Result<void> SharedStore::take_turn(const RestartTurn& turn) {
  IK_TRY(await_members(turn.managers, kAllWellLimit));
  std::vector<std::string> peers;
  for (const std::string& address : turn.managers) peers.push_back(peer_url(address));
  return moving_->hold_commits([&]() -> Result<void> {
    EtcdClient member({.endpoints = {etcd_url(turn.address, options_.ports.client)},
                       .tls = etcd_tls(options_.directory)});
    // An election would do it as well, only later.
    static_cast<void>(yield_etcd_leadership(member, peers).has_value());
    turn.begin();
    const SteadyClock::time_point deadline = SteadyClock::now() + kTurnLimit;
    while (!turn.has_begun()) {
      if (SteadyClock::now() > deadline) {
        return make_error(
            ErrorKind::kUnavailable, "etcd of manager {} was not started anew", turn.address);
      }
      std::this_thread::sleep_for(kLookAtTurn);
    }
    return await_members(turn.managers, kTurnLimit);
  });
}

void SharedStore::launch(const EtcdSetup& setup, std::string program) {
  process_ = std::make_unique<EtcdProcess>(
      loop_, std::move(program), plan_etcd_arguments(setup, options_.ports, options_.directory));
  process_->set_on_launch([this] {
    if (!options_.keys.has_value()) return;
    trusted_ = authority_digests(trusted_store_authorities(*options_.keys));
    if (on_launch_) on_launch_();
  });
}

void SharedStore::start() {
  if (process_ != nullptr) process_->start();
}

void SharedStore::stop() {
  if (etcd_ != nullptr) etcd_->client().shut_down(SteadyClock::now());
  if (process_ != nullptr) process_->stop();
}

void SharedStore::set_managers(const std::vector<std::string>& addresses) {
  if (etcd_ == nullptr || addresses.empty()) return;
  std::vector<std::string> endpoints;
  endpoints.reserve(addresses.size());
  for (const std::string& address : addresses) {
    endpoints.push_back(etcd_url(address, options_.ports.client));
  }
  etcd_->client().set_endpoints(std::move(endpoints));
}

void SharedStore::move_to_etcd(boost::asio::thread_pool& pool,
                               EtcdSetup setup,
                               const ClusterKeys& keys,
                               std::function<void(const Result<void>&)> done) {
  if (is_etcd()) return done({});
  moved_for_.push_back(std::move(done));
  if (moved_for_.size() > 1) return;
  const Result<void> begun = begin_move(pool, std::move(setup), keys);
  if (!begun.has_value()) tell_moved(begun);
}

Result<void> SharedStore::begin_move(boost::asio::thread_pool& pool,
                                     EtcdSetup setup,
                                     const ClusterKeys& keys) {
  IK_LET(program, find_etcd());
  remove_etcd_files(options_.directory);
  setup.is_new = true;
  setup.initial_cluster = fmt::format("{}={}", setup.name, peer_url(setup.address));
  IK_TRY(write_certificates(setup, keys));
  options_.keys = keys;
  launch(setup, std::move(program));
  process_->start();
  const std::string endpoint = etcd_url(setup.address, options_.ports.client);
  auto move = std::make_shared<Move>(Move{.directory = options_.directory,
                                          .setup = std::move(setup),
                                          .endpoint = endpoint,
                                          .etcd = nullptr});
  boost::asio::post(pool, [this, move] {
    const Result<void> result = move->run(*moving_);
    boost::asio::post(loop_, [this, move, result] { moved(move, result); });
  });
  return {};
}

void SharedStore::moved(const std::shared_ptr<Move>& move, const Result<void>& result) {
  if (result.has_value()) {
    etcd_ = move->etcd;
    setup_ = move->setup;
    const Result<std::string> digest =
        auth::authority_digest(options_.keys->store_authority.certificate());
    issued_by_ = digest.value_or("");
  } else {
    process_.reset();
    remove_etcd_files(options_.directory);
  }
  tell_moved(result);
}

void SharedStore::tell_moved(const Result<void>& result) {
  for (const auto& done : std::exchange(moved_for_, {})) done(result);
}

Result<void> SharedStore::add_learner(const std::string& peer, bool resumes) {
  EtcdClient& etcd = etcd_->client();
  IK_LET(members, list_etcd_members(etcd));
  const bool is_there = std::ranges::any_of(members, [&](const EtcdMember& member) {
    return member.peer_url == peer && member.is_learner && member.name.empty();
  });
  if (is_there && resumes) return {};
  // Of a host that was at this address before, or of an attempt to join that failed.
  IK_TRY(remove_etcd_member(etcd, peer));
  const SteadyClock::time_point deadline = SteadyClock::now() + kAdmitLimit;
  while (true) {
    const Result<void> added = add_etcd_learner(etcd, peer);
    if (added.has_value()) return {};
    // Another one is learning.
    if (added.error().kind != ErrorKind::kConflict || SteadyClock::now() > deadline) {
      return added.error();
    }
    std::this_thread::sleep_for(kAdmitAgain);
  }
}

Result<EtcdSetup> SharedStore::admit(const std::string& name,
                                     const std::string& address,
                                     bool resumes) {
  const std::string own = peer_url(address);
  const Result<void> added = add_learner(own, resumes);
  if (!added.has_value()) {
    Error why = added.error();
    if (why.kind != ErrorKind::kUnavailable && why.kind != ErrorKind::kConflict) return why;
    why.kind = ErrorKind::kUnavailable;
    why.code = kMembersNotReady;
    return why;
  }
  IK_LET(members, list_etcd_members(etcd_->client()));
  EtcdSetup setup = *setup_;
  setup.name = name;
  setup.address = address;
  setup.is_new = false;
  setup.initial_cluster = to_initial_cluster(members, own, name);
  return setup;
}

Result<std::set<std::string>> SharedStore::look_after_members(
    const std::vector<std::string>& managers) {
  EtcdClient& etcd = etcd_->client();
  IK_LET(members, list_etcd_members(etcd));
  const SteadyClock::time_point now = SteadyClock::now();
  std::map<std::string, SteadyClock::time_point> strange;
  std::set<std::string> voters;
  for (const EtcdMember& member : members) {
    const auto manager = std::ranges::find_if(
        managers, [&](const std::string& address) { return peer_url(address) == member.peer_url; });
    if (manager == managers.end()) {
      const auto seen = strange_since_.find(member.peer_url);
      strange[member.peer_url] = seen == strange_since_.end() ? now : seen->second;
      if (now - strange[member.peer_url] < kStrangeFor) continue;
      // By its id: another one may be admitted at that address just now.
      IK_TRY(remove_etcd_member(etcd, member));
      spdlog::info("etcd member removed url={}", member.peer_url);
    } else if (member.is_learner) {
      IK_LET(is_voter, promote_etcd_member(etcd, member));
      if (is_voter) spdlog::info("etcd member promoted url={}", member.peer_url);
    } else {
      voters.insert(*manager);
    }
  }
  strange_since_ = std::move(strange);
  return voters;
}

std::map<std::string, std::string> SharedStore::member_states(
    const std::vector<std::string>& addresses) {
  std::map<std::string, std::string> states;
  // Without records yet: those that this host was told of before.
  const std::vector<std::string> known = addresses.empty() ? asked_hosts(client()) : addresses;
  for (const std::string& address : known) {
    EtcdClient member({.endpoints = {etcd_url(address, options_.ports.client)},
                       .tls = etcd_tls(options_.directory)});
    const Result<EtcdHealth> health = probe_etcd_member(member, kProbeLimit);
    std::string& state = states[address];
    if (!health.has_value()) {
      state = "unreachable";
    } else if (health->leader.empty()) {
      state = "no majority";
    } else {
      state = health->is_learner ? "learner" : "reachable";
    }
  }
  return states;
}

Result<BackupSummary> SharedStore::back_up(const std::string& path) {
  const std::shared_ptr<Store> store = moving_->current();
  const std::shared_ptr<SqliteStore> sqlite = sqlite_.lock();
  return sqlite == store ? back_up_store(*sqlite, path) : back_up_copy(*store, path);
}

void SharedStore::renew_certificates() {
  if (!setup_.has_value() || !renewal_.is_due(store_seconds())) return;
  const Result<void> issued = issue_certificates();
  if (!issued.has_value()) spdlog::warn("etcd: {}, ignoring", issued.error().message);
}

}  // namespace ikada
