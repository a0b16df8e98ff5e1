#include "cluster/gossip/message.h"

#include <algorithm>

#include "cluster/gossip/byte_codec.h"

namespace ikada::gossip {
namespace {

constexpr size_t kEntryBytes = 8 + 8 + 1;
constexpr size_t kMaxWanted = 8000;

std::string framed(MessageKind kind, std::string_view body) {
  std::string bytes;
  bytes.reserve(3 + body.size());
  ByteWriter writer(bytes);
  writer.u8(static_cast<std::uint8_t>(kind));
  writer.u16(static_cast<std::uint16_t>(body.size()));
  writer.raw(body);
  return bytes;
}

// `value` if all of the body was read, and nothing beyond it.
template <typename T>
std::optional<T> whole(const ByteReader& reader, T value) {
  if (reader.failed() || !reader.at_end()) return std::nullopt;
  return value;
}

}  // namespace

std::string message(const Ping& ping) {
  std::string body;
  ByteWriter writer(body);
  writer.u32(ping.sequence);
  writer.u32(ping.target);
  writer.u64(ping.source);
  writer.u8(ping.wants_proof ? 1 : 0);
  return framed(MessageKind::kPing, body);
}

std::string message(const PingRequest& request) {
  std::string body;
  ByteWriter writer(body);
  writer.u32(request.sequence);
  writer.u64(request.target);
  writer.u64(request.source);
  return framed(MessageKind::kPingRequest, body);
}

std::string message(const Ack& ack) {
  std::string body;
  ByteWriter writer(body);
  writer.u32(ack.sequence);
  writer.u64(ack.view);
  writer.u8(ack.is_settled ? 1 : 0);
  if (ack.proof.has_value()) writer.raw(*ack.proof);
  return framed(MessageKind::kAck, body);
}

std::string message(const Doubt& doubt) {
  std::string body;
  ByteWriter writer(body);
  writer.u64(doubt.accused);
  writer.u64(doubt.incarnation);
  return framed(MessageKind::kDoubt, body);
}

std::string message(const Hello& hello) {
  std::string body;
  ByteWriter writer(body);
  writer.u8(hello.is_alone ? 1 : 0);
  writer.u64(hello.view);
  return framed(MessageKind::kHello, body);
}

std::string message(const Statement& statement) {
  return framed(MessageKind::kStatement, encode(statement));
}

std::string message(const Accusation& accusation) {
  return framed(MessageKind::kAccusation, encode(accusation));
}

std::string nack_message(std::uint32_t sequence) {
  std::string body;
  ByteWriter(body).u32(sequence);
  return framed(MessageKind::kNack, body);
}

std::string empty_message(MessageKind kind) { return framed(kind, {}); }

std::string summary_messages(const std::vector<SummaryEntry>& entries) {
  std::string bytes;
  for (size_t start = 0; start < entries.size(); start += kMaxSummaryEntries) {
    std::string body;
    ByteWriter writer(body);
    for (size_t i = start; i < std::min(entries.size(), start + kMaxSummaryEntries); ++i) {
      writer.u64(entries[i].id);
      writer.u64(entries[i].incarnation);
      writer.u8(static_cast<std::uint8_t>(entries[i].opinion));
    }
    bytes += framed(MessageKind::kSummary, body);
  }
  return bytes;
}

std::string want_messages(const std::vector<MemberId>& ids) {
  std::string bytes;
  for (size_t start = 0; start < ids.size(); start += kMaxWanted) {
    std::string body;
    ByteWriter writer(body);
    for (size_t i = start; i < std::min(ids.size(), start + kMaxWanted); ++i) writer.u64(ids[i]);
    bytes += framed(MessageKind::kWant, body);
  }
  return bytes;
}

std::optional<Ping> read_ping(std::string_view body) {
  ByteReader reader(body);
  Ping ping;
  ping.sequence = reader.u32();
  ping.target = reader.u32();
  ping.source = reader.u64();
  ping.wants_proof = reader.u8() != 0;
  return whole(reader, ping);
}

std::optional<PingRequest> read_ping_request(std::string_view body) {
  ByteReader reader(body);
  PingRequest request;
  request.sequence = reader.u32();
  request.target = reader.u64();
  request.source = reader.u64();
  return whole(reader, request);
}

std::optional<Ack> read_ack(std::string_view body) {
  ByteReader reader(body);
  Ack ack;
  ack.sequence = reader.u32();
  ack.view = reader.u64();
  ack.is_settled = reader.u8() != 0;
  if (!reader.failed() && !reader.at_end()) reader.raw(ack.proof.emplace());
  return whole(reader, ack);
}

std::optional<std::uint32_t> read_nack(std::string_view body) {
  ByteReader reader(body);
  const std::uint32_t sequence = reader.u32();
  return whole(reader, sequence);
}

std::optional<Doubt> read_doubt(std::string_view body) {
  ByteReader reader(body);
  Doubt doubt;
  doubt.accused = reader.u64();
  doubt.incarnation = reader.u64();
  return whole(reader, doubt);
}

std::optional<Hello> read_hello(std::string_view body) {
  ByteReader reader(body);
  Hello hello;
  hello.is_alone = reader.u8() != 0;
  hello.view = reader.u64();
  return whole(reader, hello);
}

std::optional<std::vector<SummaryEntry>> read_summary(std::string_view body) {
  if (body.size() % kEntryBytes != 0) return std::nullopt;
  std::vector<SummaryEntry> entries(body.size() / kEntryBytes);
  ByteReader reader(body);
  for (SummaryEntry& each : entries) {
    each.id = reader.u64();
    each.incarnation = reader.u64();
    const std::uint8_t opinion = reader.u8();
    if (opinion < 1 || opinion > 4) return std::nullopt;
    each.opinion = static_cast<Opinion>(opinion);
  }
  return entries;
}

std::optional<std::vector<MemberId>> read_want(std::string_view body) {
  if (body.size() % 8 != 0) return std::nullopt;
  std::vector<MemberId> ids(body.size() / 8);
  ByteReader reader(body);
  for (MemberId& each : ids) each = reader.u64();
  return ids;
}

std::string proof_text(std::uint32_t sequence, MemberId target, std::string_view cluster) {
  std::string text = "ikada gossip ack 1";
  text.push_back('\0');
  text.append(cluster).push_back('\0');
  ByteWriter writer(text);
  writer.u32(sequence);
  writer.u64(target);
  return text;
}

std::optional<PacketView> read_packet(std::string_view bytes) {
  ByteReader reader(bytes);
  PacketView packet;
  packet.version = reader.u8();
  while (!reader.failed() && !reader.at_end()) {
    const auto kind = static_cast<MessageKind>(reader.u8());
    const size_t size = reader.u16();
    packet.messages.push_back({.kind = kind, .body = reader.raw(size)});
  }
  if (reader.failed()) return std::nullopt;
  return packet;
}

}  // namespace ikada::gossip
