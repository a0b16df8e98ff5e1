#include "cluster/gossip/statement.h"

#include <doctest/doctest.h>

#include "tests/cluster/gossip/quick_signatures.h"

namespace ikada::gossip {
namespace {

Statement make_statement() {
  Statement statement;
  statement.name = "host-1";
  statement.endpoint = *parse_endpoint("192.0.2.7:7441");
  statement.incarnation = 7;
  statement.metadata = {.role = Role::kManager, .version = "0.1.0", .capacity = "abc"};
  sign(statement, "blue", QuickSignatures(1));
  return statement;
}

}  // namespace

TEST_CASE("endpoints are read as they are written") {
  for (const char* text : {"192.0.2.1:7441", "[2001:db8::1]:1", "0.0.0.0:65535"}) {
    const Result<Endpoint> endpoint = parse_endpoint(text);
    REQUIRE(endpoint.has_value());
    CHECK(to_text(*endpoint) == text);
  }
  for (const char* text : {"",
                           ":",
                           "192.0.2.1",
                           "192.0.2.1:0",
                           "192.0.2.1:65536",
                           "host:1",
                           "192.0.2.1:",
                           "2001:db8::1:7441x",
                           "[2001:db8::1]",
                           "[192.0.2.1]:1",
                           "192.0.2.1:+1"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_endpoint(text).has_value());
  }
}

TEST_CASE("a statement is read as it was written") {
  Statement statement = make_statement();

  CHECK(decode_statement(encode(statement)).value() == statement);
  statement.admission = admit("host-1", statement.key, 3, "blue", QuickSignatures(9));
  CHECK(decode_statement(encode(statement)).value() == statement);
}

TEST_CASE("cut, longer or wrong statements are refused") {
  const std::string bytes = encode(make_statement());

  for (size_t i = 0; i < bytes.size(); ++i) {
    CHECK_FALSE(decode_statement(std::string_view(bytes).substr(0, i)).has_value());
  }
  CHECK_FALSE(decode_statement(bytes + "x").has_value());

  for (const auto& change : std::vector<std::function<void(Statement&)>>{
           [](Statement& it) { it.name = ""; },
           [](Statement& it) { it.name = std::string(65, 'x'); },
           [](Statement& it) { it.name = "a b"; },
           [](Statement& it) { it.name = "a\n"; },
           [](Statement& it) { it.endpoint.port = 0; },
           [](Statement& it) { it.versions = {.min = 2, .max = 1}; },
           [](Statement& it) { it.versions = {.min = 0, .max = 1}; },
           [](Statement& it) { it.metadata.version = std::string(33, '1'); },
           [](Statement& it) { it.metadata.capacity = std::string(65, '1'); },
           [](Statement& it) { it.presence = static_cast<Presence>(3); },
           [](Statement& it) { it.metadata.role = static_cast<Role>(0); }}) {
    Statement statement = make_statement();
    change(statement);
    CHECK_FALSE(decode_statement(encode(statement)).has_value());
  }
}

TEST_CASE("a signature covers every field of a statement, and the cluster") {
  const QuickSignatures signatures(1);
  REQUIRE(is_signed(make_statement(), "blue", signatures));

  CHECK_FALSE(is_signed(make_statement(), "red", signatures));
  for (const auto& change : std::vector<std::function<void(Statement&)>>{
           [](Statement& it) { it.name = "host-2"; },
           [](Statement& it) { it.endpoint.port = 1; },
           [](Statement& it) { it.endpoint.address[15] ^= 1; },
           [](Statement& it) { ++it.incarnation; },
           [](Statement& it) { it.presence = Presence::kLeft; },
           [](Statement& it) { it.versions.max = 2; },
           [](Statement& it) { it.metadata.role = Role::kWorker; },
           [](Statement& it) { it.metadata.version = "2"; },
           [](Statement& it) { it.metadata.capacity = "abd"; },
           [](Statement& it) { it.admission.emplace(); }}) {
    Statement statement = make_statement();
    change(statement);
    CHECK_FALSE(is_signed(statement, "blue", signatures));
  }
}

TEST_CASE("an admission is for one name, key and cluster") {
  const QuickSignatures authority(9);
  Statement statement = make_statement();
  CHECK_FALSE(is_admitted(statement, authority.public_key(), "blue", authority));
  statement.admission = admit("host-1", statement.key, 3, "blue", authority);

  CHECK(is_admitted(statement, authority.public_key(), "blue", authority));
  CHECK_FALSE(is_admitted(statement, authority.public_key(), "red", authority));
  CHECK_FALSE(is_admitted(statement, statement.key, "blue", authority));
  ++statement.admission->serial;
  CHECK_FALSE(is_admitted(statement, authority.public_key(), "blue", authority));
}

TEST_CASE("an accusation is read as it was written, and signed by its accuser") {
  const QuickSignatures signatures(1);
  Accusation accusation{.accused = 5, .incarnation = 6, .accuser = 7, .signature = {}};
  sign(accusation, "blue", signatures);

  CHECK(decode_accusation(encode(accusation)).value() == accusation);
  CHECK_FALSE(decode_accusation(encode(accusation) + "x").has_value());
  CHECK(is_signed(accusation, signatures.public_key(), "blue", signatures));
  CHECK_FALSE(is_signed(accusation, QuickSignatures(2).public_key(), "blue", signatures));
  accusation.incarnation = 7;
  CHECK_FALSE(is_signed(accusation, signatures.public_key(), "blue", signatures));
}

}  // namespace ikada::gossip
