#include "cluster/gossip/keyring.h"

#include <set>

#include <doctest/doctest.h>

#include "cluster/gossip/message.h"

namespace ikada::gossip {
namespace {

GossipKey key_of(std::uint8_t fill) {
  GossipKey key;
  key.fill(fill);
  return key;
}

}  // namespace

TEST_CASE("what a keyring seals another one with the same key opens") {
  Keyring one("blue", key_of(1));
  Keyring two("blue", key_of(1));

  for (const size_t size : {size_t{0}, size_t{1}, kMaxPacketBytes, size_t{100000}}) {
    const std::string plain(size, 'x');
    const std::string sealed = one.seal(plain, Channel::kDatagram);
    const Result<std::string> opened = two.open(sealed, Channel::kDatagram);

    REQUIRE(opened.has_value());
    CHECK(*opened == plain);
    CHECK(sealed.size() == size + kSealBytes);
  }
}

TEST_CASE("a full packet is a datagram of 1400 bytes") {
  Keyring keyring("blue", key_of(1));

  CHECK(keyring.seal(std::string(kMaxPacketBytes, 'x'), Channel::kDatagram).size() == 1400);
}

TEST_CASE("neither another key nor cluster nor channel opens it") {
  Keyring one("blue", key_of(1));
  const std::string sealed = one.seal("hello", Channel::kDatagram);

  CHECK_FALSE(Keyring("blue", key_of(2)).open(sealed, Channel::kDatagram).has_value());
  CHECK_FALSE(Keyring("red", key_of(1)).open(sealed, Channel::kDatagram).has_value());
  CHECK_FALSE(one.open(sealed, Channel::kStream).has_value());
}

TEST_CASE("not one changed or missing byte is accepted") {
  Keyring one("blue", key_of(1));
  const std::string sealed = one.seal("hello", Channel::kDatagram);

  for (size_t i = 0; i < sealed.size(); ++i) {
    std::string damaged = sealed;
    damaged[i] = static_cast<char>(damaged[i] ^ 1);
    CHECK_FALSE(one.open(damaged, Channel::kDatagram).has_value());
    CHECK_FALSE(one.open(sealed.substr(0, i), Channel::kDatagram).has_value());
  }
  CHECK_FALSE(one.open(sealed + "x", Channel::kDatagram).has_value());
}

TEST_CASE("nonces do not repeat") {
  Keyring one("blue", key_of(1));
  std::set<std::string> nonces;

  for (int i = 0; i < 1000; ++i) nonces.insert(one.seal("x", Channel::kDatagram).substr(5, 12));

  CHECK(nonces.size() == 1000);
}

TEST_CASE("keys are rotated under load without losing a packet") {
  Keyring one("blue", key_of(1));
  Keyring two("blue", key_of(1));
  const auto talk = [&] {
    for (Keyring* from : {&one, &two}) {
      Keyring& to = from == &one ? two : one;
      const Result<std::string> opened =
          to.open(from->seal("x", Channel::kStream), Channel::kStream);
      REQUIRE(opened.has_value());
    }
  };
  const KeyId old_id = one.ids().front();
  const std::string in_flight = one.seal("late", Channel::kStream);

  // Each step reaches one member before the other.
  const Result<KeyId> id = one.install(key_of(2));
  REQUIRE(id.has_value());
  talk();
  REQUIRE(two.install(key_of(2)).has_value());
  talk();
  REQUIRE(two.use(*id).has_value());
  talk();
  REQUIRE(one.use(*id).has_value());
  talk();
  CHECK(two.open(in_flight, Channel::kStream).has_value());
  REQUIRE(one.remove(old_id).has_value());
  talk();
  REQUIRE(two.remove(old_id).has_value());
  talk();

  CHECK_FALSE(two.open(in_flight, Channel::kStream).has_value());
  CHECK(one.ids() == std::vector<KeyId>{*id});
}

TEST_CASE("a keyring has at most three keys and keeps the one in use") {
  Keyring one("blue", key_of(1));
  const KeyId first = one.ids().front();
  REQUIRE(one.install(key_of(2)).has_value());
  REQUIRE(one.install(key_of(3)).has_value());

  CHECK(one.install(key_of(3)).has_value());
  CHECK(one.install(key_of(4)).error().kind == ErrorKind::kConflict);
  CHECK(one.remove(first).error().kind == ErrorKind::kConflict);
  CHECK(one.remove(first + 1).error().kind == ErrorKind::kNotFound);
  CHECK(one.use(first + 1).error().kind == ErrorKind::kNotFound);
  CHECK(one.ids().size() == 3);
}

TEST_CASE("a keyring that is set has those keys and no others") {
  Keyring keyring("blue", key_of(1));
  Keyring old("blue", key_of(1));
  Keyring other("blue", key_of(2));

  REQUIRE(keyring.set({key_of(2), key_of(3)}).has_value());

  CHECK(keyring.ids() == std::vector<KeyId>{key_id(key_of(2)), key_id(key_of(3))});
  CHECK(other.open(keyring.seal("x", Channel::kDatagram), Channel::kDatagram).has_value());
  CHECK_FALSE(keyring.open(old.seal("x", Channel::kDatagram), Channel::kDatagram).has_value());
  CHECK(keyring.set({}).error().kind == ErrorKind::kInvalid);
  CHECK(keyring.set({key_of(1), key_of(2), key_of(3), key_of(4)}).error().kind ==
        ErrorKind::kInvalid);
  CHECK(keyring.set({key_of(1), key_of(1)}).error().kind == ErrorKind::kConflict);
  CHECK(keyring.ids().front() == key_id(key_of(2)));
}

TEST_CASE("nonces do not repeat when keys are set again") {
  Keyring keyring("blue", key_of(1));
  std::set<std::string> nonces;
  for (int round = 0; round < 20; ++round) {
    REQUIRE(keyring.set({key_of(1)}).has_value());
    nonces.insert(keyring.seal("x", Channel::kDatagram).substr(5, 12));
  }
  CHECK(nonces.size() == 20);
}

}  // namespace ikada::gossip
