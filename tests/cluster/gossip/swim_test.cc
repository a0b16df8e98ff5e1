#include "cluster/gossip/swim.h"

#include <algorithm>

#include <doctest/doctest.h>

#include "tests/cluster/gossip/simulation.h"

namespace ikada::gossip {
namespace {

using std::chrono::seconds;
using Kind = MemberChange::Kind;

size_t count(const Simulation& cluster, Kind kind) {
  return static_cast<size_t>(std::count_if(
      cluster.observations().begin(), cluster.observations().end(), [&](const Observation& each) {
        return each.kind == kind;
      }));
}

// A stranger that has the cluster's key and says what it likes; its name is m90.
class Liar {
 public:
  explicit Liar(Simulation& cluster) : cluster_(cluster) {
    statement_.name = "m90";
    statement_.endpoint = *parse_endpoint("[::1]:60");
    statement_.incarnation = 1;
    sign(statement_, "default", signatures_);
  }

  void say(size_t to, const std::string& messages) {
    const std::string packet = "\x01" + messages;
    cluster_.input(to, PacketReceived{.from = statement_.endpoint, .bytes = packet});
  }

  Accusation accusation(size_t accused, std::uint64_t incarnation) const {
    Accusation made{.accused = member_id(fmt::format("m{}", accused)),
                    .incarnation = incarnation,
                    .accuser = member_id("m90"),
                    .signature = {}};
    sign(made, "default", signatures_);
    return made;
  }

  const Statement& statement() const { return statement_; }

 private:
  Simulation& cluster_;
  QuickSignatures signatures_{990};
  Statement statement_;
};

}  // namespace

TEST_CASE("members that ask one seed know each other within a second") {
  Simulation cluster(1);
  cluster.add(8);
  for (size_t i = 1; i < 8; ++i) cluster.join(i, 0);

  CHECK(cluster.run_until([&] { return cluster.agrees(); }, seconds(1)));
  CHECK(cluster.swim(3).has_joined());
  cluster.run_for(seconds(20));
  CHECK(count(cluster, Kind::kJoined) == 8 * 7);
  CHECK(count(cluster, Kind::kSuspected) == 0);
}

TEST_CASE("a seed that is not there yet is asked again") {
  Simulation cluster(2);
  cluster.add(2);
  cluster.set_cut(1, 0, true);
  cluster.join(1, 0);
  cluster.run_for(seconds(6));
  CHECK_FALSE(cluster.swim(1).has_joined());

  cluster.heal();

  CHECK(cluster.run_until([&] { return cluster.agrees(); }, seconds(16)));
}

TEST_CASE("a killed member is dead to all within three seconds") {
  Simulation cluster(3);
  cluster.add_acquainted(5);
  cluster.run_for(seconds(3));

  cluster.kill(2);

  CHECK(cluster.run_until([&] { return cluster.is_dead_to_all(2); }, seconds(3)));
  CHECK(count(cluster, Kind::kFailed) == 4);
  CHECK(cluster.agrees());
}

TEST_CASE("a member that leaves is nobody's failure") {
  Simulation cluster(4);
  cluster.add_acquainted(6);
  cluster.run_for(seconds(1));
  cluster.input(5, Leave{});

  REQUIRE(cluster.run_until([&] { return cluster.is_done(5); }, seconds(2)));
  cluster.kill(5);
  cluster.run_for(seconds(10));

  CHECK(count(cluster, Kind::kLeft) == 5);
  CHECK(count(cluster, Kind::kFailed) == 0);
  CHECK(count(cluster, Kind::kSuspected) == 0);
  CHECK(cluster.status(0, 5) == Status::kLeft);
}

TEST_CASE("a killed member that comes back is alive again, whatever incarnation it begins with") {
  Simulation cluster(5);
  cluster.add_acquainted(5);
  cluster.run_for(seconds(1));
  for (int i = 0; i < 3; ++i)
    cluster.input(2, SetMetadata{{.version = fmt::format("{}", i), .capacity = ""}});
  cluster.run_for(seconds(2));
  cluster.kill(2);
  SUBCASE("after it was declared dead") { cluster.run_for(seconds(5)); }
  SUBCASE("before anybody noticed") {}
  SUBCASE("while it is suspect") { cluster.run_for(milliseconds(900)); }

  cluster.restart(2, 1);
  cluster.join(2, 0);

  CHECK(cluster.run_until([&] { return cluster.agrees(); }, seconds(4)));
  cluster.run_for(seconds(5));
  CHECK(cluster.agrees());
}

TEST_CASE("metadata reaches everybody") {
  Simulation cluster(6);
  cluster.add_acquainted(8);
  cluster.run_for(seconds(1));

  cluster.input(3, SetMetadata{{.role = Role::kManager, .version = "9", .capacity = "full"}});
  cluster.run_for(seconds(2));

  CHECK(count(cluster, Kind::kUpdated) == 7);
  const Member* const seen = cluster.swim(0).members().find(member_id("m3"));
  CHECK(seen->statement->metadata.capacity == "full");
}

TEST_CASE("whoever is doubted refutes by its next incarnation, however high the accusation's") {
  Simulation cluster(7);
  cluster.add_acquainted(3);
  Liar liar(cluster);

  liar.say(0, message(Doubt{.accused = member_id("m0"), .incarnation = UINT64_MAX}));
  CHECK(cluster.swim(0).self().incarnation == 2);
  liar.say(0, message(Doubt{.accused = member_id("m0"), .incarnation = 1}));
  CHECK(cluster.swim(0).self().incarnation == 2);
  liar.say(0, message(Doubt{.accused = member_id("m1"), .incarnation = 5}));
  CHECK(cluster.swim(0).self().incarnation == 2);
  cluster.run_for(seconds(1));
  CHECK(cluster.agrees());
}

TEST_CASE("nobody dies of one liar's accusations") {
  Simulation cluster(8);
  cluster.add_acquainted(5);
  Liar liar(cluster);
  for (size_t i = 0; i < 5; ++i) liar.say(i, message(liar.statement()));

  for (int round = 0; round < 40; ++round) {
    for (size_t accused = 0; accused < 5; ++accused) {
      const std::uint64_t incarnation = cluster.swim(accused).self().incarnation;
      for (size_t i = 0; i < 5; ++i) {
        // It goes on answering nobody, so that it is soon dead itself: say again that it lives.
        if (i != accused) liar.say(i, message(liar.accusation(accused, incarnation)));
      }
    }
    cluster.run_for(milliseconds(100));
  }

  for (const Observation& each : cluster.observations()) {
    CHECK((each.kind != Kind::kFailed || each.subject == 90));
  }
  CHECK(count(cluster, Kind::kSuspected) > 5);
}

TEST_CASE("voices that are not signed by their accuser do not count") {
  Simulation cluster(9);
  cluster.add_acquainted(5);
  Liar liar(cluster);
  liar.say(0, message(liar.statement()));

  Accusation forged = liar.accusation(1, 1);
  for (size_t accuser = 2; accuser < 5; ++accuser) {
    forged.accuser = member_id(fmt::format("m{}", accuser));
    liar.say(0, message(forged));
  }
  CHECK(cluster.status(0, 1) == Status::kAlive);

  // Of its own it has one, in whichever incarnation it is known.
  liar.say(0, message(liar.accusation(1, 2)));
  CHECK(cluster.status(0, 1) == Status::kAlive);
  liar.say(0, message(liar.accusation(1, 1)));
  liar.say(0, message(liar.accusation(1, 1)));
  CHECK(cluster.status(0, 1) == Status::kSuspect);
  const Member* const suspect = cluster.swim(0).members().find(member_id("m1"));
  CHECK(suspect->suspicion->voices.size() == 1);
}

TEST_CASE("a statement is believed only with its own member's signature") {
  Simulation cluster(10);
  cluster.add_acquainted(3);
  Liar liar(cluster);
  const Member* const before = cluster.swim(0).members().find(member_id("m1"));
  Statement forged = *before->statement;

  forged.incarnation = 50;
  forged.presence = Presence::kLeft;
  liar.say(0, message(forged));
  CHECK(cluster.status(0, 1) == Status::kAlive);

  Statement ghost = liar.statement();
  ghost.endpoint.port = 9;
  liar.say(0, message(ghost));
  CHECK_FALSE(cluster.knows(0, 90));
}

TEST_CASE("an old statement changes nothing") {
  Simulation cluster(11);
  cluster.add_acquainted(3);
  const std::string old_one = message(cluster.swim(1).self());
  cluster.input(1, SetMetadata{{.version = "2", .capacity = ""}});
  cluster.run_for(seconds(1));
  cluster.forget_observations();

  Liar(cluster).say(0, old_one);

  CHECK(cluster.observations().empty());
  CHECK(cluster.swim(0).members().find(member_id("m1"))->statement->metadata.version == "2");
}

TEST_CASE("the name of a living member cannot be taken, that of a dead one can") {
  Simulation cluster(12);
  cluster.add_acquainted(3);
  Liar liar(cluster);
  Statement claim = liar.statement();
  claim.name = "m1";
  claim.incarnation = 100;
  sign(claim, "default", QuickSignatures(990));

  liar.say(0, message(claim));
  liar.say(0, message(claim));
  CHECK(count(cluster, Kind::kNameConflict) == 1);
  CHECK(cluster.swim(0).members().find(member_id("m1"))->incarnation() == 1);
  liar.say(1, message(claim));
  CHECK(cluster.observations().back().kind == Kind::kNameConflict);
  CHECK(cluster.observations().back().observer == 1);

  cluster.kill(1);
  REQUIRE(cluster.run_until([&] { return cluster.is_dead_to_all(1); }, seconds(5)));
  liar.say(0, message(claim));
  CHECK(cluster.swim(0).members().find(member_id("m1"))->statement->key == claim.key);
}

TEST_CASE("with an authority only those whom it admitted are believed") {
  const QuickSignatures authority(77);
  Config config;
  config.authority = authority.public_key();
  Simulation cluster(13, config);
  cluster.add(1);
  Liar liar(cluster);
  Statement statement = liar.statement();
  liar.say(0, message(statement));
  CHECK_FALSE(cluster.knows(0, 90));

  const QuickSignatures key(990);
  statement.admission = admit("m90", key.public_key(), 5, "default", authority);
  sign(statement, "default", key);
  liar.say(0, message(statement));
  CHECK(cluster.knows(0, 90));

  // A renewed key has a higher serial number; an older one does not come back.
  const QuickSignatures renewed(991);
  Statement next = statement;
  for (const std::uint64_t serial : {4U, 6U}) {
    next.admission = admit("m90", renewed.public_key(), serial, "default", authority);
    sign(next, "default", renewed);
    liar.say(0, message(next));
    const Member* const member = cluster.swim(0).members().find(member_id("m90"));
    CHECK((member->statement->key == renewed.public_key()) == (serial == 6));
  }
  ++statement.incarnation;
  sign(statement, "default", key);
  liar.say(0, message(statement));
  CHECK(cluster.swim(0).members().find(member_id("m90"))->statement->key == renewed.public_key());
}

TEST_CASE("a member without a common protocol version is left out and reported once") {
  Simulation cluster(14);
  cluster.add(1);
  Liar liar(cluster);
  Statement statement = liar.statement();
  statement.versions = {.min = 2, .max = 3};
  sign(statement, "default", QuickSignatures(990));

  liar.say(0, message(statement));
  liar.say(0, message(statement));

  CHECK_FALSE(cluster.knows(0, 90));
  CHECK(count(cluster, Kind::kIncompatible) == 1);
}

TEST_CASE("a member speaks to each in the highest version that both know") {
  const QuickSignatures signatures(1);
  Config config;
  config.versions = {.min = 1, .max = 3};
  const TimePoint start{};
  Swim swim(config,
            {.name = "m0", .endpoint = *parse_endpoint("[::1]:1"), .metadata = {}, .admission = {}},
            signatures,
            1,
            start);
  for (const std::uint8_t max : {std::uint8_t{2}, std::uint8_t{5}}) {
    Statement other;
    other.name = fmt::format("v{}", max);
    other.endpoint = *parse_endpoint(fmt::format("[::1]:{}", max));
    other.versions = {.min = 1, .max = max};
    sign(other, "default", QuickSignatures(max));
    swim.step(PacketReceived{.from = other.endpoint, .bytes = "\x01" + message(other)}, start);
  }

  std::set<std::pair<int, int>> spoken;
  TimePoint now = start;
  for (int i = 0; i < 100; ++i) {
    now += milliseconds(20);
    for (const PacketToSend& each : swim.step(Tick{}, now).packets) {
      spoken.emplace(each.to.port, each.bytes[0]);
    }
  }
  CHECK(spoken == std::set<std::pair<int, int>>{{2, 2}, {5, 3}});
  Output none = swim.step(PacketReceived{.from = {}, .bytes = "\x04" + nack_message(1)}, now);
  CHECK(none.packets.empty());
}

TEST_CASE("an answer that comes by way of a helper needs the target's signature") {
  Simulation cluster(15);
  cluster.add_acquainted(4);
  // Member 3 can be reached by nobody, and member 1 pretends that it could.
  cluster.kill(3);
  cluster.on_packet = [&](size_t from, size_t to, std::string_view packet) {
    if (to != 1 || from == 1) return;
    const std::string copy(packet);
    const PacketView view = *read_packet(copy);
    for (const MessageView& each : view.messages) {
      if (each.kind != MessageKind::kPingRequest) continue;
      const std::uint32_t sequence = read_ping_request(each.body)->sequence;
      Ack lie{.sequence = sequence, .view = 0, .is_settled = false, .proof = std::nullopt};
      Liar(cluster).say(from, message(lie));
      lie.proof = QuickSignatures(2).sign(proof_text(sequence, member_id("m3"), "default"));
      Liar(cluster).say(from, message(lie));
    }
  };

  CHECK(cluster.run_until([&] { return cluster.is_dead_to_all(3); }, seconds(4)));
}

TEST_CASE("the dead are forgotten in the end, and do not come back by hearsay") {
  Config config;
  config.dead_retention = seconds(60);
  Simulation cluster(16, config);
  cluster.add_acquainted(6);
  cluster.kill(1);

  cluster.run_for(seconds(200));

  CHECK(count(cluster, Kind::kForgotten) == 5);
  for (const size_t i : {0U, 2U, 3U, 4U, 5U}) CHECK_FALSE(cluster.knows(i, 1));
  CHECK(cluster.agrees());
}

TEST_CASE("arbitrary bytes change nothing") {
  Simulation cluster(17);
  cluster.add_acquainted(3);
  Prng random(1);

  for (int i = 0; i < 20000; ++i) {
    std::string bytes = "\x01";
    for (size_t size = random.below(60); size > 0; --size) {
      bytes.push_back(static_cast<char>(random.below(random.below(2) == 0 ? 16 : 256)));
    }
    cluster.input(0, PacketReceived{.from = {}, .bytes = bytes});
    cluster.input(0, FrameReceived{.stream = 1, .bytes = bytes});
  }
  cluster.run_for(seconds(2));

  CHECK(cluster.observations().empty());
  CHECK(cluster.agrees());
}

}  // namespace ikada::gossip
