// Commands to HAProxy's sockets: one connection, one line, one answer.
//
// Source: HAProxy 2.6 Management Guide, 9.3.
#pragma once

#include <chrono>
#include <string>

#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/spawn.hpp>

#include "runtime/base/result.h"

namespace ikada {

constexpr std::chrono::seconds kHaproxyPatience{3};

// What HAProxy answers to `command`. kNotFound if nobody listens at `path`; kUnavailable if the
// answer is not there within that time.
Result<std::string> ask_haproxy(boost::asio::io_context& loop,
                                const std::string& path,
                                const std::string& command,
                                const boost::asio::yield_context& yield);

}  // namespace ikada
