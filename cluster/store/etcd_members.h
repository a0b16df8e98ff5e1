// The members of the managers' etcd: who they are, and changes of them. A member is known by the
// URL that others reach it by, because it has no name before it has started once.
//
// Calls wait as a Store's do. A change is refused, and tried again up to kStoreCallLimit, while a
// majority has not been connected for some seconds.
#pragma once

#include <string>
#include <vector>

#include "cluster/store/etcd_client.h"

namespace ikada {

Result<std::vector<EtcdMember>> list_etcd_members(EtcdClient& client);

// A learner has no vote, so that it cannot cost the others their majority. No error if there is
// one already. kConflict while another one is learning.
Result<void> add_etcd_learner(EtcdClient& client, const std::string& peer_url);

// True if it has a vote from now on, or had one; false as long as it has not caught up.
Result<bool> promote_etcd_member(EtcdClient& client, const EtcdMember& member);

// No error if there is none. The second: that very one, whoever has its URL by then.
Result<void> remove_etcd_member(EtcdClient& client, const std::string& peer_url);
Result<void> remove_etcd_member(EtcdClient& client, const EtcdMember& member);

// Has another one lead if the member at the client's first endpoint does; one of those URLs.
Result<void> yield_etcd_leadership(EtcdClient& client, const std::vector<std::string>& peer_urls);

// What the member at the client's first endpoint says of itself.
Result<EtcdHealth> probe_etcd_member(EtcdClient& client, std::chrono::milliseconds limit);

// Waits until the member at that endpoint has a leader. kUnavailable if that takes longer.
Result<void> await_etcd_member(EtcdClient& client, std::chrono::milliseconds limit);

}  // namespace ikada
