// What a running HAProxy tells of its file and its workers.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/spawn.hpp>

#include "runtime/base/result.h"

namespace ikada {

// The hash of the file that the worker at `runtime_socket` runs; "none" if it is not one of ours.
Result<std::string> running_config_hash(boost::asio::io_context& loop,
                                        const std::string& runtime_socket,
                                        const boost::asio::yield_context& yield);

// The hash that a file of ours has; empty if it has none.
std::string config_hash_in(const std::string& config);

// "ADDRESS:PORT" of each listener in a file of ours.
std::set<std::string> bind_places_in(const std::string& config);

// The workers that an older file started, in the answer to "show proc"; the eldest first.
std::vector<std::string> old_worker_pids(const std::string& processes);

// How many requests the worker could not tell of, in the answer to "show info".
std::int64_t untold_requests(const std::string& info);

}  // namespace ikada
