// What a member of the gossip protocol hears: packets, frames, and what is sealed.
#include <memory>
#include <string>

#include "cluster/gossip/byte_codec.h"
#include "cluster/gossip/keyring.h"
#include "cluster/gossip/message.h"
#include "cluster/gossip/swim.h"
#include "tests/fuzz/targets.h"

namespace ikada {
namespace {

// Whoever fuzzes has all keys: every signature is right.
class AnySignatures final : public gossip::Signatures {
 public:
  gossip::PublicKey public_key() const override { return {}; }
  gossip::SignatureBytes sign(std::string_view) const override { return {}; }
  bool verify(const gossip::PublicKey&,
              std::string_view,
              const gossip::SignatureBytes&) const override {
    return true;
  }
};

gossip::Endpoint endpoint(std::uint16_t port) {
  gossip::Endpoint made;
  made.port = port;
  return made;
}

void check_output(const gossip::Output& output) {
  for (const gossip::PacketToSend& each : output.packets) {
    promise(each.bytes.size() <= gossip::kMaxPacketBytes, "a packet fits into a datagram");
    promise(gossip::read_packet(each.bytes).has_value(), "what is sent can be read");
  }
  for (const gossip::StreamAction& each : output.streams) {
    promise(each.frame.size() + gossip::kSealBytes <= gossip::kMaxFrameBytes, "a frame is bounded");
    promise(each.kind == gossip::StreamAction::Kind::kClose ||
                gossip::read_packet(each.frame).has_value(),
            "what is sent can be read");
  }
}

}  // namespace

void fuzz_gossip_statement(std::string_view bytes) {
  const Result<gossip::Statement> statement = gossip::decode_statement(bytes);
  if (statement.has_value()) {
    promise(gossip::encode(*statement) == bytes, "a statement has one form");
    promise(gossip::check(*statement).has_value(), "what is read is within the limits");
  }
  const Result<gossip::Accusation> accusation = gossip::decode_accusation(bytes);
  if (accusation.has_value()) {
    promise(gossip::encode(*accusation) == bytes, "an accusation has one form");
  }
}

void fuzz_gossip_sealed(std::string_view bytes) {
  gossip::GossipKey key{};
  gossip::Keyring keyring("fuzz", key);
  promise(!keyring.open(bytes, gossip::Channel::kDatagram).has_value(),
          "nothing opens that was not sealed");
}

// Two bytes of length and as many of a packet or, with the highest bit set, a frame; again and
// again, with 50 ms between them.
void fuzz_gossip_member(std::string_view bytes) {
  const AnySignatures signatures;
  gossip::TimePoint now{};
  gossip::Config config;
  config.max_members = 50;
  config.max_news = 50;
  gossip::Swim swim(config,
                    {.name = "self", .endpoint = endpoint(1), .metadata = {}, .admission = {}},
                    signatures,
                    1,
                    now);
  gossip::ByteReader reader(bytes);
  for (int turn = 0; turn < 60 && !reader.at_end(); ++turn) {
    const std::uint16_t size = reader.u16();
    const std::string_view part = reader.raw(std::min<size_t>(size & 0x3fff, reader.rest().size()));
    if ((size & 0x8000) != 0) {
      const gossip::StreamId stream = (size & 0x4000) != 0 ? 2 : 1;
      check_output(swim.step(gossip::FrameReceived{.stream = stream, .bytes = part}, now));
    } else {
      check_output(swim.step(gossip::PacketReceived{.from = endpoint(2), .bytes = part}, now));
    }
    now += gossip::milliseconds(50);
    check_output(swim.step(gossip::Tick{}, now));
  }
  promise(swim.members().size() <= config.max_members, "the table of members is bounded");
  promise(swim.self().presence == gossip::Presence::kAlive, "nobody makes a member leave");
  for (int turn = 0; turn < 100; ++turn) {
    now += gossip::milliseconds(50);
    check_output(swim.step(gossip::Tick{}, now));
  }
}

}  // namespace ikada
