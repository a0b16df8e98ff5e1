#include "cluster/http/http_server.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
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

}  // namespace

TEST_CASE("an answer has its own time, whatever the request and its making took") {
  const HttpReply reply{.body = std::string(8 << 20, 'x')};

  const std::string told = told_late(milliseconds(600), milliseconds(400), reply);

  CHECK(told.starts_with("HTTP/1.1 200 OK\r\n"));
  CHECK(told.size() > reply.body.size());
}

}  // namespace ikada
