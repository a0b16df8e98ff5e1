// A link to the leading manager that is given up while somebody waits for an answer.
#include "cluster/node/uplink.h"

#include <ctime>

#include <boost/asio/io_context.hpp>
#include <doctest/doctest.h>

#include "cluster/agent/asio_loop.h"
#include "cluster/node/membership.h"

namespace ikada {
namespace {

struct MuteLink final : FrameLink {
  void send(const Json& frame) override { told.push_back(frame); }
  void finish() override {}
  void close() override { is_closed = true; }

  std::vector<Json> told = {};
  bool is_closed = false;
};

struct Linked {
  Linked()
      : uplink(std::make_shared<AsioLoop>(io),
               {.managers = {"192.0.2.1:7442"}, .tls = {}},
               [this](const std::string&, FrameLink::Listener given) {
                 listener = std::move(given);
                 return Result<std::shared_ptr<FrameLink>>(link);
               }) {
    uplink.start(
        {.on_connected = {}, .on_lost = [this](const Error& why) { lost = why; }, .on_news = {}});
    listener.on_frame(to_json(News{.verb = "managers", .body = Json::object()}));
    uplink.ask("api", Json::object(), [this](const Result<Json>& body) {
      answers.push_back(body.has_value() ? "" : body.error().message);
    });
  }

  boost::asio::io_context io;
  std::shared_ptr<MuteLink> link = std::make_shared<MuteLink>();
  FrameLink::Listener listener;
  std::optional<Error> lost;
  std::vector<std::string> answers;
  Uplink uplink;
};

}  // namespace

TEST_CASE("a link that is given up fails what was asked over it, once") {
  Linked linked;

  linked.uplink.give_up(make_error(ErrorKind::kUnavailable, "the leading manager changes"));

  CHECK(linked.answers == std::vector<std::string>{"the leading manager changes"});
  CHECK(linked.link->is_closed);
  CHECK_FALSE(linked.uplink.is_connected());
  linked.uplink.stop();
  CHECK(linked.answers.size() == 1);
}

TEST_CASE("a link that falls silent says so") {
  Linked linked;
  Error silent = make_error(ErrorKind::kUnavailable, "nothing heard any more");
  silent.code = kLinkSilent;

  linked.listener.on_end(silent);

  REQUIRE(linked.lost.has_value());
  CHECK(linked.lost->code == kLinkSilent);
  CHECK(linked.lost->message == "manager 192.0.2.1:7442: nothing heard any more");
  CHECK(linked.answers.size() == 1);
}

TEST_CASE("who waits at a manager that knows of no leader asks another one after a while") {
  boost::asio::io_context io;
  std::vector<std::string> dialed;
  std::vector<std::shared_ptr<MuteLink>> links;
  FrameLink::Listener listener;
  Uplink uplink(std::make_shared<AsioLoop>(io),
                {.managers = {"a:1", "b:1"}, .tls = {}, .patience = std::chrono::milliseconds(1)},
                [&](const std::string& manager, FrameLink::Listener given) {
                  dialed.push_back(manager);
                  listener = std::move(given);
                  links.push_back(std::make_shared<MuteLink>());
                  return Result<std::shared_ptr<FrameLink>>(links.back());
                });
  const Json unknown = to_json(News{.verb = "leader", .body = {{"manager", ""}}});
  uplink.start({.on_connected = {}, .on_lost = {}, .on_news = {}});

  listener.on_frame(unknown);
  io.run_for(std::chrono::milliseconds(100));

  REQUIRE(dialed == std::vector<std::string>{"a:1", "b:1"});
  CHECK(links[0]->is_closed);

  // That one comes to lead.
  listener.on_frame(unknown);
  listener.on_frame(to_json(News{.verb = "managers", .body = Json::object()}));
  io.restart();
  io.run_for(std::chrono::milliseconds(100));
  CHECK(dialed.size() == 2);
  CHECK(uplink.is_connected());
  CHECK_FALSE(links[1]->is_closed);
}

TEST_CASE("whoever shows a worker's certificate is taken for no manager") {
  using boost::asio::ip::tcp;
  const ClusterKeys keys = *create_cluster_keys(std::time(nullptr));
  NodeCredentials worker{.authority = keys.authority.certificate(),
                         .certificate = {},
                         .key = auth::generate_private_key()};
  worker.certificate =
      *keys.authority.issue(*auth::create_certificate_request(worker.key),
                            {.identity = {.cluster = keys.cluster, .node = std::string(32, 'c')},
                             .now_s = std::time(nullptr)});
  boost::asio::io_context io;
  tcp::acceptor acceptor(io, tcp::endpoint(boost::asio::ip::address_v4::loopback(), 0));
  std::shared_ptr<NodeLink> thief;
  acceptor.async_accept([&](auto error, tcp::socket socket) {
    if (error) return;
    thief = NodeLink::accept(std::move(socket), *node_server_tls(worker), {});
    thief->start(
        {.on_ready =
             [&] { thief->send(to_json(News{.verb = "managers", .body = Json::object()})); },
         .on_frame = {},
         .on_end = [](const Error&) {}});
  });
  std::optional<Error> lost;
  Uplink uplink(
      io, {.managers = {to_text(acceptor.local_endpoint())}, .tls = *node_client_tls(worker)});

  uplink.start(
      {.on_connected = {}, .on_lost = [&](const Error& why) { lost = why; }, .on_news = {}});
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (!lost.has_value() && std::chrono::steady_clock::now() < deadline) {
    io.run_one_for(std::chrono::milliseconds(50));
  }

  // A manager's certificate alone is good for servers.
  REQUIRE(lost.has_value());
  CHECK(lost->kind == ErrorKind::kDenied);
  CHECK_FALSE(uplink.is_connected());
  uplink.stop();
  if (thief != nullptr) thief->close();
  io.poll();
}

}  // namespace ikada
