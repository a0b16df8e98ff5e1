// Answers the API's requests about what log streams hold: plans them (cluster/api/logs), asks the
// log stores of all hosts, this one's in threads of its own, and puts the answers together.
//
// A host that cannot be reached is named in the answer, "unreachableHosts", and left alone for a
// while. What clients put goes to this manager's own host. All calls and callbacks are on the
// loop's thread.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include <boost/asio/io_context.hpp>
#include <boost/asio/thread_pool.hpp>

#include "cluster/api/api_server.h"
#include "cluster/engine/layout.h"

namespace ikada {

class LogDesk {
 public:
  // Everything outlives it.
  LogDesk(boost::asio::io_context& loop, ApiServer& api, StateFeed& feed, EngineLayout layout);
  ~LogDesk();

  // In a cluster: this host's node, and how to ask another's log store.
  using Told = std::function<void(const Result<Json>&)>;
  using AskHost = std::function<void(
      const Node& node, const std::string& verb, const Json& question, Told then)>;
  void set_hosts(std::string own_node, AskHost ask);

  // False for a request that is not its affair; else `respond` is called once.
  bool take(const ApiRequest& request, const ApiServer::Respond& respond);

 private:
  struct Desk;
  // Not those of the store's commits: a scan may take its time.
  boost::asio::thread_pool pool_;
  std::shared_ptr<Desk> desk_;
};

}  // namespace ikada
