// What goes into a step of the gossip protocol, and what comes out of it (swim.h).
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "cluster/gossip/config.h"

namespace ikada::gossip {

// Outgoing streams have even numbers from step(), incoming ones odd numbers from the driver.
using StreamId = std::uint64_t;

struct Tick {};
struct PacketReceived {
  Endpoint from;
  std::string_view bytes;
};
struct FrameReceived {
  StreamId stream = 0;
  std::string_view bytes;
};
struct StreamClosed {  // By the peer, or it could not be opened.
  StreamId stream = 0;
};
// Asks the seeds for the members, again and again until one answers, and again when nobody else
// lives any more.
struct Join {
  std::vector<Endpoint> seeds;
};
// Takes statements from an earlier run for true, unchecked: they are the caller's own notes.
struct Remember {
  std::vector<std::shared_ptr<const Statement>> statements;
};
struct SetMetadata {
  Metadata metadata;
};
struct Leave {};
using Input = std::
    variant<Tick, PacketReceived, FrameReceived, StreamClosed, Join, Remember, SetMetadata, Leave>;

struct PacketToSend {
  Endpoint to;
  std::string bytes;  // At most kMaxPacketBytes.
};

struct StreamAction {
  enum class Kind { kDial, kSend, kClose };
  Kind kind = Kind::kSend;
  StreamId stream = 0;
  Endpoint to;        // Of kDial.
  std::string frame;  // Of kDial and kSend.
};

struct MemberChange {
  enum class Kind {
    kJoined,        // New, or alive again.
    kUpdated,       // Has other metadata or another address.
    kSuspected,     // Somebody gets no answer from it.
    kCleared,       // It has refuted that.
    kFailed,        // Dead, as far as this member can tell.
    kLeft,          // By its own will.
    kForgotten,     // Was dead or had left for so long that it is no longer kept.
    kNameConflict,  // Somebody else claims the name of a member, perhaps this member's own.
    kIncompatible,  // Speaks no protocol version of ours; it is left out.
  };
  Kind kind = Kind::kJoined;
  std::shared_ptr<const Statement> statement;
};
std::string_view to_text(MemberChange::Kind kind);

struct Output {
  std::vector<PacketToSend> packets;
  std::vector<StreamAction> streams;
  std::vector<MemberChange> changes;
  bool is_done = false;  // After Leave: others have had time to hear it.
  TimePoint next_tick;
};

// What this member is. The first incarnation should be above those of earlier runs, as the time of
// day is; if it is not, the member hears of it from others and goes on above theirs.
struct SelfDescription {
  std::string name;
  Endpoint endpoint;
  Metadata metadata;
  std::uint64_t first_incarnation = 1;
  std::optional<Admission> admission;
};

}  // namespace ikada::gossip
