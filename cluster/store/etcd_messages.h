// What is sent to etcd's JSON gateway and what comes back, without sending it. Pure.
//
// The gateway ignores fields that it does not know, leaves out all that is zero, and writes 64-bit
// integers as text; bytes are base64 with padding.
//
// Source: etcd 3.4, api/etcdserverpb/rpc.proto; the answers of Debian's etcd 3.4.23.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cluster/store/store.h"
#include "runtime/base/json.h"

namespace ikada {

// One request: the path below the endpoint, and the body.
struct EtcdRequest {
  std::string path;
  std::string body;
};

EtcdRequest etcd_get(const std::string& key);
EtcdRequest etcd_list(const ListOptions& options);
EtcdRequest etcd_commit(const Transaction& transaction);
EtcdRequest etcd_watch(const std::string& prefix, Revision after);
EtcdRequest etcd_grant(std::chrono::seconds ttl);
EtcdRequest etcd_keep(LeaseId id);
EtcdRequest etcd_revoke(LeaseId id);
EtcdRequest etcd_compact(Revision revision);
EtcdRequest etcd_status();
EtcdRequest etcd_defragment();
EtcdRequest etcd_members();
EtcdRequest etcd_add_learner(const std::string& peer_url);
EtcdRequest etcd_promote(const std::string& member);
EtcdRequest etcd_transfer_leadership(const std::string& member);
EtcdRequest etcd_remove_member(const std::string& member);

// kInvalid for an answer that is not what etcd says.
Result<KeyRead> parse_etcd_get(std::string_view body);
Result<KeyPage> parse_etcd_list(std::string_view body);
Result<Commit> parse_etcd_commit(std::string_view body);
Result<Lease> parse_etcd_grant(std::string_view body);
Result<void> parse_etcd_keep(std::string_view body, LeaseId id);  // No TTL: the lease is gone.
Result<StoreStatus> parse_etcd_status(std::string_view body);

// A member as its cluster knows it.
struct EtcdMember {
  std::string id;    // A number of 64 bits, in decimal.
  std::string name;  // Empty until it has started once.
  std::string peer_url;
  bool is_learner = false;
};
Result<std::vector<EtcdMember>> parse_etcd_members(std::string_view body);

// What a member says of itself.
struct EtcdHealth {
  std::string member;
  std::string leader;  // Of the members; empty if it knows none.
  bool is_learner = false;
};
Result<EtcdHealth> parse_etcd_health(std::string_view body);

// One line of a watch's stream.
struct EtcdWatchMessage {
  bool is_created = false;
  bool is_cancelled = false;
  Revision compacted = 0;  // Why it is cancelled, if not 0.
  std::string reason;      // Likewise, or the error that ended the stream.
  KeyEvents events;
};
Result<EtcdWatchMessage> parse_etcd_watch(std::string_view line);

// What an error of etcd means for the call that got it.
enum class EtcdVerdict {
  kNothingDone,  // It was refused before it was proposed: try it again, elsewhere.
  kInDoubt,      // It may have been done.
  kFinal,        // `error` is the answer.
};
struct EtcdFailure {
  EtcdVerdict verdict = EtcdVerdict::kInDoubt;
  Error error;
};
// From the status and body of an answer other than 200.
EtcdFailure read_etcd_error(int status, std::string_view body);

}  // namespace ikada
