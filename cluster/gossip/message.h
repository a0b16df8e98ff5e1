// What members say to each other, before it is sealed (keyring.h): packets over UDP, frames over
// TCP, both of the same form.
//
//   0  1  protocol version, one that sender and receiver both speak
//   1     messages: 1 kind, 2 length of the body, body
// A receiver skips kinds that it does not know, so that new ones need no new version.
//
// kind  body
//   1 ping         4 sequence, 4 target (the low half), 8 source, 1 whether the answer must be
//   signed 2 ping request 4 sequence, 8 target, 8 source: ask the target for me 3 ack          4
//   sequence, 8 view, 1 whether the view is settled, then nothing or 64 signature
//                  over "ikada gossip ack 1", 0, cluster, 0, sequence and target
//   4 nack         4 sequence: I asked, and have no answer so far
//   5 doubt        8 accused, 8 incarnation: somebody doubts that you live; only the accused cares
//   6 statement    statement.h
//   7 accusation   statement.h
// Frames only, the anti-entropy exchange (swim_sync.cc):
//   8 hello        1 whether the sender only knows itself, 8 view
//   9 summary      per member 8 id, 8 incarnation, 1 opinion: 1 lives, 2 suspect, 3 dead, 4 left
//  10 same         nothing: our views are the same
//  11 want         8 id each: give me what you have about these
//  12 end          nothing: I have given all
//
// A view is a digest of who lives in which incarnation (member_table.h).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cluster/gossip/keyring.h"
#include "cluster/gossip/statement.h"

namespace ikada::gossip {

constexpr std::uint8_t kMinProtocol = 1;
constexpr std::uint8_t kMaxProtocol = 1;

constexpr size_t kMaxDatagramBytes = 1400;  // Sealed, as the payload of UDP.
constexpr size_t kMaxPacketBytes = kMaxDatagramBytes - kSealBytes;
constexpr size_t kMaxFrameBytes = 1 << 20;   // Sealed.
constexpr size_t kMaxSummaryEntries = 3000;  // In one message; a frame can have several.

enum class MessageKind : std::uint8_t {
  kPing = 1,
  kPingRequest = 2,
  kAck = 3,
  kNack = 4,
  kDoubt = 5,
  kStatement = 6,
  kAccusation = 7,
  kHello = 8,
  kSummary = 9,
  kSame = 10,
  kWant = 11,
  kEnd = 12,
};

struct Ping {
  std::uint32_t sequence = 0;
  std::uint32_t target = 0;  // The low half of its id: this only tells processes apart.
  MemberId source = 0;
  bool wants_proof = false;
};

struct PingRequest {
  std::uint32_t sequence = 0;
  MemberId target = 0;
  MemberId source = 0;
};

struct Ack {
  std::uint32_t sequence = 0;
  std::uint64_t view = 0;
  bool is_settled = false;
  std::optional<SignatureBytes> proof;
};

struct Doubt {
  MemberId accused = 0;
  std::uint64_t incarnation = 0;
};

struct Hello {
  bool is_alone = false;
  std::uint64_t view = 0;
};

enum class Opinion : std::uint8_t { kLives = 1, kSuspect = 2, kDead = 3, kLeft = 4 };

struct SummaryEntry {
  MemberId id = 0;
  std::uint64_t incarnation = 0;
  Opinion opinion = Opinion::kLives;
};

// Each writes one message: kind, length, body.
std::string message(const Ping& ping);
std::string message(const PingRequest& request);
std::string message(const Ack& ack);
std::string message(const Doubt& doubt);
std::string message(const Hello& hello);
std::string message(const Statement& statement);
std::string message(const Accusation& accusation);
std::string nack_message(std::uint32_t sequence);
std::string empty_message(MessageKind kind);
// As many messages as they need.
std::string summary_messages(const std::vector<SummaryEntry>& entries);
std::string want_messages(const std::vector<MemberId>& ids);

// Each reads a body; nothing if it is not one.
std::optional<Ping> read_ping(std::string_view body);
std::optional<PingRequest> read_ping_request(std::string_view body);
std::optional<Ack> read_ack(std::string_view body);
std::optional<std::uint32_t> read_nack(std::string_view body);
std::optional<Doubt> read_doubt(std::string_view body);
std::optional<Hello> read_hello(std::string_view body);
std::optional<std::vector<SummaryEntry>> read_summary(std::string_view body);
std::optional<std::vector<MemberId>> read_want(std::string_view body);

// What an ack's proof is over.
std::string proof_text(std::uint32_t sequence, MemberId target, std::string_view cluster);

struct MessageView {
  MessageKind kind;  // Perhaps one that has no name.
  std::string_view body;
};

struct PacketView {
  std::uint8_t version = 0;
  std::vector<MessageView> messages;
};

// Nothing if the bytes are cut or have something behind the last message. The views are into
// `bytes`.
std::optional<PacketView> read_packet(std::string_view bytes);

}  // namespace ikada::gossip
