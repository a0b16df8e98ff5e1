// The exchange of the cluster's authorities as a manager takes part in it, and as the leading one
// drives it (cluster/node/authority_exchange.h). What has been reached stands in the store and in
// the hosts' files, so that whoever leads next goes on from there.
//
// On the loop's thread.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "cluster/daemon/control_plane.h"
#include "cluster/daemon/exchange_record.h"

namespace ikada {

class AuthorityKeeper {
 public:
  struct Ground {
    boost::asio::io_context& loop;
    ControlPlane& manager;
    const ClusterKeys& keys;
    std::string node;  // This host's.
    // Keeps other keys.
    std::function<Result<void>(const ClusterKeys& keys)> keep;
    // Those on record, and what they have told.
    std::function<std::vector<ExchangeHost>()> hosts;
    // Has the manager start its member of etcd anew.
    std::function<void(const std::string& node)> restart_store;
  };
  explicit AuthorityKeeper(Ground ground) : ground_(std::move(ground)) {}
  ~AuthorityKeeper();
  AuthorityKeeper(const AuthorityKeeper&) = delete;
  AuthorityKeeper& operator=(const AuthorityKeeper&) = delete;

  // Does what the record says; on the leading manager also what it should say next, if anything.
  Proposal look(bool may_propose);

  // On the leading manager. Makes new authorities: {"from", "to"}. kConflict while that is under
  // way: but with `force` whoever is away is not waited for any more.
  using Done = std::function<void(const Result<Json>&)>;
  void begin(bool force, const Done& done);
  // {"phase", "from", "to", "isForced", "hosts", "away": names, "waitsFor": names, "roles"}
  Result<Json> describe() const;
  // {"authority": digest, "phase"}
  Json own() const;

 private:
  struct Turn;

  Result<ExchangeRecord> record() const;
  Result<Proposal> follow_and_lead(bool may_propose);
  void look_at_turn();
  Result<Proposal> lead(const ExchangeRecord& record);
  Result<Proposal> step(ExchangeRecord record) const;
  std::vector<std::string> unfinished(const AuthorityExchange& exchange) const;
  Result<ExchangeRecord> plan_begin(bool force) const;
  void give_turn(const AuthorityExchange& exchange, const std::string& node);

  Ground ground_;
  std::string complaint_;       // As was told last.
  std::shared_ptr<Turn> turn_;  // Of a manager whose etcd is started anew.
  std::shared_ptr<bool> is_here_ = std::make_shared<bool>(true);
};

}  // namespace ikada
