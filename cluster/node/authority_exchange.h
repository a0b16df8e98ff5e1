// How a cluster exchanges its authorities, that of its nodes and that of the managers' etcd, while
// it works: what the leading manager decides, from what the hosts have said. Pure.
//
//   trust    every host trusts the new ones beside the old ones, every manager has their keys
//   renew    only the new ones issue; every host's certificates are of them
//   forget   only the new ones are trusted; the keys of the old ones are gone
//   (done)
//
// A step is taken when every node on record has said that it has done the one before. One that is
// away is waited for, because it could not come back: unless the exchange is forced. A member of
// etcd reads whom it trusts only when it starts: they are started anew one at a time, while all of
// them are well; in a forced exchange all of those that are not away.
//
// Authorities are named by their digests (auth::authority_digest()).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cluster/node/held_keys.h"
#include "cluster/node/membership.h"

namespace ikada {

enum class ExchangePhase { kNone, kTrust, kRenew, kForget };

// "trust", "renew", "forget"; empty for none.
std::string_view to_text(ExchangePhase phase);
Result<ExchangePhase> parse_exchange_phase(std::string_view text);

struct AuthorityExchange {
  ExchangePhase phase = ExchangePhase::kNone;
  std::string from;  // The nodes' authority before, and after.
  std::string to;
  std::string store_to;  // Of the managers' etcd.
  bool is_forced = false;
};

// A node on record.
struct ExchangeHost {
  std::string id;
  std::string name;
  bool is_manager = false;
  bool is_away = false;
  HeldKeys held = {};  // Nothing in it: it has not said so yet.
};

struct ExchangePlan {
  bool is_step = false;  // The next phase begins.
  // Else the names of those that are to do something first.
  std::vector<std::string> waits_for = {};
  // The managers whose etcd is to be started anew, in that order, one when all are well.
  std::vector<std::string> restarts = {};
};

// `leader` is the last of those that are started anew.
ExchangePlan plan_exchange(const AuthorityExchange& exchange,
                           const std::vector<ExchangeHost>& hosts,
                           const std::string& leader);
ExchangePhase next_phase(ExchangePhase phase);

// The certificates that a manager's keys have others trust: the one that issues first.
std::vector<std::string> trusted_authorities(const ClusterKeys& keys);
std::vector<std::string> trusted_store_authorities(const ClusterKeys& keys);
// One after another, as a file.
std::string joined_certificates(const std::vector<std::string>& certificates);
// Of the certificates, but for those that are none.
std::vector<std::string> authority_digests(const std::vector<std::string>& certificates);

// Credentials with another certificate for the same key, of one of these authorities, all of which
// count from then on. kDenied if none of them has issued it.
Result<NodeCredentials> with_certificate(const NodeCredentials& credentials,
                                         const std::string& certificate,
                                         const std::vector<std::string>& trusted);

// The keys of a manager that does what the exchange says; `offered` are the new authorities' in the
// first phase. kDenied if it has missed the exchange and cannot follow any more.
Result<ClusterKeys> follow_exchange(const ClusterKeys& keys,
                                    const AuthorityExchange& exchange,
                                    const std::optional<NewAuthorities>& offered);

}  // namespace ikada
