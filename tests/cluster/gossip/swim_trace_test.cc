// What members say to each other in a few small situations, word for word: tests/golden.
#include <doctest/doctest.h>

#include "tests/cluster/gossip/simulation.h"
#include "tests/golden_file.h"

namespace ikada::gossip {
namespace {

using std::chrono::seconds;

std::string name_of(MemberId id) {
  for (size_t i = 0; i < 100; ++i) {
    std::string name = fmt::format("m{}", i);
    if (member_id(name) == id) return name;
  }
  return "somebody";
}

std::string words_of(const MessageView& view) {
  switch (view.kind) {
    case MessageKind::kPing:
      return read_ping(view.body)->wants_proof ? "ping (signed)" : "ping";
    case MessageKind::kPingRequest:
      return "ping request " + name_of(read_ping_request(view.body)->target);
    case MessageKind::kAck:
      return read_ack(view.body)->proof.has_value() ? "ack (signed)" : "ack";
    case MessageKind::kNack:
      return "nack";
    case MessageKind::kDoubt:
      return fmt::format("doubt {}.{}",
                         name_of(read_doubt(view.body)->accused),
                         read_doubt(view.body)->incarnation);
    case MessageKind::kStatement: {
      const Statement statement = *decode_statement(view.body);
      return fmt::format("{} {}.{}",
                         statement.presence == Presence::kAlive ? "alive" : "left",
                         statement.name,
                         statement.incarnation);
    }
    case MessageKind::kAccusation: {
      const Accusation accusation = *decode_accusation(view.body);
      return fmt::format("{} accuses {}.{}",
                         name_of(accusation.accuser),
                         name_of(accusation.accused),
                         accusation.incarnation);
    }
    default:
      return "frame";
  }
}

// Lines "milliseconds from > to: messages" and "milliseconds observer: what it concludes".
class Trace {
 public:
  explicit Trace(Simulation& cluster) : start_(cluster.now()) {
    cluster.on_packet = [this, &cluster](size_t from, size_t to, std::string_view packet) {
      std::string line = fmt::format("{} m{} > m{}:", time(cluster), from, to);
      const PacketView view = *read_packet(packet);
      for (const MessageView& each : view.messages) {
        line += (line.back() == ':' ? " " : ", ") + words_of(each);
      }
      text_ += line + "\n";
    };
    cluster.on_change = [this, &cluster](const Observation& seen) {
      text_ += fmt::format(
          "{} m{}: m{} {}\n", time(cluster), seen.observer, seen.subject, to_text(seen.kind));
    };
  }

  void note(const Simulation& cluster, std::string_view what) {
    text_ += fmt::format("{} -- {}\n", time(cluster), what);
  }

  const std::string& text() const { return text_; }

 private:
  std::string time(const Simulation& cluster) const {
    return fmt::format("{:7.1f}",
                       std::chrono::duration<double, std::milli>(cluster.now() - start_).count());
  }

  TimePoint start_;
  std::string text_;
};

}  // namespace

TEST_CASE("the trace of two members that join and one that leaves") {
  Simulation cluster(1);
  Trace trace(cluster);
  cluster.add(3);
  cluster.join(1, 0);
  cluster.join(2, 0);
  cluster.run_for(milliseconds(1200));
  trace.note(cluster, "m2 leaves");
  cluster.input(2, Leave{});
  cluster.run_for(milliseconds(1200));

  check_golden("cluster/gossip/join_and_leave.txt", trace.text());
}

TEST_CASE("the trace of a death") {
  Simulation cluster(2);
  cluster.add_acquainted(4);
  cluster.run_for(seconds(5));
  Trace trace(cluster);
  trace.note(cluster, "m3 is killed");
  cluster.kill(3);
  cluster.run_for(milliseconds(2500));

  check_golden("cluster/gossip/death.txt", trace.text());
}

TEST_CASE("the trace of a member that is wrongly accused and refutes") {
  Simulation cluster(3);
  cluster.add_acquainted(4);
  cluster.run_for(seconds(5));
  Trace trace(cluster);
  trace.note(cluster, "m0 does not hear m3 any more, neither directly nor by way of others");
  cluster.set_cut(3, 0, true);
  cluster.set_cut(1, 0, true);
  cluster.set_cut(2, 0, true);
  cluster.run_for(milliseconds(1000));
  cluster.heal();
  trace.note(cluster, "it hears them again");
  cluster.run_for(milliseconds(1000));

  check_golden("cluster/gossip/refutation.txt", trace.text());
}

TEST_CASE("the trace of a member that stood still and comes back") {
  Simulation cluster(4);
  cluster.add_acquainted(3);
  cluster.run_for(seconds(5));
  Trace trace(cluster);
  trace.note(cluster, "m2 is stopped");
  cluster.pause(2);
  cluster.run_for(seconds(4));
  trace.note(cluster, "m2 goes on");
  cluster.resume(2);
  cluster.run_for(milliseconds(1500));

  check_golden("cluster/gossip/pause.txt", trace.text());
}

}  // namespace ikada::gossip
