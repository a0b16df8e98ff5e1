#include "cluster/node/authority_exchange.h"

#include <algorithm>
#include <array>
#include <utility>

namespace ikada {
namespace {

struct PhaseName {
  ExchangePhase phase;
  std::string_view text;
};
constexpr std::array<PhaseName, 4> kPhases = {{{ExchangePhase::kNone, ""},
                                               {ExchangePhase::kTrust, "trust"},
                                               {ExchangePhase::kRenew, "renew"},
                                               {ExchangePhase::kForget, "forget"}}};

bool has(const std::vector<std::string>& all, const std::string& one) {
  return std::ranges::find(all, one) != all.end();
}

bool is_only(const std::vector<std::string>& all, const std::string& one) {
  return all.size() == 1 && all.front() == one;
}

bool trusts_as_wanted(const AuthorityExchange& exchange,
                      const std::vector<std::string>& trusted,
                      const std::string& wanted) {
  return exchange.phase == ExchangePhase::kForget ? is_only(trusted, wanted) : has(trusted, wanted);
}

// But for whom its member of etcd trusts.
bool has_followed(const AuthorityExchange& exchange, const ExchangeHost& host) {
  const HeldKeys& held = host.held;
  if (held.issuer.empty() || !trusts_as_wanted(exchange, held.trusted, exchange.to)) return false;
  if (exchange.phase == ExchangePhase::kTrust) return true;
  return held.issuer == exchange.to && (!held.has_store || held.store_issuer == exchange.store_to);
}

bool needs_restart(const AuthorityExchange& exchange, const HeldKeys& held) {
  return held.has_store && !trusts_as_wanted(exchange, held.store_trusted, exchange.store_to);
}

Result<std::string> digest_of(const auth::CertificateAuthority& authority) {
  return auth::authority_digest(authority.certificate());
}

Error missed() {
  return make_error(ErrorKind::kDenied,
                    "the cluster's authority was exchanged while this manager was away: take its "
                    "host out with ikada cluster leave --force, and join again");
}

}  // namespace

std::string_view to_text(ExchangePhase phase) {
  return std::ranges::find(kPhases, phase, &PhaseName::phase)->text;
}

Result<ExchangePhase> parse_exchange_phase(std::string_view text) {
  const auto found = std::ranges::find(kPhases, text, &PhaseName::text);
  if (found != kPhases.end()) return found->phase;
  return make_error(ErrorKind::kInvalid, "no phase of an exchange: {}", text);
}

ExchangePhase next_phase(ExchangePhase phase) {
  if (phase == ExchangePhase::kTrust) return ExchangePhase::kRenew;
  return phase == ExchangePhase::kRenew ? ExchangePhase::kForget : ExchangePhase::kNone;
}

ExchangePlan plan_exchange(const AuthorityExchange& exchange,
                           const std::vector<ExchangeHost>& hosts,
                           const std::string& leader) {
  ExchangePlan plan;
  if (exchange.phase == ExchangePhase::kNone) return plan;
  // In the last phase a worker that is away has its new certificate already, and hears of it later.
  const auto counts = [&](const ExchangeHost& host) {
    const bool may_come_later =
        exchange.is_forced || (exchange.phase == ExchangePhase::kForget && !host.is_manager);
    return !host.is_away || !may_come_later;
  };
  // Without that one's member of etcd there might be no majority while another one starts.
  const bool lacks_manager = std::ranges::any_of(hosts, [&](const ExchangeHost& host) {
    return host.is_manager && host.held.issuer.empty() && counts(host);
  });
  for (const ExchangeHost& host : hosts) {
    if (!counts(host)) continue;
    const bool has_done = has_followed(exchange, host);
    if (has_done && (lacks_manager || !needs_restart(exchange, host.held))) continue;
    plan.waits_for.push_back(host.name + (host.is_away ? " (away)" : ""));
    if (has_done && !host.is_away) plan.restarts.push_back(host.id);
  }
  std::stable_partition(plan.restarts.begin(), plan.restarts.end(), [&](const std::string& id) {
    return id != leader;
  });
  plan.is_step = plan.waits_for.empty();
  return plan;
}

std::vector<std::string> trusted_authorities(const ClusterKeys& keys) {
  std::vector<std::string> all = {keys.authority.certificate()};
  if (keys.next.has_value()) all.push_back(keys.next->authority.certificate());
  if (keys.former.has_value()) all.push_back(keys.former->certificate);
  return all;
}

std::vector<std::string> trusted_store_authorities(const ClusterKeys& keys) {
  std::vector<std::string> all = {keys.store_authority.certificate()};
  if (keys.next.has_value()) all.push_back(keys.next->store_authority.certificate());
  if (keys.former.has_value()) all.push_back(keys.former->store_certificate);
  return all;
}

std::string joined_certificates(const std::vector<std::string>& certificates) {
  std::string text;
  for (const std::string& each : certificates) text += each;
  return text;
}

std::vector<std::string> authority_digests(const std::vector<std::string>& certificates) {
  std::vector<std::string> digests;
  for (const std::string& each : certificates) {
    Result<std::string> digest = auth::authority_digest(each);
    if (digest.has_value()) digests.push_back(std::move(*digest));
  }
  return digests;
}

Result<NodeCredentials> with_certificate(const NodeCredentials& credentials,
                                         const std::string& certificate,
                                         const std::vector<std::string>& trusted) {
  const auto issuer = std::ranges::find_if(trusted, [&](const std::string& authority) {
    return auth::is_issued_by(certificate, authority);
  });
  if (issuer == trusted.end()) {
    return make_error(ErrorKind::kDenied, "the certificate is of an authority that is not trusted");
  }
  NodeCredentials changed = credentials;
  changed.certificate = certificate;
  changed.authority = *issuer;
  changed.others.clear();
  for (const std::string& each : trusted) {
    const bool is_known = each == *issuer || has(changed.others, each);
    if (!is_known) changed.others.push_back(each);
  }
  return changed;
}

Result<ClusterKeys> follow_exchange(const ClusterKeys& keys,
                                    const AuthorityExchange& exchange,
                                    const std::optional<NewAuthorities>& offered) {
  ClusterKeys followed = keys;
  if (exchange.to.empty()) return followed;
  IK_LET(own, digest_of(keys.authority));
  if (exchange.phase == ExchangePhase::kTrust) {
    if (own != exchange.from) return missed();
    followed.former.reset();
    followed.next = offered;
    return followed;
  }
  if (own != exchange.to) {
    std::string next;
    if (keys.next.has_value()) {
      IK_LET(digest, digest_of(keys.next->authority));
      next = std::move(digest);
    }
    if (next != exchange.to) return missed();
    followed.former = FormerAuthorities{.certificate = keys.authority.certificate(),
                                        .store_certificate = keys.store_authority.certificate()};
    followed.authority = keys.next->authority;
    followed.store_authority = keys.next->store_authority;
  }
  followed.next.reset();
  if (exchange.phase == ExchangePhase::kRenew) return followed;
  followed.former.reset();
  // What followed from the old authority's key goes with it: all is sealed anew by now.
  if (followed.sealing_keys.size() > 1) followed.sealing_keys.resize(1);
  return followed;
}

}  // namespace ikada
