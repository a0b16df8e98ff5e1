#include "cluster/node/admission.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <utility>

#include "cluster/auth/digest.h"
#include "cluster/node/authority_exchange.h"
#include "image/url.h"
#include "runtime/base/random_id.h"

namespace ikada {
namespace {

constexpr size_t kMaxNameBytes = 64;
constexpr std::int64_t kMillisPerSecond = 1000;
constexpr size_t kMostManagers = 7;

template <typename Bytes>
std::string hex_of(const Bytes& bytes) {
  return to_hex(bytes.data(), bytes.size());
}

bool is_address(const std::string& text) {
  in6_addr address{};
  return ::inet_pton(AF_INET, text.c_str(), &address) == 1 ||
         ::inet_pton(AF_INET6, text.c_str(), &address) == 1;
}

// Not that of all interfaces, and not that of a group.
bool is_reachable(const std::string& text) {
  in6_addr v6{};
  if (::inet_pton(AF_INET6, text.c_str(), &v6) == 1) {
    return !IN6_IS_ADDR_UNSPECIFIED(&v6) && !IN6_IS_ADDR_MULTICAST(&v6);
  }
  in_addr v4{};
  if (::inet_pton(AF_INET, text.c_str(), &v4) != 1) return false;
  const in_addr_t address = ntohl(v4.s_addr);
  return address != INADDR_ANY && !IN_MULTICAST(address) && address != INADDR_BROADCAST;
}

bool is_loopback(const std::string& address) {
  return address_scope(address) == AddressScope::kLoopback;
}

// As names of hosts are: letters, digits, '.', '-', '_'.
bool is_host_name(const std::string& text) {
  const auto is_fine = [](char letter) {
    return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') ||
           (letter >= '0' && letter <= '9') || letter == '.' || letter == '-' || letter == '_';
  };
  return !text.empty() && text.size() <= kMaxNameBytes &&
         std::all_of(text.begin(), text.end(), is_fine);
}

Result<void> note_certificate(Node& node, const std::string& certificate) {
  IK_LET(facts, auth::read_certificate(certificate));
  node.certificate_serial = facts.serial;
  node.certificate_ends_at = {facts.not_after_s * kMillisPerSecond};
  return {};
}

auth::CertificateOrder order_for(const ClusterKeys& keys,
                                 const Node& node,
                                 auth::NodeRole role,
                                 Timestamp now,
                                 std::int64_t lifetime_s) {
  return {
      .identity = {.cluster = keys.cluster, .role = role, .node = node.id},
      .hosts =
          role == auth::NodeRole::kManager
              ? std::vector<std::string>{node.address, node.name, "localhost", "127.0.0.1", "::1"}
              : std::vector<std::string>(),
      .now_s = now.milliseconds / kMillisPerSecond,
      .lifetime_s = lifetime_s};
}

}  // namespace

Result<JoinRequest> make_join_request(const JoinKeys& keys) {
  JoinRequest request;
  IK_LET(text, auth::create_certificate_request(keys.key));
  request.certificate_request = std::move(text);
  IK_LET(gossip_key, gossip::Ed25519::create(keys.gossip_key));
  request.gossip_key = gossip_key->public_key();
  return request;
}

Json to_json(const JoinRequest& request) {
  return {{"secret", std::string(request.secret.reveal())},
          {"certificateRequest", request.certificate_request},
          {"gossipKey", hex_of(request.gossip_key)},
          {"name", request.name},
          {"address", request.address},
          {"version", request.version},
          {"routes", request.routes},
          {"etcd", request.has_etcd}};
}

Result<JoinRequest> parse_join_request(const Json& json) {
  JoinRequest request;
  std::string secret;
  std::string gossip_key;
  JsonReader reader(json, "join request");
  reader.require("secret", secret);
  reader.require("certificateRequest", request.certificate_request);
  reader.require("gossipKey", gossip_key);
  reader.require("name", request.name);
  reader.require("address", request.address);
  reader.read("version", request.version);
  reader.read("routes", request.routes);
  reader.read("etcd", request.has_etcd);
  request.secret = auth::Secret(std::move(secret));
  IK_TRY(reader.done());
  IK_LET(key, parse_hex<32>(gossip_key).context("join request: gossipKey"));
  request.gossip_key = key;
  return request;
}

Result<auth::NodeRole> check_join_secret(const ScopeState& scope,
                                         const auth::Secret& secret,
                                         Timestamp now) {
  const std::string digest = auth::sha256_hex(secret.reveal());
  std::optional<auth::NodeRole> role;
  bool has_expired = false;
  // All are compared, whichever it is.
  for (const auto& [word, kept] : scope.grants) {
    const JoinGrant& grant = kept.value;
    if (!auth::is_equal_in_constant_time(grant.secret_sha256, digest)) continue;
    role = auth::parse_node_role(word);
    has_expired = grant.expires_at.has_value() && *grant.expires_at <= now;
  }
  if (!role.has_value()) return make_error(ErrorKind::kDenied, "the join token is not valid");
  if (has_expired) return make_error(ErrorKind::kDenied, "the join token has expired");
  return *role;
}

bool is_same_host(const Node& node, const JoinRequest& request) {
  return node.is_new.value_or(false) && node.name == request.name &&
         node.address == request.address;
}

Result<void> check_new_node(const ScopeState& scope,
                            const JoinRequest& request,
                            const std::function<bool(const std::string& node)>& is_connected) {
  if (is_loopback(request.address)) {
    return make_error(ErrorKind::kInvalid,
                      "other hosts do not reach this one by {}: say another address with "
                      "--advertise-addr",
                      request.address);
  }
  const auto balancer = scope.listener_ports.find(request.address);
  if (balancer != scope.listener_ports.end()) {
    return make_error(ErrorKind::kConflict,
                      "load balancer {} has the address {}: say another with --advertise-addr",
                      balancer->second.value.balancer,
                      request.address);
  }
  for (const auto& [id, record] : scope.nodes) {
    const Node& node = record.value;
    const bool is_manager = node.role == auth::to_text(auth::NodeRole::kManager);
    if (is_manager && is_loopback(node.address)) {
      return make_error(ErrorKind::kConflict,
                        "nobody can join, because manager {} has the address {}: make the cluster "
                        "with ikada cluster init --advertise-addr",
                        node.name,
                        node.address);
    }
    // A manager that is away still has its place in etcd.
    const bool is_here = is_connected(id);
    if (!is_here && (!is_manager || is_same_host(node, request))) continue;
    const std::string_view remedy =
        is_here || !is_manager ? "" : "; if it is gone, remove it with ikada node rm --force";
    if (node.name == request.name) {
      return make_error(ErrorKind::kConflict,
                        "{} {} has this name: say another with --name{}",
                        node.role,
                        node.name,
                        remedy);
    }
    if (node.address == request.address) {
      return make_error(ErrorKind::kConflict,
                        "{} {} has the address {}: say another with --advertise-addr{}",
                        node.role,
                        node.name,
                        node.address,
                        remedy);
    }
  }
  return {};
}

Result<void> check_new_manager(const ScopeState& scope, const JoinRequest& request) {
  if (!request.has_etcd) {
    return make_error(ErrorKind::kUnavailable,
                      "etcd is not on the host that joins, and a manager needs it: install the "
                      "package etcd-server");
  }
  size_t managers = 0;
  for (const auto& [id, node] : scope.nodes) {
    if (node.value.role != auth::to_text(auth::NodeRole::kManager)) continue;
    if (is_same_host(node.value, request)) continue;
    ++managers;
    if (node.value.address == request.address) {
      return make_error(ErrorKind::kConflict,
                        "manager {} has the address {}: if it is gone, remove it with ikada node "
                        "rm --force",
                        node.value.name,
                        request.address);
    }
  }
  if (managers >= kMostManagers) {
    return make_error(ErrorKind::kConflict, "the cluster has {} managers, the most", managers);
  }
  return {};
}

Result<Admitted> admit_node(const ClusterKeys& keys,
                            const JoinRequest& request,
                            const JoinTerms& terms) {
  if (!is_host_name(request.name)) {
    return make_error(ErrorKind::kInvalid, "\"{}\" is no name for a node", request.name);
  }
  if (!is_address(request.address) || !is_reachable(request.address)) {
    return make_error(ErrorKind::kInvalid, "\"{}\" is no address", request.address);
  }
  Admitted admitted{.node = {.id = terms.id,
                             .name = request.name,
                             .role = std::string(auth::to_text(terms.role)),
                             .address = request.address,
                             .version = request.version,
                             .joined_at = terms.now,
                             .is_new = true},
                    .answer = {}};
  IK_LET(certificate,
         keys.authority.issue(
             request.certificate_request,
             order_for(keys, admitted.node, terms.role, terms.now, terms.certificate_lifetime_s)));
  IK_TRY(note_certificate(admitted.node, certificate));
  IK_LET(authority, gossip::Ed25519::create(keys.gossip_authority));
  // Rises with every admission of a name, as the time does.
  const auto serial = static_cast<std::uint64_t>(terms.now.milliseconds);
  const gossip::Admission admission =
      gossip::admit(terms.id, request.gossip_key, serial, keys.cluster, *authority);
  Json packet_keys = Json::array();
  for (const gossip::GossipKey& key : keys.packet_keys) packet_keys.push_back(hex_of(key));
  admitted.answer = {{"certificate", certificate},
                     {"gossipAuthority", hex_of(authority->public_key())},
                     {"admissionSerial", admission.serial},
                     {"admission", hex_of(admission.signature)},
                     {"packetKeys", packet_keys},
                     {"trusted", trusted_authorities(keys)},
                     {"managers", terms.managers}};
  return admitted;
}

Result<Membership> take_answer(const Json& answer,
                               JoinKeys keys,
                               const JoinRequest& request,
                               std::string authority) {
  Membership membership{.identity = {},
                        .name = request.name,
                        .address = request.address,
                        .managers = {},
                        .credentials = {.authority = std::move(authority),
                                        .certificate = {},
                                        .key = std::move(keys.key)},
                        .gossip = {}};
  std::string gossip_authority;
  std::string admission;
  std::vector<std::string> packet_keys;
  JsonReader reader(answer, "the manager's answer");
  reader.require("certificate", membership.credentials.certificate);
  reader.require("gossipAuthority", gossip_authority);
  reader.require("admissionSerial", membership.gossip.admission.serial);
  reader.require("admission", admission);
  reader.require("packetKeys", packet_keys);
  if (packet_keys.empty()) reader.fail("packetKeys", "none");
  std::vector<std::string> trusted;
  reader.read("trusted", trusted);
  reader.require("managers", membership.managers);
  if (membership.managers.empty()) reader.fail("managers", "none");
  IK_TRY(reader.done());
  IK_LET(facts, auth::read_certificate(membership.credentials.certificate));
  membership.identity = std::move(facts.identity);
  // Of the authority that the token names, or while that is exchanged of the one that follows.
  if (trusted.empty()) trusted.push_back(membership.credentials.authority);
  IK_LET(credentials,
         with_certificate(membership.credentials, membership.credentials.certificate, trusted));
  membership.credentials = std::move(credentials);
  membership.gossip.key = keys.gossip_key;
  IK_LET(authority_key, parse_hex<32>(gossip_authority));
  membership.gossip.authority = authority_key;
  IK_LET(signature, parse_hex<64>(admission));
  membership.gossip.admission.signature = signature;
  for (const std::string& text : packet_keys) {
    IK_LET(key, parse_hex<32>(text));
    membership.gossip.packet_keys.push_back(key);
  }
  return membership;
}

Result<std::string> renew_certificate(const ClusterKeys& keys,
                                      const std::string& certificate_request,
                                      Node& node,
                                      Timestamp now,
                                      std::int64_t lifetime_s) {
  const std::optional<auth::NodeRole> role = auth::parse_node_role(node.role);
  if (!role.has_value()) return make_error(ErrorKind::kInternal, "node {}: no role", node.id);
  IK_LET(certificate,
         keys.authority.issue(certificate_request, order_for(keys, node, *role, now, lifetime_s)));
  IK_TRY(note_certificate(node, certificate));
  return certificate;
}

}  // namespace ikada
