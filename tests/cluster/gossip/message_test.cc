#include "cluster/gossip/message.h"

#include <doctest/doctest.h>

namespace ikada::gossip {
namespace {

std::string_view body_of(const std::string& message) { return std::string_view(message).substr(3); }

}  // namespace

TEST_CASE("a packet gives back its messages") {
  const std::string packet = std::string("\x01") + message(Ping{.sequence = 1, .target = 2}) +
                             nack_message(9) + empty_message(MessageKind::kEnd);

  const std::optional<PacketView> read = read_packet(packet);

  REQUIRE(read.has_value());
  CHECK(read->version == 1);
  REQUIRE(read->messages.size() == 3);
  CHECK(read->messages[0].kind == MessageKind::kPing);
  CHECK(read_ping(read->messages[0].body)->target == 2);
  CHECK(read_nack(read->messages[1].body) == 9);
  CHECK(read->messages[2].body.empty());
}

TEST_CASE("messages of an unknown kind can be skipped") {
  const std::string packet =
      std::string("\x01\xc8", 2) + std::string("\x00\x02hi", 4) + nack_message(9);

  const std::optional<PacketView> read = read_packet(packet);

  REQUIRE(read.has_value());
  REQUIRE(read->messages.size() == 2);
  CHECK(read_nack(read->messages[1].body) == 9);
}

TEST_CASE("cut packets are none") {
  const std::string packet = "\x01" + message(Ping{}) + nack_message(9);

  CHECK_FALSE(read_packet("").has_value());
  size_t whole = 0;
  for (size_t i = 1; i < packet.size(); ++i) {
    if (read_packet(std::string_view(packet).substr(0, i)).has_value()) ++whole;
  }
  CHECK(whole == 2);  // Before and after the first message.
}

TEST_CASE("every body is read as it was written, and neither shorter nor longer") {
  const std::string ack = message(Ack{.sequence = 3, .view = 4, .is_settled = true, .proof = {}});
  CHECK(read_ack(body_of(ack))->view == 4);
  CHECK(read_ack(body_of(ack))->is_settled);
  CHECK_FALSE(read_ack(body_of(ack))->proof.has_value());

  SignatureBytes proof{};
  proof[63] = 7;
  const std::string signed_ack = message(Ack{.sequence = 3, .proof = proof});
  CHECK(read_ack(body_of(signed_ack))->proof == proof);
  CHECK_FALSE(read_ack(body_of(signed_ack).substr(0, 60)).has_value());

  CHECK(read_doubt(body_of(message(Doubt{.accused = 1, .incarnation = 2})))->incarnation == 2);
  CHECK(read_hello(body_of(message(Hello{.is_alone = true, .view = 2})))->is_alone);
  const std::string request = message(PingRequest{.sequence = 1, .target = 2, .source = 3});
  CHECK(read_ping_request(body_of(request))->source == 3);
  CHECK_FALSE(read_ping_request(body_of(request + "x")).has_value());
  CHECK_FALSE(read_ping(body_of(request)).has_value());
}

TEST_CASE("a summary of any size is cut into messages that hold it") {
  std::vector<SummaryEntry> entries(kMaxSummaryEntries * 2 + 1);
  for (size_t i = 0; i < entries.size(); ++i) {
    entries[i] = {.id = i, .incarnation = i + 1, .opinion = Opinion::kDead};
  }

  const std::string packet = "\x01" + summary_messages(entries);
  const std::optional<PacketView> read = read_packet(packet);

  REQUIRE(read.has_value());
  CHECK(read->messages.size() == 3);
  const auto last = read_summary(read->messages[2].body);
  REQUIRE(last.has_value());
  CHECK(last->back().id == entries.size() - 1);
  CHECK(last->back().opinion == Opinion::kDead);
  CHECK_FALSE(read_summary("12345678901234567").has_value());  // No such opinion.
  CHECK_FALSE(read_summary("x").has_value());
}

TEST_CASE("what is wanted is cut into messages that hold it") {
  const std::string packet = "\x01" + want_messages(std::vector<MemberId>(16000, 5));
  const std::optional<PacketView> read = read_packet(packet);

  REQUIRE(read.has_value());
  CHECK(read->messages.size() == 2);
  CHECK(read_want(read->messages[1].body)->size() == 8000);
  CHECK_FALSE(read_want("123").has_value());
}

}  // namespace ikada::gossip
