// What a member says about itself, signed with its own key, and what it says about another.
//
// A statement is the only thing that anybody believes about a member: its address, what it is, that
// it lives, that it leaves. Of two by the same key the one with the higher incarnation holds. Who
// passes it on cannot change it. An accusation is one member's signed voice that another does not
// answer. It proves nothing: each member makes up its own mind (suspicion.h), and the accused
// refutes it with a statement of a higher incarnation.
//
// Which key belongs to a name: in a cluster with an authority, the key that it admitted, by a
// signature over cluster, name, key and a serial number that grows; without one, the key that was
// heard first, until that member is dead or has left.
//
// A statement, as on the wire:
//   1+n name, 1 to 64 bytes        8  incarnation                 1 role: 1 worker, 2 manager
//   32  public key                 1  presence: 1 alive, 2 left   1+n program version, up to 32
//   16  address (IPv4 as mapped)   1  lowest protocol version     1+n capacity digest, up to 64
//   2   port                       1  highest protocol version    1 admission: 0 or 1
//   with an admission: 8 serial, 64 signature of the authority
//   64  signature over "ikada gossip statement 1", 0, cluster, 0 and all before it
//
// An accusation: 8 accused, 8 its incarnation, 8 accuser, 64 signature over
// "ikada gossip accusation 1", 0, cluster, 0 and all before it. Members are named by member_id().
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "cluster/gossip/signatures.h"
#include "runtime/base/result.h"

namespace ikada::gossip {

constexpr size_t kMaxNameBytes = 64;
constexpr size_t kMaxVersionBytes = 32;
constexpr size_t kMaxCapacityBytes = 64;

// A name, shortened. Names that collide conflict as equal ones do.
using MemberId = std::uint64_t;
MemberId member_id(std::string_view name);

struct Endpoint {
  std::array<std::uint8_t, 16> address{};  // IPv6, or IPv4 as ::ffff:a.b.c.d.
  std::uint16_t port = 0;

  auto operator<=>(const Endpoint&) const = default;
};

// "192.0.2.1:7441", "[2001:db8::1]:7441".
std::string to_text(const Endpoint& endpoint);
// The same, read. kInvalid for names and for port 0.
Result<Endpoint> parse_endpoint(std::string_view text);

enum class Role : std::uint8_t { kWorker = 1, kManager = 2 };
enum class Presence : std::uint8_t { kAlive = 1, kLeft = 2 };

struct Metadata {
  Role role = Role::kWorker;
  std::string version;   // Of the program.
  std::string capacity;  // Whatever stands for what the host has to offer; opaque here.

  bool operator==(const Metadata&) const = default;
};

// The protocol versions that a member speaks.
struct VersionRange {
  std::uint8_t min = 1;
  std::uint8_t max = 1;

  bool operator==(const VersionRange&) const = default;
};

struct Admission {
  std::uint64_t serial = 0;
  SignatureBytes signature{};

  bool operator==(const Admission&) const = default;
};

struct Statement {
  std::string name;
  PublicKey key{};
  Endpoint endpoint;
  std::uint64_t incarnation = 0;
  Presence presence = Presence::kAlive;
  VersionRange versions;
  Metadata metadata;
  std::optional<Admission> admission;
  SignatureBytes signature{};

  bool operator==(const Statement&) const = default;
};

struct Accusation {
  MemberId accused = 0;
  std::uint64_t incarnation = 0;
  MemberId accuser = 0;
  SignatureBytes signature{};

  bool operator==(const Accusation&) const = default;
};

std::string encode(const Statement& statement);
std::string encode(const Accusation& accusation);

// kInvalid for anything else than one whole statement within its limits. Its signature is not
// checked.
Result<Statement> decode_statement(std::string_view bytes);
Result<Accusation> decode_accusation(std::string_view bytes);

// kInvalid if a name or text is longer than allowed, or the name is empty or not printable.
Result<void> check(const Statement& statement);

void sign(Statement& statement, std::string_view cluster, const Signatures& signatures);
void sign(Accusation& accusation, std::string_view cluster, const Signatures& signatures);

bool is_signed(const Statement& statement, std::string_view cluster, const Signatures& signatures);
bool is_signed(const Accusation& accusation,
               const PublicKey& accuser,
               std::string_view cluster,
               const Signatures& signatures);

// The authority's word that `key` is that of `name`; `signatures` are the authority's.
Admission admit(std::string_view name,
                const PublicKey& key,
                std::uint64_t serial,
                std::string_view cluster,
                const Signatures& signatures);
bool is_admitted(const Statement& statement,
                 const PublicKey& authority,
                 std::string_view cluster,
                 const Signatures& signatures);

}  // namespace ikada::gossip
