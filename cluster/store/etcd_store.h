// The store of a cluster with several managers: etcd's members, spoken to over their JSON gateway.
//
// Nothing here starts, joins or removes members. Reads are linearizable, so without a majority they
// fail as writes do. Each watch has a thread and a connection; other calls share connections.
#pragma once

#include <memory>

#include "cluster/store/etcd_client.h"
#include "cluster/store/store.h"

namespace ikada {

class EtcdStore final : public Store {
 public:
  // Does not connect yet. kInvalid without endpoints.
  static Result<std::unique_ptr<EtcdStore>> create(EtcdOptions options);

  Result<KeyRead> get(const std::string& key) override;
  Result<KeyPage> list(const ListOptions& options) override;
  Result<Commit> commit(const Transaction& transaction) override;
  Result<std::unique_ptr<Watch>> watch(const std::string& prefix, Revision after) override;
  Result<Lease> grant_lease(std::chrono::seconds ttl) override;
  Result<void> keep_lease(LeaseId id) override;
  Result<void> revoke_lease(LeaseId id) override;
  Result<void> compact(Revision revision) override;
  Result<StoreStatus> status() override;  // Of the member that answers.

  // One member after the other; each answers nobody meanwhile. Stops at the first that fails.
  Result<void> defragment() override;

  // Calls to the members besides: who they are, changes of them.
  EtcdClient& client() { return client_; }

 private:
  explicit EtcdStore(EtcdOptions options)
      : base_(options.revision_base), client_(std::move(options)) {}

  Result<KeyPage> list_part(const ListOptions& options);

  // Revisions outside are etcd's and this.
  const Revision base_;
  EtcdClient client_;
};

}  // namespace ikada
