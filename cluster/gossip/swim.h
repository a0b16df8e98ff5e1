// One member of the cluster as a step function: SWIM with Lifeguard, who is alive and where.
//
// step() takes what happened and the time, and returns what to send, what changed, and when it
// wants to be called again at the latest. It knows no socket, clock or thread; driver.h has those.
// Bytes in and out are plain: the driver seals and opens them (keyring.h).
//
// The caller hands over everything that has arrived before it hands over a Tick, and closes streams
// that the peer closed. A call that comes far later than asked for tells the member that it stood
// still; then it does not blame others for its own silence.
//
// What members believe of each other: statement.h. When somebody is dead: suspicion.h.
//
// Source: Das, Gupta, Motivala: SWIM (2002); Dadgar, Phillips, Currey: Lifeguard (2017).
#pragma once

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "cluster/gossip/broadcast_queue.h"
#include "cluster/gossip/member_table.h"
#include "cluster/gossip/step.h"

namespace ikada::gossip {

class Swim {
 public:
  // `signatures` outlives it. The description has passed check() (statement.h).
  Swim(Config config,
       const SelfDescription& self,
       const Signatures& signatures,
       std::uint64_t seed,
       TimePoint now);
  ~Swim();
  Swim(const Swim&) = delete;
  Swim& operator=(const Swim&) = delete;

  Output step(const Input& input, TimePoint now);

  const MemberTable& members() const { return table_; }
  const Statement& self() const { return *self_; }
  unsigned health_score() const { return health_; }  // Lifeguard's: 0 is well.
  bool has_joined() const { return has_joined_; }

 private:
  struct Probe;
  struct Errand;
  struct Dialogue;

  // swim.cc: inputs, timers, sending.
  void take(const Tick& tick);
  void take(const PacketReceived& packet);
  void take(const FrameReceived& frame);
  void take(const StreamClosed& closed);
  void take(const Join& join);
  void take(const Remember& remember);
  void take(const SetMetadata& set);
  void take(const Leave& leave);
  void hear(const MessageView& message, const Endpoint& from);
  void note_stall();
  void run_timers();
  void gossip();
  void tell_news(const Member& member);
  TimePoint next_deadline() const;
  std::string new_packet(const Member* to) const;
  void send(const Endpoint& to, std::string packet);
  size_t retransmit_limit() const;
  void report(MemberChange::Kind kind, std::shared_ptr<const Statement> statement);
  void change_health(int by);
  Duration stretched(Duration duration) const { return duration * (1 + health_); }
  Member* random_living(MemberId other_than);

  // swim_probe.cc: asking whether somebody is there, and answering.
  void begin_probe();
  void start_probe(const Member& target);
  void run_probes();
  void send_probe(Probe& probe, const Member& target);
  void ask_helpers(Probe& probe);
  void finish_probe(const Probe& probe);
  void run_errands();
  void hear_ping(const Ping& ping, const Endpoint& from);
  void hear_ping_request(const PingRequest& request, const Endpoint& from);
  void hear_ack(const Ack& ack);
  void hear_nack(std::uint32_t sequence);
  void reconnect();
  std::uint32_t new_sequence() { return static_cast<std::uint32_t>(random_.next()); }
  void question(const Member& member, std::uint32_t sequence, bool wants_proof = false);
  std::string ping(MemberId target, std::uint32_t sequence, bool wants_proof = false) const;
  std::string doubt_about(const Member& member) const;

  // swim_suspect.cc: accusing, refuting, and the verdict.
  void accuse(Member& member);
  void add_voice(Member& member, const Accusation& accusation);
  void hear_accusation(const Accusation& accusation);
  void hear_doubt(const Doubt& doubt);
  void refute();
  void run_suspicions();
  void pursue(Member& member);

  // swim_learn.cc: statements.
  void hear_statement(Statement statement);
  void hear_own_name(const Statement& statement);
  void learn_new(Statement statement);
  void learn_newer(Member& member, Statement statement);
  bool may_replace_key(const Member& member, const Statement& statement) const;
  bool is_believable(const Statement& statement) const;
  void report_conflict(const Statement& statement);
  void state_self();
  void relay(const Statement& statement);
  void reap();

  // swim_sync.cc: anti-entropy over streams, and joining.
  void begin_dialogue(const Endpoint& peer);
  void end_dialogue(StreamId stream);
  void hear_frame(Dialogue& dialogue, std::string_view bytes);
  void hear_hello(Dialogue& dialogue, const Hello& hello, MemberId sender);
  void answer_summary(const Dialogue& dialogue, const std::vector<SummaryEntry>& entries);
  void compare(const SummaryEntry& entry, std::string& give, std::vector<MemberId>& want);
  std::vector<SummaryEntry> summary() const;
  std::string records(const Member& member) const;
  void send_frames(StreamId stream, std::string_view messages);
  void run_dialogues();
  bool wants_to_join() const;
  void try_join();
  void sync_if_views_differ(const Ack& ack, const Member& peer);

  Config config_;
  const Signatures& signatures_;
  Prng random_;
  MemberId id_;
  std::shared_ptr<Statement> self_;
  MemberTable table_;
  BroadcastQueue news_;
  Output out_;
  TimePoint now_;
  TimePoint next_tick_;
  TimePoint view_changed_;
  std::uint64_t last_view_ = 0;
  unsigned health_ = 0;
  bool is_leaving_ = false;
  bool is_doubted_ = false;  // By the packet that is being heard.
  size_t relays_left_ = 0;   // How many statements of what is being heard are passed on.
  std::vector<Probe> probes_;
  std::vector<Errand> errands_;  // Probes for others.
  std::vector<MemberId> suspects_;
  std::vector<Dialogue> dialogues_;
  StreamId next_stream_ = 2;
  std::vector<Endpoint> seeds_;
  bool has_joined_ = false;
  Duration join_wait_{};
  unsigned early_syncs_ = 0;
  std::set<PublicKey> reported_;  // Whose conflict or version has been reported.
  TimePoint next_probe_, next_gossip_, next_reconnect_, next_sync_, next_mismatch_sync_, next_join_,
      next_reap_, leave_at_;
};

}  // namespace ikada::gossip
