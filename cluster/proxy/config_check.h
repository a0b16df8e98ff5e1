// Whether HAProxy would take a file: `haproxy -c`.
#pragma once

#include <string>

#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/spawn.hpp>

#include "runtime/base/result.h"

namespace ikada {

// kInvalid with HAProxy's first words about it if it would not. `log` is where it prints.
struct ConfigCheck {
  std::string program;
  std::string config;
  std::string log;
};
Result<void> check_config(boost::asio::io_context& loop,
                          const ConfigCheck& check,
                          const boost::asio::yield_context& yield);

// The first alert among what HAProxy printed since the log had `offset` bytes.
std::string first_alert(const std::string& log, size_t offset = 0);

size_t log_size(const std::string& log);

}  // namespace ikada
