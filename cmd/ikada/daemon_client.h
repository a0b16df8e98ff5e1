// One request to a program of this host that serves HTTP on a unix socket: ikadad, and the API of a
// manager. Every request is a connection of its own and waits for the answer.
//
// Source: RFC 9112.
#pragma once

#include <string>
#include <string_view>

#include "runtime/base/result.h"

namespace ikada {

struct DaemonRequest {
  std::string method = "POST";
  std::string target = "/";
  std::string content_type = "application/json";
  std::string headers = {};  // More of them, each with "\r\n" at its end.
  std::string body = {};
};

struct DaemonAnswer {
  int status = 0;
  std::string body = {};
};

// The answer, whatever its status. kNotFound if nobody listens at `socket`; kUnavailable if no
// whole answer came.
Result<DaemonAnswer> ask_daemon(const std::string& socket, const DaemonRequest& request);

// Of a response that was read to its end. Pure.
Result<DaemonAnswer> parse_daemon_answer(std::string_view response);

}  // namespace ikada
