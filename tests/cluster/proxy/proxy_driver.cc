// Balancers of a plan as a process: proxy_driver DIRECTORY [HAPROXY]
//
// Each line on standard input is a plan as JSON, or the word "stop", which ends HAProxy, too. At
// the end of input it ends and HAProxy serves on. What it sees comes as lines on standard output:
//   targets {GROUP: {TARGET: [STATE, REASON, DESCRIPTION, SESSIONS]}}
//   problems {LISTENER: REASON}
//   serving REVISION     a plan's "revision", 1 where it has none
//   counts {GROUP: [REQUESTS, 2XX, 5XX]}     in answer to the word "counts"
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include <iostream>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/streambuf.hpp>

#include "cluster/loadbalancing/find_target_health.h"
#include "cluster/proxy/proxy.h"
#include "runtime/base/text.h"

namespace ikada {

void describe(JsonFields& fields, PlannedTarget& target) {
  std::int32_t port = target.port;
  fields.field("id", target.id);
  fields.field("address", target.address);
  fields.field("port", port);
  fields.field("draining", target.draining);
  target.port = static_cast<std::uint16_t>(port);
}

void describe(JsonFields& fields, PlannedGroup& group) {
  fields.field("name", group.name);
  fields.field("protocol", group.protocol);
  fields.field("protocolVersion", group.protocol_version);
  fields.field("healthCheck", group.health_check);
  fields.field("attributes", group.attributes);
  fields.field("targets", group.targets);
}

void describe(JsonFields& fields, PlannedListener& listener) {
  std::int32_t port = listener.port;
  fields.field("name", listener.name);
  fields.field("address", listener.address);
  fields.field("port", port);
  fields.field("protocol", listener.protocol);
  fields.field("certificateFiles", listener.certificate_files);
  fields.field("defaultActions", listener.default_actions);
  fields.field("rules", listener.rules);
  fields.field("attributes", listener.attributes);
  listener.port = static_cast<std::uint16_t>(port);
}

void describe(JsonFields& fields, BalancerPlan& plan) {
  fields.field("listeners", plan.listeners);
  fields.field("groups", plan.groups);
}

namespace {

void say(const char* what, const Json& json) {
  fmt::print("{} {}\n", what, json.dump());
  ::fflush(stdout);
}

ProxyEvents spoken_events() {
  ProxyEvents events;
  events.on_targets = [](const TargetObservations& observations) {
    Json json = Json::object();
    for (const auto& [group, targets] : observations) {
      json[group] = Json::object();
      for (const auto& [id, seen] : targets) {
        json[group][id] = {to_text(seen.state), seen.reason, seen.description, seen.sessions};
      }
    }
    say("targets", json);
  };
  events.on_problems = [](const ListenerProblems& problems) { say("problems", problems); };
  events.on_serving = [](std::int64_t revision) { say("serving", revision); };
  return events;
}

class Program {
 public:
  Program(boost::asio::io_context& loop, ProxyOptions options)
      : loop_(loop),
        proxy_(std::make_unique<Proxy>(loop, std::move(options), spoken_events())),
        input_(loop, ::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0)) {
    read_line();
  }

 private:
  void read_line() {
    boost::asio::async_read_until(
        input_, lines_, '\n', [this](const boost::system::error_code& error, size_t size) {
          if (error) {
            proxy_.reset();
            loop_.stop();
            return;
          }
          std::string line(size, '\0');
          std::istream(&lines_).read(line.data(), static_cast<std::streamsize>(size));
          obey(std::string(trim(line)));
          read_line();
        });
  }

  void obey(const std::string& line) {
    if (line == "stop") {
      proxy_->stop();
      return say("stopped", Json::object());
    }
    if (line == "counts") {
      Json json = Json::object();
      for (const auto& [group, counts] : proxy_->counts()) {
        json[group] = {counts.requests, counts.responses[1], counts.responses[4]};
      }
      return say("counts", json);
    }
    const Result<Json> json = parse_json(line, {.max_bytes = size_t{16} << 20});
    if (!json.has_value()) return say("error", json.error().message);
    Result<BalancerPlan> plan = from_json<BalancerPlan>(*json, "plan");
    if (!plan.has_value()) return say("error", plan.error().message);
    proxy_->apply(std::move(*plan), json->value("revision", std::int64_t{1}));
  }

  boost::asio::io_context& loop_;
  std::unique_ptr<Proxy> proxy_;
  boost::asio::posix::stream_descriptor input_;
  boost::asio::streambuf lines_;
};

int run(int argc, char** argv) {
  if (argc < 2) return 2;
  ProxyOptions options;
  options.directory = argv[1];
  if (argc > 2) options.program = argv[2];
  boost::asio::io_context loop(1);
  const Program program(loop, options);
  loop.run();
  return 0;
}

}  // namespace
}  // namespace ikada

int main(int argc, char** argv) {
  // As ikadad: a HAProxy that ends may close its socket before it is asked.
  ::signal(SIGPIPE, SIG_IGN);
  return ikada::run(argc, argv);
}
