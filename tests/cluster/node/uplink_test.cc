// A link to the leading manager that is given up while somebody waits for an answer.
#include "cluster/node/uplink.h"

#include <boost/asio/io_context.hpp>
#include <doctest/doctest.h>

#include "cluster/agent/asio_loop.h"

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

}  // namespace ikada
