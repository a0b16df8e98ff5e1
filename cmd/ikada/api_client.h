// The cluster's API, asked over RUN/api.sock, where root need not sign.
//
// Every call is a connection of its own and waits for the answer.
//
// Source: Amazon ECS API Reference; Smithy, "AWS JSON 1.1 protocol".
#pragma once

#include <string>
#include <string_view>

#include "cmd/ikada/context.h"
#include "cmd/ikada/daemon_client.h"
#include "runtime/base/json.h"
#include "runtime/base/result.h"

namespace ikada {

class ApiClient {
 public:
  explicit ApiClient(const Context& context) : socket_(context.run_root + "/api.sock") {}

  // The answer of an action, "RunTask". A refusal has the API's message, and its name as code;
  // kUnavailable if no manager answers.
  Result<Json> call(std::string_view action, const Json& input) const;

  // The same of Elastic Load Balancing's API, "DescribeRules", in JSON, too.
  Result<Json> call_balancing(std::string_view action, const Json& input) const;

  // The same of CloudWatch Logs' API, "FilterLogEvents".
  Result<Json> call_logs(std::string_view action, const Json& input) const;

  // The same of CloudWatch's API, "GetMetricData".
  Result<Json> call_metrics(std::string_view action, const Json& input) const;

  // The same of AWS Certificate Manager.
  Result<Json> call_certificates(std::string_view action, const Json& input) const;

  // The elements of `member` of all pages of a List action.
  Result<Json> list(std::string_view action, Json input, const std::string& member) const;

 private:
  Result<Json> ask(const std::string& target, const Json& input) const;

  std::string socket_;
};

// The body of a 200, else the error that the answer tells. Pure.
Result<Json> read_api_answer(const DaemonAnswer& answer);

}  // namespace ikada
