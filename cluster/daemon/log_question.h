// A question to another host's log store (cluster/logstore/event_query.h), by way of its stream
// port: `ikada log-store` runs there, its output is the answer.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include <boost/asio/io_context.hpp>

#include "cluster/daemon/cluster_member.h"

namespace ikada {

struct LogQuestion {
  std::string node = {};  // Whose log store.
  std::string address = {};
  std::uint16_t port = 0;
  std::string verb = {};
  Json question = {};
};

// Calls `then` once, on the loop: kUnavailable if the host cannot be reached or is too slow.
void ask_log_store(boost::asio::io_context& loop,
                   const ClusterMember& member,
                   const LogQuestion& question,
                   const std::function<void(const Result<Json>&)>& then);

}  // namespace ikada
