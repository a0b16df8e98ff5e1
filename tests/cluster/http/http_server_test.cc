#include "cluster/http/http_server.h"

#include <algorithm>
#include <deque>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <doctest/doctest.h>

namespace ikada {
namespace {

using boost::asio::ip::tcp;
using std::chrono::milliseconds;

// What a client gets until the end of the connection that says this after a while; the server takes
// a while, too.
std::string told_late(milliseconds idle, milliseconds pause, const HttpReply& reply) {
  boost::asio::io_context loop;
  tcp::acceptor acceptor(loop, tcp::endpoint(boost::asio::ip::address_v4::loopback(), 0));
  const tcp::endpoint at = acceptor.local_endpoint();
  boost::asio::steady_timer answering(loop);
  HttpServer server(loop,
                    UniqueFd(acceptor.release()),
                    {.idle = idle},
                    [&](const HttpRequest&, const HttpServer::Respond& respond) {
                      answering.expires_after(pause);
                      answering.async_wait(
                          [respond, reply](const boost::system::error_code&) { respond(reply); });
                    });
  server.start();
  tcp::socket client(loop);
  client.connect(at);
  boost::asio::steady_timer asking(loop, pause);
  std::string answer;
  asking.async_wait([&](const boost::system::error_code&) {
    const std::string request = "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    boost::asio::write(client, boost::asio::buffer(request));
    boost::asio::async_read(client,
                            boost::asio::dynamic_buffer(answer),
                            [&](const boost::system::error_code&, size_t) { server.stop(); });
  });
  loop.run_for(std::chrono::seconds(10));
  return answer;
}

// Clients of one address that all have asked before the first is answered.
class Crowd {
 public:
  explicit Crowd(size_t half_open)
      : acceptor_(loop_, tcp::endpoint(boost::asio::ip::address_v4::loopback(), 0)),
        at_(acceptor_.local_endpoint()),
        server_(loop_,
                UniqueFd(acceptor_.release()),
                {.half_open_of_address = half_open},
                [this](const HttpRequest&, HttpServer::Respond respond) {
                  asked_.push_back(std::move(respond));
                }) {
    server_.start();
  }
  ~Crowd() {
    clients_.clear();
    server_.stop();
    loop_.run_for(kPatience);
  }

  void ask(size_t count) {
    for (size_t i = 0; i < count; ++i) {
      tcp::socket& client = clients_.emplace_back(loop_);
      client.connect(at_);
      boost::asio::write(client, boost::asio::buffer(kRequest));
      run_until([this, wanted = i + 1] { return asked_.size() == wanted; });
    }
  }

  // Answers all; to how many the connection is left.
  size_t answer(const HttpReply& reply) {
    for (const HttpServer::Respond& each : std::exchange(asked_, {})) each(reply);
    size_t ended = 0;
    std::vector<std::string> heads(clients_.size());
    for (size_t i = 0; i < clients_.size(); ++i) {
      boost::asio::async_read_until(clients_[i],
                                    boost::asio::dynamic_buffer(heads[i]),
                                    "\r\n\r\n",
                                    [&](const boost::system::error_code&, size_t) { ++ended; });
    }
    run_until([&] { return ended == heads.size(); });
    return static_cast<size_t>(std::ranges::count_if(heads, [](const std::string& head) {
      return head.starts_with("HTTP/1.1 200") && head.find("Connection: close") == head.npos;
    }));
  }

  // Whether one more that connects and asks is told nothing but the end.
  bool is_full() {
    tcp::socket client(loop_);
    client.connect(at_);
    boost::system::error_code ignored;
    boost::asio::write(client, boost::asio::buffer(kRequest), ignored);
    std::string got;
    bool is_over = false;
    boost::asio::async_read(client,
                            boost::asio::dynamic_buffer(got),
                            [&](const boost::system::error_code&, size_t) { is_over = true; });
    run_until([&] { return is_over || !asked_.empty(); });
    const bool is_closed = asked_.empty();
    for (const HttpServer::Respond& each : std::exchange(asked_, {})) each({});
    client.cancel(ignored);
    run_until([&] { return is_over; });
    return is_closed;
  }

 private:
  static constexpr std::chrono::seconds kPatience{10};
  static constexpr std::string_view kRequest = "GET / HTTP/1.1\r\n\r\n";

  template <typename Condition>
  void run_until(Condition holds) {
    while (!holds()) REQUIRE(loop_.run_one_for(kPatience) > 0);
  }

  boost::asio::io_context loop_;
  tcp::acceptor acceptor_;
  tcp::endpoint at_;
  std::vector<HttpServer::Respond> asked_;
  std::deque<tcp::socket> clients_;
  HttpServer server_;
};

}  // namespace

TEST_CASE("of one address so many connections are left that were not let in") {
  Crowd strangers(2);
  strangers.ask(5);
  CHECK(strangers.answer({.is_let_in = false}) == 2);
  CHECK(strangers.is_full());
}

TEST_CASE("those that were let in are not counted, however long their answers take") {
  Crowd known(2);
  known.ask(5);
  CHECK(known.answer({}) == 5);
  CHECK(!known.is_full());
}

TEST_CASE("without a limit strangers' connections are left, too") {
  Crowd strangers(0);
  strangers.ask(5);
  CHECK(strangers.answer({.is_let_in = false}) == 5);
}

TEST_CASE("an answer has its own time, whatever the request and its making took") {
  const HttpReply reply{.body = std::string(8 << 20, 'x')};

  const std::string told = told_late(milliseconds(600), milliseconds(400), reply);

  CHECK(told.starts_with("HTTP/1.1 200 OK\r\n"));
  CHECK(told.size() > reply.body.size());
}

}  // namespace ikada
