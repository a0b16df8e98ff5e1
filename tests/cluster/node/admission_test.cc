#include "cluster/node/admission.h"

#include <doctest/doctest.h>

#include "cluster/auth/digest.h"

namespace ikada {
namespace {

const Timestamp kNow{1'800'000'000'000};
const std::string kNodeId(32, 'a');

JoinRequest request_of(const JoinKeys& keys) {
  JoinRequest request = *make_join_request(keys);
  request.secret = auth::Secret("s3cret");
  request.name = "host-2";
  request.address = "192.0.2.2";
  request.version = "1.0";
  return request;
}

ScopeState scope_with(std::optional<Timestamp> expires_at) {
  ScopeState scope;
  scope.grants["worker"] = {.value = {.secret_sha256 = auth::sha256_hex("s3cret"),
                                      .created_at = kNow,
                                      .expires_at = expires_at},
                            .revision = 1};
  return scope;
}

TEST_CASE("a host is admitted and keeps what the others will believe") {
  const ClusterKeys keys = *create_cluster_keys(kNow.milliseconds / 1000);
  JoinKeys own;
  const Result<JoinRequest> sent = parse_join_request(to_json(request_of(own)));
  REQUIRE(sent.has_value());

  const Result<Admitted> admitted =
      admit_node(keys, *sent, {.id = kNodeId, .now = kNow, .managers = {"192.0.2.1:7442"}});
  REQUIRE(admitted.has_value());
  const Result<Membership> membership =
      take_answer(admitted->answer, std::move(own), *sent, keys.authority.certificate());
  REQUIRE(membership.has_value());

  CHECK(admitted->node.role == "worker");
  CHECK(admitted->node.certificate_ends_at.milliseconds ==
        kNow.milliseconds + auth::kNodeCertificateSeconds * 1000);
  CHECK(membership->identity.node == kNodeId);
  CHECK(membership->identity.cluster == keys.cluster);
  CHECK(membership->managers == std::vector<std::string>{"192.0.2.1:7442"});
  const auto signatures = *gossip::Ed25519::create(membership->gossip.key);
  gossip::Statement statement;
  statement.name = kNodeId;
  statement.key = signatures->public_key();
  statement.admission = membership->gossip.admission;
  CHECK(gossip::is_admitted(statement, membership->gossip.authority, keys.cluster, *signatures));
}

TEST_CASE("secrets of join tokens") {
  const auth::Secret good("s3cret");
  CHECK(*check_join_secret(scope_with({}), good, kNow) == auth::NodeRole::kWorker);
  const Timestamp later{kNow.milliseconds + 1};
  CHECK(check_join_secret(scope_with(later), good, kNow).has_value());
  CHECK(check_join_secret(scope_with(kNow), good, kNow).error().message ==
        "the join token has expired");
  CHECK(check_join_secret(scope_with({}), auth::Secret("other"), kNow).error().message ==
        "the join token is not valid");
  CHECK_FALSE(check_join_secret({}, auth::Secret(""), kNow).has_value());
}

TEST_CASE("a manager needs etcd and an address of its own") {
  JoinRequest request = request_of({});
  ScopeState scope;
  CHECK(check_new_manager(scope, request).error().message.ends_with("package etcd-server"));
  request.has_etcd = true;
  CHECK(check_new_manager(scope, request).has_value());

  Node other{.id = kNodeId, .name = "old", .role = "manager", .address = request.address};
  scope.nodes[kNodeId] = {.value = other, .revision = 1};
  CHECK(check_new_manager(scope, request).error().kind == ErrorKind::kConflict);
  // A worker may have it: it was one on the same host before.
  scope.nodes[kNodeId].value.role = "worker";
  CHECK(check_new_manager(scope, request).has_value());
  for (int number = 0; number < 7; ++number) {
    other.address = "192.0.2.1" + std::to_string(number);
    scope.nodes[std::to_string(number)] = {.value = other, .revision = 1};
  }
  CHECK(check_new_manager(scope, request).error().kind == ErrorKind::kConflict);
}

std::string refusal(const ScopeState& scope, const JoinRequest& request, bool is_connected) {
  const Result<void> checked =
      check_new_node(scope, request, [&](const std::string&) { return is_connected; });
  return checked.has_value() ? "" : checked.error().message;
}

TEST_CASE("a host joins under a name and an address that no living node has") {
  const JoinRequest request = request_of({});
  ScopeState scope;
  CHECK(refusal(scope, request, false).empty());

  Node& other = scope.nodes[kNodeId].value;
  other = {.id = kNodeId, .name = "host-2", .role = "worker", .address = "192.0.2.9"};
  CHECK(refusal(scope, request, true) == "worker host-2 has this name: say another with --name");
  CHECK(refusal(scope, request, false).empty());
  other = {.id = kNodeId, .name = "x", .role = "worker", .address = "192.0.2.2"};
  CHECK(refusal(scope, request, true) ==
        "worker x has the address 192.0.2.2: say another with --advertise-addr");
  CHECK(refusal(scope, request, false).empty());
  // A manager has its place in etcd also while it is away.
  other.role = "manager";
  CHECK(refusal(scope, request, false) ==
        "manager x has the address 192.0.2.2: say another with --advertise-addr; if it is gone, "
        "remove it with ikada node rm --force");
  // Left of an attempt of the same host.
  other.name = "host-2";
  other.is_new = true;
  CHECK(refusal(scope, request, false).empty());
}

TEST_CASE("nobody joins by the address of a load balancer") {
  const JoinRequest request = request_of({});
  ScopeState scope;
  scope.listener_ports["192.0.2.2"].value.balancer = "web";
  CHECK(refusal(scope, request, false) ==
        "load balancer web has the address 192.0.2.2: say another with --advertise-addr");
}

TEST_CASE("nobody joins by an address that is a host's own loopback") {
  JoinRequest request = request_of({});
  for (const char* address : {"127.0.0.1", "127.9.9.9", "::1"}) {
    request.address = address;
    CHECK(refusal({}, request, false).ends_with("say another address with --advertise-addr"));
  }
  request.address = "192.0.2.2";
  ScopeState scope;
  scope.nodes[kNodeId].value = {
      .id = kNodeId, .name = "first", .role = "manager", .address = "127.0.0.1"};
  CHECK(refusal(scope, request, true).starts_with("nobody can join, because manager first has"));
}

TEST_CASE("names and addresses that are none") {
  const ClusterKeys keys = *create_cluster_keys(kNow.milliseconds / 1000);
  for (const char* name : {"", "a b", "a/b", "a\n"}) {
    JoinRequest request = request_of({});
    request.name = name;
    CAPTURE(name);
    CHECK_FALSE(admit_node(keys, request, {.id = kNodeId, .now = kNow}).has_value());
  }
  for (const char* address : {"", "host", "192.0.2", "192.0.2.1:1"}) {
    JoinRequest request = request_of({});
    request.address = address;
    CAPTURE(address);
    CHECK_FALSE(admit_node(keys, request, {.id = kNodeId, .now = kNow}).has_value());
  }
}

TEST_CASE("a certificate is renewed for the same node") {
  const ClusterKeys keys = *create_cluster_keys(kNow.milliseconds / 1000);
  const JoinKeys own;
  Node node = admit_node(keys, request_of(own), {.id = kNodeId, .now = kNow})->node;
  const std::string old = node.certificate_serial;
  const Timestamp later{kNow.milliseconds + 1'000'000};

  const Result<std::string> renewed =
      renew_certificate(keys, *auth::create_certificate_request(own.key), node, later, 3600);

  REQUIRE(renewed.has_value());
  CHECK(auth::read_certificate(*renewed)->identity.node == kNodeId);
  CHECK(node.certificate_serial != old);
  CHECK(node.certificate_ends_at.milliseconds == later.milliseconds + 3'600'000);
}

}  // namespace
}  // namespace ikada
